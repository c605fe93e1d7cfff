"""The signature: made by a key of this issuer, with an algorithm of this issuer, over these very octets."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bearerguard.testing import SigningKey
from bearerguard.testing.signing_key import base64url
from support.sealed import ALL_KEYS, EC, EDWARDS, RSA, claims, issuer, seal, server, verdict

API: Final = server(token_cache_size=0)
ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def octets(text: bytes) -> bytes:
    """A part, decoded."""
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def signed(token: bytes, signature: bytes) -> bytes:
    """The token with other octets for its signature."""
    return token.rpartition(b".")[0] + b"." + base64url(signature).encode()


def flipped(data: bytes) -> Iterator[bytes]:
    """All that differ in one bit."""
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        yield bytes(changed)


def is_refused(token: bytes, api: Any = API) -> bool:
    """Whether it is, by a documented error."""
    return verdict(api, token) != "accepted"


# --- any change


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.algorithm)
def test_a_token_with_one_bit_of_its_text_flipped_is_refused(key: SigningKey) -> None:
    """RFC 7515 §5.2: every bit counts."""
    token = seal(key=key)
    assert not is_refused(token)

    assert all(map(is_refused, flipped(token)))


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.algorithm)
def test_a_token_with_one_bit_of_a_decoded_part_flipped_is_refused(key: SigningKey, part: int) -> None:
    """The same below the encoding, so that it is the signature that refuses and not base64url."""
    parts = seal(key=key).split(b".")
    for changed in flipped(octets(parts[part])):
        assert is_refused(b".".join((*parts[:part], base64url(changed).encode(), *parts[part + 1 :])))


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.algorithm)
def test_a_cut_token_is_refused(key: SigningKey) -> None:
    """At every length."""
    token = seal(key=key)

    assert all(is_refused(token[:length]) for length in range(len(token)))


def test_a_signature_belongs_to_its_header_and_payload() -> None:
    """The octets between the first character and the last dot are what was signed (RFC 7515 §5.1)."""
    reader, admin = seal(), seal(payload=claims(roles=["Admin"]))
    other_header = seal(typ="JWT")

    assert verdict(API, admin.rpartition(b".")[0] + b"." + reader.rpartition(b".")[2]) == "invalid_signature"
    assert verdict(API, other_header.partition(b".")[0] + b"." + reader.partition(b".")[2]) == "invalid_signature"


# --- algorithm and key


@pytest.mark.parametrize(
    ("accepted", "key_alg", "used", "code"),
    [
        pytest.param(["RS256"], "RS256", "RS256", "accepted", id="as configured"),
        pytest.param(["PS256"], "RS256", "RS256", "unsupported_algorithm", id="RS256 where PS256 is configured"),
        pytest.param(["RS256"], "RS256", "PS256", "unsupported_algorithm", id="PS256 where RS256 is configured"),
        pytest.param(["RS256", "PS256"], "PS256", "RS256", "unknown_key", id="RS256 with a key for PS256"),
        pytest.param(["RS256", "PS256"], "RS256", "PS256", "unknown_key", id="PS256 with a key for RS256"),
        pytest.param(["RS256", "RS512"], "RS512", "RS256", "unknown_key", id="RS256 with a key for RS512"),
        pytest.param(["RS256", "PS256"], None, "RS256", "accepted", id="RS256 with a key without alg"),
        pytest.param(["RS256", "PS256"], None, "PS256", "accepted", id="PS256 with a key without alg"),
        pytest.param(["RS256", "PS256"], None, "PS512", "unsupported_algorithm", id="PS512 with a key without alg"),
        pytest.param(["RS256"], None, "RS384", "unsupported_algorithm", id="RS384 with a key without alg"),
        pytest.param(["PS384"], None, "PS384", "accepted", id="PS384, configured"),
        pytest.param(["RS512"], None, "RS512", "accepted", id="RS512, configured"),
    ],
)
def test_the_algorithm_fits_configuration_and_key(accepted: list[str], key_alg: str | None, used: str, code: str) -> None:
    """RFC 8725 §3.1, RFC 7517 §4.4: Entra publishes keys without ``alg``."""
    jwk = {**RSA.public_jwk(), "alg": key_alg}
    members = {name: value for name, value in jwk.items() if value is not None}
    api = server(issuer(keys=[members], algorithms=accepted))

    assert verdict(api, seal(key=RSA, alg=used)) == code


@pytest.mark.parametrize("used", ["RS256", "PS256"])
@pytest.mark.parametrize("named", ["RS256", "PS256"])
def test_the_signature_is_of_the_algorithm_the_header_names(named: str, used: str) -> None:
    """RFC 8725 §3.1: with a key that may do both, the padding still counts."""
    jwk = {name: value for name, value in RSA.public_jwk().items() if name != "alg"}
    api = server(issuer(keys=[jwk]))
    token = seal(key=RSA, alg=named)

    changed = signed(token, RSA.sign(token.rpartition(b".")[0], used))

    assert verdict(api, changed) == ("accepted" if named == used else "invalid_signature")


@pytest.mark.parametrize("salt", [0, 20, 31, 33, padding.PSS.MAX_LENGTH])
def test_the_salt_of_pss_is_as_long_as_the_hash(salt: int) -> None:
    """RFC 7518 §3.5."""
    api = server(issuer(keys=[{**RSA.public_jwk(), "alg": "PS256"}]))
    token = seal(key=RSA, alg="PS256")
    private: Any = RSA._private
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt)

    assert verdict(api, signed(token, private.sign(token.rpartition(b".")[0], pss, hashes.SHA256()))) == "invalid_signature"


@pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.SHA384(), hashes.SHA512()], ids=lambda digest: digest.name)  # noqa: S303
def test_the_hash_is_that_of_the_algorithm(digest: hashes.HashAlgorithm) -> None:
    """RFC 7518 §3.3: what the signature itself says of its hash does not count."""
    token = seal(key=RSA)
    private: Any = RSA._private
    signature = private.sign(token.rpartition(b".")[0], padding.PKCS1v15(), digest)

    assert verdict(API, signed(token, signature)) == "invalid_signature"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda signature: b"\x00" + signature, id="zero before"),
        pytest.param(lambda signature: signature + b"\x00", id="zero behind"),
        pytest.param(lambda signature: signature[1:], id="first octet cut"),
        pytest.param(lambda signature: signature[:-1], id="last octet cut"),
        pytest.param(lambda signature: bytes(len(signature)), id="zeros"),
        pytest.param(lambda signature: b"\xff" * len(signature), id="above the modulus"),
        pytest.param(lambda signature: signature[:1], id="one octet"),
        pytest.param(lambda signature: signature * 2, id="twice"),
        pytest.param(lambda signature: signature[::-1], id="backwards"),
    ],
)
@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.algorithm)
def test_a_signature_of_another_shape_is_invalid(key: SigningKey, change: Callable[[bytes], bytes]) -> None:
    """RFC 7518 §3.3 to §3.5, RFC 8037 §3.1: length and range are part of a signature."""
    token = seal(key=key)

    assert verdict(API, signed(token, change(octets(token.rpartition(b".")[2])))) == "invalid_signature"


# --- ECDSA


@pytest.mark.parametrize("r", [0, 1, P256_ORDER, 2**256 - 1], ids=["r=0", "r=1", "r=n", "r=max"])
@pytest.mark.parametrize("s", [0, 1, P256_ORDER, 2**256 - 1], ids=["s=0", "s=1", "s=n", "s=max"])
def test_an_ecdsa_signature_without_its_numbers_is_invalid(r: int, s: int) -> None:
    """CVE-2022-21449: r = s = 0 verified anything."""
    assert verdict(API, signed(seal(), r.to_bytes(32) + s.to_bytes(32))) == "invalid_signature"


@pytest.mark.parametrize("length", [1, 2, 32, 62, 63, 65, 66, 96, 128, 132])
def test_an_ecdsa_signature_has_the_length_of_its_curve(length: int) -> None:
    """RFC 7518 §3.4: exactly 64 octets for P-256."""
    signature = octets(seal().rpartition(b".")[2])

    assert verdict(API, signed(seal(), (signature * 3)[:length])) == "invalid_signature"


def test_an_ecdsa_signature_in_der_is_invalid() -> None:
    """RFC 7518 §3.4: two numbers side by side, no ASN.1."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    token = seal()
    private: Any = EC._private

    assert verdict(API, signed(token, private.sign(token.rpartition(b".")[0], ECDSA(hashes.SHA256())))) == "invalid_signature"


@pytest.mark.parametrize("algorithm", ["ES384", "ES512"])
def test_a_curve_belongs_to_its_algorithm(algorithm: str) -> None:
    """RFC 7518 §3.4: a P-384 key cannot make an ES256 token, whatever the header says."""
    key = SigningKey(algorithm, kid="curve")
    api = server(issuer(keys=[key], algorithms=["ES256", "ES384", "ES512"]))

    assert verdict(api, seal(key=key)) == "accepted"
    assert verdict(api, seal(key=key, alg="ES256")) == "unknown_key"


# --- EdDSA


@pytest.mark.parametrize("configured", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("key_alg", ["EdDSA", "Ed25519", None], ids=repr)
@pytest.mark.parametrize("named", ["EdDSA", "Ed25519"])
def test_ed25519_and_eddsa_are_two_names_of_one_algorithm(configured: str, key_alg: str | None, named: str) -> None:
    """RFC 8037, RFC 9864: PyJWT knows only the old name."""
    jwk = {**EDWARDS.public_jwk(), "alg": key_alg}
    api = server(issuer(keys=[{name: value for name, value in jwk.items() if value}], algorithms=[configured]))

    assert verdict(api, seal(key=EDWARDS, alg=named)) == "accepted"


def test_an_eddsa_signature_has_one_form() -> None:
    """RFC 8032 §5.1.7: S must be below the order, else each signature would have a second one."""
    token = seal(key=EDWARDS)
    signature = octets(token.rpartition(b".")[2])
    s = int.from_bytes(signature[32:], "little") + ED25519_ORDER

    assert verdict(API, signed(token, signature[:32] + s.to_bytes(32, "little"))) == "invalid_signature"


# --- algorithm confusion


def _secrets() -> list[Any]:
    public = RSA._private.public_key()
    jwk = RSA.public_jwk()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return [
        pytest.param(pem, id="PEM"),
        pytest.param(pem.strip(), id="PEM without its last line feed"),
        pytest.param(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), id="DER"),
        pytest.param(public.public_bytes(Encoding.PEM, PublicFormat.PKCS1), id="PKCS 1"),
        pytest.param(json.dumps(jwk).encode(), id="JWK"),
        pytest.param(json.dumps({"keys": [jwk]}).encode(), id="JWK Set"),
        pytest.param(urlsafe_b64decode(jwk["n"] + "=="), id="modulus"),
        pytest.param(b"", id="empty"),
    ]


@pytest.mark.parametrize("secret", _secrets())
@pytest.mark.parametrize("alg", ["HS256", "RS256", "none"])
def test_the_public_key_is_no_secret(alg: str, secret: bytes) -> None:
    """CVE-2015-9235, CVE-2017-11424, CVE-2022-29217, CVE-2026-48526: HMAC is not there at all."""
    message = seal(key=RSA, alg=alg).rpartition(b".")[0]
    token = message + b"." + base64url(hmac.digest(secret, message, hashlib.sha256)).encode()

    assert verdict(API, token) == ("invalid_signature" if alg == "RS256" else "unsupported_algorithm")


def test_a_symmetric_key_in_the_set_verifies_nothing() -> None:
    """CVE-2026-44699: the algorithms of a key come from its type."""
    oct_keys = [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared", **alg} for alg in ({}, {"alg": "HS256"}, {"alg": "RS256"})]
    api = server(issuer(keys=[RSA, *oct_keys]))
    message = seal(key=RSA, kid="shared").rpartition(b".")[0]

    assert verdict(api, message + b"." + base64url(hmac.digest(b"secret", message, "sha256")).encode()) == "unknown_key"
