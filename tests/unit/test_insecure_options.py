"""Each option that weakens a check is told to listeners when the server is built."""

from typing import Any

import pytest

from bearerguard import Issuer, ResourceServer, entra_multitenant, oidc
from bearerguard.events import Event
from bearerguard.testing import LocalIssuer

LOCAL = "http://127.0.0.1:9000"
PLAIN: dict[str, Any] = {"insecure_allow_http": True}


def options_told(*issuers: Any, **settings: Any) -> list[tuple[str, str, str]]:
    events: list[Event] = []
    ResourceServer(issuers, "api://orders", on_event=events.append, **settings)
    return [(event.name, event.issuer, event.code) for event in events]


@pytest.mark.parametrize(
    ("issuer", "options"),
    [
        (oidc(LOCAL, **PLAIN), ["insecure_allow_http"]),
        (oidc("http://keycloak", insecure_http_hosts=["keycloak"]), ["insecure_http_hosts"]),
        (oidc("https://a.example", insecure_accept_id_tokens=True), ["insecure_accept_id_tokens"]),
        (entra_multitenant(insecure_any_tenant=True)[0], ["insecure_any_tenant"]),
        (oidc("https://a.example"), []),
    ],
)
def test_an_issuers_options_are_told(issuer: Issuer, options: list[str]) -> None:
    assert options_told(issuer) == [("insecure_option", issuer.issuer, option) for option in options]


@pytest.mark.parametrize("on", [True, False])
def test_a_revocation_hook_that_fails_open_is_told(on: bool) -> None:
    told = options_told(oidc("https://a.example"), revoked=lambda _: False, insecure_revoked_fails_open=on)
    assert told == [("insecure_option", "", "insecure_revoked_fails_open")] * on


def test_new_settings_tell_what_is_new() -> None:
    events: list[Event] = []
    api = ResourceServer(oidc(LOCAL, **PLAIN), "api://orders", on_event=events.append)
    api.reconfigure(audience="api://bills")
    assert len(events) == 1
    issuer = LocalIssuer("http://127.0.0.1:9001", algorithm="ES256")
    api.reconfigure(issuers=[oidc(LOCAL, **PLAIN), *issuer.trusted()])
    assert [event.issuer for event in events] == [LOCAL, issuer.issuer]
