"""What is remembered of a verified token, in a form that the garbage collector does not visit.

A full collection visits every object that can refer to others. With 10 000 principals it takes as
long as 100 to 500 signature checks, in one pause. It does not visit a tuple of strings, bytes and
numbers. So an entry refers to its key by a number.
"""

from itertools import count
from typing import Final, NamedTuple, TypeAlias

from bearerguard.keys.jwk_set import VerificationKey
from bearerguard.keys.key_source import KeySource
from bearerguard.principal import PayloadClaims, Principal, sealed

Names: TypeAlias = tuple[str, ...]
Packed: TypeAlias = tuple[
    *tuple[int, float, float, float],  # number of the verifier; begins, ends, forgotten_at
    *tuple[
        str, str, str | None, str | None, Names, Names, bool, float, bytes, str
    ],  # of the principal, in the order of its fields
]
_MAX_NAMES: Final = 1_000
_new: Final = tuple.__new__  # to call a NamedTuple takes twice as long


class Remembered(NamedTuple):
    """A verified token, and what decides whether it is still good.

    Attributes:
        principal: What it says.
        key: The key that verified it.
        source: Whose current set must still hold that very key.
        begins: Wall time from which it is good, leeway included.
        ends: Wall time at which it is not good any more, leeway included.
        forgotten_at: The same on the monotonic clock: a wall clock set back does not prolong it.
    """

    principal: Principal
    key: VerificationKey
    source: KeySource
    begins: float
    ends: float
    forgotten_at: float


class Packing:
    """Packs and unpacks; keeps what many entries have in common: keys, and sets of names."""

    def __init__(self) -> None:
        self._next_number = count(1).__next__  # each stands for one key of one issuer
        self._verifiers: dict[int, tuple[VerificationKey, KeySource]] = {}
        self._numbers: dict[tuple[VerificationKey, KeySource], int] = {}
        self._names: dict[frozenset[str], Names] = {}
        self._sets: dict[Names, frozenset[str]] = {}
        self._texts: dict[str, str] = {}

    @property
    def verifiers(self) -> int:
        """How many keys are held. Each rotation adds one; ``clear`` drops them."""
        return len(self._verifiers)

    def pack(self, found: Remembered) -> Packed:
        """The packed form of a token whose claims are those of its payload."""
        who, key, source, begins, ends, forgotten_at = found
        texts, names = self._texts, self._names
        return (
            self._numbers.get((key, source)) or self._number(key, source),
            begins,
            ends,
            forgotten_at,
            texts.get(who.issuer) or self._text(who.issuer),
            who.subject,
            who.client_id and (texts.get(who.client_id) or self._text(who.client_id)),
            who.tenant_id and (texts.get(who.tenant_id) or self._text(who.tenant_id)),
            names.get(who.roles) or self._shared(who.roles),
            names.get(who.scopes) or self._shared(who.scopes),
            who.is_application,
            who.expires_at,
            who.claims.payload,  # type: ignore[attr-defined]  # a verified token's are PayloadClaims
            who.roles_problem and self._text(who.roles_problem),
        )

    def unpack(self, packed: Packed) -> Remembered | None:
        """A value equal to the one that was packed; ``None`` if its key was dropped."""
        number, begins, ends, forgotten_at, issuer, sub, client, tenant, roles, scopes, is_app, exp, payload, problem = packed
        verifier = self._verifiers.get(number)
        if verifier is None:
            return None
        key, source = verifier
        sets = self._sets
        principal = sealed(
            issuer,
            sub,
            client,
            tenant,
            sets.get(roles) or frozenset(roles),
            sets.get(scopes) or frozenset(scopes),
            is_app,
            exp,
            PayloadClaims(payload),
            source.age,
            problem,
        )
        return _new(Remembered, (principal, key, source, begins, ends, forgotten_at))

    def clear(self) -> None:
        """Drop all keys: nothing packed before can be unpacked any more."""
        self._verifiers.clear()
        self._numbers.clear()
        self._names.clear()
        self._sets.clear()
        self._texts.clear()

    def _number(self, key: VerificationKey, source: KeySource) -> int:
        number = self._numbers[key, source] = self._next_number()
        self._verifiers[number] = key, source
        return number

    def _text(self, text: str) -> str:
        """One object for all entries with this text: most tokens share issuer, client and tenant.

        Bounded, unlike ``sys.intern``, which on Python 3.12 never lets go of a text.
        """
        if len(self._texts) >= _MAX_NAMES:
            self._texts.clear()
        return self._texts.setdefault(text, text)

    def _shared(self, names: frozenset[str]) -> Names:
        """One tuple for all entries with these names: many tokens share few sets of roles."""
        if len(self._names) >= _MAX_NAMES:
            self._names.clear()
            self._sets.clear()
        shared = self._names[names] = tuple(names)
        self._sets[shared] = names
        return shared
