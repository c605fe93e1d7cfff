"""Where refusals are answered inside another framework; ``tests/frameworks`` shows it in the frameworks themselves."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from bearerguard import AccessTokenMiddleware, PathPolicy, Refusal, ResourceServer, authenticated, principal_of, role
from bearerguard.testing import LocalIssuer
from bearerguard.web.framework_refusals import answer_refusals_in
from support.asgi import get
from support.closed_framework import closed
from support.refusals import check_refusal

pytestmark = pytest.mark.anyio

NAMES = ("litestar", "quart", "django", "blacksheep")


def framework(name: str, **attributes: Any) -> Any:
    """An application that looks like one of a framework and has other attributes, as in another release."""
    page = closed(lambda scope: principal_of(scope, role("Write.All")).display_name)

    async def call(_self: Any, scope: Any, receive: Any, send: Any) -> None:
        await page(scope, receive, send)

    return type("App", (), {"__module__": f"{name}.app", "__call__": call, **attributes})()


@pytest.mark.parametrize("name", NAMES)
async def test_another_release_of_a_framework_is_no_obstacle(name: str, api: ResourceServer, issuer: LocalIssuer) -> None:
    """Then the middleware answers in place of the error page."""
    app = framework(name, routes=(), router=SimpleNamespace(routes={}))
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/a": authenticated()}))

    answer = await get(guarded, "/a", [(b"authorization", b"Bearer " + issuer.mint("reader").encode())])

    assert answer.status == 403
    check_refusal(answer, "missing_role")


def test_a_handler_is_added_once_and_the_users_stays() -> None:
    ours, theirs = framework("litestar", exception_handlers={}), framework("litestar", exception_handlers={Refusal: "theirs"})
    answer_refusals_in(ours)
    added = dict(ours.exception_handlers)
    for app in (ours, theirs):
        answer_refusals_in(app)

    assert list(added) == [Refusal]
    assert ours.exception_handlers == added
    assert theirs.exception_handlers == {Refusal: "theirs"}


def test_it_is_added_in_mounts_of_mounts_and_behind_middlewares() -> None:
    mounted = framework("litestar", exception_handlers={})
    wrapped = type("Wrapper", (), {"app": mounted})()
    answer_refusals_in(Starlette(routes=[Mount("/a", routes=[Mount("/b", app=wrapped)])]))

    assert list(mounted.exception_handlers) == [Refusal]


def test_djangos_hook_comes_first_and_once() -> None:
    handler = framework("django", _exception_middleware=["theirs"])
    answer_refusals_in(handler)
    answer_refusals_in(handler)

    ours, *others = handler._exception_middleware
    assert others == ["theirs"]
    assert ours(None, ZeroDivisionError()) is None
