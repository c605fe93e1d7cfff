"""The sample that follows a file of issuers."""

import json
import logging
from collections.abc import Iterator
from importlib import import_module, reload
from pathlib import Path
from types import ModuleType

import anyio
import anyio.lowlevel
import pytest

GOOD = {
    "BEARERGUARD_API_PRESET": "oidc",
    "BEARERGUARD_API_ISSUER": "https://new.example",
    "BEARERGUARD_API_AUDIENCE": "api://new",
}
WRONG = ({"BEARERGUARD_API_AUDIENCE": ""}, {"BEARERGUARD_API_LEEWAY": 60})


@pytest.fixture
def sample() -> Iterator[ModuleType]:
    module = import_module("samples.reconfiguring")
    yield module
    reload(module)  # with the issuers that it begins with


@pytest.mark.anyio
async def test_a_changed_file_is_followed(sample: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "trust.json"
    file.write_text(json.dumps(GOOD))
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sample.follow, file)
            while sample.api.audience != {"api://new"}:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

    assert [issuer.issuer for issuer in sample.api.issuers] == ["https://new.example"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", *(json.dumps(GOOD | wrong) for wrong in WRONG)])
def test_a_wrong_file_changes_nothing(sample: ModuleType, tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    before = sample.api.connection
    file = tmp_path / "trust.json"
    file.write_text(text)
    sample.trust(file)
    sample.trust(tmp_path / "missing.json")

    assert sample.api.connection is before
    assert [(record.name, record.levelno) for record in caplog.records] == [("orders", logging.ERROR)] * 2
