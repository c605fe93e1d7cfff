"""What happens, as values: for metrics, traces and audit logs in any system."""

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from bearerguard.clock import SystemClock
from bearerguard.errors import ConfigurationError, Refusal, Undecided, show
from bearerguard.principal import Principal

logger: Final = logging.getLogger("bearerguard")

EventName: TypeAlias = Literal[
    "request_accepted",
    "request_refused",
    "request_would_be_refused",
    "token_accepted",
    "token_refused",
    "keys_fetched",
    "keys_failed",
    "keys_changed",
    "keys_stale",
    "key_unusable",
    "key_unknown",
    "introspection_answered",
    "introspection_failed",
    "insecure_option",
    "token_revoked",
]


class Event(NamedTuple):
    """Something worth counting. What is unknown is empty.

    ``name``, ``issuer``, ``code``, ``status`` and ``route`` have few values, and are safe as labels
    of metrics. The others are not: callers choose ``path``, and also ``client_id`` and ``kid``
    where ``verified`` is false.

    Attributes:
        name: What happened. Exactly one of ``request_accepted``, ``request_refused`` and
            ``request_would_be_refused`` for each request behind the middleware or a guard.
        issuer: Configured issuer, empty where none could be told. Of an accepted token: its
            ``iss``, which differs from tenant to tenant where ``insecure_any_tenant`` is on.
        code: Error code of a refusal; of a fetch or a question that failed, how; the name of an
            insecure option.
        status: HTTP status of a refusal; of an accepted request, of the answer as far as it is
            known.
        principal: The caller, where a token was verified.
        client_id: The calling application.
        kid: Id of the key that a refused token names, or that the event is about.
        method: ``WEBSOCKET`` for a handshake.
        path: As the caller sent it, decoded, without the query. It may hold anything.
        route: Template of the route, such as ``/orders/{id}``.
        verified: Whether what the event says of the caller was vouched for by the issuer.
        cached: Whether the token had been verified before.
        seconds: How long judging took, or the introspection endpoint.
        subject: ``sub``.
    """

    name: EventName
    issuer: str = ""
    code: str = ""
    status: int = 0
    principal: Principal | None = None
    client_id: str = ""
    kid: str = ""
    method: str = ""
    path: str = ""
    route: str = ""
    verified: bool = False
    cached: bool = False
    seconds: float = 0.0
    subject: str = ""


VERDICTS: Final[Mapping[str, str]] = {
    "request_accepted": "accepted",
    "request_refused": "refused",
    "request_would_be_refused": "would_be_refused",
    "token_accepted": "accepted",
    "token_refused": "refused",
}
"""The verdict of each event that is a decision."""

EventHook: TypeAlias = Callable[[Event], Any]


class Listeners:
    """Who is told of events. May be called as a hook itself, and never raises.

    A hook that fails is logged, and again only after it has worked in between. It never decides.

    Attributes:
        hooks: All of them, in the order in which they are called.
        monotonic: Seconds on the clock of the server that they listen to.
    """

    __slots__ = ("_failing", "hooks", "monotonic")

    def __init__(self, hooks: Iterable[EventHook] = (), monotonic: Callable[[], float] = SystemClock.monotonic) -> None:
        self.hooks: tuple[EventHook, ...] = tuple(hooks)
        self.monotonic = monotonic
        self._failing: frozenset[int] = frozenset()

    def add(self, hook: EventHook) -> None:
        """Add a hook, from the next event on. One that was added before is still told once.

        Raises:
            ConfigurationError: it is not a function, or it is async.
        """
        self.hooks = _each_once((*self.hooks, *checked_hooks(hook)))

    def and_those_of(self, others: "Listeners") -> "Listeners":
        """The hooks of both, each once."""
        return Listeners(_each_once((*self.hooks, *others.hooks)), self.monotonic)

    def __call__(self, event: Event) -> None:
        """Tell all of them, as a hook."""
        self.tell(event)

    def tell(self, event: Event) -> None:
        """Tell all of them; a method is called much faster than an object."""
        for hook in self.hooks:
            try:
                answer = hook(event)
            except Exception:  # noqa: BLE001  any error: a broken metric must not open or close an API
                self._failed(hook, event, "failed", with_traceback=True)
            else:
                if answer is not None or self._failing:
                    self._answered(hook, event, answer)

    async def aclose(self) -> None:
        """Wait for hooks that write in the background: those with a method ``aclose``."""
        for hook in self.hooks:
            close = getattr(hook, "aclose", None)
            if close is not None:
                try:
                    await close()
                except Exception:  # a hook never decides, nor does it stop a shutdown
                    logger.exception("aclose() of the on_event hook %s failed", show(hook, 128))

    def _answered(self, hook: EventHook, event: Event, answer: object) -> None:
        if inspect.iscoroutine(answer):
            answer.close()
            self._failed(hook, event, "is async, so that nothing of it ran")
        else:
            self._failing -= {id(hook)}

    def _failed(self, hook: EventHook, event: Event, how: str, *, with_traceback: bool = False) -> None:
        level = logging.DEBUG if id(hook) in self._failing else logging.ERROR
        self._failing |= {id(hook)}
        logger.log(level, "the on_event hook %s %s on %s", show(hook, 128), how, event.name, exc_info=with_traceback)


def token_accepted(principal: Principal, *, cached: bool, seconds: float) -> Event:
    """The event of a token that ``authenticate`` accepted."""
    return _of_a_verified_token("token_accepted", principal, cached=cached, seconds=seconds)


def token_refused(error: Exception, *, seconds: float) -> Event:
    """The event of a token that ``authenticate`` refused; an unexpected error refuses it, too."""
    refusal = error if isinstance(error, Refusal) else Undecided()
    who = refusal.caller
    return Event(
        "token_refused",
        who.issuer,
        refusal.code,
        refusal.status,
        client_id=who.client_id,
        kid=who.kid,
        verified=who.verified,
        seconds=seconds,
        subject=who.subject,
    )


def token_revoked(principal: Principal) -> Event:
    """The event of a good token that the hook ``revoked=`` denied; its refusal is another event."""
    return _of_a_verified_token("token_revoked", principal)


def _of_a_verified_token(name: EventName, principal: Principal, *, cached: bool = False, seconds: float = 0.0) -> Event:
    client = principal.client_id or ""
    return Event(name, principal.issuer, "", 0, principal, client, "", "", "", "", True, cached, seconds, principal.subject)


def checked_hooks(value: object) -> tuple[EventHook, ...]:
    """``on_event=``: one hook, several, or ``None``.

    Raises:
        ConfigurationError: one of them is not a function, or is async.
    """
    if value is None:
        return ()
    hooks: list[Any] = list(value) if isinstance(value, Iterable) and not callable(value) else [value]
    for hook in hooks:
        if not callable(hook) or isinstance(hook, type):
            raise ConfigurationError("on_event", f"expected a function of an Event, got {show(hook)}", example="events.append")
        if inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(getattr(hook, "__call__", None)):  # noqa: B004
            problem = f"{show(hook)} is async, and nobody would await it: let it put events into a queue"
            raise ConfigurationError("on_event", problem, example="queue.put_nowait")
    return _each_once(hooks)


def _each_once(hooks: Iterable[EventHook]) -> tuple[EventHook, ...]:
    """Compared one by one: an object that is called need not have a hash."""
    unique: list[EventHook] = []
    for hook in hooks:
        if hook not in unique:
            unique.append(hook)
    return tuple(unique)
