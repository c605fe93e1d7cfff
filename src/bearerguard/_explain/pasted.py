"""Finds the token in whatever a person pastes.

People paste what they have at hand: a token, an ``Authorization`` line, a ``curl`` command, a whole
token response. On the way a token is often damaged: wrapped, quoted, escaped, cut off. Each repair
is told, since a request that sends the damaged text is refused.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

MAX_PASTED: Final = 256 * 1024
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff]")
_AUTHORIZATION: Final = re.compile(r"(?im)^[ \t>]*[\"']?(?:proxy-)?authorization[\"']?\s*[:=]\s*(.*(?:\n[ \t]+.*)*)")
_BEARER: Final = re.compile(r"(?i)^bearer(?:[ \t:]+|$)")
_LOOKS_LIKE_JWT: Final = re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*")
_WORD_AND_DOT: Final = re.compile(r"(?<![\w-])[\w-]++\.(?=[\w-])")
_ONE_TOKEN: Final = re.compile(r"""[\s"'`<>\u2018-\u201d]*eyJ[^<>{}()]*""")
_QUOTES: Final = "\"'`\u2018\u2019\u201c\u201d<>"
_ELLIPSES: Final = ("...", "\u2026")
_TOKEN_MEMBERS: Final = ("access_token", "accessToken", "token", "id_token", "refresh_token")
_SHOWN_MEMBERS: Final = frozenset(
    (
        *("token_type", "expires_in", "ext_expires_in", "expires_on", "not_before", "scope", "resource", "issued_token_type"),
        *("error", "error_description", "error_codes", "error_uri", "timestamp", "trace_id", "correlation_id", "suberror"),
    )
)
_HEADER_OPTIONS: Final = ("-H", "--header")


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was found.

    Attributes:
        token: The text of the token, repaired; empty where there is none.
        origin: Where it was: ``token``, ``authorization line``, ``curl command``, ``token
            response`` or ``error response``.
        member: Of a token response, the member that was taken.
        repairs: What was wrong with the text, one sentence each.
        response: The members of a token or error response, tokens left out.
    """

    token: str = field(default="", repr=False)
    origin: str = "token"
    member: str = ""
    repairs: tuple[str, ...] = ()
    response: Mapping[str, Any] = field(default_factory=dict, repr=False)


def read_pasted(text: str | bytes) -> Pasted:
    """Find the token. Never raises: what cannot be understood is taken for a token, and judged as
    one.

    Args:
        text: At most 256 KiB are looked at.
    """
    repairs: list[str] = []
    pasted = _decoded(text[:MAX_PASTED], repairs)
    response = _json_object(pasted, repairs)
    if response is not None and _is_an_answer(response):
        return _of_response(response, repairs)
    stripped = pasted.strip()
    if re.match(r"(?:\$\s*)?curl(?:\.exe)?\s", stripped):
        return Pasted(_cleaned(_of_curl(stripped), repairs), "curl command", repairs=tuple(repairs))
    line = _AUTHORIZATION.search(pasted)
    if line is not None:
        return Pasted(_cleaned(line[1], repairs, scheme=True), "authorization line", repairs=tuple(repairs))
    scheme = _BEARER.match(stripped) is not None
    token = _cleaned(stripped if scheme else _alone(stripped, repairs), repairs, scheme=scheme)
    return Pasted(token, "authorization line" if scheme else "token", repairs=tuple(repairs))


def _alone(text: str, repairs: list[str]) -> str:
    """The token within other text, such as a line of a program; empty where several words hold
    none.
    """
    if _ONE_TOKEN.fullmatch(text):
        return text
    found = _token_like(text)
    if found is None:
        return "" if len(text.split()) > 1 else text
    repairs.append("The token was found within other text, which was left out.")
    return found[0]


def _token_like(text: str) -> re.Match[str] | None:
    """The first text that looks like a token. A search from each ``eyJ`` would take hours where one
    word holds many.
    """
    for word in _WORD_AND_DOT.finditer(text):
        begins = text.find("eyJ", word.start(), word.end())
        found = None if begins < 0 else _LOOKS_LIKE_JWT.match(text, begins)
        if found is not None:
            return found
    return None


def _decoded(text: str | bytes, repairs: list[str]) -> str:
    if isinstance(text, bytes):
        if text.startswith((b"\xff\xfe", b"\xfe\xff")):
            repairs.append("The text is UTF-16, as PowerShell redirects write it; a request must send ASCII.")
            text = text.decode("utf-16", "replace")
        else:
            text = _octets_as_text(text, repairs)
    if _INVISIBLE.search(text):
        repairs.append("The text holds invisible characters, as web pages and chat programs insert them; they were removed.")
        text = _INVISIBLE.sub("", text)
    return text


def _octets_as_text(text: bytes, repairs: list[str]) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        repairs.append("The text holds a byte that is not UTF-8; the token was damaged on its way here.")
        return text.decode("latin-1")


def _json_object(text: str, repairs: list[str]) -> dict[str, Any] | None:
    """The JSON object that the text is, also where its quotes were escaped by a shell or another
    JSON text.
    """
    begins, ends = text.find("{"), text.rfind("}")
    if begins < 0 or ends < begins or _token_like(text[:begins]):
        return None
    candidate = text[begins : ends + 1]
    for attempt, repair in (
        (candidate, ""),
        (candidate.replace('\\"', '"'), "The JSON's quotes are escaped; they were unescaped."),
    ):
        try:
            found = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            if repair:
                repairs.append(repair)
            return found
    return None


def _is_an_answer(response: dict[str, Any]) -> bool:
    """Whether it is a token endpoint's answer: other JSON text is searched like any text."""
    return any(isinstance(response.get(name), str) for name in (*_TOKEN_MEMBERS, "error"))


def _of_response(response: dict[str, Any], repairs: list[str]) -> Pasted:
    shown = {name: value for name, value in response.items() if name in _SHOWN_MEMBERS and not isinstance(value, dict)}
    member = next((name for name in _TOKEN_MEMBERS if isinstance(response.get(name), str)), "")
    if not member:
        return Pasted(origin="error response", repairs=tuple(repairs), response=shown)
    return Pasted(_cleaned(response[member], repairs), "token response", member, tuple(repairs), shown)


def _of_curl(command: str) -> str:
    """The bearer token of a curl command: of ``-H 'Authorization: …'`` or ``--oauth2-bearer``; else
    what looks like one.
    """
    try:
        words = shlex.split(command.replace("\\\n", " ").replace("^\n", " "))
    except ValueError:  # an odd quote: the paste was cut
        words = command.split()
    for option, value in zip(words, [*words[1:], ""], strict=True):
        if option == "--oauth2-bearer":
            return value
        header = value if option in _HEADER_OPTIONS else option.removeprefix("-H").removeprefix("--header=")
        line = _AUTHORIZATION.match(header)
        if line is not None:
            return _BEARER.sub("", line[1])
    found = _token_like(command)
    return found[0] if found else ""


def _cleaned(text: str, repairs: list[str], *, scheme: bool = False) -> str:
    """The token without what surrounds and interrupts it."""
    token = _without_quotes(text.strip(), repairs)
    if scheme:
        token = _BEARER.sub("", token, count=1)
    if _BEARER.match(token):
        if scheme:
            repairs.append("'Bearer' is written twice; it belongs in front of the token once.")
        else:
            repairs.append("'Bearer' is part of the pasted token; an HTTP library that adds it would send it twice.")
        while _BEARER.match(token):
            token = _BEARER.sub("", token)
    token = _without_quotes(token, repairs)
    if "%" in token and re.search(r"%[0-9A-Fa-f]{2}", token):
        repairs.append("The token is percent-encoded; a header takes it as the issuer wrote it.")
        token = unquote_to_bytes(token).decode("latin-1").strip()
    if "\\" in token:
        repairs.append("The token holds backslashes, as an escaped JSON text or a shell leaves them; they were removed.")
        token = re.sub(r"\\[nrt\n]?", "", token)
    if re.search(r"\s", token):
        repairs.append("The token is broken by spaces or line breaks; they were removed. A request must send it in one piece.")
        token = re.sub(r"\s+", "", token)
    if any(mark in token for mark in _ELLIPSES):
        repairs.append("The token is cut off: '...' stands for what is missing. Copy the whole token.")
    return token.strip(",;")


def _without_quotes(token: str, repairs: list[str]) -> str:
    bare = token.strip(_QUOTES + ",;\\ \t\r\n")
    if bare != token and any(quote in token[:2] + token[-3:] for quote in _QUOTES):
        repairs.append("The token is wrapped in quotes; they are not part of it.")
    return bare
