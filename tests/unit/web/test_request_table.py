"""Every form of protection owes the same answers (style: shared cases)."""

import json

import pytest

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, call, http_scope, websocket_scope
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
        _check_refusal(answer, case)


def _check_refusal(answer: Answer, case: Case) -> None:
    assert answer.received == 0, "a refused caller's body is not read"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api"')
    if case.method == "HEAD":
        assert answer.body == b""
    else:
        assert json.loads(answer.body)["code"] == case.code
        assert answer.headers["content-length"] == str(len(answer.body))
