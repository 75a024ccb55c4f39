"""The sync log, the doctor, the open work and the providers, as the staff see them."""

import re
from datetime import timedelta

import pytest
import signed_in
from flask.testing import FlaskClient
from linked import counted, link, person, pull, worker

from hometrial import clock
from hometrial.db import Database
from hometrial.services.staffing.sessions import IDLE
from hometrial.staff import create_app

WELL, DEAD, ENDING, QUIET, PARTLY, PUSHING = (f"P-{number:04}" for number in range(3, 9))


def test_every_read_of_a_person_is_told_with_its_rows_and_its_failure(staff: FlaskClient) -> None:
    page = staff.get(f"/people/{WELL}/sync").text
    assert "the provider answered with an error page (503)" in page
    assert "<code>req-x</code>" in page
    assert "1–50 of 73" in page
    assert page.count('<tbody class="read">') == 50
    second = staff.get(f"/people/{WELL}/sync?start=50").text
    assert second.count('<tbody class="read">') == 23
    assert "51–73 of 73" in second


def test_what_is_under_way_is_shown_and_renewed_alone(staff: FlaskClient) -> None:
    page = staff.get(f"/people/{WELL}/sync").text
    assert f'data-live="/people/{WELL}/sync/live"' in page
    part = staff.get(f"/people/{WELL}/sync/live").text
    assert "<html" not in part
    assert "Under way now" in part
    assert "data-busy" in part
    assert "No read is under way" in staff.get(f"/people/{DEAD}/sync/live").text
    assert f">{WELL}<" in staff.get("/sync/live").text


def test_a_read_whose_worker_died_long_ago_is_not_under_way(
    database: Database, staff: FlaskClient
) -> None:
    with database.transaction("tests", "a dead worker") as session:
        who = person(session)
        pull(session, link(session, who), "fetching", started_at=clock.now() - timedelta(hours=7))
    assert "No read is under way" in staff.get(f"/people/{who.code}/sync/live").text


def test_a_page_that_renews_itself_keeps_no_session_alive(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, moment = staff, clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    seen = []
    for _ in range(4):
        moment += IDLE / 3.5
        seen.append(client.get("/sync/live").status_code)
    assert seen == [200, 200, 200, 401]


def test_the_study_tells_how_far_the_data_of_each_source_reach(
    database: Database, staff: FlaskClient
) -> None:
    with database.transaction("tests", "a worker comes to life") as session:
        worker(session)
    page = staff.get("/sync").text
    table = page[page.index("We have data up to") :]
    assert re.search(rf"{WELL}</a>.*?\d\d:\d\d (today|yesterday) <span", page, re.DOTALL)
    assert re.search(r"\(\d\d min ago\)", table)
    assert table.index(f">{DEAD}<") < table.index(f">{PARTLY}<") < table.index(f">{WELL}<")
    assert "health-connect" in page
    assert "the refresh was refused: invalid_grant" in page
    assert "1 in the last day" in page
    assert "1 of them about accounts that are nobody" in page
    assert re.search(r"jobs due</dt><dd>1<", page)
    assert re.search(r"oldest job waits</dt><dd>\d+ min<", page)
    assert re.search(r"workers alive</dt><dd>[12]<", page)


@pytest.mark.parametrize("address", ["/sync", "/providers", "/sync/live"])
def test_more_people_ask_no_more_questions(
    database: Database, staff: FlaskClient, address: str
) -> None:
    counts = []
    for _ in range(2):
        with counted(database) as asked:
            assert staff.get(address).status_code == 200
        counts.append(len(asked))
        with database.transaction("tests", "more people") as session:
            for _ in range(3):
                account = link(session, person(session))
                pull(session, account, "fetching")
    assert counts[0] == counts[1]
    assert counts[0] < 30


def test_the_doctor_puts_the_first_problem_on_top_and_shows_every_check(
    staff: FlaskClient,
) -> None:
    page = staff.get(f"/people/{DEAD}/doctor").text
    answer = re.search(r'<p class="refusal answer">([^<]+)<', page)
    assert answer
    assert "invalid_grant" in answer[1]
    assert f"hometrial link invite {DEAD}" in answer[1]
    assert len(re.findall(r'<li class="check check-', page)) == 14
    assert "status-problem" in page


def test_the_doctor_of_a_person_of_files_asks_for_no_link(staff: FlaskClient) -> None:
    page = staff.get("/people/P-0001/doctor").text
    assert page.count("no wearable account is linked; data come by import") == 8
    assert "Missing hours of heart rate" in page
    assert 'class="hour cause-not_worn"' in page


def test_an_end_shows_whom_it_concerns_and_how_far_they_have_come(staff: FlaskClient) -> None:
    page = staff.get("/providers").text
    assert "(in 40 days)" in page
    assert "the vendor&#39;s banner" in page
    for stage, count in (
        ("concerned", 1),
        ("invited", 1),
        ("opened the link", 0),
        ("left to do", 1),
    ):
        assert re.search(rf"{stage}</dt><dd[^>]*>{count}<", page), stage


def test_a_batch_of_reads_shows_its_pages_and_a_row_its_place_in_one(staff: FlaskClient) -> None:
    batch = re.search(r'href="(/batches/[^"]+)">1 reads of 1 account', staff.get("/batches").text)
    assert batch
    page = staff.get(batch[1]).text
    assert "Pages that were read" in page
    assert "GET heart-rate/list-001.json" in page
    assert "not consented</dt><dd>0<" in page
    query = re.search(r"/quarantine/queries/[0-9a-f-]+", page)
    assert query
    row = re.search(r"/quarantine/[0-9a-f-]{36}", staff.get(query[0]).text)
    assert row
    evidence = staff.get(row[0]).text
    assert "row 3 of heart-rate/list-001.json" in evidence
    assert "As it stands in the page" in evidence
    assert "&#34;beatsPerMinute&#34;: &#34;400&#34;" in evidence


def test_a_person_shows_the_state_of_each_account(staff: FlaskClient) -> None:
    page = staff.get(f"/people/{DEAD}").text
    assert "reconnect needed" in page
    assert f"/people/{DEAD}/doctor" in page
    assert f"/people/{DEAD}/sync" in page
    assert "by import" in staff.get("/people/P-0001").text


@pytest.mark.parametrize("address", ["/", "/sync", "/providers"])
def test_an_empty_study_says_what_to_do_here_too(empty_database: Database, address: str) -> None:
    client = signed_in.client(create_app(empty_database), empty_database)
    answer = client.get(address)
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text
