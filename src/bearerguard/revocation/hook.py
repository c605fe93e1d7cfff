"""Asks the user's hook whether a verified token was revoked. What it does not deny is refused."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Final, TypeAlias

import anyio

from bearerguard import error_codes as codes
from bearerguard.checks import checked_number
from bearerguard.errors import ConfigurationError, InvalidToken, RevocationUnknown, show
from bearerguard.events import logger
from bearerguard.principal import Principal
from bearerguard.revocation.denylist import Denylist

Revoked: TypeAlias = Callable[[Principal], bool | Awaitable[bool]]

_LONGEST: Final = 60.0


class RevocationHook:
    """A hook with its limits.

    Args:
        revoked: ``True`` where the token was revoked, ``False`` where not. A function that is not
            async must not wait: it runs in the event loop, where nothing can interrupt it.
        timeout: Seconds that an async hook may take.
        fails_open: Accept the token where the hook fails, in place of refusing it.

    Attributes:
        never_waits: Whether it is a ``Denylist``, so that ``clears`` may be asked. A user's
            function may be async.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    def __init__(self, revoked: Revoked, *, timeout: float, fails_open: bool) -> None:
        if not callable(revoked) or isinstance(revoked, type):
            raise ConfigurationError("revoked", f"expected a function of a Principal, got {show(revoked)}", example="Denylist()")
        self._revoked: Revoked = revoked
        self.never_waits = type(revoked) is Denylist
        self._timeout = checked_number("revoked_timeout", timeout, 0.001, _LONGEST, example="1.0")
        self._fails_open = fails_open
        self._is_failing = False
        if fails_open:
            logger.warning("insecure_revoked_fails_open: while the hook revoked= fails, revoked tokens are accepted")

    def clears(self, principal: Principal) -> bool:
        """Whether a hook that never waits says "not revoked"; if not, ``check`` has to be asked."""
        try:
            return self._revoked(principal) is False and not self._is_failing
        except Exception:  # noqa: BLE001  check asks again, and tells
            return False

    def check(self, principal: Principal) -> Awaitable[None] | None:
        """``None`` if the hook says at once that the token was not revoked; else what to await.

        It is awaited at once, and returns if the token was not revoked.

        Raises:
            InvalidToken: it was.
            RevocationUnknown: the hook raised, took too long, or gave neither true nor false.
        """
        try:
            verdict = self._revoked(principal)
        except Exception as error:  # noqa: BLE001  whatever it is, nobody knows whether the token was revoked
            self._failed(principal, error)
            return None
        if verdict is False and not self._is_failing:
            return None  # the usual case, without the cost of a coroutine
        return self._judge(principal, verdict)

    async def _judge(self, principal: Principal, verdict: object) -> None:
        try:
            if isawaitable(verdict):
                with anyio.fail_after(self._timeout):
                    verdict = await verdict
            if verdict is not False and verdict is not True:
                raise TypeError(f"the hook returned {show(verdict)} in place of True or False")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001  the same
            self._failed(principal, error)
            return
        self._is_failing = False
        if verdict:
            raise InvalidToken(codes.TOKEN_REVOKED, verified=True)

    def _failed(self, principal: Principal, error: Exception) -> None:
        problem = f"no verdict within {self._timeout:g} s" if isinstance(error, TimeoutError) else show(error)
        if not self._is_failing:  # once, not for each request
            self._is_failing = True
            what = "tokens are accepted without it" if self._fails_open else "tokens are refused"
            logger.error("the hook revoked= fails, and %s: %s", what, problem)
        if not self._fails_open:
            raise RevocationUnknown(principal.issuer, retry_after=1.0, last_error=problem) from error
