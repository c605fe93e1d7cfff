"""The dashboard of samples/observability, as Grafana's own models read it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.sample_files import SAMPLES

pytestmark = pytest.mark.operating


def test_grafana_knows_every_member_of_the_dashboard(needed: Callable[[str], Any]) -> None:
    """What its models do not know they leave out, and Grafana would ignore."""
    needed("grafana_foundation_sdk.cog.plugins").register_default_plugins()
    models, encoder = needed("grafana_foundation_sdk.models.dashboard"), needed("grafana_foundation_sdk.cog.encoder")
    dashboard = json.loads((SAMPLES / "observability" / "dashboard.json").read_text(encoding="utf-8"))

    read = json.loads(encoder.JSONEncoder().encode(models.Dashboard.from_json(dashboard)))

    assert _left_out(dashboard, read) == []
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def _left_out(given: Any, read: Any, at: str = "$") -> list[str]:
    if isinstance(given, dict) and isinstance(read, dict):
        return [
            place
            for name, value in given.items()
            for place in (_left_out(value, read[name], f"{at}.{name}") if name in read else [f"{at}.{name}"])
        ]
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        return [
            place for number, pair in enumerate(zip(given, read, strict=True)) for place in _left_out(*pair, f"{at}[{number}]")
        ]
    return [] if given == read else [at]
