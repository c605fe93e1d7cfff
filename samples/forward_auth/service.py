"""The judge behind a proxy: one policy for services in any language.

GATEWAY_SECRET=$(openssl rand -hex 32) uvicorn samples.forward_auth.service:app --port 9000
"""

import os

from bearerguard import PathPolicy, ResourceServer, entra, role
from bearerguard.forward_auth import forward_auth

api = ResourceServer(
    issuers=[entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43")],
    audience=["2bfddaf4-0673-49a7-a615-2b6bb3acbf31", "api://orders"],
)

policy = PathPolicy(
    {
        "GET /orders": role("Read.All"),
        "GET /orders/{id:int}": role("Read.All"),
        "POST /orders": role("Write.All"),
        "GET,WEBSOCKET /orders/live": role("Read.All"),  # a handshake is a GET, too
        "GET /health": PathPolicy.PUBLIC,
    }
)

app = forward_auth(
    api,
    policy,
    proxy="nginx",  # or "caddy", "traefik", "envoy"
    shared_secret=os.environ.get("GATEWAY_SECRET", ""),  # without it the service does not start
)
