"""A JWK Set, judged member by member: a bad key never sinks a good one (RFC 7517 §5).

PyJWT parses the keys, but only after this module has decided that a member may be a verification
key and with which algorithms. Each key is prepared once per set.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeGuard

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import Algorithm, get_default_algorithms

from bearerguard.errors import show
from bearerguard.keys.roca import has_roca_fingerprint
from bearerguard.keys.signatures import VERIFY

MAX_KEYS: Final = 100
MAX_KID: Final = 256
MAX_CANDIDATES: Final = 4  # what one bad token may cost, where an issuer gives several keys one name
_MAX_MEMBER: Final = 1400  # base64url characters of an 8192-bit modulus, and a little
_RSA_BITS: Final = (2048, 8192)
_RSA_EXPONENT: Final = (3, 2**32)
_SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_SIGNATURE_OPERATIONS: Final = ("sign", "verify")
_ALGORITHMS_OF: Final[Mapping[tuple[str, str | None], tuple[str, ...]]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),  # RFC 7518 §3.3, §3.5
    ("EC", "P-256"): ("ES256",),  # RFC 7518 §3.4: the curve belongs to the algorithm
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),  # RFC 8037; RFC 9864 names it Ed25519
}
_PUBLIC_MEMBERS: Final = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
_pyjwt: Final[Mapping[str, Algorithm]] = get_default_algorithms()

Fingerprint: TypeAlias = tuple[object, ...]


class UnusableKey(ValueError):
    """Why a member of the set is left out. Holds nothing of the key but names."""


class UnusableKeySet(ValueError):
    """Why the whole set counts as not fetched."""


@dataclass(frozen=True, slots=True)
class LeftOutKey:
    """A member of the document that is not used.

    Attributes:
        position: Where it is in ``keys``, from 0; of no account when two are compared.
        kid: Its name, ``None`` where it has none that can be read.
        why: The reason, with nothing of the key in it but names and sizes.
    """

    position: int = field(compare=False)
    kid: str | None
    why: str

    def __str__(self) -> str:
        named = "" if self.kid is None else f" ({show(self.kid)})"
        return f"keys[{self.position}]{named}: {self.why}"


@dataclass(frozen=True, slots=True, eq=False)
class VerificationKey:
    """A public key that may verify, prepared.

    Two keys are the same when they are the same object (see ``JWKSet.adopting``).

    Attributes:
        kid: Key id, ``None`` where the issuer names none.
        algorithms: The algorithms it may be used with: those of its type, or the one its ``alg``
            names (RFC 7517 §4.4).
        issuer: The key's own ``issuer`` member (Microsoft Entra), ``None`` where there is none.
        fingerprint: The public parts, to tell whether a key of a later set is this one.
    """

    kid: str | None
    algorithms: tuple[str, ...]
    issuer: str | None
    fingerprint: Fingerprint = field(repr=False)
    _key: Any = field(repr=False)

    def verify(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's, by one of its algorithms; any failure is ``False``."""
        if algorithm not in self.algorithms:
            return False
        try:
            VERIFY[algorithm](self._key, message, signature)  # raises unless it is the key's
        except Exception:  # noqa: BLE001  cryptography raises several kinds on odd input: each means "not verified"
            return False
        return True


class JWKSet:
    """The usable keys of one issuer, ready to be looked up. Immutable.

    Attributes:
        keys: All of them.
        members: The same, to tell whether a key is one of them.
        left_out: Members of the document that are not among them, and why.
        kids: Their names, for the operator.
    """

    __slots__ = ("_by_name", "_names", "keys", "kids", "left_out", "members")

    def __init__(self, keys: Iterable[VerificationKey], left_out: tuple[LeftOutKey, ...] = ()) -> None:
        self.keys = tuple(keys)
        self.left_out = left_out
        self.members = frozenset(self.keys)
        self._names = frozenset(key.kid for key in self.keys)
        self.kids = show([key.kid for key in self.keys])  # made once: a flood of unknown names would show it each time
        by_name: dict[tuple[str | None, str], tuple[VerificationKey, ...]] = {}
        for key in self.keys:
            for algorithm in key.algorithms:
                by_name[key.kid, algorithm] = (*by_name.get((key.kid, algorithm), ()), key)[:MAX_CANDIDATES]
        self._by_name = by_name

    def candidates(self, kid: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """The keys that may have signed a token with this ``kid`` and ``alg``; usually one.

        A token without ``kid`` may be of any key that fits its algorithm. Then there must be only
        one such key, or keys that have no ``kid`` either; a guess among named keys is refused (RFC
        7517 §4.5, CVE-2025-59936).
        """
        found = self._by_name.get((kid, algorithm), ())
        if found or kid is not None:
            return found
        fitting = tuple(key for key in self.keys if algorithm in key.algorithms)
        return fitting if len(fitting) == 1 else ()

    def may_hold(self, kid: str | None) -> bool:
        """Whether the set may hold the key of this name; of no name, it always may."""
        return kid is None or kid in self._names

    def why_unusable(self, kid: str | None, algorithm: str) -> str:
        """Why the issuer's key of this name does not verify such a token; empty where there is
        none.
        """
        reasons = [each.why for each in self.left_out if kid is not None and each.kid == kid]
        fitting = [name for key in self.keys if key.kid == kid for name in key.algorithms]
        if fitting and algorithm not in fitting:
            reasons.append(f"it is a key for {', '.join(fitting)}")
        return "; ".join(reasons)

    def __contains__(self, key: object) -> bool:
        """Whether this very key is of the set."""
        return key in self.members

    def adopting(self, former: "JWKSet | None") -> "JWKSet":
        """This set, with the former set's own key objects where the key is the same.

        The former set itself where nothing changed; order does not matter. So a token verified by
        a key can be remembered exactly as long as the key is current.
        """
        if former is None:
            return self
        known = {key.fingerprint: key for key in former.keys}
        same_keys = known.keys() == {key.fingerprint for key in self.keys}
        if same_keys and set(self.left_out) == set(former.left_out):
            return former
        return JWKSet((known.get(key.fingerprint, key) for key in self.keys), self.left_out)


def read_key_set(document: Mapping[str, Any]) -> JWKSet:
    """Judge a parsed JWK Set.

    Raises:
        UnusableKeySet: ``keys`` is not an array, has more than 100 members, or none that can
            verify.
    """
    members = document.get("keys")
    if type(members) is not list:
        raise UnusableKeySet("'keys' is not an array")
    if len(members) > MAX_KEYS:
        raise UnusableKeySet(f"more than {MAX_KEYS} keys")
    keys: dict[Fingerprint, VerificationKey] = {}
    left_out: list[LeftOutKey] = []
    for position, member in enumerate(members):
        try:
            key = read_key(member)
        except UnusableKey as why:
            left_out.append(LeftOutKey(position, _name_of(member), str(why)))
        else:
            keys[key.fingerprint] = key
    if not keys:
        raise UnusableKeySet("no usable key" + "".join(f"; {why}" for why in left_out[:3]))
    return JWKSet(keys.values(), tuple(left_out))


def read_key(member: object) -> VerificationKey:
    """Judge and prepare one JWK.

    ``x5c``, ``x5u`` and ``x5t`` are never used: a certificate proves nothing here, and an address
    in a key must not be fetched.

    Raises:
        UnusableKey: private, symmetric, not for signatures, of an unknown type, weak, or damaged.
    """
    if not isinstance(member, Mapping):
        raise UnusableKey("not an object, or one with a name twice")
    if not _SECRET_MEMBERS.isdisjoint(member):
        raise UnusableKey("holds a private or symmetric member")
    kid, issuer = member.get("kid"), member.get("issuer")
    if kid is not None and _name_of(member) is None:
        raise UnusableKey("'kid' is not a string of 1 to 256 characters")
    _check_use(member)
    kty, algorithms = _algorithms(member)
    material = tuple(member.get(name) for name in _PUBLIC_MEMBERS[kty])
    if not all(type(value) is str and len(value) <= _MAX_MEMBER for value in material):
        raise UnusableKey(_no_material(kty, member))
    key = _prepared(member, algorithms[0])
    if "issuer" in member and not _is_text(issuer):
        issuer = ""  # nobody's, where keys name their issuer: a name that cannot be read must not open what no name would
    return VerificationKey(kid, algorithms, issuer, (kid, algorithms, issuer, kty, material), key)


def _name_of(member: object) -> str | None:
    kid = member.get("kid") if isinstance(member, Mapping) else None
    return kid if _is_text(kid) and 0 < len(kid) <= MAX_KID else None


def _no_material(kty: str, member: Mapping[str, Any]) -> str:
    names = " and ".join(f"'{name}'" for name in _PUBLIC_MEMBERS[kty])
    if "x5c" in member and all(name not in member for name in _PUBLIC_MEMBERS[kty]):
        return f"only a certificate ('x5c') is there, and certificates are not read: {names} are missing"
    return f"{names} are not all there, as strings of at most {_MAX_MEMBER} characters"


def _is_text(value: object) -> TypeGuard[str]:
    """Text that can be written: no lone surrogate."""
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_use(member: Mapping[str, Any]) -> None:
    """RFC 7517 §4.2, §4.3: a key must be for verification, and ``use`` and ``key_ops`` agree."""
    if "use" in member and member["use"] != "sig":
        raise UnusableKey("'use' is not 'sig'")
    operations = member.get("key_ops", ["verify"])
    if type(operations) is not list or "verify" not in operations:
        raise UnusableKey("'key_ops' does not hold 'verify'")
    if "use" in member and any(operation not in _SIGNATURE_OPERATIONS for operation in operations):
        raise UnusableKey("'use' and 'key_ops' do not agree")


def _algorithms(member: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    kty, alg = member.get("kty"), member.get("alg")
    crv = member.get("crv") if kty != "RSA" else None
    if type(kty) is not str or kty not in _PUBLIC_MEMBERS:
        raise UnusableKey(f"'kty' is {show(kty)}, not one of {', '.join(_PUBLIC_MEMBERS)}")
    if not (crv is None or type(crv) is str) or (kty, crv) not in _ALGORITHMS_OF:
        curves = ", ".join(curve for kind, curve in _ALGORITHMS_OF if kind == kty and curve)
        raise UnusableKey(f"'crv' is {show(crv)}, not one of {curves}")
    fitting = _ALGORITHMS_OF[kty, crv]
    if alg is None:
        return kty, fitting
    named = "EdDSA" if alg == "Ed25519" else alg
    if named not in fitting:
        raise UnusableKey(f"'alg' is {show(alg)}, not one of {', '.join(fitting)}")
    return kty, (named,)


def _prepared(member: Mapping[str, Any], algorithm: str) -> Any:
    try:
        key = _pyjwt[algorithm].from_jwk(dict(member))
    except Exception as error:  # noqa: BLE001  PyJWT raises AttributeError and TypeError too on odd members
        raise UnusableKey(f"the key cannot be read ({type(error).__name__})") from None
    if isinstance(key, RSAPublicKey):
        _check_rsa(key)
    return key


def _check_rsa(key: RSAPublicKey) -> None:
    numbers = key.public_numbers()
    if not _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
        raise UnusableKey(f"the RSA key has {key.key_size} bits, not {_RSA_BITS[0]} to {_RSA_BITS[1]}")
    if numbers.n % 2 == 0:
        raise UnusableKey("the RSA modulus is even")
    if not _RSA_EXPONENT[0] <= numbers.e <= _RSA_EXPONENT[1] or numbers.e % 2 == 0:
        raise UnusableKey("the RSA exponent is not odd and 3 to 2^32")
    if has_roca_fingerprint(numbers.n):
        raise UnusableKey("the RSA key can be factored (CVE-2017-15361): it was made by a broken generator")
