"""The algebra of requirements: & and | mean what they say, and nothing can be combined by accident."""

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import AllOf, AnyOf, Requirement, all_of
from bearerguard.authorization.requirement import application, authenticated, client, delegated, role, scope, tenant
from bearerguard.errors import ConfigurationError, InsufficientScope
from bearerguard.principal import Principal
from support.ids import stable_repr

NOBODY = Principal("https://issuer.example", "sub")
READER = replace(NOBODY, roles=frozenset({"Read.All"}))

NAMES = st.sampled_from(["a", "b", "c"])
SOME_NAMES = st.frozensets(NAMES)
PRINCIPALS = st.builds(
    Principal,
    issuer=st.just("https://issuer.example"),
    subject=st.just("sub"),
    client_id=st.none() | NAMES,
    tenant_id=st.none() | NAMES,
    roles=SOME_NAMES,
    scopes=SOME_NAMES,
    is_application=st.booleans(),
)
LEAVES = st.one_of(
    st.builds(role, NAMES),
    st.builds(scope, NAMES),
    st.builds(client, NAMES),
    st.builds(tenant, NAMES, NAMES),
    st.builds(application),
    st.builds(delegated),
    st.builds(authenticated),
)


def combined(parts: st.SearchStrategy[Requirement]) -> st.SearchStrategy[Requirement]:
    return st.builds(operator.and_, parts, parts) | st.builds(operator.or_, parts, parts)


REQUIREMENTS = st.recursive(LEAVES, combined, max_leaves=8)


@given(REQUIREMENTS, REQUIREMENTS, PRINCIPALS)
def test_and_permits_who_both_sides_permit(one: Requirement, other: Requirement, principal: Principal) -> None:
    assert (one & other).permits(principal) == (one.permits(principal) and other.permits(principal))


@given(REQUIREMENTS, REQUIREMENTS, PRINCIPALS)
def test_or_permits_who_one_side_permits(one: Requirement, other: Requirement, principal: Principal) -> None:
    assert (one | other).permits(principal) == (one.permits(principal) or other.permits(principal))


@given(LEAVES, LEAVES, LEAVES)
def test_equal_operators_are_flattened(one: Requirement, two: Requirement, three: Requirement) -> None:
    assert (one & two) & three == one & (two & three) == AllOf((one, two, three))
    assert (one | two) | three == one | (two | three) == AnyOf((one, two, three))


@given(REQUIREMENTS)
def test_a_requirement_prints_as_it_would_be_written(requirement: Requirement) -> None:
    functions = [role, scope, client, tenant, application, delegated, authenticated]
    names = {function.__name__: function for function in functions}
    assert eval(repr(requirement), {"__builtins__": {}}, names) == requirement  # noqa: S307  of this test's own making


@given(REQUIREMENTS, PRINCIPALS)
def test_whoever_is_not_permitted_gets_a_documented_refusal(requirement: Requirement, principal: Principal) -> None:
    if not requirement.permits(principal):
        refusal = requirement.refusal(principal)
        assert type(refusal) is InsufficientScope
        assert refusal.reason in codes.ALL_CODES
        assert refusal.status == 403
        assert refusal.verified
        assert refusal.expected in repr(requirement)


@given(REQUIREMENTS, PRINCIPALS)
def test_the_scopes_of_a_refusal_would_have_helped(requirement: Requirement, principal: Principal) -> None:
    """RFC 6750 §3: ``scope`` is what the resource requires."""
    scopes = frozenset() if requirement.permits(principal) else frozenset(requirement.refusal(principal).scopes)
    if scopes:
        assert requirement.permits(replace(principal, scopes=principal.scopes | scopes))


@given(REQUIREMENTS, PRINCIPALS)
def test_where_no_scope_is_named_no_scope_would_have_helped(requirement: Requirement, principal: Principal) -> None:
    if delegated() not in requirement.leaves() and requirement.helping_scopes(principal) is None:
        assert not requirement.permits(replace(principal, scopes=frozenset({"a", "b", "c"})))


READ, WRITE, ORDERS, BILLING = role("Read.All"), role("Write.All"), scope("orders.read"), client("billing")

PRINTED = [
    (READ | ORDERS, 'role("Read.All") | scope("orders.read")'),
    (READ & ORDERS, 'role("Read.All") & scope("orders.read")'),
    (READ & ORDERS | BILLING, 'role("Read.All") & scope("orders.read") | client("billing")'),
    (READ & (ORDERS | BILLING), 'role("Read.All") & (scope("orders.read") | client("billing"))'),
    ((READ | WRITE) & (ORDERS | BILLING), '(role("Read.All") | role("Write.All")) & (scope("orders.read") | client("billing"))'),
]


@pytest.mark.parametrize(("requirement", "text"), PRINTED, ids=[text for _, text in PRINTED])
def test_parentheses_stand_only_where_they_are_needed(requirement: Requirement, text: str) -> None:
    assert repr(requirement) == text


REFUSALS = [
    ("and: the first that fails", READ & ORDERS, codes.MISSING_ROLE, 'role("Read.All")', [], ()),
    ("and: not what is met", authenticated() & ORDERS, codes.MISSING_SCOPE, 'scope("orders.read")', [], ("orders.read",)),
    (
        "and: with the scopes that all need",
        ORDERS & scope("orders.list"),
        codes.MISSING_SCOPE,
        'scope("orders.read")',
        [],
        ("orders.read", "orders.list"),
    ),
    ("or: what all agree on", READ | WRITE, codes.MISSING_ROLE, 'role("Read.All") | role("Write.All")', [], ()),
    (
        "or: different kinds",
        READ | ORDERS | BILLING,
        codes.REQUIREMENT_NOT_MET,
        'role("Read.All") | scope("orders.read") | client("billing")',
        {"roles": [], "scopes": [], "client_id": "shipping"},
        ("orders.read",),
    ),
    (
        "or: of ands that fail alike",
        READ & ORDERS | WRITE,
        codes.MISSING_ROLE,
        'role("Read.All") & scope("orders.read") | role("Write.All")',
        [],
        (),
    ),
    (
        "and: of ors",
        authenticated() & (READ | ORDERS),
        codes.REQUIREMENT_NOT_MET,
        'role("Read.All") | scope("orders.read")',
        {"roles": [], "scopes": []},
        ("orders.read",),
    ),
]


@pytest.mark.parametrize(
    ("requirement", "reason", "expected", "actual", "scopes"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_refusal_tells_what_was_needed_and_what_was_held(
    requirement: Requirement, reason: codes.ErrorCode, expected: str, actual: object, scopes: tuple[str, ...]
) -> None:
    refusal = requirement.refusal(replace(NOBODY, client_id="shipping"))
    assert (refusal.code, refusal.expected, refusal.actual, refusal.scopes) == (reason.code, expected, actual, scopes)


HELP = [
    ("what is held is asked for again", scope("a") & scope("b"), ("a", "b")),
    ("one alternative, the first", scope("b") | scope("c"), ("b",)),
    ("the alternative that is met", (scope("b") | scope("a")) & scope("c"), ("a", "c")),
    ("an alternative met without scopes", (scope("b") | role("Read.All")) & scope("c"), ("c",)),
    ("each scope once", scope("b") & (scope("c") | scope("b") & scope("d")) & scope("d"), ("b", "c", "d")),
    ("none where a role is missing, too", scope("b") & role("Write.All"), None),
    ("none where only roles would do", role("Write.All") | client("billing"), None),
    ("none needed", role("Read.All") & authenticated(), ()),
]


@pytest.mark.parametrize(("requirement", "scopes"), [row[1:] for row in HELP], ids=[row[0] for row in HELP])
def test_a_challenge_asks_for_the_scopes_of_one_way_in(requirement: Requirement, scopes: tuple[str, ...] | None) -> None:
    """RFC 6750 §3: ``scope`` is all that is required at once; what several alternatives need would be too much."""
    assert requirement.helping_scopes(replace(READER, scopes=frozenset({"a"}))) == scopes


def test_a_refusal_asked_for_without_need_is_still_a_refusal() -> None:
    for requirement in (authenticated(), READ & authenticated(), READ | authenticated()):
        assert requirement.refusal(READER).status == 403


def test_leaves_and_names_come_in_the_order_they_were_written() -> None:
    requirement = (READ | ORDERS & BILLING) & (WRITE | READ | scope("a") | ORDERS)
    assert list(requirement.leaves()) == [READ, ORDERS, BILLING, WRITE, READ, scope("a"), ORDERS]
    assert requirement.role_names() == ("Read.All", "Write.All")
    assert requirement.scope_names() == ("orders.read", "a")
    assert list(BILLING.leaves()) == [BILLING]
    assert BILLING.role_names() == BILLING.scope_names() == ()


STRANGERS = ["Read.All", None, True, 1, role, Requirement, [READ]]


@pytest.mark.parametrize("stranger", STRANGERS, ids=stable_repr)
@pytest.mark.parametrize("combine", [operator.and_, operator.or_])
def test_only_requirements_combine(stranger: object, combine: Callable[[object, object], object]) -> None:
    for left, right in ((READ, stranger), (stranger, READ)):
        with pytest.raises(ConfigurationError) as caught:
            combine(left, right)
        assert caught.value.parameter == "requirement"


def test_the_words_and_or_not_are_refused() -> None:
    """Python would keep one side of ``and`` and drop the other: a route would demand less than its source says."""
    for careless in (lambda: READ and WRITE, lambda: READ or WRITE, lambda: not READ):
        with pytest.raises(ConfigurationError):
            careless()


@pytest.mark.parametrize("operands", [(), (READ,), [READ, WRITE], (READ, "Write.All"), None], ids=stable_repr)
@pytest.mark.parametrize("kind", [AllOf, AnyOf])
def test_a_combination_of_fewer_than_two_requirements_cannot_be_built(kind: type[AllOf | AnyOf], operands: object) -> None:
    """``all([])`` is true: an empty requirement would let everybody in."""
    with pytest.raises(ConfigurationError):
        kind(operands)  # type: ignore[arg-type]


@dataclass(frozen=True)
class FromSubject(Requirement):
    """A rule of a user's own."""

    subject: str

    def permits(self, principal: Principal) -> bool:
        return principal.subject == self.subject

    def refusal(self, principal: Principal) -> InsufficientScope:
        return InsufficientScope(codes.REQUIREMENT_NOT_MET, actual=principal.subject, at="principal.subject", verified=True)


def test_a_rule_of_ones_own_combines_with_the_others() -> None:
    both = FromSubject("sub") & READ
    either = FromSubject("other") | scope("a")
    assert both.permits(READER)
    assert both.refusal(NOBODY).code == "missing_role"
    assert both.helping_scopes(NOBODY) is None
    assert not either.permits(READER)
    assert either.refusal(READER).actual == {"subject": "sub", "scopes": []}
    assert either.refusal(READER).scopes == ("a",)


@dataclass(frozen=True)
class Careless(FromSubject):
    """What a forgotten ``await`` or ``return roles`` leaves behind: something that counts as true."""

    def permits(self, principal: Principal) -> bool:
        return [principal.subject == self.subject]  # type: ignore[return-value]


def test_only_true_itself_is_a_permission() -> None:
    careless = Careless("other")
    assert not (careless & authenticated()).permits(READER)
    assert not (careless | WRITE).permits(READER)
    assert (careless & authenticated()).refusal(READER).actual == "sub"
    assert careless.helping_scopes(READER) is None
    assert ((careless | scope("a")) & scope("b")).helping_scopes(READER) == ("a", "b")


def test_several_requirements_are_what_and_makes_of_them_each_listed_once() -> None:
    a, b = role("a"), role("b")

    assert all_of([a]) is a
    assert all_of([a, a]) is a
    assert all_of([a, b]) == (a & b)
    assert all_of([a & b, b]) == (a & b)
