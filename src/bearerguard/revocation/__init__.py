"""Refuses tokens before they expire: a hook that is asked for each request, and a list for it.

::

    from bearerguard.revocation import Denylist

    denylist = Denylist()
    api = ResourceServer(…, revoked=denylist)
    denylist.revoke(client_id="billing")
"""

from typing import TYPE_CHECKING, Final

from bearerguard.lazy import lazy_names

if TYPE_CHECKING:
    from bearerguard.revocation.denylist import Denylist

__all__ = ["Denylist"]

_HOMES: Final = {"denylist": "Denylist"}
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
