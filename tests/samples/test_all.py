"""No sample without a test."""

import re
from pathlib import Path
from typing import Final

from support.sample_files import SAMPLES

TESTS: Final = SAMPLES.parent / "tests"
HERE: Final = Path(__file__)
NAMES: Final = sorted({path.relative_to(SAMPLES).parts[0].removesuffix(".py") for path in SAMPLES.rglob("*.py")})


def test_every_sample_or_folder_of_them_is_named_by_a_test() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py") if path != HERE)

    assert [name for name in NAMES if not re.search(rf"[\"/.]{name}\b", tests)] == []
