"""The paths of a route, in segments that rows can be compared with. In doubt more, never fewer."""

import re
from typing import Any, Final

from starlette.convertors import CONVERTOR_TYPES
from starlette.routing import PARAM_REGEX, compile_path

from bearerguard.authorization.policy_row import REST, UUID
from bearerguard.authorization.route_segment import TEXTS, RouteSegment, Texts, kinds_with
from bearerguard.web.routes import FRAMEWORKS, path_of, subtree_of

ALL_BENEATH: Final = "/{path:path}"  # as Mount writes it

# The regular expressions of Starlette's own converters; others under the same name do not count.
_KNOWN: Final = {
    "[^/]+": "str",
    "[0-9]+": "int",
    r"[0-9]+(\.[0-9]+)?": "float",
    UUID: "uuid",
}
# A converter may be any regular expression. Made of these pieces alone it takes no slash, however they
# are combined. An unescaped dot is not among them: it takes one.
_SLASHLESS: Final = re.compile(
    r"""(?: \[ (?: [A-Za-z0-9]-[A-Za-z0-9] | [A-Za-z0-9_] | \.(?!-[^\]]) | \\[dw.-] )+ -? \]
          | \\[dw.-] | [A-Za-z0-9_:~-] | \(\?: | [()|+*?] | \{[0-9]+(?:,[0-9]*)?\} )+""",
    re.VERBOSE,
)


def is_as_written(route: Any) -> bool:
    """Whether a route, mount or host matches just the paths of its template."""
    for one in (route, getattr(route, "original_route", route)):
        if getattr(getattr(one, "matches", None), "__module__", None) not in FRAMEWORKS:
            return False
    if hasattr(route, "host_regex"):
        return True
    template = path_of(route) + ("" if subtree_of(route) is None else ALL_BENEATH)
    try:
        pattern, _, _ = compile_path(template)
    except (AssertionError, KeyError, ValueError):  # no template, or a converter that is not registered any more
        return False
    return bool(pattern == getattr(route, "path_regex", None))


def segments_of(template: str) -> tuple[RouteSegment, ...]:
    """The segments of a Starlette template, up to the first parameter that may take a slash."""
    segments: list[RouteSegment] = []
    for text in template.split("/")[1:]:
        segment = _segment(text)
        segments.append(segment)
        if segment is REST:
            break
    return tuple(segments)


def _segment(text: str) -> RouteSegment:
    literals, patterns, end = [], [], 0
    for parameter in PARAM_REGEX.finditer(text):
        pattern = CONVERTOR_TYPES[(parameter.group(2) or ":str")[1:]].regex
        if pattern in _KNOWN and parameter.group() == text:
            return TEXTS[_KNOWN[pattern]]
        if pattern not in _KNOWN and not _takes_one_segment(pattern):
            return REST
        literals.append(text[end : parameter.start()])
        patterns += [re.escape(literals[-1]), f"(?:{pattern})"]
        end = parameter.end()
    if not patterns:
        return text
    literals.append(text[end:])
    whole = re.compile("".join(patterns) + re.escape(text[end:]))
    return Texts(whole.fullmatch, kinds_with("".join(literals)))


def _takes_one_segment(pattern: str) -> bool:
    return _SLASHLESS.fullmatch(pattern) is not None and re.fullmatch(pattern, "") is None
