"""README's first command: the table it prints, and ``--serve``."""

import re
import signal
from itertools import takewhile
from pathlib import Path
from typing import Final

import httpx
import pytest

from support.sample_files import output_of, started

pytestmark = pytest.mark.socket

_PORT: Final = re.compile(r"(?<=127\.0\.0\.1):\d+")


def test_it_prints_who_may_and_why_the_others_may_not() -> None:
    golden = Path(__file__).with_name("quickstart.txt").read_text()

    assert _PORT.sub(":PORT", output_of("quickstart.py")) == golden


def _call_as_reader(places: dict[str, str]) -> int:
    """Status of the first request of README's ``curl`` lines."""
    with httpx.Client(trust_env=False, auth=("reader", "reader-secret")) as client:
        answer = client.post(f"{places['issuer']}/token", data={"grant_type": "client_credentials"})
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return client.get(f"{places['api']}/orders", headers=headers, auth=None).status_code


def test_with_serve_both_stay_up_until_ctrl_c() -> None:
    with started("quickstart.py", "--serve") as process:
        try:
            shown = takewhile(lambda line: line != "Both stay up until Ctrl-C.\n", process.stdout or ())
            places = dict(line.split() for line in shown if line.startswith(("issuer ", "api ")))
            assert _call_as_reader(places) == 200
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=60)
        finally:
            process.kill()

    assert (process.returncode, rest) == (0, "stopped\n"), errors
    assert "Traceback" not in errors
