"""Every reason for a refusal is documented, once, in words that may stand on the wire."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

import bearerguard
from bearerguard import error_codes
from bearerguard.error_codes import ALL_CODES, ErrorCode

MEANING: Final = {400: {"invalid_request"}, 401: {"", "invalid_token"}, 403: {"insufficient_scope"}, 500: {""}, 503: {""}}
CLASSES: Final = {
    "MissingToken": (401, ""),
    "InvalidRequest": (400, "invalid_request"),
    "InvalidToken": (401, "invalid_token"),
    "InsufficientScope": (403, "insufficient_scope"),
}
CONSTANTS: Final = {name: value for name, value in vars(error_codes).items() if isinstance(value, ErrorCode)}


def test_codes_are_unique() -> None:
    """Stable for ever: callers, logs and metrics agree on them."""
    names = [code.code for code in ALL_CODES]

    assert len(set(names)) == len(names) == len(CONSTANTS)


def test_a_code_is_the_name_of_its_constant() -> None:
    """Found by guess."""
    assert {name.lower(): constant.code for name, constant in CONSTANTS.items()} == {code.code: code.code for code in ALL_CODES}
    assert [code for code in ALL_CODES if not re.fullmatch(r"[a-z][a-z_]*[a-z]", code.code)] == []


def test_status_and_error_belong_together() -> None:
    """RFC 6750 §3.1; a 5xx carries none."""
    assert [code for code in ALL_CODES if code.error not in MEANING[code.status]] == []


def test_a_description_holds_only_what_a_challenge_may() -> None:
    """RFC 6750 §3: %x20-21 / %x23-5B / %x5D-7E, without a quote or a backslash."""
    allowed, texts = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+"), [code.description for code in ALL_CODES]

    assert [text for text in texts if not allowed.fullmatch(text) or not text[0].isupper() or text.endswith(".")] == []


def test_a_code_has_cause_and_remedy_in_sentences() -> None:
    """The error reference of the README is made of them."""
    texts = [text for code in ALL_CODES for text in (code.cause, code.remedy)]

    assert [text for text in texts if not (text.isprintable() and text[0].isupper() and text.endswith((".", ".)")))] == []


def test_descriptions_tell_codes_apart() -> None:
    """With ``disclose`` at its default a caller reads the description."""
    assert len({code.description for code in ALL_CODES}) == len(ALL_CODES)


def _raised_with_a_code() -> list[tuple[str, str]]:
    """(class, name of the constant) of each error that the source builds with ``codes.NAME`` or ``NAME``."""
    found = []
    for path in Path(bearerguard.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES and node.args:
                reason = node.args[0]
                name = reason.attr if isinstance(reason, ast.Attribute) else getattr(reason, "id", "")
                if name in CONSTANTS:
                    found.append((node.func.id, name))
    return found


def test_every_error_is_raised_with_a_code_of_its_own_status() -> None:
    """``InvalidToken`` with a 403 code would be answered as neither."""
    raised = _raised_with_a_code()

    assert len(raised) > 20
    assert [(kind, name) for kind, name in raised if CLASSES[kind] != (CONSTANTS[name].status, CONSTANTS[name].error)] == []


def test_an_error_code_cannot_be_changed() -> None:
    """Constant on the wire."""
    with pytest.raises(AttributeError):
        error_codes.MISSING_TOKEN.description = "x"  # type: ignore[misc]
