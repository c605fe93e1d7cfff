"""RSA keys of the generator of CVE-2017-15361."""

from itertools import count
from math import prod
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bearerguard.keys.jwk_set import UnusableKey, read_key
from bearerguard.keys.roca import has_roca_fingerprint
from support.sealed import RSA

WYCHEPROOF: Final = (  # jws_rsa_roca_key of https://github.com/C2SP/wycheproof, testvectors_v1/json_web_key_test.json
    "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7fe4r11CqRw09yBFuW79V8sYIwHdzC"
    "aWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaFka8Dx9"
    "U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtKUsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE"
)
PRIMES: Final = [number for number in range(2, 704) if all(number % divisor for divisor in range(2, number))]
assert len(PRIMES) == 126  # as many as the generator takes for keys of 2048 bits


def test_wycheproofs_key_of_that_generator_is_left_out() -> None:
    with pytest.raises(UnusableKey, match="CVE-2017-15361"):
        read_key({"kty": "RSA", "use": "sig", "alg": "RS256", "n": WYCHEPROOF, "e": "AQAB", "kid": "kid-rsa-roca-sign"})


@pytest.mark.parametrize(("first", "second"), [(7, 11), (12_345, 67_890), (0, 1)])
def test_what_the_generator_makes_has_its_fingerprint(first: int, second: int) -> None:
    """The paper's form of the factors; whether they are prime does not matter to the fingerprint."""
    product = prod(PRIMES)
    p, q = (k * product + pow(65537, k, product) for k in (first + 2**40, second + 2**41))
    assert has_roca_fingerprint(p * q)


@pytest.mark.parametrize("offset", [2, 4, 6, 8])
def test_a_neighbour_of_such_a_modulus_has_not(offset: int) -> None:
    product = prod(PRIMES)
    modulus = (2**40 * product + pow(65537, 5, product)) * (2**41 * product + pow(65537, 6, product))
    assert not has_roca_fingerprint(modulus + offset)


def test_other_keys_have_not() -> None:
    for _ in range(3):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        assert not has_roca_fingerprint(key.public_key().public_numbers().n)
    assert read_key(RSA.public_jwk())


def test_the_residues_of_powers_of_the_generator_are_the_fingerprint() -> None:
    """65537 ** a modulo M itself, for any a."""
    product = prod(PRIMES)
    assert all(has_roca_fingerprint(pow(65537, a, product)) for a, _ in zip(count(1), range(20), strict=False))
