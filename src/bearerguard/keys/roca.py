"""RSA keys of a generator that leaves too few candidates for their primes (CVE-2017-15361, "ROCA").

Source: Nemec, Sys, Svenda, Klinec, Matyas: "The Return of Coppersmith's Attack", CCS 2017, §3. The
primes are ``k * M + 65537 ** a mod M``, where M is the product of the first primes. So the modulus,
divided by any of these primes, leaves a power of 65537.
"""

from typing import Final

_GENERATOR: Final = 65537
_LARGEST: Final = 167  # the 39 primes up to here are in every M, whatever the size of the key


def _powers(prime: int) -> frozenset[int]:
    """All residues of powers of 65537."""
    found, power = set(), 1
    while power not in found:
        found.add(power)
        power = power * _GENERATOR % prime
    return frozenset(found)


_REMAINDERS: Final = {prime: _powers(prime) for prime in range(3, _LARGEST + 1) if all(prime % d for d in range(2, prime))}


def has_roca_fingerprint(modulus: int) -> bool:
    """Whether an RSA modulus is of that generator; another one's looks so in one of 2^27 cases."""
    return all(modulus % prime in remainders for prime, remainders in _REMAINDERS.items())
