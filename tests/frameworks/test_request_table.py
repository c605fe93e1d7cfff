"""The same policy around six frameworks gives the same answers, and their own error pages never take their place."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from samples.frameworks.access import api, policy

from bearerguard.events import Event
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.samples_of import NAMES, WITHOUT_HEAD, WITHOUT_WEBSOCKETS, started
from support.asgi import Answer, http_scope, websocket_scope
from support.refusals import check_refusal
from unit.web.cases import CASES, SENT, Case
from unit.web.orders_api import POLICY

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

BODY = b'{"item": "tea"}'


def test_the_policy_is_that_of_the_table() -> None:
    assert [(row.text, row.requirement) for row in policy.rows] == [(row.text, row.requirement) for row in POLICY.rows]


def _scope(case: Case, issuer: LocalIssuer) -> Any:
    more = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    headers = [*SENT[case.token](issuer), *case.more, *(more if case.method == "POST" else [])]
    if case.method == "WEBSOCKET":
        return websocket_scope(case.target, headers)
    return http_scope(case.method.strip(), case.target, headers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_framework_gives_each_request_the_same_answer(name: str, case: Case, needed: Callable[[str], Any]) -> None:
    if case.status == 101 and name in WITHOUT_WEBSOCKETS:
        pytest.skip(f"{name} has no websockets")
    async with started(name, needed) as (app, issuer):
        answer = await exchange(app, _scope(case, issuer), BODY)

    if case.code:
        assert answer.status == case.status
        check_refusal(answer, case.code, head=case.method == "HEAD")
    elif case.method == "HEAD" and name in WITHOUT_HEAD:
        assert answer.status in (404, 405), "the request gets to the framework, which serves no HEAD"
    else:
        assert answer.status == case.status
        _check_served(answer, case)


def _check_served(answer: Answer, case: Case) -> None:
    if case.status == 101:
        (text,) = [message["text"] for message in answer.messages if message["type"] == "websocket.send"]
        assert json.loads(text)["caller"] == case.token
    elif (case.method, case.target) == ("GET", "/orders"):
        assert json.loads(answer.body) == {"orders": [], "caller": "reader"}
    elif case.method == "POST":
        assert json.loads(answer.body) == {"item": "tea"}
    elif case.target == "/reports":
        assert json.loads(answer.body) == ["reports.read"]


@pytest.mark.parametrize("name", NAMES)
async def test_in_each_framework_each_request_is_told_once(
    name: str, needed: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the framework's own template for a route, or the row of the policy: never the path."""
    seen: list[Event] = []
    monkeypatch.setattr(api.listeners, "hooks", (seen.append,))
    async with started(name, needed) as (app, issuer):
        for case in CASES:
            if case.status == 101 and name in WITHOUT_WEBSOCKETS:
                continue
            seen.clear()
            await exchange(app, _scope(case, issuer), BODY)
            told = [event.name for event in seen if event.name.startswith("request")]
            assert told == ["request_refused" if case.status in (400, 401, 403) else "request_accepted"], case.name
            assert case.status != 200 or (seen[-1].route and "/7" not in seen[-1].route), case.name
