"""The registry of shapes, and what they have in common."""

from dataclasses import replace
from typing import Final

import pytest

from bearerguard import errors
from bearerguard.testing import Directory, LocalIssuer
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import minted

ROLES: Final = {"roles", "groups", "cognito:groups", "role", "client_role", "urn:zitadel:iam:org:project:roles", "custom"}
ALWAYS_WITH_ROLES: Final = {"auth0", "keycloak", "authentik"}
MICROSOFT: Final = {"entra_v1", "entra_v2", "entra_external", "azure_b2c"}


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - ALWAYS_WITH_ROLES))
def test_a_token_without_roles_lacks_the_claim(shape: str) -> None:
    assert not ROLES & minted(LocalIssuer(shape=shape), "noroles").keys()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_users_token_has_the_user_as_its_subject(shape: str) -> None:
    assert minted(LocalIssuer(shape=shape), user="alice")["sub"] == "alice"


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - MICROSOFT))
def test_every_vendor_but_microsoft_publishes_the_algorithm(shape: str) -> None:
    assert LocalIssuer(shape=shape).jwks()["keys"][0]["alg"] == "RS256"


def test_names_of_the_customer_are_the_users_choice() -> None:
    directory = Directory(realm="shop")

    assert LocalIssuer(shape="keycloak", directory=directory).issuer == "https://issuer.test/realms/shop"


def test_a_shape_of_ones_own_is_taken_as_it_is() -> None:
    own = replace(LocalIssuer(shape="keycloak").vendor, name="own", lifetime=7)

    assert LocalIssuer(shape=own).lifetime == 7


def test_an_unknown_shape_is_a_configuration_error() -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        LocalIssuer(shape="entra")

    assert caught.value.parameter == "shape"
