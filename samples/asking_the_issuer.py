"""Opaque tokens: the issuer's introspection endpoint is asked about them. JWTs are verified beside them."""

import os

from bearerguard import Introspection, ResourceServer, keycloak

issuer = keycloak("https://sso.example.com", realm="acme", client_id="orders-api")
api = ResourceServer(
    issuers=[issuer],
    audience="api://orders",
    introspection=Introspection(issuer=issuer, client_id="orders-api", client_secret=os.environ["INTROSPECTION_SECRET"]),
)
