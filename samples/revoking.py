"""A denylist: one line for a token, a client, a subject, or everything before a time."""

import time

from bearerguard import ResourceServer, oidc
from bearerguard.revocation import Denylist

denylist = Denylist()
api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders", revoked=denylist)

now = time.time()
denylist.revoke(token_id="5f0c…")  # one token: jti, or uti of Microsoft Entra
denylist.revoke(client_id="billing", until=now + 3600)  # a calling application, for as long as its tokens live
denylist.revoke(subject="ann", issued_before=now)  # a user's tokens until now; a new sign-in works
denylist.revoke(issued_before=now, issuer="https://issuer.example")  # everything of an issuer until now
