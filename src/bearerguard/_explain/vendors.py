"""Recognises whose token it is by its issuer, and says which line of configuration would accept it.

What is recognised rests on what the token says of itself: it helps a person, and decides nothing.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from bearerguard._explain.decoded import Decoded
from bearerguard.checks import GUID, url_problem
from bearerguard.environment.preset_variables import PRESETS
from bearerguard.errors import ConfigurationError
from bearerguard.issuers.issuer import Issuer
from bearerguard.microsoft import CHINA, GOVERNMENT

_PLACES: Final = ("metadata_url", "metadata_issuers", "jwks_uri", "insecure_allow_http")
_GUID: Final = f"(?i:{GUID})"


@dataclass(frozen=True, slots=True)
class Recognised:
    """An issuer that a preset of this library serves.

    Attributes:
        vendor: Its name, as people say it.
        preset: Name of the preset.
        arguments: What the preset is given.
        advice: What to mind with this vendor's tokens; or empty.
    """

    vendor: str
    preset: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""

    @property
    def line(self) -> str:
        """The line of configuration that accepts its tokens, ready to copy."""
        arguments = ", ".join(f"{name}={_quoted(value)}" for name, value in self.arguments.items())
        return f"{self.preset}({arguments})"

    def issuers(self) -> tuple[Issuer, ...]:
        """What the line makes; empty where the token names something that no such vendor sends."""
        return _made(self.preset, self.arguments)

    def as_described(self, decoded: Decoded) -> Issuer | None:
        """The record of the token's own issuer, to read its claims by. It has no keys, and nothing
        is fetched for it.
        """
        arguments = {name: value for name, value in self.arguments.items() if name not in _PLACES}
        made = _made(self.preset, {**arguments, "jwks": {"keys": []}})
        return next((issuer for issuer in made if issuer.issuer == decoded.text("iss")), None)


def _made(preset: str, arguments: Mapping[str, Any]) -> tuple[Issuer, ...]:
    try:
        made = PRESETS[preset].make(**arguments)
    except ConfigurationError:
        return ()
    return made if isinstance(made, tuple) else (made,)


Describe: TypeAlias = Callable[[re.Match[str], Decoded], Recognised]


def recognise(decoded: Decoded, issuer: str | None = None) -> Recognised | None:
    """The vendor of a token, or of another issuer; ``None`` where ``iss`` is not a string that
    could be configured.
    """
    issuer = decoded.text("iss") if issuer is None else issuer
    for pattern, describe in _VENDORS:
        match = re.fullmatch(pattern, issuer)
        if match is not None:
            return describe(match, decoded)
    if "gty" in decoded.claims or decoded.text("sub").endswith("@clients"):
        return _auth0(re.fullmatch(r"https://([^/]+)/?", issuer), issuer)
    return _unknown(issuer) if issuer else None


def _unknown(issuer: str) -> Recognised:
    """Any other issuer; plain http is possible on loopback alone, as with a local issuer."""
    arguments: dict[str, Any] = {"issuer": issuer}
    if issuer.startswith("http://") and not url_problem(issuer, allow_http=True):
        arguments["insecure_allow_http"] = True
    return Recognised("an OpenID Connect or RFC 8414 issuer", "oidc", arguments)


def _quoted(value: object) -> str:
    return repr(value) if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


def _entra(match: re.Match[str], _reading: Decoded) -> Recognised:
    arguments = {"tenant_id": match["tenant"].lower()}
    if match["host"] in _AUTHORITY_OF:
        arguments["authority"] = _AUTHORITY_OF[match["host"]]
    version = "v1" if match["host"].startswith("sts.") else "v2"
    return Recognised(f"Microsoft Entra ID ({version})", "entra", arguments)


_AUTHORITY_OF: Final = {
    "login.microsoftonline.us": GOVERNMENT,
    "login.partner.microsoftonline.cn": CHINA,
    "sts.chinacloudapi.cn": CHINA,
}


def _external(match: re.Match[str], _reading: Decoded) -> Recognised:
    return Recognised("Microsoft Entra External ID", "entra_external", {"tenant_id": match["tenant"].lower()})


def _b2c(match: re.Match[str], decoded: Decoded) -> Recognised:
    policy = match["policy"] or decoded.text("tfp") or decoded.text("acr") or "B2C_1_signin"
    arguments = {"tenant_name": match["name"], "tenant_id": match["tenant"].lower(), "policy": policy}
    advice = "" if decoded.text("tfp") or match["policy"] else "The token does not name its user flow: put yours in place of it."
    return Recognised("Azure AD B2C", "azure_b2c", arguments, advice)


def _auth0(match: re.Match[str] | None, issuer: str = "") -> Recognised:
    if match is None:
        return _unknown(issuer)
    return Recognised("Auth0", "auth0", {"domain": match[1]})


def _okta(match: re.Match[str], _reading: Decoded) -> Recognised:
    if match["server"]:
        return Recognised("Okta", "okta", {"issuer": match[0]})
    advice = (
        "This is the access token of an Okta org server: Okta publishes no keys to verify it. "
        "Request the token from a custom authorization server, such as /oauth2/default."
    )
    return Recognised("Okta", "okta", {"issuer": f"{match[0]}/oauth2/default"}, advice)


def _keycloak(match: re.Match[str], decoded: Decoded) -> Recognised:
    access = decoded.claims.get("resource_access")
    audience = next((name for name in decoded.texts("aud") if name != "account"), "")
    apis = [name for name in access if name != "account"] if isinstance(access, dict) else []
    client = audience or next(iter(apis), "") or "orders"
    arguments = {"base_url": match["base"], "realm": match["realm"], "client_id": client}
    return Recognised("Keycloak", "keycloak", arguments)


def _cognito(match: re.Match[str], decoded: Decoded) -> Recognised:
    client = decoded.text("client_id") or "1example23456789"
    arguments = {"region": match["region"], "user_pool_id": match["pool"], "client_ids": client}
    return Recognised("Amazon Cognito", "cognito", arguments)


def _plainly(vendor: str, **arguments: Any) -> Describe:
    def describe(match: re.Match[str], _reading: Decoded) -> Recognised:
        return Recognised(vendor, "oidc", {"issuer": match[0], **arguments})

    return describe


def _adfs(match: re.Match[str], _reading: Decoded) -> Recognised:
    server = f"https://{match['host']}/adfs"
    arguments = {
        "issuer": match[0],
        "metadata_url": f"{server}/.well-known/openid-configuration",
        "metadata_issuers": [server],
        "client_claim": ["appid"],
    }
    return Recognised("AD FS", "oidc", arguments)


def _cloudflare(match: re.Match[str], _reading: Decoded) -> Recognised:
    arguments = {"issuer": match[0], "jwks_uri": f"{match[0]}/cdn-cgi/access/certs"}
    advice = 'Cloudflare sends it in a header of its own: AccessTokenMiddleware(…, token_header="Cf-Access-Jwt-Assertion").'
    return Recognised("Cloudflare Access", "oidc", arguments, advice)


_VENDORS: Final[tuple[tuple[str, Describe], ...]] = (
    (rf"https://(?P<host>sts\.windows\.net|sts\.chinacloudapi\.cn)/(?P<tenant>{_GUID})/", _entra),
    (
        rf"https://(?P<host>login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn)/(?P<tenant>{_GUID})/v2\.0",
        _entra,
    ),
    (rf"https://{_GUID}\.ciamlogin\.com/(?P<tenant>{_GUID})/v2\.0", _external),
    (
        rf"https://(?P<name>[a-z0-9-]+)\.b2clogin\.com/(?:tfp/)?(?P<tenant>{_GUID})/(?:(?P<policy>[Bb]2[Cc]_1[\w-]+)/)?v2\.0/",
        _b2c,
    ),
    (r"https://([a-z0-9.-]+\.auth0\.com)/", lambda match, _reading: _auth0(match)),
    (r"https://[a-z0-9.-]+\.okta(?:preview|-emea)?\.com(?P<server>/oauth2/\w+)?", _okta),
    (r"(?P<base>https?://.+)/realms/(?P<realm>[^/]+)", _keycloak),
    (r"https://(?:issuer-)?cognito-idp\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<pool>[\w-]+)", _cognito),
    (r"https://accounts\.google\.com", _plainly("Google")),
    (r"https://token\.actions\.githubusercontent\.com(?:/.*)?", _plainly("GitHub Actions")),
    (r"https://[a-z0-9-]+\.cloudflareaccess\.com", _cloudflare),
    (r"https?://(?P<host>[^/]+)/adfs/services/trust", _adfs),
    (r"https://.+/application/o/[^/]+/", _plainly("Authentik", roles_claim=["groups"])),
    (
        r"https://[a-z0-9.-]+\.zitadel\.cloud",
        _plainly("Zitadel", roles_claim=["urn:zitadel:iam:org:project:roles"], roles_form="object"),
    ),
    (r"https://[a-z0-9.-]+\.oryapis\.com/?", _plainly("Ory")),
    (r"https://kubernetes\.default\.svc(?:\.cluster\.local)?|https://oidc\.eks\..+", _plainly("Kubernetes")),
)
"""Which issuers are a vendor's, and how they are configured. The first row that matches counts."""
