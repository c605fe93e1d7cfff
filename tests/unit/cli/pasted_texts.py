"""What people paste: tokens of every vendor, ailing ones, and answers.

Each has a name, the text, and the options it is explained with.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from bearerguard.testing import Directory, FakeClock, LocalIssuer

NOW: Final = 1_800_000_000.0
TENANT: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
API: Final = "api://orders"
SIGNATURE: Final = urlsafe_b64encode(b"not a signature, but as long as one" * 7).rstrip(b"=").decode()


@dataclass(frozen=True)
class Pasted:
    """One text. ``options`` are those of ``bearerguard explain`` beside ``--at``."""

    name: str
    text: str | bytes
    options: tuple[str, ...] = ()

    @property
    def octets(self) -> bytes:
        return self.text if isinstance(self.text, bytes) else self.text.encode()


def part(members: Any) -> str:
    return urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).rstrip(b"=").decode()


def token(claims: dict[str, Any], **header: Any) -> str:
    return ".".join((part({"typ": "JWT", "alg": "RS256", "kid": "golden"} | header), part(claims), SIGNATURE))


ENTRA_V2: Final[dict[str, Any]] = {
    "aud": "2bfddaf4-0673-49a7-a615-2b6bb3acbf31",
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 3900,
    "aio": "k2ZgYDgeq8/lzdiSZaMvcPL5mQvrAA==",
    "azp": "4e4c9d60-3356-40be-94a5-ed8b55587619",
    "azpacr": "1",
    "idtyp": "app",
    "oid": "a5dafafc-b6d0-49d3-ae6c-e933de91f2ad",
    "rh": "1.AUEA5XyLgCSZHkSuUz5C_YptQ_Ta_StzBqdJphUra7OsvzFBAAA.",
    "roles": ["Read.All"],
    "sub": "a5dafafc-b6d0-49d3-ae6c-e933de91f2ad",
    "tid": TENANT,
    "uti": "cw8JkqqN6UW7zH23JFiqAA",
    "ver": "2.0",
}
ENTRA_V1: Final = {name: value for name, value in ENTRA_V2.items() if name not in ("azp", "azpacr")} | {
    "aud": API,
    "iss": f"https://sts.windows.net/{TENANT}/",
    "appid": ENTRA_V2["azp"],
    "appidacr": "1",
    "ver": "1.0",
}
ENTRA_USER: Final = {name: value for name, value in ENTRA_V2.items() if name not in ("idtyp", "roles")} | {
    "scp": "orders.read",
    "name": "Ada",
    "preferred_username": "ada@contoso.example",
}
GENERIC: Final[dict[str, Any]] = {
    "iss": "https://issuer.example",
    "aud": API,
    "sub": "reader",
    "client_id": "reader",
    "iat": NOW,
    "exp": NOW + 600,
    "jti": "1",
    "roles": ["Read.All"],
}
AUTH0: Final[dict[str, Any]] = {
    "iss": "https://dev-1x2y3z.us.auth0.com/",
    "sub": "reader@clients",
    "aud": "https://orders.example",
    "iat": NOW,
    "exp": NOW + 86_400,
    "gty": "client-credentials",
    "azp": "reader",
    "permissions": ["read:orders"],
    "scope": "read:orders",
}
GRAPH_2021: Final[dict[str, Any]] = {  # published in a tutorial; its application and tenant are those shown there
    "aud": "https://graph.microsoft.com",
    "iss": "https://sts.windows.net/808b7ce5-9924-441e-ae53-3e42fd8a6d43/",
    "iat": 1616703496,
    "nbf": 1616703496,
    "exp": 1616707396,
    "aio": "E2ZgYDgeq8/lzdiSZaMvcPL5mQvrAA==",
    "app_displayname": "AnAuthLab-ClientCredentialFlow",
    "appid": "2bfddaf4-0673-49a7-a615-2b6bb3acbf31",
    "appidacr": "1",
    "idp": "https://sts.windows.net/808b7ce5-9924-441e-ae53-3e42fd8a6d43/",
    "idtyp": "app",
    "oid": "a5dafafc-b6d0-49d3-ae6c-e933de91f2ad",
    "rh": "0.AUEA5XyLgCSZHkSuUz5C_YptQ_Ta_StzBqdJphUra7OsvzFBAAA.",
    "sub": "a5dafafc-b6d0-49d3-ae6c-e933de91f2ad",
    "tenant_region_scope": "OC",
    "tid": "808b7ce5-9924-441e-ae53-3e42fd8a6d43",
    "uti": "cw8JkqqN6UW7zH23JFiqAA",
    "ver": "1.0",
    "xms_tcdt": 1530834368,
}
B2C: Final[dict[str, Any]] = {
    "aud": "https://contoso.onmicrosoft.com/orders",
    "iss": "https://contoso.b2clogin.com/ed815121-cdfa-4097-b524-e2b23cd36eb6/v2.0/",
    "iat": 1585051428,
    "nbf": 1585051428,
    "exp": 1585051728,
    "aio": "Y2VgYHAN2v5u05L2Pd+qXl6s27zlIQA=",
    "appid": "d9c1a607-2766-4a8e-bc08-4856fcf3ce11",
    "appidacr": "1",
    "oid": "30102cd8-12ee-40f9-bb4c-7b0493fc80bb",
    "roles": ["Read.All"],
    "sub": "30102cd8-12ee-40f9-bb4c-7b0493fc80bb",
    "tid": "ed815121-cdfa-4097-b524-e2b23cd36eb6",
    "ver": "1.0",
}
AT_V2: Final = ("--issuer", ENTRA_V2["iss"], "--audience", ENTRA_V2["aud"], "--require", "Read.All")
AT_GENERIC: Final = ("--issuer", GENERIC["iss"], "--audience", API, "--require", "Read.All")


def damaged_2023() -> str:
    """As published: one byte of its payload, inside of ``wids``, is not UTF-8."""
    claims = ENTRA_V1 | {"wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"], "roles": ["User.ReadWrite.All"]}
    payload = json.dumps(claims, separators=(",", ":")).encode().replace(b"0997a1d0", b"0997\x9fa1d")
    return ".".join(
        (part({"typ": "JWT", "alg": "RS256", "kid": "golden"}), urlsafe_b64encode(payload).rstrip(b"=").decode(), SIGNATURE)
    )


def by_vendor() -> Iterator[Pasted]:
    """A machine's and a user's token of each shape of the local issuer, at the vendor's own addresses."""
    for shape, base_url in _BASES.items():
        header = {"kid": "golden"} | ({"x5t": "golden"} if shape == "entra_v1" else {})
        for who in ("machine", "user"):
            issuer = LocalIssuer(base_url, shape=shape, directory=_DIRECTORY, clock=FakeClock(now=NOW))
            text = issuer.mint(user="5f0c1f9e-26c5-4f0e-8c64-0c5f2a8a2b11" if who == "user" else None, header=header)
            yield Pasted(f"{shape}-{who}", ".".join((*text.split(".")[:2], SIGNATURE)))


_DIRECTORY: Final = Directory(tenant_id=TENANT)
_BASES: Final = {
    "generic": "https://issuer.example",
    "entra_v1": "https://sts.windows.net",
    "entra_v2": "https://login.microsoftonline.com",
    "azure_b2c": "https://contoso.b2clogin.com",
    "auth0": "https://dev-1x2y3z.us.auth0.com",
    "keycloak": "https://sso.example.com",
    "cognito": "https://cognito-idp.eu-central-1.amazonaws.com",
    "okta": "https://dev-1234.okta.com",
    "zitadel": "https://contoso.zitadel.cloud",
    "authentik": "https://sso.example.com",
    "hydra": "https://contoso.projects.oryapis.com",
    "duende": "https://identity.example.com",
    "adfs": "https://fs.example.com",
    "entra_external": "https://contoso.ciamlogin.com",
    "cloudflare_access": "https://contoso.cloudflareaccess.com",
}


def ailing() -> Iterator[Pasted]:
    """The ailments that people meet most."""
    yield Pasted("graph-token-of-2021", token(GRAPH_2021, nonce="STv_yEfAkE8kvfdWxBXVjMDFB7XucYonmEZ1W3Treaw"))
    yield Pasted("damaged-token-of-2023", damaged_2023())
    yield Pasted("b2c-application-token", token(B2C))
    yield Pasted("v1-token-where-v2-is-configured", token(ENTRA_V1), ("--issuer", ENTRA_V2["iss"], "--audience", API))
    yield Pasted("entra-without-roles", token({**ENTRA_V2, "roles": []}), AT_V2)
    yield Pasted("entra-user-without-roles", token(ENTRA_USER), AT_V2)
    yield Pasted(
        "wrong-tenant", token({**ENTRA_V2, "tid": _OTHER, "iss": f"https://login.microsoftonline.com/{_OTHER}/v2.0"}), AT_V2
    )
    yield Pasted("audience-without-api", token({**ENTRA_V1, "aud": "orders"}), ("--issuer", ENTRA_V1["iss"], "--audience", API))
    yield Pasted("audience-with-slash", token(GENERIC | {"aud": f"{API}/"}), AT_GENERIC)
    yield Pasted("audience-in-another-case", token(GENERIC | {"aud": "api://Orders"}), AT_GENERIC)
    yield Pasted("issuer-with-slash", token(GENERIC | {"iss": "https://issuer.example/"}), AT_GENERIC)
    yield Pasted(
        "mcp-audience",
        token(GENERIC | {"aud": "https://mcp.example"}),
        (*AT_GENERIC[:2], "--audience", "https://mcp.example/mcp"),
    )
    yield Pasted("expired", token(GENERIC | {"iat": NOW - 7200, "exp": NOW - 3600}), AT_GENERIC)
    yield Pasted("issuer-clock-ahead", token(GENERIC | {"nbf": NOW + 200, "iat": NOW + 200}), AT_GENERIC)
    yield Pasted(
        "id-token-of-entra",
        token(
            {name: value for name, value in ENTRA_USER.items() if name not in ("scp", "azp", "azpacr")}
            | {"aud": "spa", "nonce": "n"}
        ),
    )
    yield Pasted(
        "id-token-of-keycloak",
        token({**GENERIC, "iss": "https://sso.example.com/realms/shop", "typ": "ID", "azp": "web", "nonce": "n"}),
    )
    yield Pasted(
        "refresh-token-of-keycloak",
        token({**GENERIC, "iss": "https://sso.example.com/realms/shop", "typ": "Refresh"}, alg="HS512"),
    )
    yield Pasted(
        "logout-token", token(GENERIC | {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, typ="logout+jwt")
    )
    yield Pasted("agent-identity", token({**ENTRA_V2, "xms_act_fct": "3 11", "xms_sub_fct": "11 9"}))
    yield Pasted("hs256", token(GENERIC, alg="HS256"), AT_GENERIC)
    yield Pasted("alg-none", f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(GENERIC)}.", AT_GENERIC)
    yield Pasted("alg-missing", token(GENERIC, alg=None), AT_GENERIC)
    yield Pasted("crit", token(GENERIC, crit=["exp"]), AT_GENERIC)
    yield Pasted(
        "encrypted",
        ".".join((part({"alg": "RSA-OAEP-256", "enc": "A256GCM"}), "a2V5a2V5", "aXZpdml2", "dGV4dHRleHQ", "dGFndGFn")),
    )
    yield Pasted("opaque", "2YotnFZFEjr1zCsicMWpAA")
    yield Pasted("opaque-refresh-token-of-auth0", "v1.MTc5ODQ4NTExNQ-refresh-token-of-auth0")
    yield Pasted("dpop-bound", token(GENERIC | {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}), AT_GENERIC)
    yield Pasted("no-iss", token({name: value for name, value in GENERIC.items() if name != "iss"}))
    yield Pasted("exp-as-text", token(GENERIC | {"exp": "1800000600"}), AT_GENERIC)
    yield Pasted("okta-org-server", token(GENERIC | {"iss": "https://dev-1234.okta.com", "cid": "reader"}))
    yield Pasted("control-characters", token(GENERIC | {"sub": "\x1b[2J\x07reader"}))
    yield Pasted(
        "two-audiences",
        token(AUTH0 | {"sub": "auth0|5f0c", "gty": None, "aud": ["https://orders.example", f"{AUTH0['iss']}userinfo"]}),
    )


def as_pasted() -> Iterator[Pasted]:
    """One good token, in every form in which people paste it."""
    good = token(GENERIC)
    response = {"token_type": "Bearer", "expires_in": 600, "access_token": good}
    yield Pasted("authorization-line", f"Authorization: Bearer {good}")
    yield Pasted("bearer-twice", f"Authorization: Bearer Bearer {good}")
    yield Pasted("bearer-in-front", f"Bearer {good}")
    yield Pasted("curl", f"curl -s -H 'Authorization: Bearer {good}' https://api.example/orders")
    yield Pasted("curl-oauth2-bearer", f"$ curl --oauth2-bearer {good} https://api.example/orders")
    yield Pasted("http-request", f"GET /orders HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer {good}\r\n\r\n")
    yield Pasted("token-response", json.dumps(response))
    yield Pasted("token-response-escaped", json.dumps(response).replace('"', '\\"'))
    yield Pasted("id-token-response", json.dumps({"token_type": "Bearer", "id_token": token(GENERIC | {"nonce": "n"})}))
    yield Pasted("line-breaks", "\n".join(good[at : at + 64] for at in range(0, len(good), 64)))
    yield Pasted("quotes", f'"{good}"')
    yield Pasted("cut-off", f"{good[:150]}...")
    yield Pasted("percent-encoded", good.replace(".", "%2E"))
    yield Pasted("not-utf-8", good.encode()[:60] + b"\x9f" + good.encode()[60:])
    yield Pasted("utf-16", good.encode("utf-16"))
    yield Pasted("program", f'headers = {{"Authorization": "Bearer {good}"}}')
    yield Pasted("empty", "")
    yield Pasted("nonsense", "hello, this is not a token")


def answers() -> Iterator[Pasted]:
    """Error responses of token endpoints."""
    trace = "\r\nTrace ID: 0\r\nCorrelation ID: 0\r\nTimestamp: 2023-02-14 10:16:14Z"
    for number, error, words in (
        (1002012, "invalid_scope", "The provided value for scope api://orders is not valid."),
        (7000215, "invalid_client", "Invalid client secret provided."),
        (700016, "unauthorized_client", "Application with identifier 'x' was not found in the directory 'contoso'."),
        (99999999, "invalid_client", "A number that nobody knows."),
    ):
        body = {"error": error, "error_description": f"AADSTS{number}: {words}{trace}", "error_codes": [number]}
        yield Pasted(f"aadsts-{number}", json.dumps(body))
    yield Pasted(
        "access-denied-of-auth0", json.dumps({"error": "access_denied", "error_description": "Service not enabled within domain"})
    )
    yield Pasted("unsupported-grant-type", json.dumps({"error": "unsupported_grant_type"}))


_OTHER: Final = "99999999-8888-4777-8666-555555555555"
TEXTS: Final = tuple(
    replace(pasted, options=(*pasted.options, "--at", f"{NOW:.0f}"))
    for group in (by_vendor, ailing, as_pasted, answers)
    for pasted in group()
)
