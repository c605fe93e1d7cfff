"""A refusal takes the place of the end that a framework has for every websocket whose view fails."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
from starlette.types import Message, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, Refusal, ResourceServer, authenticated, principal_of, role
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, call, websocket_scope
from support.closed_framework import closed_to_websockets
from support.refusals import check_refusal

pytestmark = pytest.mark.anyio

Answered: TypeAlias = Callable[..., Awaitable[Answer]]

ACCEPT: Message = {"type": "websocket.accept"}
PAGE: Message = {"type": "websocket.http.response.start", "status": 500, "headers": []}
BODY: Message = {"type": "websocket.http.response.body", "body": b"<html></html>"}


def close(code: int) -> Message:
    return {"type": "websocket.close", "code": code}


async def refuses(scope: Scope, _send: Send) -> None:
    principal_of(scope, role("Write.All"))


async def accepts_and_refuses(scope: Scope, send: Send) -> None:
    await send(ACCEPT)
    principal_of(scope, role("Write.All"))


@pytest.fixture
def answered(api: ResourceServer, issuer: LocalIssuer) -> Answered:
    """What a reader's websocket is answered by an application."""
    token = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]

    async def answer(app: Any, *, denial: bool = True) -> Answer:
        guarded = AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/a": authenticated()}))
        return await call(guarded, websocket_scope("/a", token, denial=denial))

    return answer


ENDS: dict[str, tuple[Message, ...]] = {
    "a page": (PAGE, BODY),
    "a normal close": (close(1000),),
    "a close without a code": ({"type": "websocket.close"},),
    "an internal error": (close(1011),),
    "Litestar's code": (close(4500),),
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("is_handling", [True, False], ids=["at once", "afterwards"])
async def test_before_it_is_accepted_the_whole_refusal_is_sent(
    ends: tuple[Message, ...], is_handling: bool, answered: Answered
) -> None:
    answer = await answered(closed_to_websockets(refuses, *ends, is_handling=is_handling))

    assert answer.status == 403
    check_refusal(answer, "missing_role")
    assert len(answer.messages) == 2


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
async def test_or_it_is_closed_with_1008(ends: tuple[Message, ...], answered: Answered) -> None:
    answer = await answered(closed_to_websockets(refuses, *ends), denial=False)

    assert [(message["type"], message["code"]) for message in answer.messages] == [("websocket.close", 1008)]


@pytest.mark.parametrize("code", [1011, 4500])
async def test_an_accepted_one_is_closed_with_1008(code: int, answered: Answered) -> None:
    answer = await answered(closed_to_websockets(accepts_and_refuses, close(code)))

    assert answer.messages[0] == ACCEPT
    assert [message.get("code") for message in answer.messages[1:]] == [1008]


async def test_the_normal_end_of_an_accepted_one_stays(answered: Answered) -> None:
    """Nobody can see that it stands for a refusal: a library may have caught it and gone on, as for a field of GraphQL."""
    answer = await answered(closed_to_websockets(accepts_and_refuses, close(1000)))

    assert answer.messages == [ACCEPT, close(1000)]


# --- ends that stand for something else


async def chooses_an_end(scope: Scope, send: Send) -> None:
    try:
        principal_of(scope, role("Write.All"))
    except Refusal:
        await send(close(1000))


async def swallows(scope: Scope, _send: Send) -> None:
    with suppress(Refusal):
        principal_of(scope, role("Write.All"))
    raise ZeroDivisionError


async def goes_on(scope: Scope, _send: Send) -> None:
    with suppress(Refusal):
        principal_of(scope, role("Write.All"))


async def test_the_end_that_a_view_chose_for_a_refusal_stays(answered: Answered) -> None:
    answer = await answered(closed_to_websockets(chooses_an_end))

    assert answer.messages == [close(1000)]


@pytest.mark.parametrize("view", [swallows, goes_on])
@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
async def test_where_a_view_swallowed_the_refusal_the_end_stays(view: Any, ends: tuple[Message, ...], answered: Answered) -> None:
    answer = await answered(closed_to_websockets(view, *ends))

    assert answer.messages == list(ends)


@pytest.mark.parametrize("code", [1001, 1008, 4403])
async def test_a_code_that_means_something_else_stays(code: int, answered: Answered) -> None:
    answer = await answered(closed_to_websockets(refuses, close(code)))

    assert answer.messages == [close(code)]


async def test_a_page_of_the_frameworks_own_handler_stays(answered: Answered) -> None:
    page = {**PAGE, "status": 418}

    assert (await answered(closed_to_websockets(refuses, page, BODY))).messages == [page, BODY]
