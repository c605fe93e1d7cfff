"""The dependency owes the answers that decorator and policy give (style: shared cases)."""

from typing import Final

import pytest

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from unit.fastapi.orders_api import FORMS, alone
from unit.web.cases import CASES, Case, check

pytestmark = pytest.mark.anyio

GUARDED: Final = ("/orders", "/%6Frders", "/orders/7", "/orders/live", "/reports")


def _is_guarded_by_a_dependency(case: Case) -> bool:
    """Of routes that do not exist FastAPI itself says so, where no middleware does."""
    return case.target.partition("?")[0] in GUARDED and case.method in ("GET", "HEAD", "POST", "WEBSOCKET")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_form_gives_each_request_the_same_answer(
    form: str, case: Case, api: ResourceServer, issuer: LocalIssuer
) -> None:
    await check(FORMS[form](api), case, issuer)


@pytest.mark.parametrize("case", [*filter(_is_guarded_by_a_dependency, CASES)], ids=lambda case: case.name)
async def test_a_dependency_alone_gives_the_same_answers(case: Case, api: ResourceServer, issuer: LocalIssuer) -> None:
    await check(alone(api), case, issuer)
