"""What the proxy is answered."""

import json
from collections.abc import Mapping
from typing import Any

import anyio
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import BearerguardError, ConfigurationError, Issuer, PathPolicy, ResourceServer, oidc, role
from bearerguard.forward_auth import SignedPrincipals, forward_auth
from bearerguard.forward_auth.question import Proxy
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, Header, call, http_scope, websocket_scope
from support.tracebacks import variables_shown

SECRET = "only-the-proxy-knows-this-0123456789"
PROVEN: Header = (b"bearerguard-secret", SECRET.encode())
PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

pytestmark = pytest.mark.anyio


def bearer(issuer: LocalIssuer, client: str = "reader") -> Header:
    return (b"authorization", f"Bearer {issuer.mint(client)}".encode())


def told(method: str, uri: str) -> list[Header]:
    return [(b"x-forwarded-method", method.encode()), (b"x-forwarded-uri", uri.encode())]


async def ask(app: Any, method: str, uri: str, *headers: Header) -> Answer:
    """As Caddy and Traefik ask."""
    return await call(app, http_scope("GET", "/judge", [PROVEN, *told(method, uri), *headers]))


@pytest.fixture
def app(api: ResourceServer, policy: PathPolicy) -> Any:
    return forward_auth(api, policy, proxy="caddy", shared_secret=SECRET)


async def test_a_permitted_request_is_answered_with_its_caller(app: Any, issuer: LocalIssuer) -> None:
    answer = await ask(app, "GET", "/orders", bearer(issuer))

    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, b"", "no-store")
    caller = json.loads(answer.headers["bearerguard-principal"])
    assert (caller["issuer"], caller["client_id"], caller["roles"]) == (issuer.issuer, "reader", ["Read.All"])


@pytest.mark.parametrize("uri", ["/health", "/feed"])
async def test_nobody_is_named_where_no_token_was_looked_at(app: Any, uri: str) -> None:
    answer = await ask(app, "GET", uri)

    assert (answer.status, "bearerguard-principal" in answer.headers) == (200, False)


async def test_an_optional_caller_is_named(app: Any, issuer: LocalIssuer) -> None:
    assert "bearerguard-principal" in (await ask(app, "GET", "/feed", bearer(issuer))).headers


@pytest.mark.parametrize(
    ("request_line", "client", "refused"),
    [
        ("GET /orders", None, (401, "missing_token")),
        ("POST /orders", "reader", (403, "missing_role")),
        ("GET /nowhere", "reader", (403, "not_permitted")),
        ("DELETE /health", None, (401, "missing_token")),
        ("get /health", None, (401, "missing_token")),
        ("WEBSOCKET /live", "reader", (403, "not_permitted")),
        ("GET /orders/", "reader", (403, "not_permitted")),
        ("GET /health/../orders", None, (400, "malformed_path")),
        ("GET /files/a%2fb", "reader", (400, "malformed_path")),
    ],
)
async def test_a_refusal_is_that_of_the_middleware(
    app: Any, issuer: LocalIssuer, request_line: str, client: str | None, refused: tuple[int, str]
) -> None:
    method, uri = request_line.split()
    answer = await ask(app, method, uri, *([bearer(issuer, client)] if client else []))

    assert (answer.status, json.loads(answer.body)["code"]) == refused
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api"')
    assert "bearerguard-principal" not in answer.headers


async def test_two_tokens_are_one_too_many(app: Any, issuer: LocalIssuer) -> None:
    assert (await ask(app, "GET", "/orders", bearer(issuer), bearer(issuer))).status == 400


async def test_the_answer_to_a_question_about_a_head_is_whole(app: Any, issuer: LocalIssuer) -> None:
    """The question is a GET: its answer has the length that it tells."""
    refused = await ask(app, "HEAD", "/orders")

    assert (refused.status, refused.headers["content-length"], refused.body) == (401, "0", b"")
    assert (await ask(app, "HEAD", "/orders", bearer(issuer))).status == 200


async def test_a_handshake_needs_a_row_for_both(app: Any, issuer: LocalIssuer) -> None:
    key = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")

    assert (await ask(app, "GET", "/live", bearer(issuer), key)).status == 200
    assert (await ask(app, "GET", "/live", key)).status == 401
    assert (await ask(app, "GET", "/orders", bearer(issuer), key)).status == 403
    assert (await ask(app, "GET", "/health", key)).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        told("GET", "/health"),
        [(b"bearerguard-secret", b"guessed"), *told("GET", "/health")],
        [PROVEN, PROVEN, *told("GET", "/health")],
        [PROVEN],
        [PROVEN, *told("GET", "/health"), (b"x-forwarded-uri", b"/orders")],
        [PROVEN, (b"x-original-method", b"GET"), (b"x-original-uri", b"/health")],
    ],
)
async def test_a_question_of_anybody_else_is_not_believed(app: Any, headers: list[Header]) -> None:
    """Not even about what is public; ``client`` of the scope is this very machine."""
    answer = await call(app, http_scope("GET", "/judge", headers))

    assert (answer.status, json.loads(answer.body)["code"]) == (500, "gateway_misconfigured")
    assert "www-authenticate" not in answer.headers


async def test_a_proxy_that_is_set_up_wrongly_is_warned_of(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Python shows warnings by default."""
    await call(app, http_scope("GET", "/judge", told("GET", "/health")))

    (record,) = caplog.records
    assert (record.levelname, record.__dict__["code"]) == ("WARNING", "gateway_misconfigured")
    assert "Bearerguard-Secret" in record.getMessage()


async def test_what_cannot_be_judged_is_refused(app: Any) -> None:
    scope = http_scope("GET", "/judge", [PROVEN, *told("GET", "/health")])
    scope["headers"] = None  # no server sends this

    answer = await call(app, scope)
    assert (answer.status, json.loads(answer.body)["code"]) == (500, "internal_error")


async def test_an_issuer_that_is_down_is_503_with_retry_after(policy: PathPolicy, issuer: LocalIssuer) -> None:
    down = httpx.MockTransport(lambda _: httpx.Response(500))
    api = ResourceServer(oidc(issuer.issuer), "api://orders", transport=down)
    answer = await ask(forward_auth(api, policy, proxy="caddy", shared_secret=SECRET), "GET", "/orders", bearer(issuer))

    assert (answer.status, int(answer.headers["retry-after"]) >= 1) == (503, True)


# --- nginx


@pytest.fixture
def nginx(api: ResourceServer, policy: PathPolicy) -> Any:
    return forward_auth(api, policy, proxy="nginx", shared_secret=SECRET)


async def ask_as_nginx(app: Any, method: str, uri: str, *headers: Header) -> Answer:
    question = [PROVEN, (b"x-original-method", method.encode()), (b"x-original-uri", uri.encode()), *headers]
    return await call(app, http_scope("GET", "/judge", question))


@pytest.mark.parametrize(("method", "uri", "statuses"), [("POST", "/orders", (403, "403")), ("GET", "/files/a//b", (403, "400"))])
async def test_nginx_is_told_in_headers(
    nginx: Any, issuer: LocalIssuer, method: str, uri: str, statuses: tuple[int, str]
) -> None:
    """nginx makes 500 of every answer but 2xx, 401 and 403."""
    answer = await ask_as_nginx(nginx, method, uri, bearer(issuer))

    assert ((answer.status, answer.headers["bearerguard-status"]), answer.body) == (statuses, b"")
    assert json.loads(answer.headers["bearerguard-body"])["error_description"]
    assert answer.headers["bearerguard-challenge"].startswith("Bearer")


async def test_nginx_is_told_of_consent_by_200(nginx: Any, issuer: LocalIssuer) -> None:
    answer = await ask_as_nginx(nginx, "GET", "/orders", bearer(issuer))

    assert (answer.status, "bearerguard-status" in answer.headers) == (200, False)
    assert "bearerguard-principal" in answer.headers


async def test_nginx_hands_the_challenge_of_401_on_by_itself(nginx: Any) -> None:
    answer = await ask_as_nginx(nginx, "GET", "/orders")

    assert (answer.status, answer.headers["bearerguard-status"]) == (401, "401")
    assert ("www-authenticate" in answer.headers, "bearerguard-challenge" in answer.headers) == (True, False)


async def test_nginx_is_told_of_retry_after(policy: PathPolicy, issuer: LocalIssuer) -> None:
    down = httpx.MockTransport(lambda _: httpx.Response(500))
    api = ResourceServer(oidc(issuer.issuer), "api://orders", transport=down)
    app = forward_auth(api, policy, proxy="nginx", shared_secret=SECRET)
    answer = await ask_as_nginx(app, "GET", "/orders", bearer(issuer))

    assert (answer.status, answer.headers["bearerguard-status"]) == (403, "503")
    assert int(answer.headers["bearerguard-retry-after"]) >= 1


@pytest.mark.parametrize(("body", "fits"), [("x" * 2048, True), ("two\nlines", False), ("é", False), ("x" * 2049, False)])
async def test_a_body_that_fits_no_header_is_left_out(api: ResourceServer, policy: PathPolicy, body: str, *, fits: bool) -> None:
    app = forward_auth(api, policy, proxy="nginx", shared_secret=SECRET, error_format=lambda _: ("text/plain", body))
    answer = await ask_as_nginx(app, "GET", "/orders")

    assert (answer.status, "bearerguard-body" in answer.headers) == (401, fits)


# --- besides


async def test_signed_principals_are_verified_by_the_keys_that_are_served(
    api: ResourceServer, policy: PathPolicy, issuer: LocalIssuer
) -> None:
    signing = SignedPrincipals(PEM, issuer="https://gateway.test", audience="orders")
    app = forward_auth(api, policy, proxy="caddy", shared_secret=SECRET, principals=signing)
    statement = (await ask(app, "GET", "/orders", bearer(issuer))).headers["bearerguard-principal"]
    served = await call(app, http_scope("GET", "/keys"))

    (key,) = jwt.PyJWKSet.from_dict(json.loads(served.body)).keys
    claims = jwt.decode(statement, key, algorithms=["ES256"], audience="orders", issuer="https://gateway.test")
    assert claims["principal"]["client_id"] == "reader"
    assert (await call(app, http_scope("GET", "/key"))).status == 404


@pytest.mark.parametrize("proxy", ["caddy", "envoy"])
async def test_probes_are_answered_and_any_other_page_is_404(api: ResourceServer, policy: PathPolicy, proxy: Proxy) -> None:
    app = forward_auth(api, policy, proxy=proxy, shared_secret=SECRET)

    assert [(await call(app, http_scope(method, "/ready"))).status for method in ("GET", "HEAD")] == [200, 200]
    for method, path in (("GET", "/"), ("GET", "/keys"), ("POST", "/ready"), ("GET", "/judg"), ("GET", "/health")):
        assert (await call(app, http_scope(method, path, [PROVEN]))).status == 404, path


async def test_a_handshake_is_not_a_question(app: Any) -> None:
    """Caddy hands the client's own handshake on, unless it is told not to."""
    answer = await call(app, websocket_scope("/judge", [PROVEN, *told("GET", "/health")]))

    assert answer.close_code == 1008


async def test_a_scope_of_an_unknown_kind_is_not_served(app: Any) -> None:
    with pytest.raises(BearerguardError):
        await call(app, {"type": "tcp"})


async def test_the_keys_are_fetched_when_the_service_starts(policy: PathPolicy, issuer: LocalIssuer) -> None:
    api = ResourceServer(issuer.trusted(), "api://orders", transport=httpx.ASGITransport(issuer))
    app = forward_auth(api, policy, proxy="caddy", shared_secret=SECRET)
    sent: list[str] = []
    stopped = anyio.Event()

    async def receive() -> dict[str, str]:
        if not sent:
            return {"type": "lifespan.startup"}
        with anyio.fail_after(5):
            while not api.status()[0].ready:
                await anyio.lowlevel.checkpoint()
        stopped.set()
        return {"type": "lifespan.shutdown"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    assert (sent, stopped.is_set()) == (["lifespan.startup.complete", "lifespan.shutdown.complete"], True)


@pytest.mark.parametrize(
    ("parameter", "options"),
    [
        ("shared_secret", {"shared_secret": ""}),
        ("proxy", {"proxy": "haproxy"}),
        ("policy", {"policy": None}),
        ("policy", {"policy": PathPolicy({"WEBSOCKET /live": role("Read.All")})}),
        ("principals", {"principals": "signed"}),
        ("api", {"api": None}),
        ("realm", {"realm": 'a"b'}),
    ],
)
def test_a_wrong_setting_is_refused_at_start(parameter: str, options: dict[str, Any]) -> None:
    api = ResourceServer(Issuer("https://issuer.test", jwks=LocalIssuer().jwks()), "api://orders")
    settings: dict[str, Any] = {"api": api, "policy": PathPolicy({"/x": role("A")}), "proxy": "nginx", "shared_secret": SECRET}
    with pytest.raises(ConfigurationError) as caught:
        forward_auth(**settings | options)

    assert caught.value.parameter == parameter


def test_the_secret_is_in_no_traceback(api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError) as caught:
        forward_auth(api, None, proxy="nginx", shared_secret=SECRET)  # type: ignore[arg-type]

    assert SECRET not in variables_shown(caught.value)
