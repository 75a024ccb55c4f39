"""Quarantined rows: their evidence, and decisions with a reason."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hometrial.db import Database
from hometrial.models import Batch, DayChunk, QuarantinedRow
from hometrial.services.viewing import trail

OF_THE_ARCHIVE = QuarantinedRow.batch_id.in_(select(Batch.id).where(Batch.kind != "pull"))


def _row(database: Database, rule: str, *, minute: int | None = None) -> str:
    """Return an open row that failed a rule; each test names a minute of its own."""
    found = select(QuarantinedRow).where(
        QuarantinedRow.rule == rule, QuarantinedRow.status == "open", OF_THE_ARCHIVE
    )
    with database.reading() as session:
        rows = session.scalars(found.order_by(QuarantinedRow.row)).all()
    chosen = rows[0] if minute is None else next(r for r in rows if f":{minute:02}:00" in r.reason)
    return str(chosen.id)


def _send(staff: FlaskClient, page: str, button: str, **fields: str) -> tuple[int, str]:
    text = staff.get(page).text
    token = re.search(
        rf'action="{page}/{button}".*?name="csrf_token"[^>]*value="([^"]+)"', text, re.DOTALL
    )
    assert token, text
    answer = staff.post(
        f"{page}/{button}", data={"csrf_token": token[1], **fields}, follow_redirects=True
    )
    return answer.status_code, answer.text


def test_the_evidence_shows_value_rule_neighbours_and_the_line_of_the_file(
    database: Database, staff: FlaskClient
) -> None:
    with database.reading() as session:
        row = session.scalars(
            select(QuarantinedRow).where(QuarantinedRow.rule == "value_is_physical", OF_THE_ARCHIVE)
        ).one()
    page = staff.get(f"/quarantine/{row.id}").text
    assert re.search(
        r'class="this"><th scope="row">4322.*?<code>2022484408,10/24/2026 12:00:30 PM,400<',
        page,
        re.DOTALL,
    )
    assert "<code>Id,Time,Value</code>" in page
    assert "suite heart_rate, version" in page
    neighbours = re.findall(r"2026-10-24 (1[12]:\d\d):00 \+02:00", page)
    assert neighbours[0] == "11:56"
    assert neighbours[-1] == "12:05"


def test_a_release_makes_a_new_version_of_the_day_and_stands_in_the_trail(
    database: Database, staff: FlaskClient
) -> None:
    row_id = _row(database, "value_is_physical")
    status, page = _send(
        staff, f"/quarantine/{row_id}", "release", reason="  chest strap at a test  "
    )
    assert status == 200
    assert "released by staff:tests" in page
    assert "chest strap at a test" in page
    with database.reading() as session:
        row = session.get_one(QuarantinedRow, row_id)
        versions = session.scalars(
            select(DayChunk)
            .where(DayChunk.participant_id == row.participant_id, DayChunk.day == row.day)
            .where(DayChunk.stream == "heart_rate")
            .order_by(DayChunk.version)
        ).all()
        newest = trail.newest(session)[0]
    assert [chunk.samples for chunk in versions] == [1440, 1441]
    assert (newest.actor, newest.reason) == ("staff:tests", "chest strap at a test")
    status, page = _send_again(staff, row_id)
    assert status == 422
    assert "a decision stands" in page


def _send_again(staff: FlaskClient, row_id: str) -> tuple[int, str]:
    token = re.search(r'name="csrf_token" value="([^"]+)"', staff.get("/completeness").text)
    assert token
    answer = staff.post(
        f"/quarantine/{row_id}/confirm", data={"csrf_token": token[1], "reason": "again"}
    )
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("", "has no instant"),
        ("yesterday", "is no instant"),
        ("2026-10-25T02:10:00", "has no zone"),
    ],
)
def test_a_row_without_an_instant_is_asked_for_one_and_keeps_what_was_typed(
    database: Database, staff: FlaskClient, at: str, sentence: str
) -> None:
    row_id = _row(database, "local_time_is_unambiguous", minute=50)
    status, page = _send(staff, f"/quarantine/{row_id}", "release", reason="summer <time>", at=at)
    assert status == 422
    assert sentence in page
    assert "summer &lt;time&gt;</textarea>" in page
    assert f'value="{at}"' in page


def test_a_row_is_released_at_the_instant_given(database: Database, staff: FlaskClient) -> None:
    row_id = _row(database, "local_time_is_unambiguous", minute=20)
    status, page = _send(
        staff,
        f"/quarantine/{row_id}",
        "release",
        reason="still summer time",
        at="2026-10-25T02:20:00+02:00",
    )
    assert status == 200
    assert "released by staff:tests" in page


@pytest.mark.parametrize("reason", ["", "   "])
@pytest.mark.parametrize("button", ["release", "confirm"])
def test_a_decision_without_a_reason_is_refused_beside_the_field(
    database: Database, staff: FlaskClient, button: str, reason: str
) -> None:
    row_id = _row(database, "local_time_is_unambiguous", minute=51)
    status, page = _send(staff, f"/quarantine/{row_id}", button, reason=reason)
    assert status == 422
    assert page.count('aria-invalid="true"') >= 1
    assert "Say why" in page


def test_a_confirmed_row_stays_out(database: Database, staff: FlaskClient) -> None:
    row_id = _row(database, "local_time_is_unambiguous", minute=30)
    status, page = _send(staff, f"/quarantine/{row_id}", "confirm", reason="the hour is lost")
    assert status == 200
    assert "confirmed by staff:tests" in page


def test_the_filters_leave_the_queries_that_are_asked_for(staff: FlaskClient) -> None:
    assert "local time is unambiguous</a>" in staff.get("/quarantine?participant=P-0001").text
    assert "Nothing waits for a decision here" in staff.get("/quarantine?participant=P-0002").text
    assert "Nothing waits" in staff.get("/quarantine?rule=no_such_rule").text


def test_rows_without_an_instant_cannot_be_released_together(staff: FlaskClient) -> None:
    query = re.search(
        r"/quarantine/queries/[0-9a-f-]+",
        staff.get("/quarantine?rule=local_time_is_unambiguous").text,
    )
    assert query
    page = staff.get(query[0]).text
    assert "have no instant" in page
    assert f"{query[0]}/release" not in page
    assert f"{query[0]}/confirm" in page
