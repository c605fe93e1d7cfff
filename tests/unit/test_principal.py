"""Who is calling, as an immutable value."""

import copy
import inspect
import json
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.principal import PayloadClaims, Principal, sealed

CLAIMS: Final = {
    "iss": "https://issuer.test/",
    "sub": "5f1d",
    "secret": "s3cr3t",
    "realm": {"roles": ["a", {"b": [1]}]},
    "n": None,
}
PRINCIPAL: Final = Principal(
    "https://issuer.test/",
    "5f1d",
    "reader",
    "8f3c",
    frozenset({"Read.All"}),
    frozenset({"orders.read"}),
    True,
    1_767_272_400,
    PayloadClaims(json.dumps(CLAIMS).encode()),
    lambda: 12.5,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def thawed(value: Any) -> Any:
    """Read-only mappings and tuples as objects and arrays again."""
    if isinstance(value, Mapping):
        return {name: thawed(member) for name, member in value.items()}
    return [thawed(element) for element in value] if isinstance(value, tuple) else value


# --- the principal


def test_a_principal_tells_who_calls() -> None:
    assert (PRINCIPAL.issuer, PRINCIPAL.subject, PRINCIPAL.client_id) == ("https://issuer.test/", "5f1d", "reader")
    assert (PRINCIPAL.roles, PRINCIPAL.scopes) == (frozenset({"Read.All"}), frozenset({"orders.read"}))
    assert PRINCIPAL.is_application
    assert (PRINCIPAL.expires_at, PRINCIPAL.tenant_id, PRINCIPAL.key_age) == (1_767_272_400, "8f3c", 12.5)


def test_a_principal_can_be_copied_and_pickled_without_its_key_source() -> None:
    """A queue or a worker process may get it; the age of the keys is that of the moment."""
    ages = iter([1.0, 2.0, 3.0])
    principal = Principal("https://issuer.test/", "5f1d", claims=PRINCIPAL.claims, _age_of_keys=lambda: next(ages))
    copies = (pickle.loads(pickle.dumps(principal)), copy.copy(principal), copy.deepcopy(principal))  # noqa: S301  our own bytes
    assert [copied.key_age for copied in copies] == [1.0, 2.0, 3.0]
    assert all(copied == principal and copied.claims["sub"] == "5f1d" for copied in copies)


def test_a_principal_has_starlettes_user_interface() -> None:
    """Without importing Starlette."""
    assert PRINCIPAL.is_authenticated
    assert PRINCIPAL.identity == "5f1d"
    assert Principal("i", "5f1d").display_name == "5f1d"


@pytest.mark.parametrize("name", [field.name for field in fields(Principal)])
def test_a_principal_cannot_be_changed(name: str) -> None:
    """Frozen: one request must not change what the next one sees."""
    with pytest.raises(FrozenInstanceError):
        setattr(PRINCIPAL, name, "Admin")


def test_a_principal_takes_no_further_attributes() -> None:
    """Slots."""
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        PRINCIPAL.is_admin = True  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("subject", "client_id", "is_application", "name"),
    [
        pytest.param("u", "a", False, "u", id="a user"),
        pytest.param("s", "a", True, "a", id="an application"),
        pytest.param("", "a", False, "a", id="nothing but a client"),
        pytest.param("s", None, True, "s", id="an application without a client"),
        pytest.param("", None, False, "", id="nobody named"),
    ],
)
def test_the_name_to_display_is_the_client_of_an_application_and_the_subject_of_a_user(
    subject: str, client_id: str | None, is_application: bool, name: str
) -> None:
    assert Principal("https://issuer.test/", subject, client_id, is_application=is_application).display_name == name


def test_every_attribute_is_documented() -> None:
    text = inspect.getdoc(Principal) or ""  # 3.13 leaves indentation out of docstrings by itself
    public = {name for name in dir(Principal) if not name.startswith("_")}

    assert {name for name in public if f"    {name}: " not in text and not (getattr(Principal, name).__doc__ or "")} == set()


def test_a_copy_keeps_why_no_role_was_read() -> None:
    principal = replace(PRINCIPAL, roles_problem="`roles` is not an array")

    assert pickle.loads(pickle.dumps(principal)).roles_problem == "`roles` is not an array"  # noqa: S301  our own bytes


def test_a_principal_shows_issuer_subject_and_client_and_nothing_else() -> None:
    """A log or a crash report shows the text of a value."""
    assert repr(PRINCIPAL) == "Principal(issuer='https://issuer.test/', subject='5f1d', client_id='reader')"
    assert str(PRINCIPAL) == repr(PRINCIPAL)


def test_principals_are_equal_by_what_they_may_and_are_hashable() -> None:
    """Two verifications of one token give equal callers, whenever their keys were fetched."""
    again = Principal(
        "https://issuer.test/", "5f1d", "reader", "8f3c", frozenset({"Read.All"}), frozenset({"orders.read"}), True, 1_767_272_400
    )

    assert again == PRINCIPAL
    assert hash(again) == hash(PRINCIPAL)
    assert Principal("https://other.test/", "5f1d") != Principal("https://issuer.test/", "5f1d")


def test_a_principal_without_anything_may_nothing() -> None:
    """What a user's own test builds."""
    plain = Principal("https://issuer.test/", "5f1d")

    assert not any((plain.roles, plain.scopes, plain.is_application, plain.claims, plain.key_age))


# --- its claims


def test_claims_are_a_mapping() -> None:
    """Names are those of the token."""
    claims = PayloadClaims(json.dumps(CLAIMS).encode())

    assert claims["sub"] == "5f1d"
    assert claims.get("absent") is None
    assert "realm" in claims
    assert list(claims) == list(CLAIMS)
    assert len(claims) == 5
    with pytest.raises(KeyError):
        claims["absent"]


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_claims_say_what_the_payload_says(payload: dict[str, Any]) -> None:
    """Objects are read-only mappings, arrays tuples."""
    assert thawed(PayloadClaims(json.dumps(payload).encode())) == payload


def test_claims_are_parsed_once_and_only_when_asked() -> None:
    """A cached principal keeps bytes."""
    claims = PayloadClaims(b"not JSON at all")
    assert claims._members is None

    parsed = PayloadClaims(json.dumps(CLAIMS).encode())

    assert parsed["realm"] is parsed["realm"]


@pytest.mark.parametrize("name", ["payload", "sub", "other"])
def test_claims_take_no_other_payload(name: str) -> None:
    """A caller that is remembered is shared by its requests."""
    with pytest.raises(AttributeError):
        setattr(PayloadClaims(b'{"sub":"5f1d"}'), name, b'{"sub":"admin"}')


def test_claims_show_only_how_many_they_are() -> None:
    """A log or a crash report shows the text of a value."""
    claims = PayloadClaims(json.dumps(CLAIMS).encode())

    assert repr(claims) == str(claims) == "<5 claims>"


def test_claims_can_be_copied_and_pickled_before_and_after_they_were_read() -> None:
    """A queue or a worker process may get them; read-only mappings alone could not be sent."""
    claims = PayloadClaims(json.dumps(CLAIMS).encode())
    for _ in range(2):
        copies = (pickle.loads(pickle.dumps(claims)), copy.copy(claims), copy.deepcopy(claims))  # noqa: S301  our own bytes
        assert all(thawed(copied) == CLAIMS for copied in copies)
        assert claims["sub"] == "5f1d"  # read now


# --- the quick way to make one


def test_a_principal_made_the_quick_way_is_the_same_and_as_frozen() -> None:
    """Every field, in the order of the fields."""
    values = {entry.name: getattr(PRINCIPAL, entry.name) for entry in fields(PRINCIPAL)} | {"roles_problem": "`roles` is a text"}
    assert [name.lstrip("_") for name in values] == list(inspect.signature(sealed).parameters)

    made = sealed(*values.values())

    assert type(made) is Principal
    assert made == Principal(*values.values())
    assert {name: getattr(made, name) for name in values} == values
    for name in values:
        with pytest.raises(FrozenInstanceError):
            setattr(made, name, "another")
        with pytest.raises(FrozenInstanceError):
            delattr(made, name)
    assert not hasattr(made, "__dict__")
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made  # noqa: S301  our own
