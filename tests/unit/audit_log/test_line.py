"""One line of the audit log: what it tells, and what nobody can make it tell."""

import json
import re
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard import Event, Principal
from bearerguard.audit_log.line import MEMBERS, SCHEMA, decision, lines_lost
from bearerguard.principal import PayloadClaims

NOW: Final = 1_800_000_000.25


def caller(**claims: Any) -> Principal:
    payload = json.dumps({"jti": "t-1", **claims}).encode()
    return Principal(
        "https://issuer.example", "ann", "billing", tenant_id="contoso", is_application=True, claims=PayloadClaims(payload)
    )


def read(event: Event, request_id: object = None) -> dict[str, Any]:
    line = decision(event, NOW, request_id)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    members: dict[str, Any] = json.loads(line)
    return members


def test_an_accepted_request_tells_who_and_what() -> None:
    event = Event(
        "request_accepted", "https://issuer.example", status=200, principal=caller(), client_id="billing",
        method="GET", path="/orders/7", route="/orders/{id}", verified=True,
    )  # fmt: skip

    assert read(event, "r-1") == {
        "schema": SCHEMA,
        "time": "2027-01-15T08:00:00.250000Z",
        "event": "request_accepted",
        "verdict": "accepted",
        "reason": None,
        "status": 200,
        "method": "GET",
        "route": "/orders/{id}",
        "path": "/orders/7",
        "issuer": "https://issuer.example",
        "client": "billing",
        "subject": "ann",
        "tenant": "contoso",
        "actor": None,
        "application": True,
        "token_id": "t-1",
        "verified": True,
        "request_id": "r-1",
    }


def test_a_refusal_tells_its_reason() -> None:
    event = Event("request_refused", "https://issuer.example", "token_expired", 401, client_id="billing", method="GET", path="/")
    line = read(event)

    assert (line["verdict"], line["reason"], line["status"]) == ("refused", "token_expired", 401)
    assert (line["issuer"], line["client"], line["subject"], line["verified"]) == (
        "https://issuer.example", "billing", None, False,
    )  # fmt: skip


def test_a_request_that_report_only_let_through_says_so() -> None:
    assert read(Event("request_would_be_refused", code="missing_role", status=403))["verdict"] == "would_be_refused"


def test_the_present_actor_is_named_and_not_those_before_it() -> None:
    """RFC 8693 §4.1: nested actors are history."""
    act = {"sub": "agent-7", "iss": "https://agents.example", "client_id": "assistant", "act": {"sub": "agent-6"}}

    actor = read(Event("request_accepted", principal=caller(act=act)))["actor"]

    assert actor == {"subject": "agent-7", "issuer": "https://agents.example", "client": "assistant"}


@pytest.mark.parametrize("act", ["agent", 1, [], None, True])
def test_an_actor_that_is_not_an_object_is_unknown(act: Any) -> None:
    assert read(Event("request_accepted", principal=caller(act=act)))["actor"] is None


def test_a_token_of_microsoft_entra_is_named_by_its_uti() -> None:
    assert read(Event("request_accepted", principal=caller(jti=None, uti="u-1")))["token_id"] == "u-1"


@given(st.text(), st.text(), st.text(), st.text(), st.text())
def test_no_value_makes_a_second_line_or_steers_a_terminal(
    method: str, path: str, client: str, code: str, request_id: str
) -> None:
    """CWE-117."""
    event = Event("request_refused", code=code, client_id=client, method=method, path=path)
    line = decision(event, NOW, request_id)

    assert all(0x20 <= octet < 0x7F for octet in line[:-1])
    assert json.loads(line)["schema"] == SCHEMA


@given(*[st.text() | st.text(min_size=90, max_size=2000)] * 5)
def test_what_a_caller_chooses_stays_within_one_write_to_a_pipe(
    method: str, path: str, client: str, subject: str, request_id: str
) -> None:
    """POSIX keeps 4096 octets together on Linux, whoever else writes."""
    event = Event(
        "request_would_be_refused", "x" * 512, "c" * 64, 401, None, client, "", method, path, "r" * 256, subject=subject
    )

    assert len(decision(event, NOW, request_id)) <= 4096


def test_a_value_is_cut_and_a_token_in_a_path_is_hidden() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"

    assert read(Event("request_refused", path="/" + "\x00" * 512))["path"] == "/" + "\x00" * 84 + "…"
    assert len(read(Event("request_refused", path="/" + "x" * 100_000))["path"]) == 513
    assert read(Event("request_refused", path=f"/reset/{token}/now"))["path"] == "/reset/***/now"
    assert read(Event("request_refused", client_id=token))["client"] == "***"


@pytest.mark.parametrize("request_id", [None, "", 7, b"r", object()])
def test_a_request_id_that_is_not_text_is_unknown(request_id: object) -> None:
    assert read(Event("request_refused"), request_id)["request_id"] is None


def test_every_line_has_the_documented_members_in_their_order() -> None:
    documented = list(MEMBERS)

    assert [*read(Event("request_accepted", principal=caller())), "lost"] == documented
    assert [*read(Event("token_refused")), "lost"] == documented
    lost = json.loads(lines_lost(7, NOW))
    assert [name for name in documented if name in lost] == documented
    assert (lost["event"], lost["lost"]) == ("lines_lost", 7)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/callback/Bearer_eyJhbGciOiJub25lIn0.e30.", "/callback/***"),
        ("/eyJh.e30.c2ln/report.json", "/***/report.json"),
        ("/report.json/eyJh", "/report.json/eyJh"),
        ("/eyJ" * 30_000, "/eyJ" * 128 + "…"),
    ],
)
def test_what_looks_like_a_token_is_hidden_and_nothing_else(path: str, shown: str) -> None:
    assert read(Event("request_refused", path=path))["path"] == shown


@given(st.floats(0, 4e9))
def test_a_time_is_written_as_the_standard_library_writes_it(moment: float) -> None:
    written = json.loads(decision(Event("request_refused"), moment, None))["time"]

    assert abs(datetime.fromisoformat(written).timestamp() - moment) < 2e-6
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", written)
