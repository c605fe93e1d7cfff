"""Refuses tokens before they expire: a hook that is asked for each request, and a list for it.

::

    from bearerguard.revocation import Denylist

    denylist = Denylist()
    api = ResourceServer(…, revoked=denylist)
    denylist.revoke(client_id="billing")
"""

from bearerguard.revocation.denylist import Denylist

__all__ = ["Denylist"]
