"""The middleware's judgement for a proxy in front of services in any language.

nginx (``auth_request``), Caddy (``forward_auth``), Traefik (``ForwardAuth``) and Envoy
(``ext_authz`` over HTTP) ask this service about each request and serve it only where the answer is
200. ``samples/forward_auth`` has a configuration for each of them.
"""

from bearerguard.forward_auth.service import forward_auth
from bearerguard.forward_auth.signed_principals import SignedPrincipals

__all__ = ["SignedPrincipals", "forward_auth"]
