"""The most expensive tokens that an outsider can send, behind the header of a good one and behind one never seen."""

import json
from typing import Final

from bearerguard.testing.signing_key import base64url
from bearerguard.token.base64url import decode
from bearerguard.token.jws import MAX_TOKEN

_CLAIM: Final[dict[str, bytes]] = {
    "objects": b'"x":[' + b'{"a":""},' * 250 + b"0]",
    "objects and strings": b'"x":[' + b'{"a":""},' * 127 + b'0],"y":[' + b'"",' * 900 + b'""]',
    "small floats": b'"x":[' + b"2.2250738585072014e-308," * 250 + b"0]",
    "objects of floats": b'"x":[' + b'{"a":2.2250738585072014e-308},' * 120 + b"0]",
    "many objects": b'"x":[' + b'{"a":1},' * 500 + b"0]",
    "many floats": b'"x":[' + b"7e-300," * 1_550 + b"0]",
    "strings": b'"x":[' + b'"abc",' * 1_900 + b"0]",
    "surrogates": b'"x":"' + b"\\ud83d\\ude00" * 900 + b'"',
    "backslashes": b'"x":"\\\\ud800' + b"\\\\" * 4_000 + b'"',
    "members": b",".join(b'"%d":0' % number for number in range(490)),
}


def costly_tokens(good: str) -> dict[str, bytes]:
    """Tokens of up to 16 kB that are all refused, made of a good one: most for their signature, at the very end."""
    head, payload, signature = good.encode().split(b".")
    claims, header = decode(payload)[:-1], json.loads(decode(head))
    iss, aud = (json.dumps(json.loads(decode(payload))[name]).encode() for name in ("iss", "aud"))
    unfamiliar = base64url(b'{"alg":"RS256","kid":"%s","typ":"JWT"}' % header["kid"].encode()).encode()
    payloads = {name: claims + b"," + claim for name, claim in _CLAIM.items()}
    payloads["audiences"] = claims.replace(aud, b"[" + b",".join([b'"a"'] * 1_990) + b"]")
    payloads["a long audience"] = claims.replace(aud, b'"%s"' % (b"eyJ" * 3_500))
    payloads["an issuer of dots"] = claims.replace(iss, b'"%s@"' % (b"a." * 5_000))  # what is told of it is searched for secrets
    payloads["a long issuer"] = claims.replace(iss, b'"https://%s"' % (b"h" * 10_000))
    tokens = {}
    for where, front in (("known header", head), ("new header", unfamiliar)):
        for name, text in payloads.items():
            room = (MAX_TOKEN - len(front) - len(signature) - 2) * 3 // 4 - len(text) - 10
            whole = text + (b',"z":"%s"}' % (b"x" * room) if room > 0 else b"}")
            tokens[f"{name}, {where}"] = b".".join((front, base64url(whole).encode(), signature))
    return tokens
