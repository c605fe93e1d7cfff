"""What samples/README.md recommends, at work."""

import json
import logging
from collections.abc import Iterator

import pytest

from support.sample_files import sample


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """The recipe sets up the whole process."""
    root, ours = logging.getLogger(), logging.getLogger("bearerguard")
    before = root.level, list(root.handlers), ours.level
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    ours.setLevel(before[2])


@pytest.mark.usefixtures("logging_as_before")
def test_production_logs_are_one_json_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    sample("recipes.production_logging").set_up_logging()

    logging.getLogger("bearerguard").info("wrong_audience: got %r", "a\nb")
    logging.getLogger("httpx").info("not shown")
    logging.getLogger("orders").error("a defect", exc_info=ValueError("broken"))

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["logger"]) for line in lines] == [("INFO", "bearerguard"), ("ERROR", "orders")]
    assert "ValueError: broken" in lines[1]["exception"]
