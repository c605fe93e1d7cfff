"""What happens, as values: for metrics and traces in any system."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

logger: Final = logging.getLogger("bearerguard")


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth counting.

    Attributes:
        name: ``token_accepted``, ``token_refused``, ``keys_fetched`` or ``keys_failed``.
        issuer: Configured issuer, empty where none could be told. Of a token that was accepted: its
            ``iss``, which differs from tenant to tenant where ``insecure_any_tenant`` is on.
        code: Error code of a refusal or of a failed fetch, else empty. Both are few, and safe as
            metric labels, otherwise.
    """

    name: Literal["token_accepted", "token_refused", "keys_fetched", "keys_failed"]
    issuer: str = ""
    code: str = ""


EventHook = Callable[[Event], None]


def emit(hook: EventHook | None, event: Event) -> None:
    """Hand an event to the user's hook. A hook that fails is logged and never decides a request."""
    if hook is None:
        return
    try:
        hook(event)
    except Exception:  # any error of a user's hook: a broken metric must not open or close an API
        logger.exception("the on_event hook failed on %s", event.name)
