"""What an answer means for its token, and for the tokens after it."""

import json
from typing import Any

import httpx
import pytest

from bearerguard import IssuerUnavailable
from bearerguard.bounded_http import Answer
from bearerguard.introspection.answer import Described, EndpointFailed, read_answer
from support.introspected import GOOD, OPAQUE, scripted

pytestmark = pytest.mark.anyio
LARGEST = 65_536


def _failure(status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> EndpointFailed:
    with pytest.raises(EndpointFailed) as caught:
        read_answer(Answer(status, headers or {}, body))
    return caught.value


def test_an_active_token_is_described_by_all_members() -> None:
    said = read_answer(Answer(200, {}, b'{"active": true, "sub": "reader"}'))

    assert said == Described({"active": True, "sub": "reader"}, b'{"active": true, "sub": "reader"}')
    assert "reader" not in repr(said)


def test_of_a_token_that_is_not_active_nothing_is_told() -> None:
    assert read_answer(Answer(200, {}, b'{"active": false, "sub": "reader"}')) is None


@pytest.mark.parametrize(
    ("status", "code", "of_one_token"),
    [
        (400, "status", True),
        (401, "credentials", False),
        (403, "credentials", False),
        (404, "status", True),
        (407, "status", True),
        (408, "status", False),
        (409, "status", True),
        (413, "status", True),
        (428, "status", True),
        (429, "status", False),
        (430, "status", True),
        (499, "status", True),
        (500, "status", False),
        (503, "status", False),
        (201, "status", False),
        (304, "status", False),
    ],
)
def test_only_a_refused_request_may_concern_one_token_alone(status: int, code: str, *, of_one_token: bool) -> None:
    failure = _failure(status)

    assert (failure.code, failure.of_one_token) == (code, of_one_token)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"active": 1}', b'{"active": "true"}', b'{"active": null}', b"{}"])
def test_what_is_not_understood_concerns_all_tokens(body: bytes) -> None:
    failure = _failure(200, body)

    assert (failure.code, failure.of_one_token) == ("invalid", False)


async def test_an_answer_has_64_kibibytes_at_most() -> None:
    def answer(size: int) -> httpx.Response:
        text = json.dumps({**GOOD, "padding": ""}).encode()
        return httpx.Response(200, content=text.replace(b'"padding": "', b'"padding": "' + b"x" * (size - len(text))))

    fits, _ = scripted(answer(LARGEST))
    assert await fits.authenticate(OPAQUE)

    does_not, _ = scripted(answer(LARGEST + 1))
    with pytest.raises(IssuerUnavailable):
        await does_not.authenticate(OPAQUE)


@pytest.mark.parametrize("answer", [{"active": "true"}, {}, httpx.Response(429), httpx.Response(408), httpx.Response(401)])
async def test_after_a_fault_that_concerns_all_tokens_the_next_one_is_not_asked_about(answer: Any) -> None:
    api, endpoint = scripted(answer)
    for token in ("one", "another"):
        with pytest.raises(IssuerUnavailable):
            await api.authenticate(token)

    assert len(endpoint.requests) == 1
