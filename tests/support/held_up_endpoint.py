"""A token endpoint below HTTP, which may be held up, and many who want its token at once."""

import threading
from collections.abc import Callable

import anyio

from bearerguard.client.schedule import Schedule
from bearerguard.client.shared_token import SharedToken
from bearerguard.client.token_response import IssuedToken
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import TokenRequestError
from bearerguard.testing import FakeClock

DOWN = TokenRequestError("token_endpoint_unreachable", "connection refused", hint="check it")
PASSING = TokenRequestError("token_endpoint_failed", "status 503", temporary=True)


class HeldUpEndpoint:
    """Issues ``token-1`` …, or does what the script says; may be held up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.script: list[Exception | Callable[[], None]] = []
        self.lifetime = 1000.0
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()

    async def __call__(self, claims: str) -> IssuedToken:
        self.asked.append(claims)
        number = len(self.asked)
        self.reached.set()
        assert self.open.wait(10)
        if self.script:
            step = self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            step()
        return IssuedToken(Secret(f"token-{number}"), self.lifetime)


class Waiters:
    """Threads that ask for the token, and what they got."""

    def __init__(self, tokens: SharedToken, count: int) -> None:
        self.got: list[str] = []
        self._tokens = tokens
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        try:
            self.got.append(self._tokens.get().access_token.reveal())
        except TokenRequestError as failure:
            self.got.append(failure.error)

    def join(self) -> list[str]:
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        return self.got


def shared(clock: FakeClock, endpoint: HeldUpEndpoint, time_limit: float = 10.0) -> SharedToken:
    return SharedToken(endpoint, Schedule(lambda: 0.5), clock, time_limit=time_limit, endpoint="https://issuer.example/token")


async def text(tokens: SharedToken) -> str:
    return (await tokens.get_async()).access_token.reveal()


async def gathered(tokens: SharedToken, count: int) -> list[str]:
    got: list[str] = []

    async def ask() -> None:
        try:
            got.append(await text(tokens))
        except TokenRequestError as failure:
            got.append(failure.error)

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(ask)
    return got


def settled() -> None:
    """Waits until every token request under way has been answered, and the answer taken in."""
    for thread in threading.enumerate():
        if thread.name == "bearerguard-token-request":
            thread.join(10)
