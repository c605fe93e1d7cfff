"""Answers refusals inside Litestar, Quart, Django and BlackSheep, before they leave a view.

As ``refusal_handler`` does in Starlette: what stands between a view and the middleware sees a
response, not an error. Each framework is asked in its own way, by what it has loaded itself: none
is imported here. The user's own handlers for a refusal come first, except in Django.

Sources: ``litestar/middleware/_internal/exceptions/middleware.py`` of Litestar 2.25,
``quart/app.py`` of Quart 0.22, ``django/core/handlers/base.py`` of Django 6.1,
``blacksheep/middlewares.py`` of BlackSheep 2.6.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.types import Scope

from bearerguard.errors import BearerguardError, Refusal
from bearerguard.events import logger
from bearerguard.web.challenge import Answer
from bearerguard.web.destination import readers_beneath
from bearerguard.web.passage import PASSAGE, Passage
from bearerguard.web.path_reader import framework_of
from bearerguard.web.refusal_handler import add_handler
from bearerguard.web.routes import router_of

_BODY_HEADERS: Final = 2
"""Headers of an answer that describe its body. They come first, and frameworks write their own."""


def answer_refusals_in(app: object) -> None:
    """Have refusals answered in an application, and in those that are mounted in it.

    Does nothing where that was done before, or the framework is not known. An application behind a
    function is not seen: the middleware then answers in place of the framework's error page.
    """
    router = router_of(app)
    for one in [app] if router is None else readers_beneath(router):
        name, innermost = framework_of(one)
        try:
            _KNOWN.get(name, _unknown)(innermost)
        except Exception:  # noqa: BLE001  in another release of the framework the middleware answers
            logger.debug("refusals are not answered inside %s", name, exc_info=True)


def _unknown(_app: object) -> None:
    """Starlette's routers ask ``refusal_handler``; others are left alone."""


def _litestar(app: Any) -> None:
    """Only for requests: Litestar asks no handler about websockets, and closes them with 4500."""

    def answered(request: Any, error: Refusal) -> Any:
        answer = _answer(request.scope, error)
        response = sys.modules["litestar"].Response
        return response(answer.body, status_code=answer.status, media_type=_media_type(answer), headers=_headers(answer))

    add_handler(app.exception_handlers, answered)


def _quart(app: Any) -> None:
    async def answered(error: Refusal) -> Any:
        quart = sys.modules["quart"]
        is_request = quart.has_request_context()
        scope = (quart.request if is_request else quart.websocket).scope
        answer = _answer(scope, error) if is_request else await _end_websocket(scope, error)
        return answer.body, answer.status, {"content-type": _media_type(answer), **_headers(answer)}

    add_handler(app.error_handler_spec[None][None], answered)


def _django(handler: Any) -> None:
    """Before every ``process_exception``, because error reports are made there."""
    hooks = handler._exception_middleware  # the public way to them is a line of the settings
    if _answered_in_django not in hooks:
        hooks.insert(0, _answered_in_django)


def _answered_in_django(request: Any, error: Exception) -> Any:
    if not isinstance(error, Refusal):
        return None
    answer = _answer(request.scope, error)
    response = sys.modules["django.http"].HttpResponse
    return response(answer.body, status=answer.status, content_type=_media_type(answer), headers=_headers(answer))


def _blacksheep(app: Any) -> None:
    """As the innermost middleware: BlackSheep's handlers of errors are around all of them."""
    if not any(isinstance(one, _AnsweredInBlackSheep) for one in app.middlewares):
        innermost = sys.modules["blacksheep.middlewares"].MiddlewareCategory.MESSAGE
        app.middlewares.append(_AnsweredInBlackSheep(app), innermost, sys.maxsize)


class _AnsweredInBlackSheep:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        try:
            return await handler(request)
        except Refusal as error:
            kinds = type(error).__mro__
            if not self._app.exceptions_handlers.keys().isdisjoint(kinds[: kinds.index(BearerguardError) + 1]):
                raise
            if request.scope["type"] == "websocket":
                await _end_websocket(request.scope, error)
                return None
            answer = _answer(request.scope, error)
            blacksheep = sys.modules["blacksheep"]
            content = blacksheep.Content(_media_type(answer).encode(), answer.body)
            return blacksheep.Response(answer.status, list(answer.headers[_BODY_HEADERS:]), content)


def _passage(scope: Scope, error: Refusal) -> Passage:
    passage = scope.get(PASSAGE)
    if not isinstance(passage, Passage) or passage.started:
        raise error
    return passage


def _answer(scope: Scope, error: Refusal) -> Answer:
    """What the caller is told; raises the refusal again where it is too late."""
    passage = _passage(scope, error)
    answer = passage.answer(error, scope)
    passage.refusal = None  # a page of another error is not meant for it
    return answer


async def _end_websocket(scope: Scope, error: Refusal) -> Answer:
    """The same, said at once: frameworks end websockets without headers, or with another code."""
    passage = _passage(scope, error)
    answer = passage.answer(error, scope)
    await passage.refuse(error)
    passage.refusal = None
    return answer


def _media_type(answer: Answer) -> str:
    return dict(answer.headers)[b"content-type"].decode()


def _headers(answer: Answer) -> dict[str, str]:
    return {name.decode(): value.decode("latin-1") for name, value in answer.headers[_BODY_HEADERS:]}


_KNOWN: Final[Mapping[str, Callable[[Any], None]]] = {
    "litestar": _litestar,
    "quart": _quart,
    "django": _django,
    "blacksheep": _blacksheep,
}
