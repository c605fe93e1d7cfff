"""The dependency owes the answers that decorator and policy give (style: shared cases)."""

from typing import Final

import pytest
from starlette.types import ASGIApp

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from support.asgi import call, http_scope, websocket_scope
from support.refusals import check_refusal
from unit.fastapi.orders_api import FORMS, alone
from unit.web.cases import CASES, SENT, Case

pytestmark = pytest.mark.anyio

GUARDED: Final = ("/orders", "/%6Frders", "/orders/7", "/orders/live", "/reports")


def _is_guarded_by_a_dependency(case: Case) -> bool:
    """Of routes that do not exist FastAPI itself says so, where no middleware does."""
    return case.target.partition("?")[0] in GUARDED and case.method in ("GET", "HEAD", "POST", "WEBSOCKET")


async def _check(app: ASGIApp, case: Case, issuer: LocalIssuer) -> None:
    headers = [*SENT[case.token](issuer), *case.more]
    is_websocket = case.method == "WEBSOCKET"
    scope = websocket_scope(case.target, headers) if is_websocket else http_scope(case.method.strip(), case.target, headers)

    answer = await call(app, scope)

    assert answer.status == case.status
    if case.code:
        check_refusal(answer, case.code, head=case.method == "HEAD")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_form_gives_each_request_the_same_answer(
    form: str, case: Case, api: ResourceServer, issuer: LocalIssuer
) -> None:
    await _check(FORMS[form](api), case, issuer)


@pytest.mark.parametrize("case", [*filter(_is_guarded_by_a_dependency, CASES)], ids=lambda case: case.name)
async def test_a_dependency_alone_gives_the_same_answers(case: Case, api: ResourceServer, issuer: LocalIssuer) -> None:
    await _check(alone(api), case, issuer)
