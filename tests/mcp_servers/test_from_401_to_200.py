"""The MCP SDK's client finds its own way: from 401 by the metadata to a real authorization server, and to 200.

MCP 2026-07-28, Authorization, and the extension OAuth Client Credentials.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from issuers.client_key import ClientKey
from mcp_servers.person import agree, parameters

pytestmark = [pytest.mark.socket, pytest.mark.anyio]

SCOPES = "mcp orders.write"


@dataclass
class Storage:
    """Where the SDK's client keeps what it got."""

    tokens: Any = None
    client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client: Any) -> None:
        self.client = client


@dataclass
class Requests:
    """What a client sent, and what came back."""

    seen: list[tuple[str, str, int]] = field(default_factory=list)
    bodies: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    async def note(self, response: Any) -> None:
        request = response.request
        path = request.url.path
        self.seen.append((request.method, path, response.status_code))
        if path == "/token":
            self.bodies.setdefault(path, []).append(parameters(f"?{request.content.decode()}"))


async def call(url: str, auth: Any, *calls: tuple[str, dict[str, Any]], requests: Requests | None = None) -> list[Any]:
    """The results of some calls of tools, by the SDK's client with its own way to authorize."""
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    hooks = {"response": [requests.note]} if requests else {}
    async with (
        httpx2.AsyncClient(auth=auth, trust_env=False, event_hooks=hooks, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return [await client.call_tool(tool, arguments) for tool, arguments in calls]


def text(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


async def test_a_machine_finds_the_scopes_and_the_issuer_by_the_challenge(protected: str, authorization_server: str) -> None:
    """The extension OAuth Client Credentials: nothing but the server's URL and its own credentials is configured."""
    from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider

    auth = ClientCredentialsOAuthProvider(protected, Storage(), "machine", "machine-secret", issuer=authorization_server)
    requests = Requests()

    results = await call(protected, auth, ("who", {}), ("cancel", {"order": 3}), requests=requests)

    assert text(results[0]).split()[-2:] == ["mcp", "orders.write"]
    assert text(results[1]).endswith("cancelled 3")
    statuses = [status for _, path, status in requests.seen if path == "/mcp"]
    assert statuses[0] == 401
    assert set(statuses[1:]) <= {200, 202}
    assert ("GET", "/.well-known/oauth-protected-resource/mcp", 200) in requests.seen
    assert [(body["scope"], body["resource"]) for body in requests.bodies["/token"]] == [(SCOPES, protected)]


async def test_a_machine_may_prove_itself_by_a_key(protected: str, authorization_server: str, signer: ClientKey) -> None:
    """RFC 7523 §2.2, with the issuer as the audience of the assertion."""
    from mcp.client.auth.extensions.client_credentials import PrivateKeyJWTOAuthProvider, SignedJWTParameters

    signed = SignedJWTParameters(issuer="signer", subject="signer", signing_key=signer.private_key.decode())
    auth = PrivateKeyJWTOAuthProvider(
        protected, Storage(), "signer", signed.create_assertion_provider(), issuer=authorization_server
    )

    assert "orders.write" in text((await call(protected, auth, ("who", {})))[0])


async def test_a_person_is_asked_for_just_the_scopes_of_the_challenge(protected: str) -> None:
    """Authorization code with PKCE and RFC 8707; the client registers itself."""
    from mcp.client.auth import OAuthClientProvider
    from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

    asked: list[dict[str, str]] = []
    landed: list[str] = []

    async def redirect(url: str) -> None:
        asked.append(parameters(url))
        landed.append(agree(url, name="bob"))

    async def callback() -> Any:
        return AuthorizationCodeResult.model_validate(parameters(landed[-1]))

    client = OAuthClientMetadata.model_validate({"redirect_uris": ["http://127.0.0.1:1/callback"], "client_name": "test"})
    results = await call(
        protected, OAuthClientProvider(protected, client, Storage(), redirect, callback), ("who", {}), ("cancel", {"order": 3})
    )

    assert [text(result) for result in results] == [f"bob {SCOPES}", "bob cancelled 3"]
    ((scope, resource, method),) = [(one["scope"], one["resource"], one["code_challenge_method"]) for one in asked]
    assert set(scope.split()) == {*SCOPES.split(), "offline_access"}  # the last is the client's own wish (SEP-2207)
    assert (resource, method) == (protected, "S256")


async def test_a_token_with_too_few_scopes_gets_a_403_and_the_client_steps_up(protected: str, authorization_server: str) -> None:
    """The middleware's 403 names `scope`, and the client asks again for both."""
    from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
    from mcp.shared.auth import OAuthToken

    form = {"grant_type": "client_credentials", "scope": "orders.write", "resource": protected}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{authorization_server}/token", data=form, auth=("machine", "machine-secret"))
    storage = Storage(OAuthToken.model_validate(answer.json()))
    auth = ClientCredentialsOAuthProvider(protected, storage, "machine", "machine-secret", issuer=authorization_server)
    requests = Requests()

    (result,) = await call(protected, auth, ("cancel", {"order": 3}), requests=requests)

    assert text(result).endswith("cancelled 3")
    assert next(status for _, path, status in requests.seen if path == "/mcp") == 403
    assert [set(body["scope"].split()) for body in requests.bodies["/token"]] == [{"mcp", "orders.write"}]


async def test_a_token_for_another_server_is_refused_by_this_one(protected: str, authorization_server: str) -> None:
    """Token passthrough: a token that another server got from its client opens nothing here."""
    form = {"grant_type": "client_credentials", "scope": "mcp", "resource": "https://other.example/mcp"}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{authorization_server}/token", data=form, auth=("machine", "machine-secret"))
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        refused = await http.post(protected, json={}, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (401, "wrong_audience")


async def test_the_client_of_this_library_will_do_as_well(
    protected: str, authorization_server: str, needed: Callable[[str], Any]
) -> None:
    """``ClientCredentials`` in the SDK's transport, for services that know issuer and scopes."""
    from bearerguard import ClientCredentials

    needed("httpx2")
    auth = ClientCredentials(
        token_endpoint=f"{authorization_server}/token",
        client_id="machine",
        client_secret="machine-secret",
        scope=SCOPES,
        resource=protected,
        insecure_allow_http=True,
    )

    (result,) = await call(protected, auth, ("cancel", {"order": 3}))
    assert text(result).endswith("cancelled 3")
