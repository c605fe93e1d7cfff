"""The single requirements: who meets them, what they refuse, and what cannot be written."""

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from enum import Enum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.requirement import (
    Client,
    Tenant,
    application,
    authenticated,
    client,
    delegated,
    role,
    scope,
    tenant,
)
from bearerguard.errors import ABSENT, ConfigurationError
from bearerguard.principal import Principal

SERVICE = Principal(
    "https://issuer.example",
    "service",
    client_id="billing",
    tenant_id="contoso",
    roles=frozenset({"Write.All", "Read.All"}),
    is_application=True,
)
USER = replace(SERVICE, subject="user", roles=frozenset(), scopes=frozenset({"orders.read", "orders.list"}), is_application=False)
UNKNOWN = Principal("https://issuer.example", "unknown")

PERMITTED = [
    (role("Read.All"), SERVICE),
    (scope("orders.read"), USER),
    (client("billing"), SERVICE),
    (client("shipping", "billing"), SERVICE),
    (tenant("contoso"), USER),
    (tenant("fabrikam", "contoso"), USER),
    (application(), SERVICE),
    (delegated(), USER),
    (authenticated(), UNKNOWN),
]


@pytest.mark.parametrize(("requirement", "principal"), PERMITTED, ids=[repr(row[0]) for row in PERMITTED])
def test_who_holds_it_is_permitted(requirement: Requirement, principal: Principal) -> None:
    assert requirement.permits(principal)


REFUSED = [
    (role("Read.All"), USER, codes.MISSING_ROLE, [], "principal.roles", ()),
    (role("read.all"), SERVICE, codes.MISSING_ROLE, ["Read.All", "Write.All"], "principal.roles", ()),
    (role("Read"), SERVICE, codes.MISSING_ROLE, ["Read.All", "Write.All"], "principal.roles", ()),
    (role("orders.read"), USER, codes.MISSING_ROLE, [], "principal.roles", ()),
    (scope("orders.write"), USER, codes.MISSING_SCOPE, ["orders.list", "orders.read"], "principal.scopes", ("orders.write",)),
    (scope("Orders.Read"), USER, codes.MISSING_SCOPE, ["orders.list", "orders.read"], "principal.scopes", ("Orders.Read",)),
    (scope("Read.All"), SERVICE, codes.MISSING_SCOPE, [], "principal.scopes", ("Read.All",)),
    (client("shipping"), SERVICE, codes.CLIENT_NOT_ALLOWED, "billing", "principal.client_id", ()),
    (client("billing-app"), SERVICE, codes.CLIENT_NOT_ALLOWED, "billing", "principal.client_id", ()),
    (client("None"), UNKNOWN, codes.CLIENT_NOT_ALLOWED, ABSENT, "principal.client_id", ()),
    (tenant("fabrikam"), SERVICE, codes.TENANT_NOT_ALLOWED, "contoso", "principal.tenant_id", ()),
    (tenant("contoso"), UNKNOWN, codes.TENANT_NOT_ALLOWED, ABSENT, "principal.tenant_id", ()),
    (application(), USER, codes.APPLICATION_REQUIRED, False, "principal.is_application", ()),
    (delegated(), SERVICE, codes.USER_REQUIRED, True, "principal.is_application", ()),
    (delegated(), replace(SERVICE, scopes=frozenset({"a"})), codes.USER_REQUIRED, True, "principal.is_application", ()),
    (delegated(), UNKNOWN, codes.USER_REQUIRED, [], "principal.scopes", ()),
]


@pytest.mark.parametrize(
    ("requirement", "principal", "refused"),
    [(row[0], row[1], row[2:]) for row in REFUSED],
    ids=[f"{row[0]!r} of {row[1].subject}" for row in REFUSED],
)
def test_who_lacks_it_is_refused_with_its_code(
    requirement: Requirement, principal: Principal, refused: tuple[codes.ErrorCode, object, str, tuple[str, ...]]
) -> None:
    assert not requirement.permits(principal)
    refusal = requirement.refusal(principal)
    assert (refusal.reason, refusal.actual, refusal.at, refusal.scopes) == refused
    assert (refusal.status, refusal.error, refusal.expected, refusal.verified) == (
        403,
        "insufficient_scope",
        repr(requirement),
        True,
    )


PRINTED = [
    (role("Read.All"), 'role("Read.All")'),
    (role("it's"), """role("it's")"""),
    (role('say "x"'), """role('say "x"')"""),
    (role("Bücher\u2028"[:6]), 'role("Bücher")'),
    (role("a\x1bb"), r'role("a\x1bb")'),
    (scope("https://api.example/orders.read"), 'scope("https://api.example/orders.read")'),
    (client("b", "a"), 'client("a", "b")'),
    (tenant("contoso"), 'tenant("contoso")'),
    (application(), "application()"),
    (delegated(), "delegated()"),
    (authenticated(), "authenticated()"),
]


@pytest.mark.parametrize(("requirement", "text"), PRINTED, ids=[row[1] for row in PRINTED])
def test_a_requirement_reads_like_its_source(requirement: Requirement, text: str) -> None:
    assert repr(requirement) == text


@given(st.text(min_size=1).filter(lambda name: name == name.strip()))
def test_any_role_name_is_printed_so_that_it_can_be_read_back(name: str) -> None:
    assert eval(repr(role(name)), {"__builtins__": {}, "role": role}) == role(name)  # noqa: S307  of this test's own making


BAD_NAMES = [
    "",
    " ",
    "\t",
    " Read.All",
    "Read.All ",
    "Read.All\n",
    None,
    1,
    b"Read.All",
    ["Read.All"],
    ("Read.All",),
    role("Read.All"),
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
@pytest.mark.parametrize("build", [role, scope, client, tenant])
def test_a_name_that_nobody_could_hold_is_refused_when_written(build: Callable[[object], Requirement], name: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build(name)
    assert caught.value.parameter == build.__name__


@pytest.mark.parametrize("build", [client, tenant])
def test_an_empty_list_is_refused_when_written(build: Callable[..., Requirement]) -> None:
    """``all([])`` and ``any([])`` are traps: a list that became empty must not decide anything."""
    with pytest.raises(ConfigurationError):
        build()
    with pytest.raises(ConfigurationError):
        build("a", "")


@pytest.mark.parametrize("kind", [Client, Tenant])
def test_a_text_is_not_a_list_of_names(kind: Callable[[Any], Requirement]) -> None:
    """Its letters would be the names."""
    with pytest.raises(ConfigurationError):
        kind("a")


NO_SCOPES = [
    "orders.read orders.write",
    'orders"read',
    "orders\\read",
    "orders\tread",
    "orders\x7fread",
    "Bücher",
    "a\u2028b",
    "a\x00",
]


@pytest.mark.parametrize("name", NO_SCOPES, ids=repr)
def test_what_no_challenge_can_name_is_no_scope(name: str) -> None:
    """RFC 6750 §3 and RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E."""
    with pytest.raises(ConfigurationError):
        scope(name)


@given(st.text())
def test_a_scope_is_refused_or_safe_in_a_quoted_string(name: str) -> None:
    """RFC 6750 §3: nothing that would leave the quotes of ``scope="…"`` or split it in two."""
    safe = {chr(code) for code in range(0x21, 0x7F)} - {'"', "\\"}
    try:
        scope(name)
    except ConfigurationError:
        assert not name or not set(name) <= safe
    else:
        assert set(name) <= safe


def test_equal_requirements_are_one_in_a_set() -> None:
    assert len({role("a"), role("a"), role("b"), scope("a"), client("a"), tenant("a")}) == 5
    assert client("a", "b", "a") == client("b", "a")
    assert hash(role("a") | scope("b")) == hash(role("a") | scope("b"))
    assert role("a") & role("b") != role("a") | role("b")
    assert len({application(), application(), delegated(), authenticated()}) == 3


@pytest.mark.parametrize("requirement", [role("a"), client("a"), application(), role("a") & scope("b")], ids=repr)
def test_a_requirement_cannot_be_changed(requirement: Requirement) -> None:
    for name in ("name", "ids", "operands", "reason", "anything"):
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            setattr(requirement, name, "b")


def test_a_requirement_survives_pickling() -> None:
    requirement = (role("a") | client("c")) & scope("b") & delegated()
    assert pickle.loads(pickle.dumps(requirement)) == requirement  # noqa: S301  of this test's own making


class Roles(StrEnum):
    READ = "Read.All"


class Scopes(str, Enum):  # noqa: UP042  its str() is not its value
    READ = "orders.read"


def test_members_of_an_enumeration_are_names() -> None:
    assert role(Roles.READ) == role("Read.All")
    assert repr(scope(Scopes.READ)) == 'scope("orders.read")'
    assert repr(client(Scopes.READ)) == 'client("orders.read")'
    assert role(Roles.READ).permits(SERVICE)
    assert [type(name) for name in role(Roles.READ).role_names() + scope(Scopes.READ).scope_names()] == [str, str]


@pytest.mark.parametrize(
    "requirement", [role("Read.All"), role("Read.All") | scope("orders.write"), role("Read.All") & application()]
)
def test_a_role_that_could_not_be_read_is_told_as_the_cause(requirement: Requirement) -> None:
    """Otherwise the log says that nothing is held, and somebody grants a role that is granted."""
    unread = replace(USER, roles_problem="`roles` is not an array; roles_form= declares another form")

    assert "`roles` is not an array" in requirement.refusal(unread).operator_text
    assert requirement.refusal(USER).hint == ""
    assert "is not an array" not in str(requirement.refusal(unread))
