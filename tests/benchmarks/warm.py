"""A token that was verified before: what the middleware adds to a bare Starlette route."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, requires, role
from benchmarks.asgi import PATH
from benchmarks.measure import calling, interleave
from benchmarks.setting import Setting
from benchmarks.table import Row


async def endpoint(_request: Request) -> Response:
    return PlainTextResponse("ok")


def bare_app() -> ASGIApp:
    """A route that anybody may call."""
    return Starlette(routes=[Route(PATH, endpoint)])


def decorated_app(server: ResourceServer) -> ASGIApp:
    """The same behind the middleware and a decorator."""
    route = Route(PATH, requires(role("Read.All"))(endpoint))
    return Starlette(routes=[route], middleware=[Middleware(AccessTokenMiddleware, resource_server=server)])


def policy_app(server: ResourceServer, app: ASGIApp | None = None) -> ASGIApp:
    """The same behind the middleware with a table."""
    policy = PathPolicy({f"GET {PATH}": role("Read.All")})
    return AccessTokenMiddleware(app or bare_app(), resource_server=server, policy=policy)


def rows(setting: Setting) -> list[Row]:
    """Middleware and decorator, and middleware and policy."""
    server = setting.server()
    text = setting.token.encode()
    setting.caller.run(server.authenticate(text))
    apps = {"bare": bare_app(), "decorator": decorated_app(server), "policy": policy_app(server)}
    subjects = {name: setting.caller.requests(app, setting.token) for name, app in apps.items()}
    subjects |= {"V": setting.unit, "recall": calling(lambda: server.recall(text))}
    figures = interleave(subjects, rounds=3 * setting.rounds)
    forms = {"decorator": '`@requires(role("Read.All"))`', "policy": "`PathPolicy`"}
    added = [
        Row(f"middleware and {form}, added to a bare Starlette route", figures.added(name, "bare", "V"), "V", at_most=0.165)
        for name, form in forms.items()
    ]
    whole = [
        Row(f"route with middleware and {form} over the bare route, in process", figures.ratio(name, "bare"))
        for name, form in forms.items()
    ]
    return [*added, *whole, Row("of that, `recall` alone: digest, look-up, times, key", figures.ratio("recall", "V"), "V")]
