"""The compact form, read strictly and once."""

import json
from typing import Any, Final

import pytest

from bearerguard.errors import AccessTokenError, InvalidToken
from bearerguard.resource_server import ResourceServer
from bearerguard.testing.signing_key import base64url
from bearerguard.token.jws import MAX_TOKEN, Parser, verify
from support.sealed import ABSENT, AUDIENCE, ISSUER, NOW, claims, issuer, judge, refusal, seal, server, verdict

TOKEN: Final = seal()
HEADER, PAYLOAD, SIGNATURE = TOKEN.split(b".")
API: Final = server(token_cache_size=0)


def parts(header: bytes, payload: bytes = b"{}", signature: bytes = b"x") -> bytes:
    """A compact form of any octets."""
    return b".".join(base64url(part).encode() for part in (header, payload, signature))


# --- three parts


@pytest.mark.parametrize(
    ("token", "code"),
    [
        pytest.param(b"", "opaque_token", id="nothing"),
        pytest.param(HEADER, "opaque_token", id="one part"),
        pytest.param(b"2YotnFZFEjr1zCsicMWpAA", "opaque_token", id="opaque"),
        pytest.param(b"~+/-._~"[:3], "opaque_token", id="opaque, with characters of b64token"),
        pytest.param(HEADER + b"." + PAYLOAD, "malformed_token", id="two parts"),
        pytest.param(TOKEN + b".", "malformed_token", id="an empty fourth part"),
        pytest.param(TOKEN + b"." + SIGNATURE, "malformed_token", id="four parts"),
        pytest.param(b"." + TOKEN, "malformed_token", id="an empty first part of four"),
        pytest.param(TOKEN + b".AAAA.AAAA", "encrypted_token", id="five parts"),
        pytest.param(b"....", "encrypted_token", id="four dots"),
        pytest.param(TOKEN + b".AAAA.AAAA.AAAA", "malformed_token", id="six parts"),
        pytest.param(b".." , "malformed_token", id="two dots"),
        pytest.param(b"." * 1000, "malformed_token", id="a thousand dots"),
        pytest.param(b"." + PAYLOAD + b"." + SIGNATURE, "malformed_token", id="empty header"),
        pytest.param(HEADER + b".." + SIGNATURE, "malformed_token", id="empty payload"),
        pytest.param(HEADER + b"." + PAYLOAD + b".", "malformed_token", id="empty signature"),
        pytest.param(b"a" * MAX_TOKEN, "opaque_token", id="16 KiB"),
        pytest.param(b"a" * (MAX_TOKEN + 1), "token_too_large", id="16 KiB and one"),
        pytest.param(b"\xff" * (MAX_TOKEN + 1), "token_too_large", id="too many bytes, whatever they are"),
        pytest.param(b'{"payload":"e30","protected":"e30","signature":"AA"}', "malformed_authorization", id="JSON serialization"),
        pytest.param(b"{}", "malformed_authorization", id="an object"),
    ],
)  # fmt: skip
def test_a_token_has_three_parts(token: bytes, code: str) -> None:
    """RFC 7515 §3.1, §7.1. Parts are counted before anything is decoded (CVE-2025-30204)."""
    assert verdict(API, token) == code


@pytest.mark.parametrize("separator", [b" ", b",", b", "], ids=repr)
def test_several_credentials_are_refused_before_one_of_them_is_read(separator: bytes) -> None:
    """Which of them counts would be a guess. Here the issuer is unknown, and nobody gets to see that."""
    other = seal(claims(iss="https://other.test/"))
    assert verdict(server(), other) == "unknown_issuer"
    assert verdict(server(), other + separator + TOKEN) == "malformed_authorization"
    assert verdict(server(), other + separator + SIGNATURE) == "malformed_authorization"


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda text: text + b"=", "malformed_token", id="padding"),
        pytest.param(lambda text: text + b"==", "malformed_token", id="double padding"),
        pytest.param(lambda text: text + b"+", "malformed_token", id="plus"),
        pytest.param(lambda text: text[:4] + b"/" + text[5:], "malformed_token", id="slash"),
        pytest.param(lambda text: text[:4] + b"~" + text[5:], "malformed_token", id="tilde"),
        pytest.param(lambda text: text[:4] + b" " + text[4:], "malformed_authorization", id="space"),
        pytest.param(lambda text: text[:4] + b"\n" + text[4:], "malformed_authorization", id="newline"),
        pytest.param(lambda text: text[:4] + b"\r\n" + text[4:], "malformed_authorization", id="CRLF"),
        pytest.param(lambda text: text[:4] + b"\t" + text[4:], "malformed_authorization", id="tab"),
        pytest.param(lambda text: text[:4] + b"\x00" + text[5:], "malformed_authorization", id="NUL"),
        pytest.param(lambda text: text[:4] + "ä".encode() + text[6:], "malformed_authorization", id="UTF-8"),
        pytest.param(lambda text: text[:4] + b"%3D" + text[4:], "malformed_authorization", id="percent"),
        pytest.param(lambda text: text[: len(text) // 4 * 4 - 3], "malformed_token", id="an impossible length"),
    ],
)
def test_a_part_is_canonical_base64url(part: int, change: Any, code: str) -> None:
    """RFC 7515 §2, no padding, line breaks, white space or other characters; CVE-2026-102269."""
    changed = TOKEN.split(b".")
    changed[part] = change(changed[part])

    assert verdict(API, b".".join(changed)) == code


def test_unused_bits_of_the_last_character_are_zero() -> None:
    """CVE-2026-102269: 64 octets of signature leave four bits, so a lenient reader knows 16 texts of this token."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(chr(TOKEN[-1]))

    others = [TOKEN[:-1] + alphabet[last + bits].encode() for bits in range(1, 16)]

    assert last % 16 == 0
    assert {verdict(API, other) for other in others} == {"malformed_token"}


def test_a_token_of_text_is_a_token_of_bytes() -> None:
    """``authenticate`` takes what the caller has at hand."""
    assert judge(API, TOKEN.decode()).subject == judge(API, TOKEN).subject


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("é", id="accent"),
        pytest.param("a.b.\u2028", id="line separator"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param(TOKEN.decode() + "\N{ZERO WIDTH SPACE}", id="zero width space behind"),
        pytest.param("\N{FULLWIDTH LATIN SMALL LETTER A}.b.c", id="full width"),
    ],
)
def test_text_beyond_ascii_is_no_token(token: str) -> None:
    """RFC 7515 §2: letters, digits, ``-``, ``_`` and ``.``; nothing is normalised."""
    assert verdict(API, token) == "malformed_authorization"


# --- what is remembered


def test_a_header_is_remembered_only_from_a_good_token() -> None:
    """A flood of bad tokens, each with a header of its own, fills no memory."""
    api = server(token_cache_size=0)
    for number in range(50):
        assert verdict(api, seal(payload=claims(exp=1), x=number)) == "token_expired"
        assert verdict(api, seal(kid=f"k{number}")) == "unknown_key"
    judge(api, TOKEN)

    assert list(parser_of(api)._headers) == [HEADER]


@pytest.mark.parametrize(("kid", "glanced"), [("1", ["1"]), (ABSENT, [])], ids=["with a kid", "without one"])
def test_only_a_token_with_a_kid_is_glanced_at(kid: object, glanced: list[str]) -> None:
    seen: list[str] = []

    Parser(lambda found, _payload: seen.append(found)).parse(seal(kid=kid))

    assert seen == glanced


def test_remembered_headers_are_bounded() -> None:
    """An issuer that writes a fresh member into each header must not fill the memory; several issuers keep theirs."""
    parser = Parser()
    for number in range(10_000):
        parser.remember(parser.parse(parts(b'{"alg":"ES256","n":%d}' % number)))
        assert len(parser._headers) <= 4096
        assert len(parser._headers) > 1 or number % 4096 == 0


def test_a_remembered_header_does_not_spare_a_token_its_checks() -> None:
    """The memory holds what was read, never a judgement: another issuer's algorithms are judged anew."""
    other = issuer("https://other.test/", algorithms=("EdDSA",))
    api = server(issuer(), other, token_cache_size=0)
    assert verdict(api, seal()) == "accepted"

    assert verdict(api, seal(payload=claims(iss="https://other.test/"))) == "unsupported_algorithm"
    assert verdict(api, seal(payload=claims(exp=NOW - 61))) == "token_expired"


def parser_of(api: ResourceServer) -> Parser:
    """The parser of a resource server."""
    return api._connection.parser


# --- values


def test_a_parsed_token_shows_nothing_it_says() -> None:
    """A value in a log line or a traceback must not hold payload or signature."""
    unverified = Parser().parse(TOKEN)
    access_token = verify(unverified, [key for key in API._connection.registrations.all[0].keys.known().keys if key.kid == "ec"])  # type: ignore[union-attr]

    for value in (unverified, access_token):
        shown = f"{value!r} {value}"
        assert not any(secret in shown for secret in (ISSUER, AUDIENCE, "5f1d7a0e", PAYLOAD.decode(), SIGNATURE.decode(), "b'"))


def test_what_was_parsed_is_what_was_signed() -> None:
    """CVE-2022-39227: one parse of one form; the verified octets are those between which the claims were read."""
    unverified = Parser().parse(TOKEN)

    assert unverified.signing_input + b"." + base64url(unverified.signature).encode() == TOKEN
    assert json.loads(unverified.payload) == unverified.claims == claims()


def test_no_key_verifies_nothing() -> None:
    """CVE-2026-28802 and its like: an absent key is a refusal, and so is an empty list of keys."""
    assert verify(Parser().parse(TOKEN), ()) is None


def test_the_refusal_tells_the_operator_where_to_look() -> None:
    """Expected, actual and place, all unverified."""
    error = refusal(API, seal(kid=7))

    assert isinstance(error, InvalidToken)
    assert isinstance(error, AccessTokenError)
    assert (error.at, error.actual, error.verified) == ("header.kid", 7, False)
