"""Opaque tokens: the issuer's introspection endpoint is asked about them. JWTs are verified beside them."""

import os

from bearerguard import Introspection, ResourceServer, keycloak

SECRET = os.environ.get("INTROSPECTION_SECRET", "from a vault, never in the code")

issuer = keycloak("https://sso.example.com", realm="acme", client_id="orders-api")
api = ResourceServer(
    issuers=[issuer],
    audience="api://orders",
    introspection=Introspection(issuer=issuer, client_id="orders-api", client_secret=SECRET),
)
