"""People by days and streams, the same as a table, one day hour by hour, and whom to write to."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import homes
import pytest
import signed_in
from asked import SELF, in_trial
from flask import Flask
from flask.testing import FlaskClient
from linked import counted

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Site
from hometrial.services import consenting, enrolling, migrating
from hometrial.services.asking import expecting, opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.settings import Settings
from hometrial.staff import create_app

FULL = {"dose_taken": 1, "crash": 3, "new_problem": 0, "fatigue": 5, "pain": 5, "thinking": 4,
        "sleep": 6, "dreams": 1}  # fmt: skip
DAYS = "from=2026-10-24&to=2026-10-26"
MARCH = "from=2026-03-01&to=2026-03-08"


def _cell(page: str, code: str, day: str) -> tuple[str, str, str]:
    found = re.search(
        rf'<td class="([^"]+)"><a href="/completeness/{code}/{day}" title="([^"]+)">([^<]*)', page
    )
    assert found, (code, day)
    return found[1], found[2], found[3]


@pytest.fixture(scope="module")
def asked_people(home: Path) -> Iterator[Database]:
    """Two people of two sites: one answered, missed and rested; nobody has a watch."""
    database = Database(Settings(home=homes.beside(home, "asked"), actor="tests"))
    migrating.require_newest(database)
    with pytest.MonkeyPatch.context() as patch, database.transaction("tests", "ask") as session:
        patch.setattr(clock, "now", lambda: datetime(2026, 3, 2, 9, tzinfo=UTC))
        person = in_trial(session, consent=date(2026, 3, 2), run_in_start=date(2026, 3, 2))
        elsewhere = Site(code="S-02", name="Elsewhere")
        session.add(elsewhere)
        session.flush()
        enrolling.add_participant(session, site=elsewhere)
        patch.setattr(clock, "now", lambda: datetime(2026, 3, 2, 18, tzinfo=UTC))
        at = opening.open_form(session, person, "ldn_diary", "ldn_diary@2026-03-02", SELF)
        for item, value in FULL.items():
            saving.save(session, person, at.id, Entry(item, value))
        submitting.submit(session, person, at.id)
        away = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (4, 6)]
        consenting.pause(session, person, *away, "in hospital")
        patch.setattr(clock, "now", lambda: datetime(2026, 3, 7, 18, tzinfo=UTC))
        expecting.bring_up_to_date(session, [person.id])
    yield database
    database.close()


@cache
def _site(database: Database) -> Flask:
    return create_app(database)


def _client(database: Database, role: str = "coordinator", site: str = "S-01") -> FlaskClient:
    app = _site(database)
    return signed_in.client(
        app, database, f"{role}-{site}".replace("_", "-").lower(), (role,), (site,)
    )


def test_a_cell_of_all_streams_has_a_strip_for_each_and_says_all_in_words(
    staff: FlaskClient,
) -> None:
    look, title, _ = _cell(staff.get(f"/completeness?{DAYS}").text, "P-0001", "2026-10-24")
    assert {"a-4", "b-4"} <= set(look.split())
    assert "Heart rate: 24.0 h worn" in title
    assert "Steps: " in title
    look, title, _ = _cell(staff.get(f"/completeness?{DAYS}").text, "P-0002", "2026-10-24")
    assert look.split() == ["all", "a-2"]  # no steps in this source: nothing anybody could mend
    assert re.search(r"Heart rate: 6.0 h worn, \d+ h [a-z ]+; Steps: no data, 24 h", title)


def test_forms_have_their_fate_in_the_grid_and_in_the_table(asked_people: Database) -> None:
    client = _client(asked_people)
    page = client.get(f"/completeness?{MARCH}&stream=diary").text
    looks = {day: _cell(page, "P-0001", f"2026-03-0{day}") for day in (2, 3, 5)}
    assert "1 answered" in looks[2][1]
    assert looks[3][:2] == ("l-gap", "2026-03-03: 1 missed")
    assert looks[5][:2] == ("l-rest", "2026-03-05: 1 excused")
    table = client.get(f"/completeness?{MARCH}&as=table").text
    row = re.search(r'P-0001</a></th>((?:<td class="n">[^<]*</td>)+)', table)
    assert row
    answered, late, missed, rested = re.findall(r">(\d+)<", row[1])[-4:]
    assert (late, rested) == ("0", "2")
    assert int(answered) >= 1
    assert int(missed) >= 1


def test_a_day_is_told_hour_by_hour_with_the_cause_of_each_and_its_forms(
    staff: FlaskClient, asked_people: Database
) -> None:
    page = staff.get("/completeness/P-0001/2026-10-25").text
    hours = re.search(r"<tr><th scope=\"row\">Heart rate</th>(.*?)</tr>", page, re.DOTALL)
    assert hours
    assert len(re.findall(r"<td class=\"h-", hours[1])) == 25
    partly = staff.get("/completeness/P-0002/2026-10-24").text
    told = re.search(r"<tr><th scope=\"row\">Heart rate</th>(.*?)</tr>", partly, re.DOTALL)
    assert told
    assert told[1].count("h-there") == 6
    assert re.search(r"\d+ h (unknown|not worn)", told[1])
    forms = _client(asked_people).get("/completeness/P-0001/2026-03-05").text
    assert "pause: in hospital" in forms
    assert "rests: in hospital" in forms


def test_bands_keep_those_of_whom_something_is_missing(
    staff: FlaskClient, asked_people: Database
) -> None:
    silent = staff.get(f"/completeness?{DAYS}&band=silent").text
    assert "P-0002" in silent
    assert "P-0001" not in silent
    page = (
        _client(asked_people)
        .get("/completeness?from=2026-03-01&to=2026-03-04&band=unanswered")
        .text
    )
    assert "P-0001" in page
    page = (
        _client(asked_people)
        .get("/completeness?from=2026-03-01&to=2026-03-01&band=unanswered")
        .text
    )
    assert "Nobody: questions unanswered" in page


def test_nobody_of_another_site_is_in_the_grid_or_has_a_day(asked_people: Database) -> None:
    here, there = _client(asked_people), _client(asked_people, site="S-02")
    for address in (f"/completeness?{MARCH}", f"/completeness?{MARCH}&as=table"):
        assert "P-0001" in here.get(address).text
        assert "P-0002" not in here.get(address).text
        assert "P-0001" not in there.get(address).text
    assert here.get("/completeness/P-0001/2026-03-02").status_code == 200
    assert there.get("/completeness/P-0001/2026-03-02").status_code == 404


def test_the_table_asks_as_many_questions_of_many_days_as_of_one(
    database: Database, staff: FlaskClient
) -> None:
    counts = []
    for days in ("from=2026-10-24&to=2026-10-24", "from=2026-01-01&to=2026-12-31"):
        with counted(database) as asked:
            assert staff.get(f"/completeness?{days}&as=table").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_forecast_names_everybody_with_a_chance_and_what_to_do(
    asked_people: Database, staff: FlaskClient
) -> None:
    assert "nothing can be foretold" in _client(asked_people).get("/completeness/forecast").text
    page = staff.get("/completeness/forecast")
    assert page.status_code == 200
    assert "Most at risk first" in page.text
