"""What this API says of itself to clients: OAuth 2.0 Protected Resource Metadata (RFC 9728).

A client that was refused finds the document by the challenge's ``resource_metadata``, and in it
where to obtain a token. All of it comes from configuration, nothing from a request: a ``Host`` that
a caller made up must not get into it.
"""

import json
from collections.abc import Collection
from typing import Any, Final, NoReturn
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bearerguard.checks import checked_names, checked_url, url_problem
from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.issuer import Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.web.decorator import public

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_ENTRA_V1: Final = "entra_v1"
_EXAMPLE: Final = '"https://api.example/orders"'


def protected_resource_metadata(
    api: ResourceServer,
    *,
    resource: str,
    scopes: Collection[str] = (),
    authorization_servers: Collection[str] | None = None,
    name: str | None = None,
    documentation: str | None = None,
) -> Route:
    """A public route at the well-known place of ``resource``, for GET and HEAD.

    Name it to the middleware, too::

        app = Starlette(
            routes=[…, protected_resource_metadata(api, resource="https://api.example")],
            middleware=[Middleware(AccessTokenMiddleware, resource_server=api,
                                   resource_metadata=resource_metadata_url("https://api.example"))],
        )

    It belongs into the application that answers for the host's root, not into one mounted beneath
    it. Where the middleware has a ``policy``, the path needs a row that is ``PathPolicy.PUBLIC``.
    Does not check that the issuers know ``resource``: it is what clients ask a token for (RFC 8707)
    and should be one of the resource server's audiences.

    Args:
        api: Its issuers are named, those with a template for an issuer left out; of a tenant of
            Entra, v2 alone.
        resource: This API's identifier: an https URL without query and fragment; http on loopback.
        scopes: Scopes that clients may ask for.
        authorization_servers: Issuers to name instead of those of ``api``.
        name: For display to people.
        documentation: URL of a page for developers.

    Raises:
        ConfigurationError: a value is wrong.
    """
    path = _well_known(resource)
    named = authorization_servers
    members: dict[str, Any] = {
        "resource": resource,
        "authorization_servers": [_checked_url("authorization_servers", server) for server in named or ()],
        "scopes_supported": sorted(checked_names("scopes", scopes, expected="scopes", example='"orders.read"')) if scopes else [],
        "bearer_methods_supported": ["header"],
        "resource_name": name,
        "resource_documentation": None if documentation is None else _checked_url("documentation", documentation),
    }

    def document() -> bytes:
        current = members if named is not None else {**members, "authorization_servers": _issuers_of(api)}
        # RFC 9728 §3.2: no member with zero elements
        given = {member: value for member, value in current.items() if value}
        return json.dumps(given, separators=(",", ":")).encode()

    @public
    async def metadata(request: Request) -> Response:  # noqa: ARG001  the same for every caller
        return Response(document(), media_type="application/json")

    return Route(path, metadata, methods=["GET"], include_in_schema=False)


def resource_metadata_url(resource: str) -> str:
    """Where the document of a resource is (RFC 9728 §3.1).

    Give it to ``AccessTokenMiddleware(resource_metadata=…)``.

    Raises:
        ConfigurationError: ``resource`` is not an https URL, or has a query or a fragment.
    """
    _well_known(resource)
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{'' if parts.path == '/' else parts.path}"


def _well_known(resource: str) -> str:
    """The path as a router sees it: the well-known name comes before it (RFC 9728 §3.1)."""
    problem = url_problem(resource, allow_http=True)
    if problem:
        _wrong(problem, resource)
    if "?" in resource or "#" in resource:
        _wrong("expected neither query nor fragment", resource)
    path = urlsplit(resource).path
    decoded = unquote(path)
    if not decoded.isprintable() or "\ufffd" in decoded or "{" in decoded or "}" in decoded:
        _wrong("expected a path that a router can have", resource)
    return WELL_KNOWN + ("" if path == "/" else decoded)


def authorization_servers(api: ResourceServer) -> tuple[Issuer, ...]:
    """The issuers that a client is sent to, the one that is asked about opaque tokens included.

    v2 only, where v1 and v2 of an Entra tenant are trusted.

    An API's own manifest says which version its tokens are of, whatever endpoint they come from,
    and v1's knows no ``scope``.

    Source: https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens (token formats)
    """
    issuers, asked = api.issuers, api.connection.introspection
    if asked is not None and asked.named_issuer is not None and asked.named_issuer not in {issuer.issuer for issuer in issuers}:
        issuers = (*issuers, asked.record)
    trusted = {issuer.issuer for issuer in issuers}
    return tuple(
        issuer
        for issuer in issuers
        if issuer.profile.name != _ENTRA_V1 or trusted.isdisjoint({*issuer.profile.key_issuers} - {issuer.issuer})
    )


def _issuers_of(api: ResourceServer) -> tuple[str, ...]:
    names = dict.fromkeys(issuer.issuer for issuer in authorization_servers(api) if not issuer.is_template)
    return tuple(name for name in names if not url_problem(name, allow_http=True))


def _checked_url(parameter: str, url: str) -> str:
    return checked_url(parameter, url, allow_http=True)


def _wrong(problem: str, resource: object) -> NoReturn:
    raise ConfigurationError("resource", f"{problem}, got {show(resource)}", example=_EXAMPLE)
