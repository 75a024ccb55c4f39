"""What the pages tell: days, batches, people, versions, the trail."""

import re

import pytest
import signed_in
from flask.testing import FlaskClient
from linked import counted
from sqlalchemy import select

from hometrial.db import Database
from hometrial.models import Site
from hometrial.services import enrolling
from hometrial.staff import create_app


def _cell(page: str, code: str, day: str) -> str:
    found = re.search(
        rf'<td class="([^"]+)"><a href="/completeness/{code}/{day}" title="([^"]+)">([^<]*)', page
    )
    assert found, (code, day)
    return " | ".join(found.groups())


def first_site(session):
    """Return the study's first site: another module's tests add one to the study that all share."""
    return session.scalars(select(Site).order_by(Site.code)).first()


def test_a_cell_tells_hours_worn_in_words_and_figures(staff: FlaskClient) -> None:
    page = staff.get("/completeness?stream=heart_rate").text
    assert "l-4" in _cell(page, "P-0001", "2026-10-24")
    assert "24.0 h worn | 24" in _cell(page, "P-0001", "2026-10-24")
    partly = _cell(page, "P-0002", "2026-10-24")
    assert "l-2" in partly
    assert "6.0 h worn" in partly
    assert re.search(r", \d+ h (unknown|not worn)", partly)


def test_the_grid_asks_as_many_questions_of_many_days_as_of_one(
    database: Database, staff: FlaskClient
) -> None:
    counts = []
    for days in ("from=2026-10-24&to=2026-10-24", "from=2026-01-01&to=2026-12-31"):
        with counted(database) as asked:
            assert staff.get(f"/completeness?{days}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "ask", ["from=2026-13-01&to=2026-12-01", "from=2026-10-24", "from=2026-10-24&to=2026-10-01", "stream=x", "band=x",
            "start=-1", "from=1900-01-01&to=2026-01-01"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_refused_with_a_sentence(
    staff: FlaskClient, ask: str
) -> None:
    answer = staff.get(f"/completeness?{ask}")
    assert answer.status_code == 400
    assert re.search(r'lead-text">[A-Z&][^<]{15,}\.<', answer.text)


def test_the_counts_of_a_batch_add_up_and_its_verdict_is_named(staff: FlaskClient) -> None:
    listing = staff.get("/batches").text
    batch = re.search(r'href="(/batches/[^"]+)">heartrate_seconds_merged.csv', listing)
    assert batch
    page = staff.get(batch[1]).text
    figures = [
        int(text.replace("\u202f", "")) for text in re.findall(r"<dd>([\d\u202f]+)</dd>", page)[:6]
    ]
    assert figures[0] == sum(figures[1:]) == 3 * 1440 + 1 + 360
    assert figures[3] == 61
    assert "value is physical: 1 row<" in page
    assert "suite heart_rate, version" in page


def test_a_person_page_holds_the_same_figures_as_its_chart(staff: FlaskClient) -> None:
    page = staff.get("/people/P-0001").text
    for word in (
        "Europe/Berlin",
        "fitabase",
        "2022484408",
        "heart rate",
        "Measures of each local day",
    ):
        assert word in page
    assert 'data-chart="/people/P-0001/chart.json?from=2026-10-24&amp;to=2026-10-26"' in page
    assert "<noscript>" in page


def test_a_day_shows_its_versions_and_how_long_it_was(staff: FlaskClient) -> None:
    page = staff.get("/people/P-0001/2026-10-25").text
    assert "25 hours, for the clock was changed" in page
    assert "heartrate_seconds_merged.csv" in page
    assert "current," in page


def test_the_trail_says_who_changed_what_and_why(database: Database, staff: FlaskClient) -> None:
    with database.transaction("a clerk", "somebody came") as session:
        enrolling.add_participant(session, site=first_site(session))
    page = staff.get("/audit").text
    for word in ("Head of the chain", "a clerk", "somebody came", "added to participant"):
        assert word in page


@pytest.mark.parametrize("address", ["/completeness", "/people", "/batches", "/quarantine"])
def test_an_empty_study_says_what_to_do(empty_database: Database, address: str) -> None:
    client = signed_in.client(create_app(empty_database), empty_database)
    answer = client.get(address)
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


def test_a_person_without_data_or_zone_has_a_page_that_says_so(
    database: Database, staff: FlaskClient
) -> None:
    with database.transaction("tests", "enrol") as session:
        code = enrolling.add_participant(session, site=first_site(session)).code
    page = staff.get(f"/people/{code}").text
    assert f"hometrial import PROVIDER PATH --participant {code}" in page
    assert f"hometrial participant zone {code}" in page
    assert staff.get(f"/people/{code}/chart.json").status_code == 404
    assert "never" in staff.get("/people").text


@pytest.mark.parametrize("address", ["/people/P-9999", "/batches/00000000-0000-0000-0000-000000000000",
    "/quarantine/00000000-0000-0000-0000-000000000000", "/people/P-0001/2026-02-30"])  # fmt: skip
def test_what_is_not_there_is_a_page_too(staff: FlaskClient, address: str) -> None:
    answer = staff.get(address)
    assert answer.status_code == 404
    assert "<h1>Not" in answer.text
