"""The audit log of the sample, on the standard output of a process."""

import json
import subprocess
import sys
from typing import Final

from support.sample_files import SAMPLES

PROGRAM: Final = """
from bearerguard import Event
from samples.auditing import audit, request_id

audit(Event("request_refused", code="missing_token", status=401))
request_id.set("r-7")
audit(Event("request_accepted", client_id="billing"))
"""


def test_each_decision_is_a_line_with_the_id_of_its_request() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=SAMPLES.parent, capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]

    assert [(line["verdict"], line["reason"], line["client"], line["request_id"]) for line in lines] == [
        ("refused", "missing_token", None, None),
        ("accepted", None, "billing", "r-7"),
    ]
