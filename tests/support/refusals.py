"""What every refusal has, whoever gives it."""

import json

from support.asgi import Answer


def check_refusal(answer: Answer, code: str, *, head: bool = False) -> None:
    """A refused caller's body is not read, and the answer is complete."""
    assert answer.received == 0, "a refused caller's body is not read"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api"')
    if head:
        assert answer.body == b""
    else:
        assert json.loads(answer.body)["code"] == code
        assert answer.headers["content-length"] == str(len(answer.body))
