"""Only the proxy is believed, and only by its secret."""

import pytest

from bearerguard import ConfigurationError
from bearerguard.errors import GatewayMisconfigured
from bearerguard.forward_auth.shared_secret import SharedSecret
from support.tracebacks import variables_shown

OLD, NEW = "old-" + "0" * 32, "new-" + "0" * 32


def sent(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), *((b"bearerguard-secret", value.encode()) for value in values)]


@pytest.mark.parametrize(
    "given", ["", [], [""], None, 17, "short", "a" * 31, "a" * 257, "a" * 32 + " ", "é" * 32, [NEW, "x"], b"a" * 32]
)
def test_a_secret_that_protects_nothing_is_refused_at_start(given: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SharedSecret(given)  # type: ignore[arg-type]

    assert caught.value.parameter == "shared_secret"


def test_a_wrong_secret_is_in_no_message_and_no_traceback() -> None:
    with pytest.raises(ConfigurationError) as caught:
        SharedSecret("hunter2-hunter2")

    assert "hunter2" not in variables_shown(caught.value) + str(caught.value)
    assert repr(SharedSecret(NEW)) == "***"


@pytest.mark.parametrize("headers", [sent(OLD), sent(NEW)])
def test_each_of_several_secrets_will_do_while_the_proxies_change(headers: list[tuple[bytes, bytes]]) -> None:
    SharedSecret([OLD, NEW]).check(headers)


@pytest.mark.parametrize(
    "headers",
    [
        sent(),
        sent(""),
        sent(OLD),
        sent(NEW[:-1]),
        sent(NEW + "0"),
        sent(NEW, NEW),
        sent(OLD, NEW),
        sent(NEW.upper()),
        [(b"x", NEW.encode())],
    ],
)
def test_a_question_without_it_is_not_believed(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(GatewayMisconfigured) as caught:
        SharedSecret(NEW).check(headers)

    assert NEW not in caught.value.operator_text
