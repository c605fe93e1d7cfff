"""The rooms, wired."""

import copy
import logging
import pickle
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from bearerguard import ResourceServer
from bearerguard.errors import AccessTokenError, ConfigurationError, IssuerUnavailable, MissingToken
from bearerguard.events import Event
from bearerguard.issuers.issuer import Issuer
from support.published import LONG_AFTER, Published, background_work
from support.sealed import ABSENT, AUDIENCE, ISSUER, NOW, claims, issuer, judge, refusal, seal, server, verdict

TOKEN: Final = seal()

# --- settings


WRONG: Final[dict[str, tuple[Any, ...]]] = {
    "issuers": ([], (), None, 42, "x", [None], b"x", [ISSUER], [[issuer()]], [issuer(), issuer()]),
    "audience": ("", [], None, [""], 7, ["a", None], "  ", " api://orders", ["a", "b\n"], "api://orders/.default"),
    "leeway": (-1, -0.001, 300.1, True, None, "60", [], 60j, float("nan"), float("inf")),
    "token_cache_size": (-1, None, False, "10", 10**9, float("nan"), 0.5, 100.0),
    "transport": ("x", httpx.HTTPTransport(), httpx.AsyncHTTPTransport, httpx.AsyncClient()),
    "clock": ("x", object(), time),
    "on_event": ("x", 7, [7]),
    "implied_roles": ({"": ["a"]}, {"a": "bc"}, ["a"]),
}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [pytest.param(name, value, id=f"{name} {number}") for name, values in WRONG.items() for number, value in enumerate(values)],
)
def test_a_wrong_setting_is_named_when_the_server_is_built(parameter: str, value: object) -> None:
    """Bad input: a ``ConfigurationError`` at construction that names the parameter and shows a valid value."""
    settings: dict[str, Any] = {"issuers": [issuer()], "audience": AUDIENCE, parameter: value}
    with pytest.raises(ConfigurationError) as caught:
        ResourceServer(**settings)

    assert caught.value.parameter == parameter
    assert "A valid value: " in str(caught.value)


def test_a_static_key_set_without_a_usable_key_is_a_wrong_setting() -> None:
    """Nothing could ever be verified."""
    with pytest.raises(ConfigurationError) as caught:
        server(Issuer(ISSUER, jwks={"keys": []}))

    assert caught.value.parameter == "jwks"


@pytest.mark.parametrize(
    "given",
    [issuer(), [issuer()], (issuer(),), {issuer()}, [(issuer(),)], iter([issuer()])],
    ids=["alone", "list", "tuple", "set", "tuple in a list", "iterator"],
)
def test_issuers_come_alone_in_a_collection_or_in_tuples_of_presets(given: Any) -> None:
    """A preset gives an issuer or a tuple of them."""
    api = ResourceServer(given, AUDIENCE)

    assert [one.issuer for one in api.issuers] == [ISSUER]


@pytest.mark.parametrize("audience", ["a", ["a"], ("a", "a"), {"a"}, frozenset("a")])
def test_the_audience_is_one_name_or_several(audience: Any) -> None:
    assert ResourceServer(issuer(), audience).audience == {"a"}


@pytest.mark.parametrize("leeway", [0, 0.0, 300, 0.5])
def test_a_leeway_up_to_five_minutes_is_accepted(leeway: float) -> None:
    """RFC 7519 §4.1.4: a few minutes at most."""
    assert ResourceServer(issuer(), AUDIENCE, leeway=leeway).issuers


# --- who calls


def test_a_caller_is_what_its_token_says() -> None:
    token = seal(payload=claims(roles=["Read.All", "b"], scope="orders.read  orders.write"))
    principal = judge(server(), token)

    assert (principal.issuer, principal.subject, principal.client_id, principal.tenant_id) == (ISSUER, "5f1d7a0e", "reader", None)
    assert principal.roles == {"Read.All", "b"}
    assert principal.scopes == {"orders.read", "orders.write"}
    assert principal.expires_at == NOW + 3600
    assert principal.claims["jti"] == "0c4f"
    assert principal.key_age == 0


@pytest.mark.parametrize(
    "roles",
    [
        "Read.All",
        "Read.All Write.All",
        {"Read.All": 1},
        ["Read.All", 1],
        ["Read.All", ""],
        [["Read.All"]],
        1,
        True,
        None,
        [],
        ABSENT,
    ],
    ids=repr,
)
def test_a_roles_claim_of_the_wrong_type_means_no_role(roles: object) -> None:
    """Never an error, never a guess; roles are not split on blanks or commas."""
    assert judge(server(), seal(payload=claims(roles=roles))).roles == frozenset()


def test_a_caller_without_subject_has_an_empty_one() -> None:
    """RFC 7519 §4.1.2: optional."""
    assert judge(server(), seal(payload=claims(sub=ABSENT))).subject == ""


def test_roles_hold_what_they_imply() -> None:
    """Applied once, when the principal is built."""
    api = server(implied_roles={"ReadWrite.All": ["Read.All", "Write.All"]})

    assert judge(api, seal(payload=claims(roles=["ReadWrite.All"]))).roles == {"ReadWrite.All", "Read.All", "Write.All"}
    assert judge(api, seal(payload=claims(roles=["Read.All"]))).roles == {"Read.All"}


def test_text_and_bytes_are_the_same_token() -> None:
    """``authenticate`` takes both, and remembers them as one."""
    api = server()

    assert judge(api, TOKEN.decode()) == judge(api, TOKEN) == api.recall(TOKEN)


# --- what is told


@pytest.mark.anyio
async def test_events_tell_what_is_worth_counting() -> None:
    """Names, issuers and codes: nothing of a token."""
    seen: list[Event] = []
    published = Published()
    api = published.server(on_event=seen.append)
    await api.authenticate(TOKEN)
    await api.authenticate(TOKEN)
    with pytest.raises(AccessTokenError):
        await api.authenticate(seal(payload=claims(exp=1)))
    published.is_down = True
    published.clock.advance(LONG_AFTER)
    api.recall(TOKEN)
    await background_work()

    assert [(event.name, event.issuer, event.code) for event in seen if event.name != "keys_failed"] == [
        ("keys_fetched", ISSUER, ""),
        ("token_accepted", ISSUER, ""),
        ("token_accepted", ISSUER, ""),
        ("token_refused", ISSUER, "token_expired"),
    ]
    assert [(event.status, event.verified, event.cached) for event in seen[1:4]] == [
        (0, True, False),
        (0, True, True),
        (401, False, False),
    ]
    assert seen[-1].name == "keys_failed"


def test_a_hook_that_fails_decides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A broken metric must neither open nor close an API."""

    def broken(_: Event) -> None:
        raise RuntimeError

    api = server(on_event=broken)

    assert verdict(api, TOKEN) == "accepted"
    assert api.recall(TOKEN) is not None
    assert verdict(api, TOKEN[:-2]) != "accepted"


def test_a_refusal_is_reported_to_the_operator_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """INFO for what callers send: anyone can cause it, and nobody need get up at night."""
    api = server()
    token = seal(payload=claims(aud="api://billing"))
    with caplog.at_level(logging.INFO, logger="bearerguard"):
        api.report(refusal(api, token))

    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "wrong_audience" in record.getMessage()
    assert not any(part in record.getMessage() for part in token.decode().split("."))


def test_an_unavailable_issuer_is_a_refusal_like_others(caplog: pytest.LogCaptureFixture) -> None:
    """The key source warns of its issuer once; a warning for each request would bury it."""
    with caplog.at_level(logging.INFO, logger="bearerguard"):
        server().report(IssuerUnavailable(ISSUER, retry_after=3, last_error="timeout"))

    assert [record.levelno for record in caplog.records] == [logging.INFO]


@pytest.mark.anyio
async def test_a_missing_token_and_a_defect_are_told_as_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not accepted is counted as refused, whatever the reason."""
    seen: list[Event] = []
    api = server(on_event=seen.append)
    with pytest.raises(MissingToken):
        await api.authenticate(None)  # type: ignore[arg-type]
    monkeypatch.setattr(api.connection.cache, "recall", broken_look_up)
    with pytest.raises(ZeroDivisionError):
        await api.authenticate(TOKEN)
    with pytest.raises(ConfigurationError):
        await api.authenticate(7)  # type: ignore[arg-type]

    assert [(event.name, event.code, event.status) for event in seen] == [
        ("token_refused", "missing_token", 401),
        ("token_refused", "internal_error", 500),
    ]


def broken_look_up(_token: bytes) -> None:
    raise ZeroDivisionError


# --- other processes


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_server_that_is_pickled_or_copied_says_what_to_do_instead(take: Callable[[ResourceServer], object]) -> None:
    """``multiprocessing`` pickles the arguments of a process that it spawns."""
    with pytest.raises(TypeError, match="Build it in each process that needs it"):
        take(server())


def test_no_token_is_a_missing_token() -> None:
    """What ``headers.get("authorization")`` gives where there is none."""
    with pytest.raises(MissingToken) as caught:
        judge(server(), None)  # type: ignore[arg-type]  # that is the point
    assert caught.value.code == "missing_token"


@pytest.mark.parametrize("token", [7, ["x"], {}, 1.5], ids=repr)
def test_what_is_no_text_is_a_mistake_of_the_developers(token: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        judge(server(), token)
    assert caught.value.parameter == "token"


def test_a_leeway_that_is_too_long_is_told_with_a_useful_value() -> None:
    with pytest.raises(ConfigurationError, match=r"from 0 to 300, got 600\. A valid value: 60$"):
        ResourceServer(issuer(), "api://orders", leeway=600)
