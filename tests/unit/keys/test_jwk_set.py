"""A JWK Set judged member by member (RFC 7517 §4, §5)."""

import functools
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from bearerguard.keys.jwk_set import (
    JWKSet,
    UnusableKey,
    UnusableKeySet,
    VerificationKey,
    read_key,
    read_key_set,
)
from bearerguard.strict_json import parse_object
from bearerguard.testing.signing_key import SigningKey

Jwk = dict[str, Any]


@functools.cache
def signer(algorithm: str, kid: str = "k") -> SigningKey:
    return SigningKey(algorithm, kid=kid)


def jwk(algorithm: str = "RS256", /, *without: str, **members: Any) -> Jwk:
    """A whole public key; named members left out, others replaced."""
    whole = {**signer(algorithm).public_jwk(), **members}
    return {name: value for name, value in whole.items() if name not in without}


def number(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


# --- which keys are left out

LEFT_OUT: dict[str, Any] = {
    "null": None,
    "number": 1,
    "text": "key",
    "array": [],
    "empty": {},
    # private and symmetric members: such a set was published by mistake
    "private-rsa": jwk(d="AQAB"),
    "private-rsa-with-primes": jwk(p="AQAB", q="AQAB", dp="AQAB", dq="AQAB", qi="AQAB"),
    "private-rsa-other-primes": jwk(oth=[]),
    "private-ec": jwk("ES256", d="AQAB"),
    "private-okp": jwk("EdDSA", d="AQAB"),
    "private-member-that-is-null": jwk(d=None),
    "symmetric": {"kty": "oct", "k": "c2VjcmV0", "kid": "k", "alg": "HS256"},
    "symmetric-called-rsa": jwk(k="c2VjcmV0"),
    "symmetric-without-value": {"kty": "oct", "kid": "k", "alg": "HS256"},
    # the name: RFC 7515 §4.1.4
    "kid-empty": jwk(kid=""),
    "kid-number": jwk(kid=7),
    "kid-list": jwk(kid=["k"]),
    "kid-object": jwk(kid={}),
    "kid-257-characters": jwk(kid="k" * 257),
    "kid-lone-surrogate": jwk(kid="k\ud800"),
    # use and key_ops: RFC 7517 §4.2, §4.3
    "use-enc": jwk(use="enc"),
    "use-other-case": jwk(use="SIG"),
    "use-list": jwk(use=["sig"]),
    "use-null": jwk(use=None),
    "use-empty": jwk(use=""),
    "key_ops-sign": jwk("RS256", "use", key_ops=["sign"]),
    "key_ops-empty": jwk("RS256", "use", key_ops=[]),
    "key_ops-encrypt": jwk("RS256", "use", key_ops=["encrypt", "wrapKey"]),
    "key_ops-text": jwk("RS256", "use", key_ops="verify"),
    "key_ops-null": jwk("RS256", "use", key_ops=None),
    "key_ops-object": jwk("RS256", "use", key_ops={"verify": True}),
    "use-and-key_ops-disagree": jwk(use="sig", key_ops=["encrypt"]),
    "use-and-key_ops-disagree-in-part": jwk(use="sig", key_ops=["verify", "encrypt"]),
    "use-enc-but-key_ops-verify": jwk(use="enc", key_ops=["verify"]),
    # kty and crv: RFC 7518 §6
    "kty-missing": jwk("RS256", "kty"),
    "kty-unknown": jwk(kty="AKP"),
    "kty-other-case": jwk(kty="rsa"),
    "kty-list": jwk(kty=["RSA"]),
    "kty-null": jwk(kty=None),
    "crv-missing": jwk("ES256", "crv"),
    "crv-null": jwk("ES256", crv=None),
    "crv-list": jwk("ES256", crv=["P-256"]),
    "crv-secp256k1": jwk("ES256", crv="secp256k1"),
    "crv-p-192": jwk("ES256", crv="P-192"),
    "crv-of-another-kty": jwk("ES256", crv="Ed25519"),
    "crv-of-another-size": jwk("ES256", "alg", crv="P-384"),
    "crv-ed448": jwk("EdDSA", "alg", crv="Ed448", x="A" * 76),
    "crv-x25519": jwk("EdDSA", "alg", crv="X25519"),
    # alg: RFC 7517 §4.4
    "alg-list": jwk(alg=["RS256"]),
    "alg-object": jwk(alg={}),
    "alg-number": jwk(alg=256),
    "alg-bool": jwk(alg=True),
    "alg-empty": jwk(alg=""),
    "alg-none": jwk(alg="none"),
    "alg-hs256": jwk(alg="HS256"),
    "alg-other-case": jwk(alg="rs256"),
    "alg-for-encryption": jwk(alg="RSA-OAEP-256"),
    "alg-rs1": jwk(alg="RS1"),
    "alg-of-another-kty": jwk(alg="ES256"),
    "alg-of-another-curve": jwk("ES256", alg="ES384"),
    "alg-es256k": jwk("ES256", alg="ES256K"),
    "alg-ed448": jwk("EdDSA", alg="Ed448"),
    # material: RFC 7518 §6.2, §6.3
    "n-missing": jwk("RS256", "n"),
    "n-null": jwk(n=None),
    "n-number": jwk(n=65537),
    "n-empty": jwk(n=""),
    "n-not-base64": jwk(n="!" * 342),
    "n-not-ascii": jwk(n="ü" * 342),
    "n-one-character": jwk(n="A"),
    "n-16384-bits": jwk(n=number(2**16383 + 1)),
    "n-8193-bits": jwk(n=number(2**8192 + 1)),
    "n-2047-bits": jwk(n=number(2**2046 + 1)),
    "n-1024-bits": SigningKey("RS256", bits=1024).public_jwk(),
    "n-512-bits": jwk(n=number(2**511 + 1)),
    "n-even": jwk(n=number(2**2047 + 2)),
    "e-missing": jwk("RS256", "e"),
    "e-zero": jwk(e="AA"),
    "e-1": jwk(e=number(1)),
    "e-2": jwk(e=number(2)),
    "e-even": jwk(e=number(65_536)),
    "e-above-2^32": jwk(e=number(2**32 + 1)),
    "e-3072-bits": jwk(e=number(2**3071 + 1)),
    "e-as-number": jwk(e=65537),
    "x-missing": jwk("ES256", "x"),
    "y-missing": jwk("ES256", "y"),
    "x-short": jwk("ES256", x=number(1)),
    "not-on-the-curve": jwk("ES256", x="A" * 42 + "E", y="A" * 42 + "E"),
    "point-of-another-curve": {**jwk("ES384"), "crv": "P-256", "alg": "ES256"},
    "okp-x-missing": jwk("EdDSA", "x"),
    "okp-x-short": jwk("EdDSA", x="AQAB"),
    "okp-x-long": jwk("EdDSA", x="A" * 86),
}


@pytest.mark.parametrize("member", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_bad_key_is_left_out_and_never_sinks_a_good_one(member: object) -> None:
    with pytest.raises(UnusableKey):
        read_key(member)
    good = jwk("EdDSA", kid="good")
    for members in ([member, good], [good, member]):
        found = read_key_set({"keys": members})
        assert [key.kid for key in found.keys] == ["good"]
        assert len(found.left_out) == 1
    with pytest.raises(UnusableKeySet):
        read_key_set({"keys": [member]})


# --- which keys serve, and with which algorithms

SERVES: dict[str, tuple[Jwk, tuple[str, ...]]] = {
    "rsa": (jwk(), ("RS256",)),
    "rsa-ps256": (jwk(alg="PS256"), ("PS256",)),
    "rsa-without-alg": (jwk("RS256", "alg"), ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    "rsa-alg-null": (jwk(alg=None), ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    "rsa-with-crv": (jwk(crv="P-256"), ("RS256",)),
    "rsa-e-3": (jwk(e=number(3)), ("RS256",)),
    "rsa-e-below-2^32": (jwk(e=number(2**32 - 1)), ("RS256",)),
    "rsa-8192-bits": (jwk(n=number(2**8191 + 1)), ("RS256",)),
    "rsa-2048-bits": (jwk(n=number(2**2047 + 1)), ("RS256",)),
    "p-256": (jwk("ES256"), ("ES256",)),
    "p-384": (jwk("ES384"), ("ES384",)),
    "p-521": (jwk("ES512"), ("ES512",)),
    "p-256-without-alg": (jwk("ES256", "alg"), ("ES256",)),
    "ed25519": (jwk("EdDSA"), ("EdDSA",)),
    "ed25519-by-its-new-name": (jwk("EdDSA", alg="Ed25519"), ("EdDSA",)),
    "ed25519-without-alg": (jwk("EdDSA", "alg"), ("EdDSA",)),
    "without-kid": (jwk("RS256", "kid"), ("RS256",)),
    "kid-null": (jwk(kid=None), ("RS256",)),
    "kid-256-characters": (jwk(kid="k" * 256), ("RS256",)),
    "kid-of-any-script": (jwk(kid="ключ-鍵-🔑"), ("RS256",)),
    "without-use": (jwk("RS256", "use"), ("RS256",)),
    "key_ops-verify": (jwk("RS256", "use", key_ops=["verify"]), ("RS256",)),
    "key_ops-among-others": (jwk("RS256", "use", key_ops=["encrypt", "verify"]), ("RS256",)),
    "use-and-key_ops-agree": (jwk(key_ops=["sign", "verify"]), ("RS256",)),
    "unknown-members": (jwk(nbf=1, exp=2, revoked=[{}], cloud="x"), ("RS256",)),
    "x5-members-are-not-looked-at": (jwk(x5c=["not a certificate"], x5t=1, x5u="http://169.254.169.254/"), ("RS256",)),
    "issuer-of-no-text": (jwk(issuer=["https://issuer.test"]), ("RS256",)),
}


@pytest.mark.parametrize(("member", "algorithms"), SERVES.values(), ids=SERVES)
def test_a_key_serves_the_algorithms_of_its_type_or_the_one_it_names(member: Jwk, algorithms: tuple[str, ...]) -> None:
    key = read_key(member)
    assert key.algorithms == algorithms
    assert key.kid == member.get("kid")


ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_verified_under_its_key_and_algorithm_alone(algorithm: str) -> None:
    private = signer(algorithm)
    key, other = read_key(private.public_jwk()), read_key(signer(algorithm, "other").public_jwk())
    signature = private.sign(b"message")
    assert key.verify(algorithm, b"message", signature)
    assert not key.verify(algorithm, b"massage", signature)
    assert not key.verify(algorithm, b"message", signature[:-1])
    assert not key.verify(algorithm, b"message", b"")
    assert not other.verify(algorithm, b"message", signature)
    assert not any(key.verify(name, b"message", signature) for name in (*ALGORITHMS, "none", "HS256", "") if name != algorithm)


@pytest.mark.parametrize(("named", "used"), [("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512")])
def test_a_key_that_names_its_algorithm_serves_no_other(named: str, used: str) -> None:
    """RFC 7517 §4.4: libraries have accepted PS256 with an RS256 key."""
    private = signer("RS256")
    assert not read_key(jwk(alg=named)).verify(used, b"message", private.sign(b"message", used))


def test_a_key_without_alg_serves_rs256_and_ps256() -> None:
    """Microsoft Entra publishes none."""
    key = read_key(jwk("RS256", "alg"))
    assert all(key.verify(name, b"message", signer("RS256").sign(b"message", name)) for name in ("RS256", "PS256"))


@pytest.mark.parametrize("size", [0, 63, 64, 65, 96, 132])
def test_an_ecdsa_signature_of_zeros_is_refused(size: int) -> None:
    """CVE-2022-21449; RFC 7518 §3.4: exactly 64 octets."""
    assert not read_key(jwk("ES256")).verify("ES256", b"message", bytes(size))


def test_whatever_goes_wrong_in_verifying_means_not_verified() -> None:
    """PyJWT and cryptography raise several kinds of errors on odd input."""
    broken = VerificationKey("k", ("RS256",), None, (), object())
    assert not broken.verify("RS256", b"message", b"signature")


def test_a_key_shows_neither_its_material_nor_its_fingerprint() -> None:
    assert jwk()["n"][:16] not in repr(read_key(jwk()))


# --- the set


@pytest.mark.parametrize(
    "document", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}, {"keys": []}, {"keys": ()}, {"Keys": [jwk()]}]
)
def test_a_set_without_an_array_of_keys_is_none(document: dict[str, Any]) -> None:
    with pytest.raises(UnusableKeySet):
        read_key_set(document)


@pytest.mark.parametrize(("count", "accepted"), [(100, True), (101, False), (2_000, False)])
def test_a_set_has_a_hundred_keys_at_most_good_and_bad_ones_together(count: int, accepted: bool) -> None:
    document = {"keys": [jwk("EdDSA"), *({} for _ in range(count - 1))]}
    if accepted:
        assert len(read_key_set(document).keys) == 1
    else:
        with pytest.raises(UnusableKeySet):
            read_key_set(document)


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "a-name-twice": lambda member: member[:-1] + b', "kid": "other"}',
    "an-integer-of-21-digits": lambda member: member[:-1] + b', "kid": ' + b"1" * 21 + b"}",
    "513-members": lambda member: member[:-1] + b"".join(b', "m%d": 0' % number for number in range(510)) + b"}",
    "a-lone-surrogate": lambda member: member.replace(b'"kid": "bad"', b'"kid": "\\ud800"'),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_member_spoiled_in_its_json_does_not_sink_the_others(spoil: Callable[[bytes], bytes]) -> None:
    bad, good = (str(jwk("EdDSA", kid=kid)).replace("'", '"').encode() for kid in ("bad", "good"))
    text = b'{"keys": [' + spoil(bad) + b", " + good + b"]}"
    found = read_key_set(parse_object(text, spoiled_members_are_null=True))
    assert [key.kid for key in found.keys] == ["good"]


def test_a_harmless_oddity_in_a_member_leaves_the_key_in_use() -> None:
    text = str(jwk("EdDSA")).replace("'", '"').encode()[:-1] + b', "nbf": ' + b"1" * 400 + b', "note": "\\ud800"}'
    assert len(read_key_set(parse_object(b'{"keys": [' + text + b"]}", spoiled_members_are_null=True)).keys) == 1


# --- looking a key up


def the_set(*members: Jwk) -> JWKSet:
    return read_key_set({"keys": list(members)})


def keys_named(found: tuple[VerificationKey, ...]) -> list[str | None]:
    return [key.kid for key in found]


def test_a_key_is_found_by_kid_and_algorithm() -> None:
    keys = the_set(jwk(kid="a"), jwk("ES256", kid="b"))
    assert keys_named(keys.candidates("a", "RS256")) == ["a"]
    assert keys_named(keys.candidates("b", "ES256")) == ["b"]
    for kid, algorithm in (("a", "ES256"), ("b", "RS256"), ("A", "RS256"), ("a ", "RS256"), ("c", "RS256"), ("", "RS256")):
        assert keys.candidates(kid, algorithm) == ()


def test_a_kid_is_compared_by_code_point() -> None:
    """RFC 7515 §5.3: no Unicode normalisation."""
    assert the_set(jwk(kid="\u00e9")).candidates("e\u0301", "RS256") == ()


def test_two_different_keys_under_one_kid_both_serve() -> None:
    one, two = signer("EdDSA", "k"), signer("EdDSA", "other")
    keys = the_set(one.public_jwk(), {**two.public_jwk(), "kid": "k"})
    found = keys.candidates("k", "EdDSA")
    assert [any(key.verify("EdDSA", b"m", private.sign(b"m")) for key in found) for private in (one, two)] == [True, True]


def test_one_key_published_twice_is_one_key() -> None:
    assert len(the_set(jwk(), jwk()).keys) == 1


def test_one_kid_with_keys_of_two_types_is_told_apart_by_the_algorithm() -> None:
    keys = the_set(jwk("RS256"), jwk("ES256"))
    assert [key.algorithms for key in keys.candidates("k", "ES256")] == [("ES256",)]


def test_a_bad_token_tries_four_keys_at_most() -> None:
    many = [{**SigningKey("EdDSA", kid="k").public_jwk()} for _ in range(10)]
    assert len(the_set(*many).candidates("k", "EdDSA")) == 4
    nameless = [{name: value for name, value in key.items() if name != "kid"} for key in many]
    assert len(the_set(*nameless).candidates(None, "EdDSA")) == 4


@pytest.mark.parametrize(
    ("members", "algorithm", "found"),
    [
        pytest.param([jwk(kid="a")], "RS256", ["a"], id="the-only-key"),
        pytest.param([jwk(kid="a"), jwk("ES256", kid="b")], "ES256", ["b"], id="the-only-one-that-fits"),
        pytest.param([jwk("RS256", "alg", kid="a"), jwk("ES256", kid="b")], "PS256", ["a"], id="without-alg"),
        pytest.param([jwk("EdDSA", kid="a"), jwk("ES256", kid="b")], "RS256", [], id="none-fits"),
        pytest.param([jwk("RS256", "kid"), jwk(kid="a")], "RS256", [None], id="nameless-keys-alone"),
        pytest.param([jwk(kid="a"), jwk(kid="b", alg="RS256", e=number(3))], "RS256", [], id="a-guess-among-named-keys"),
    ],
)
def test_a_token_without_kid_is_of_the_only_key_that_fits(members: list[Jwk], algorithm: str, found: list[str | None]) -> None:
    """RFC 7517 §4.5, CVE-2025-59936."""
    assert keys_named(the_set(*members).candidates(None, algorithm)) == found


def test_a_token_with_a_kid_is_never_of_a_nameless_key() -> None:
    assert the_set(jwk("RS256", "kid")).candidates("a", "RS256") == ()


@pytest.mark.parametrize(("kid", "worth"), [("k", True), ("x", False), (None, True)])
def test_a_set_tells_whether_a_kid_is_worth_a_look(kid: str | None, worth: bool) -> None:
    assert the_set(jwk()).may_hold(kid) is worth


# --- from one set to the next


def test_the_same_keys_in_another_order_are_the_former_set() -> None:
    former = the_set(jwk(kid="a"), jwk(kid="b"))
    assert the_set(jwk(kid="b"), jwk(kid="a")).adopting(former) is former


def test_a_key_that_stays_is_the_same_object_and_one_that_went_is_not_in_the_set() -> None:
    former = the_set(jwk(kid="a"), jwk(kid="b"))
    later = the_set(jwk(kid="b"), jwk(kid="c")).adopting(former)
    went, stayed = former.keys
    assert stayed in later
    assert went not in later
    assert "b" not in later
    assert keys_named(later.keys) == ["b", "c"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(jwk(kid="b"), id="kid"),
        pytest.param(jwk(alg="PS256"), id="alg"),
        pytest.param(jwk(e=number(3)), id="material"),
        pytest.param(jwk(issuer="https://other.test"), id="issuer"),
    ],
)
def test_a_key_that_changed_in_any_part_is_another_key(changed: Jwk) -> None:
    """So that what the old one verified is not remembered under the new one."""
    former = the_set(jwk())
    assert former.keys[0] not in the_set(changed).adopting(former)


def test_the_first_set_adopts_nothing() -> None:
    keys = the_set(jwk())
    assert keys.adopting(None) is keys


# --- what is left out, and why

REASONS: dict[str, tuple[dict[str, Any], str]] = {
    "too short": ({"kty": "RSA", "kid": "bad", "n": number(2**1023 + 1), "e": "AQAB"}, "1024 bits"),
    "for encryption": ({**jwk(kid="bad"), "use": "enc"}, "'use'"),
    "an unknown curve": (
        {"kty": "EC", "kid": "bad", "crv": "secp256k1", "x": "AA", "y": "AA"},
        "'crv' is 'secp256k1', not one of P-256",
    ),
    "an unknown type": ({"kty": "oct2", "kid": "bad"}, "'kty' is 'oct2'"),
    "no parameters": ({"kty": "RSA", "kid": "bad"}, "'n' and 'e' are not all there"),
    "only a certificate": ({"kty": "RSA", "kid": "bad", "x5c": ["MIIB"]}, "only a certificate ('x5c')"),
    "an algorithm of another type": ({**jwk(kid="bad"), "alg": "ES256"}, "'alg' is 'ES256'"),
    "not for verifying": ({**jwk("RS256", "use", kid="bad"), "key_ops": ["sign"]}, "'key_ops'"),
    "private": ({**jwk(kid="bad"), "d": "AA"}, "private"),
}


@pytest.mark.parametrize(("member", "reason"), REASONS.values(), ids=REASONS)
def test_a_key_that_is_left_out_is_named_with_the_reason(member: Jwk, reason: str) -> None:
    found = the_set(jwk(kid="good"), member)

    (left_out,) = found.left_out
    assert (left_out.position, left_out.kid) == (1, "bad")
    assert str(left_out).startswith("keys[1] ('bad'): ")
    assert reason in left_out.why
    assert found.why_unusable("bad", "RS256") == left_out.why


def test_a_name_that_nobody_published_has_no_reason() -> None:
    found = the_set(jwk(kid="good"), {"kty": "RSA"}, {"kty": "RSA", "kid": 7})

    assert [left_out.kid for left_out in found.left_out] == [None, None]
    assert found.why_unusable("other", "RS256") == found.why_unusable(None, "RS256") == ""
    assert found.why_unusable("good", "RS256") == ""


def test_a_key_for_another_algorithm_is_told_so() -> None:
    assert "it is a key for ES256" in the_set(jwk("ES256", kid="k")).why_unusable("k", "RS256")


def test_a_set_that_leaves_out_another_key_is_another_set_with_the_same_keys() -> None:
    good = jwk(kid="good")
    former = the_set(good)
    latter = the_set(good, {"kty": "RSA", "kid": "bad"}).adopting(former)

    assert latter is not former
    assert latter.keys[0] is former.keys[0]
    assert the_set({"kty": "RSA", "kid": "bad"}, good).adopting(latter) is latter
    assert the_set(good, {"kty": "RSA", "kid": "bad"}).adopting(latter) is latter
