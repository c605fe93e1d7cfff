"""docs.aws.amazon.com, amazon-cognito-user-pools-using-the-access-token"""

from typing import Any, Final

import pytest

from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "sub": "reader",
    "token_use": "access",
    "auth_time": NOW,
    "iss": "https://issuer.test/eu-central-1_Example01",
    "exp": NOW + 3600,
    "iat": NOW,
    "version": 2,
    "jti": OPAQUE,
    "client_id": "reader",
    "scope": "orders.read",
    "cognito:groups": ["Read.All"],
}
USER: Final[dict[str, Any]] = {
    "sub": "alice",
    "token_use": "access",
    "auth_time": NOW,
    "iss": "https://issuer.test/eu-central-1_Example01",
    "exp": NOW + 3600,
    "iat": NOW,
    "version": 2,
    "jti": OPAQUE,
    "client_id": "reader",
    "scope": "openid orders.read",
    "cognito:groups": ["Read.All"],
    "username": "alice",
    "origin_jti": OPAQUE,
    "event_id": OPAQUE,
}
ID_TOKEN: Final[dict[str, Any]] = {
    "at_hash": OPAQUE,
    "sub": "alice",
    "email_verified": True,
    "iss": "https://issuer.test/eu-central-1_Example01",
    "cognito:username": "alice",
    "nonce": OPAQUE,
    "aud": "reader",
    "token_use": "id",
    "auth_time": NOW,
    "exp": NOW + 3600,
    "iat": NOW,
    "jti": OPAQUE,
    "email": "alice@contoso.example",
    "origin_jti": OPAQUE,
    "event_id": OPAQUE,
    "cognito:groups": ["Read.All"],
}


@pytest.mark.parametrize(
    ("kind", "documented"),
    [
        pytest.param("application", APPLICATION, id="application"),
        pytest.param("user", USER, id="user"),
        pytest.param("id_token", ID_TOKEN, id="id_token"),
    ],
)
def test_a_token_holds_what_the_vendor_documents(kind: Kind, documented: dict[str, Any]) -> None:
    assert differences("cognito", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("cognito", "application") == {}
    assert header_of("cognito", "id_token") == {}
