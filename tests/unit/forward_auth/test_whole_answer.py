"""An answer is passed on once it is complete, with the length that it has."""

import pytest
from starlette.types import Message

from bearerguard.forward_auth.whole_answer import WholeAnswer

pytestmark = pytest.mark.anyio


async def passed_on(*messages: Message, for_nginx: bool = False) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    whole = WholeAnswer(send, for_nginx=for_nginx)
    for message in messages:
        await whole(message)
    return sent


def start(status: int, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [(b"content-length", b"9"), *headers]}


async def test_a_body_in_parts_is_sent_as_one() -> None:
    parts: list[Message] = [
        {"type": "http.response.body", "body": b"ab", "more_body": True},
        {"type": "http.response.body", "body": b"c"},
    ]

    assert await passed_on(start(403), parts[0]) == []
    assert await passed_on(start(403), *parts) == [
        {"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"3")]},
        {"type": "http.response.body", "body": b"abc"},
    ]


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503, 204, 302])
async def test_nginx_is_never_told_of_consent_by_another_status_than_200(status: int) -> None:
    """nginx takes any 2xx for consent."""
    head, body = await passed_on(start(status), {"type": "http.response.body"}, for_nginx=True)

    assert (head["status"], dict(head["headers"])[b"bearerguard-status"], body["body"]) == (403, str(status).encode(), b"")
