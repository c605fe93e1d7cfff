"""What the rows of the audit come to for one operation of the document."""

from collections.abc import Sequence
from typing import Final

import pytest

from bearerguard import PathPolicy, authenticated, role
from bearerguard.fastapi.documented_access import Access, access_of
from bearerguard.web.route_table import AuditedRoute

READ, WRITE, PUBLIC = role("Read.All"), role("Write.All"), PathPolicy.PUBLIC


def _row(access: object, decided_by: str = "policy", endpoint: str = "orders.read") -> AuditedRoute:
    return AuditedRoute(("GET",), "/orders/{number}", endpoint, access, decided_by)  # type: ignore[arg-type]


ROWS: Final[dict[str, tuple[Sequence[AuditedRoute], Access]]] = {
    "one requirement": ([_row(READ)], Access(READ)),
    "public": ([_row(PUBLIC)], Access(is_public=True)),
    "requirements of different paths": ([_row(READ), _row(WRITE), _row(READ)], Access(READ | WRITE)),
    "public in part": ([_row(READ), _row(PUBLIC)], Access(READ, is_public=True)),
    "no row for some paths": ([_row(READ), _row(None, "no row")], Access(READ, is_closed=True)),
    "no row at all": ([_row(None, "no row")], Access(is_closed=True)),
    "a later route of the same path": ([_row(READ), _row(WRITE, endpoint="orders.other")], Access(READ)),
}


@pytest.mark.parametrize(("rows", "access"), ROWS.values(), ids=ROWS)
def test_all_paths_of_an_operation_count(rows: Sequence[AuditedRoute], access: Access) -> None:
    assert access_of(rows, guarded=True) == access


def test_what_nobody_declared_needs_a_token_behind_the_middleware_alone() -> None:
    undeclared = _row(None, "nothing")

    assert access_of([undeclared], guarded=True) == Access(authenticated())
    assert access_of([undeclared], guarded=False) == Access()
