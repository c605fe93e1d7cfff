"""What the refusal of a foreign audience tells: near misses, Microsoft Graph, and the client id that v2 tokens name."""

from typing import Final

import pytest

from bearerguard.issuers.profile import Profile
from support.sealed import claims, issuer, refusal, seal, server

CLIENT_ID: Final = "6e74172b-be56-4843-9ff4-e66a39bb12e3"
GRAPH: Final = "00000003-0000-0000-c000-000000000000"


def told(configured: str | list[str], sent: object, profile: str = "generic") -> str:
    """The hint for a token with this audience."""
    api = server(issuer(profile=Profile(name=profile)), audience=configured)
    error = refusal(api, seal(payload=claims(aud=sent)))
    assert error.code == "wrong_audience"
    return error.hint


@pytest.mark.parametrize(
    ("configured", "sent", "difference"),
    [
        pytest.param("api://orders", "api://orders/", "the trailing slash", id="a slash too many"),
        pytest.param("api://orders/", "api://orders", "the trailing slash", id="a slash too few"),
        pytest.param("api://orders", "api://Orders", "upper and lower case", id="case"),
        pytest.param("api://orders", "orders", "'api://'", id="without api://"),
        pytest.param("orders", "api://orders", "'api://'", id="with api://"),
        pytest.param("api://orders", "Orders/", "'api://' at the beginning and the trailing slash", id="both"),
        pytest.param("api://orders", ["x", "api://orders/"], "the trailing slash", id="one of several"),
        pytest.param(["a", "api://orders"], "api://orders/", "the trailing slash", id="of several"),
    ],
)
def test_a_near_miss_is_told_with_the_difference(configured: str | list[str], sent: object, difference: str) -> None:
    hint = told(configured, sent)

    assert difference in hint
    assert "Configured is " in hint


@pytest.mark.parametrize("sent", ["api://stock", "api:/orders", "", "//", ["x"], []], ids=repr)
def test_another_audience_is_not_called_a_near_miss(sent: object) -> None:
    assert told("api://orders", sent) == ""


def test_a_client_id_is_asked_for_where_v2_tokens_name_it() -> None:
    """https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference (``aud``)"""
    assert "client id" in told("api://orders", CLIENT_ID, "entra_v2")
    assert "client id" in told("api://orders", CLIENT_ID, "entra_external")
    assert told("api://orders", CLIENT_ID, "entra_v1") == ""
    assert told("api://orders", "api://stock", "entra_v2") == ""
    assert told("7f74172b-be56-4843-9ff4-e66a39bb12e3", CLIENT_ID, "entra_v2") == ""


def test_a_token_for_microsoft_graph_is_told_by_its_name_first() -> None:
    assert "Microsoft Graph" in told("api://orders", GRAPH, "entra_v2")


def test_a_long_array_is_not_compared_to_its_end() -> None:
    """Anybody can send one: only its first entries are worth a hint."""
    assert told("api://orders", ["x"] * 15 + ["api://orders/"]) != ""
    assert told("api://orders", ["x"] * 16 + ["api://orders/"]) == ""
