"""Every form of protection owes the same answers (style: shared cases)."""

import pytest

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from support.asgi import call, http_scope, websocket_scope
from support.refusals import check_refusal
from unit.web.cases import CASES, SENT, Case
from unit.web.orders_api import FORMS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_form_gives_each_request_the_same_answer(
    form: str, case: Case, api: ResourceServer, issuer: LocalIssuer
) -> None:
    app = FORMS[form](api)
    headers = [*SENT[case.token](issuer), *case.more]
    is_websocket = case.method == "WEBSOCKET"
    scope = websocket_scope(case.target, headers) if is_websocket else http_scope(case.method.strip(), case.target, headers)

    answer = await call(app, scope)

    assert answer.status == case.status
    if case.code:
        check_refusal(answer, case.code, head=case.method == "HEAD")
