"""A handshake is a GET that a service may answer as one: it needs a row for both."""

import pytest

from bearerguard import ConfigurationError, PathPolicy, role
from bearerguard.forward_auth.handshakes import handshakes_of
from bearerguard.web.path_judge import NO_ROW


def test_only_a_row_for_both_permits_a_handshake() -> None:
    reader = role("Read.All")
    table = handshakes_of(
        PathPolicy({"GET /page": reader, "GET,WEBSOCKET /live": reader, "/all/{id}": reader, "POST /orders": reader})
    )

    assert table.requirement_for("GET", "/live") == reader
    assert table.requirement_for("GET", "/all/1") == reader
    assert table.requirement_for("GET", "/page") is None
    assert table.requirement_for("GET", "/orders") is None
    assert table.requirement_for("POST", "/all/1") is None


def test_without_such_a_row_no_handshake_is_permitted() -> None:
    assert handshakes_of(PathPolicy({"GET /": PathPolicy.PUBLIC})).requirement_for("GET", "/") is NO_ROW


def test_a_row_that_would_permit_nothing_is_refused_at_start() -> None:
    with pytest.raises(ConfigurationError) as caught:
        handshakes_of(PathPolicy({"WEBSOCKET /live": role("Read.All")}))

    assert caught.value.parameter == "policy"
