"""What vendors publish: each preset finds the document, accepts its issuer, and reads keys with its members.

The rows are facts: addresses, issuers, and the names of the members that published keys have.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.discovery import read_endpoints, read_jwks_uri
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import read_key, read_key_set
from support.preset_tokens import PRESETS
from support.sealed import RSA

_FILE: Final = Path(__file__).parents[2] / "vectors" / "published_metadata.json"
ROWS: Final[list[dict[str, Any]]] = json.loads(_FILE.read_text(encoding="utf-8"))
MORE: Final[dict[str, Any]] = {  # members that are never read
    "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg",
    "x5t#S256": "6Yk0Gp8Wg1bTzbGz4c2xQ0h0i4mJkqkq8b3xJ0y8bQk",
    "x5c": ["MIIDBTCCAe2gAwIBAgIQ"],
    "nbf": 1493763266,
    "cloud_instance_name": "microsoftonline.com",
}
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])


def asking(row: dict[str, Any]) -> list[Issuer]:
    """The records of the preset that look for this document."""
    built = PRESETS[row["preset"]](**row["settings"])
    return [issuer for issuer in (built if isinstance(built, tuple) else (built,)) if issuer.metadata_url == row["url"]]


@every_row
def test_the_document_is_asked_for_where_it_is_and_its_issuer_accepted(row: dict[str, Any]) -> None:
    body = json.dumps(row["document"]).encode()
    records = asking(row)

    assert records
    for record in records:
        assert read_jwks_uri(record, body) == row["document"]["jwks_uri"]
        assert read_endpoints(record, body).token == row["document"].get("token_endpoint", "")


@every_row
def test_the_document_of_another_customer_is_not_accepted(row: dict[str, Any]) -> None:
    """RFC 8414 §3.3."""
    body = json.dumps(row["document"] | {"issuer": f"{row['document']['issuer']}2"}).encode()

    for record in asking(row):
        with pytest.raises(FetchFailed):
            read_jwks_uri(record, body)


@every_row
def test_a_key_with_the_members_that_are_published_is_read(row: dict[str, Any]) -> None:
    members = {**RSA.public_jwk(), **MORE, "issuer": row["document"]["issuer"]}
    key = read_key({name: members[name] for name in row["key_members"]})

    assert key.kid == RSA.kid
    assert "RS256" in key.algorithms


def test_the_encryption_key_that_keycloak_publishes_beside_it_is_left_out() -> None:
    found = read_key_set({"keys": [RSA.public_jwk(), {**RSA.public_jwk(), "kid": "enc", "use": "enc", "alg": "RSA-OAEP"}]})

    assert [key.kid for key in found.keys] == [RSA.kid]
    assert [left_out.kid for left_out in found.left_out] == ["enc"]


def test_every_row_names_its_source() -> None:
    assert all(row["source"].startswith("https://") for row in ROWS)
    assert {row["preset"] for row in ROWS} == set(PRESETS)
