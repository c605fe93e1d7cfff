"""The hook ``revoked=``: asked for each request, and what it does not deny is refused."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearerguard import (
    AccessTokenError,
    AccessTokenMiddleware,
    ConfigurationError,
    InvalidToken,
    IssuerUnavailable,
    Principal,
    ResourceServer,
    authenticated,
    requires,
)
from bearerguard.revocation import Denylist
from bearerguard.testing import FakeClock, LocalIssuer
from bearerguard.web.challenge import Challenge
from bearerguard.web.enforce import enforce
from bearerguard.web.gate import Gate

pytestmark = pytest.mark.anyio
both_loops = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
NEVER: Final = 3600.0


class Answers:
    """A hook that gives one answer and counts how often it is asked."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self, _principal: Principal) -> Any:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class AnswersLater(Answers):
    """The same, awaited."""

    async def __call__(self, principal: Principal) -> Any:
        await anyio.lowlevel.checkpoint()
        return super().__call__(principal)


def server(hook: Any, **options: Any) -> tuple[ResourceServer, str]:
    issuer = LocalIssuer(clock=(clock := FakeClock()))
    api = ResourceServer(
        issuer.trusted(), issuer.audiences[0], transport=httpx.ASGITransport(issuer), clock=clock, revoked=hook, **options
    )
    return api, issuer.mint()


async def outcome(api: ResourceServer, token: str) -> str:
    """The code, or ``accepted``."""
    try:
        await api.authenticate(token)
    except (AccessTokenError, IssuerUnavailable) as error:
        return error.code
    return "accepted"


@both_loops
@pytest.mark.parametrize("kind", [Answers, AnswersLater])
@pytest.mark.parametrize("size", [10_000, 0])
async def test_a_token_is_refused_as_soon_as_it_is_revoked(anyio_backend: str, kind: type[Answers], size: int) -> None:
    """Also one that was verified before."""
    hook = kind(False)
    api, token = server(hook, token_cache_size=size)

    assert [await outcome(api, token) for _ in range(2)] == ["accepted"] * 2
    hook.answer = True
    assert [await outcome(api, token) for _ in range(2)] == ["token_revoked"] * 2
    hook.answer = False
    assert await outcome(api, token) == "accepted"
    assert hook.asked == 5


@pytest.mark.parametrize("answer", [None, 0, 1, "", "no", [], ValueError("x"), TimeoutError(), InvalidToken, RuntimeError("y")])
@pytest.mark.parametrize("kind", [Answers, AnswersLater])
async def test_a_hook_that_gives_no_verdict_refuses(kind: type[Answers], answer: object) -> None:
    """Absence is never success: neither ``None`` nor what merely looks false."""
    hook = kind(False)
    api, token = server(hook)
    assert await outcome(api, token) == "accepted"
    hook.answer = answer

    with pytest.raises(IssuerUnavailable) as raised:
        await api.authenticate(token)

    assert (raised.value.code, raised.value.status) == ("revocation_unknown", 503)
    assert raised.value.retry_after >= 1


@both_loops
async def test_a_hook_that_hangs_refuses_in_time(anyio_backend: str) -> None:
    async def hangs(_principal: Principal) -> bool:
        await anyio.sleep(NEVER)
        return False

    api, token = server(hangs, revoked_timeout=0.01)

    with anyio.fail_after(5):
        assert await outcome(api, token) == "revocation_unknown"


@both_loops
async def test_a_function_that_returns_something_to_await_is_awaited(anyio_backend: str) -> None:
    async def yes() -> bool:
        return True

    hook: Callable[[Principal], Awaitable[bool]] = lambda _principal: yes()  # noqa: E731
    api, token = server(hook)

    assert await outcome(api, token) == "token_revoked"


@pytest.mark.parametrize("answer", [ValueError("x"), None])
async def test_it_fails_open_only_where_that_was_asked_for(answer: object) -> None:
    hook = Answers(answer)
    api, token = server(hook, insecure_revoked_fails_open=True)

    assert await outcome(api, token) == "accepted"
    hook.answer = True
    assert await outcome(api, token) == "token_revoked"


async def test_failing_open_is_logged_at_the_start_and_once_for_each_failure_that_lasts(caplog: pytest.LogCaptureFixture) -> None:
    hook = Answers(ValueError("x"))
    api, token = server(hook, insecure_revoked_fails_open=True)
    for answer in (ValueError("x"), ValueError("x"), False, ValueError("x")):
        hook.answer = answer
        await outcome(api, token)

    levels = [record.levelname for record in caplog.records if "revoked" in record.getMessage()]
    assert levels == ["WARNING", "ERROR", "ERROR"]


async def test_a_bad_token_is_refused_before_the_hook_is_asked() -> None:
    hook = Answers(False)
    api, token = server(hook)

    assert await outcome(api, token[:-8] + "AAAAAAAA") == "invalid_signature"
    assert hook.asked == 0


async def test_a_revoked_token_is_not_counted_as_accepted() -> None:
    events: list[str] = []
    api, token = server(Answers(True), on_event=lambda event: events.append(event.name))

    await outcome(api, token)

    assert events == ["keys_fetched", "token_revoked", "token_refused"]


@pytest.mark.parametrize("hook", ["denylist", 1, Answers, []])
def test_a_hook_is_a_function(hook: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        server(hook)
    assert raised.value.parameter == "revoked"


@pytest.mark.parametrize("timeout", [0, -1, 61, float("nan"), "1", None, True])
def test_the_time_limit_is_a_number_of_seconds(timeout: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        server(Answers(False), revoked_timeout=timeout)
    assert raised.value.parameter == "revoked_timeout"


# --- every way in


def application(outer: ResourceServer, inner: ResourceServer | None = None) -> Starlette:
    """``outer`` is the middleware's; where there is ``inner``, the endpoint has it judge as well."""

    @requires(authenticated())
    async def orders(request: Request) -> PlainTextResponse:
        if inner is not None:
            await enforce(request.scope, authenticated(), Gate(inner, Challenge("api")))
        return PlainTextResponse("orders")

    return Starlette(routes=[Route("/orders", orders)], middleware=[Middleware(AccessTokenMiddleware, resource_server=outer)])


async def status(app: Starlette, token: str) -> tuple[int, str | None]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://orders.example") as client:
        answer = await client.get("/orders", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.headers.get("retry-after")


@pytest.mark.parametrize("kind", [Answers, AnswersLater])
async def test_behind_the_middleware_the_hook_is_asked_once_for_each_request(kind: type[Answers]) -> None:
    hook = kind(False)
    api, token = server(hook)
    app = application(api)

    assert [await status(app, token) for _ in range(3)] == [(200, None)] * 3
    assert hook.asked == 3
    hook.answer = True
    assert await status(app, token) == (401, None)
    hook.answer = ValueError("x")
    assert await status(app, token) == (503, "1")


@pytest.mark.parametrize("kind", [Answers, AnswersLater])
async def test_the_hook_of_another_resource_server_is_asked_too(kind: type[Answers]) -> None:
    issuer = LocalIssuer()
    hook = kind(False)
    plain, hooked = (
        ResourceServer(issuer.trusted(), issuer.audiences[0], transport=httpx.ASGITransport(issuer), revoked=revoked)
        for revoked in (None, hook)
    )
    app, token = application(plain, hooked), issuer.mint()

    assert [await status(app, token) for _ in range(2)] == [(200, None)] * 2
    hook.answer = True
    assert await status(app, token) == (401, None)
    hook.answer = ValueError("x")
    assert await status(app, token) == (503, "1")


async def test_recalling_alone_never_gives_a_caller_that_the_hook_was_not_asked_about() -> None:
    api, token = server(Answers(True))
    await outcome(api, token)

    assert api.recall(token.encode()) is None


class Broken(Denylist):
    """As one whose file cannot be read."""

    def __call__(self, principal: Principal) -> bool:
        raise ConfigurationError("from_file", "it is gone", example="")


async def test_a_list_is_asked_for_tokens_that_were_verified_before() -> None:
    """Without waiting, and before anything else is made of them."""
    denylist = Denylist()
    api, token = server(denylist)
    assert await outcome(api, token) == "accepted"
    assert api.recall(token.encode()) is not None
    denylist.revoke(subject="reader")

    assert api.recall(token.encode()) is None
    assert await outcome(api, token) == "token_revoked"


async def test_a_list_that_fails_refuses_tokens_that_were_verified_before(tmp_path: Path) -> None:
    file = tmp_path / "denylist.jsonl"
    file.touch()
    clock = FakeClock()
    api, token = server(Denylist.from_file(file, clock=clock))
    assert await outcome(api, token) == "accepted"
    file.unlink()
    clock.advance(1)
    assert (api.recall(token.encode()), await outcome(api, token)) == (None, "revocation_unknown")
    file.touch()
    clock.advance(1)

    assert await outcome(api, token) == "accepted"


async def test_a_kind_of_list_of_the_users_own_is_asked_as_any_function() -> None:
    api, token = server(Broken())

    assert (api.recall(token.encode()), await outcome(api, token)) == (None, "revocation_unknown")
