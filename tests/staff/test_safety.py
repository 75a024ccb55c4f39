"""Safety pages: what calls for somebody stands first, events are told, judged and reported, and nothing is erased."""

import csv
import io
from datetime import UTC, datetime, timedelta

import enrolled
import homes
import pytest
import signed_in
from sent_forms import filled
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Medication, Participant, Site
from hometrial.protocol.safety.details import Details
from hometrial.services import enrolling, migrating
from hometrial.services.safety import alerting, reporting
from hometrial.services.safety.reporting import Said
from hometrial.services.trial import following
from hometrial.settings import Settings
from hometrial.staff import create_app

HERE, ELSEWHERE = "P-0001", "P-0003"
FORMULA = "=HYPERLINK(1) could not sleep"


def _site(session, code):
    site = Site(code=code, name=f"Clinic {code}")
    session.add(site)
    session.flush()
    return site


@pytest.fixture(scope="module")
def database(home):
    made = Database(Settings(home=homes.beside(home, "safety"), actor="tests"))
    migrating.require_newest(made)
    with made.transaction("tests", "a study") as session:
        first, second = _site(session, "S-01"), _site(session, "S-02")
        here, other, elsewhere = (
            enrolling.add_participant(session, site=site) for site in (first, first, second)
        )
        following.move(session, here, enrolled.published(session))
        for person in (here, other, elsewhere):
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        now = clock.now()
        nurse = Said("staff:ann", "contact", "staff", now - timedelta(hours=30))
        reporting.report(session, here, Details(verbatim=FORMULA, term="trouble_sleeping", severity="moderate"),
                         Said(here.code, "participant", "participant"))  # fmt: skip
        reporting.report(
            session, here, Details(verbatim="was in hospital", serious=("hospitalisation",)), nurse
        )
        reporting.report(
            session, here, Details(verbatim="dizzy"), Said(here.code, "participant", "participant")
        )
        reporting.report(
            session,
            elsewhere,
            Details(verbatim="secret of the other site", grade=3, related=True),
            nurse,
        )
        alerting.raise_alert(
            session, other, rule="HR2", level="amber", values={"said": "130 per min"}
        )
        alerting.raise_alert(
            session, other, rule="HR3", level="amber", values={"said": "31 per min"}
        )
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(database):
    return create_app(database)


@pytest.fixture
def here(app, database):
    """Who has every role at the first site alone."""
    return signed_in.client(app, database, "ann", sites=("S-01",))


@pytest.fixture
def as_role(app, database):
    return lambda role: signed_in.client(
        app, database, f"only-{role.replace('_', '-')}", (role,), ("S-01",)
    )


def one(database, query, **values):
    with database.engine.connect() as connection:
        return connection.execute(text(query), values).scalar_one()


def test_what_calls_for_somebody_stands_in_order_of_risk_with_its_clock(here):
    page = here.get("/safety").get_data(as_text=True)
    assert page.index("Serious adverse event: report") < page.index("130 per min")
    assert "late by" in page
    assert "Serious event to the sponsor" in page
    assert f"{HERE} event 3" in page


def test_rules_are_counted_over_the_whole_study_and_name_nobody_of_another_site(here):
    page = here.get("/safety").get_data(as_text=True)
    assert "people of 1 treated with a related event of grade 3" in page
    assert ELSEWHERE not in page


def test_an_event_of_another_site_is_not_found_whoever_asks(here):
    for way in ("", "/amend", "/judge", "/code", "/report.pdf"):
        assert here.get(f"/safety/events/{ELSEWHERE}/1{way}").status_code == 404, way
    assert "secret of the other site" not in here.get("/safety/events").get_data(as_text=True)
    assert "secret of the other site" not in here.get("/safety/events.csv").get_data(as_text=True)


def test_an_alert_is_answered_for_once_and_closed_with_a_reason(here, database):
    alert = one(database, "SELECT id FROM alert WHERE rule = 'HR3'")
    where = f"/safety/alerts/{alert}"
    assert told(here, where, f"{where}/close", because=" ").status_code == 422
    answering = filled(here, where, f"{where}/acknowledge")
    assert here.post(f"{where}/acknowledge", data=answering).status_code == 303
    again = here.post(f"{where}/acknowledge", data=answering)
    assert again.status_code == 422
    assert "was acknowledged by staff:ann" in again.get_data(as_text=True)
    closed = told(here, where, f"{where}/close", because="spoken with, well", action="called")
    assert closed.status_code == 303
    assert "spoken with, well" in here.get(where).get_data(as_text=True)
    assert "31 per min" not in here.get("/safety").get_data(as_text=True)
    assert "spoken with, well" in here.get("/safety/alerts").get_data(as_text=True)


def told(client, where, to=None, **fields):
    return client.post(to or where, data=filled(client, where, to, **fields))


def test_an_event_is_recorded_with_nothing_but_the_person(here, database):
    before = one(database, "SELECT count(*) FROM adverse_event")
    answer = told(here, f"/safety/people/{HERE}/new", source="contact", pregnancy="")
    assert answer.status_code == 303
    assert one(database, "SELECT count(*) FROM adverse_event") == before + 1


def test_what_contradicts_itself_is_refused_beside_its_field_and_what_was_typed_stays(here):
    answer = told(
        here, f"/safety/people/{HERE}/new", verbatim="dizzy", start="2030-01-01", source="contact"
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="start-wrong"' in page
    assert "still to come" in page
    assert "dizzy" in page


def test_what_makes_it_serious_asks_when_it_was_learned(here, database):
    answer = told(
        here,
        f"/safety/people/{HERE}/new",
        verbatim="fell",
        serious="hospitalisation",
        source="contact",
    )
    assert answer.status_code == 422
    assert "starts a clock" in answer.get_data(as_text=True)
    answer = told(here, f"/safety/people/{HERE}/new", verbatim="fell", serious="hospitalisation",
                  source="contact", learned="2026-01-02T12:00")  # fmt: skip
    assert answer.status_code == 303
    learned = one(
        database, "SELECT max(learned_at) FROM adverse_event_version WHERE verbatim = 'fell'"
    )
    assert learned == datetime(2026, 1, 2, 11, tzinfo=UTC)  # noon in Berlin


def test_a_judgement_is_a_new_version_and_a_stale_one_is_refused(here, database):
    where = f"/safety/events/{HERE}/1/judge"
    said = {"grade": "2", "not_serious": "y", "related": "yes", "who_umc": "possible",
            "naranjo_after_drug": "yes", "seen": "1", "because": "call with the person"}  # fmt: skip
    assert told(here, where, **said).status_code == 303
    page = here.get(f"/safety/events/{HERE}/1").get_data(as_text=True)
    assert "Version 2" in page
    assert "call with the person" in page
    assert FORMULA.replace("=", "=") in page
    stale = told(here, where, **{**said, "grade": "3"})
    assert stale.status_code == 422
    assert "since you saw version 1" in stale.get_data(as_text=True)


def test_who_records_takes_no_criterion_away(here, database):
    where = f"/safety/events/{HERE}/2/amend"
    answer = told(
        here,
        where,
        verbatim="was in hospital",
        source="contact",
        seen="1",
        because="not so bad",
        serious=[],
    )
    assert answer.status_code == 422
    assert "for an investigator to judge" in answer.get_data(as_text=True)


def test_a_report_that_was_sent_stops_its_clock_and_stays_late(here):
    recorded = told(here, f"/safety/people/{HERE}/new", verbatim="hit by a car", serious="disability",
                    learned="2026-01-02T12:00")  # fmt: skip
    where = recorded.location
    answer = told(here, where, f"{where}/sent", clock="serious_to_sponsor", reference="mail 7")
    assert answer.status_code == 303
    page = here.get(where).get_data(as_text=True)
    assert "mail 7" in page
    assert "late</span>" in page


def test_the_report_is_the_same_file_each_time_and_names_nobody(here):
    first, second = (here.get(f"/safety/events/{HERE}/2/report.pdf") for _ in range(2))
    assert first.data.startswith(b"%PDF")
    assert first.data == second.data
    assert first.headers["X-Content-SHA256"] == second.headers["X-Content-SHA256"]


def test_the_listing_is_filtered_and_its_csv_runs_nothing(here):
    page = here.get("/safety/events?serious=yes").get_data(as_text=True)
    assert "was in hospital" in page
    assert "could not sleep" not in page
    rows = list(csv.DictReader(io.StringIO(here.get("/safety/events.csv").get_data(as_text=True))))
    assert ELSEWHERE not in {row["participant"] for row in rows}
    assert all(not row["words"].startswith("=") for row in rows)
    assert any(row["words"] == f"'{FORMULA}" for row in rows)
    assert here.get("/safety/events?grade=9").status_code == 400
    assert here.get("/safety/events?dose=lots").status_code == 400


def test_roles_do_what_the_table_says(as_role):
    event = f"/safety/events/{HERE}/1"
    for role, seen in (
        ("coordinator", 200),
        ("statistician", 200),
        ("monitor", 200),
        ("admin", 403),
    ):
        assert as_role(role).get(event).status_code == seen, role
    assert as_role("coordinator").get(f"{event}/judge").status_code == 403
    assert as_role("monitor").get(f"/safety/people/{HERE}/new").status_code == 403
    assert "Judge it" not in as_role("coordinator").get(event).get_data(as_text=True)


def test_words_that_were_coded_before_are_offered_again(here, database):
    said = Said("P-0002", "participant", "participant")
    with database.transaction("tests", "the same words") as session:
        person = session.query(Participant).filter_by(code="P-0002").one()
        first, second = (
            reporting.report(session, person, Details(verbatim=words), said).number
            for words in ("Sore  throat", "sore throat ")
        )
    codes = {"llt_code": "10041367", "pt_code": "10068319", "pt_name": "Oropharyngeal pain",
             "soc_name": "Respiratory", "meddra_version": "29.0"}  # fmt: skip
    one_of, other = (f"/safety/events/P-0002/{number}/code" for number in (first, second))
    assert "not coded before" in here.get(one_of).get_data(as_text=True)
    assert told(here, one_of, **{**codes, "pt_code": "abc"}).status_code == 422
    assert told(here, one_of, **codes).status_code == 303
    page = here.get(other).get_data(as_text=True)
    assert "coded 1 time before" in page
    assert 'value="Oropharyngeal pain"' in page


def test_a_deviation_has_versions_and_is_closed_with_what_was_done(here):
    where = f"/safety/people/{HERE}/deviations/new"
    said = {"category": "visit_window", "impact": "minor", "happened_on": "2026-03-01",
            "found_on": "2026-03-04", "description": "visit W4 five days late"}  # fmt: skip
    backwards = told(here, where, **{**said, "found_on": "2026-02-01"})
    assert backwards.status_code == 422
    assert "after it was found" in backwards.get_data(as_text=True)
    assert told(here, where, **said).status_code == 303
    one_of = f"/safety/deviations/{HERE}/1"
    unfinished = told(here, one_of, **said, is_closed="y", because="done")
    assert unfinished.status_code == 422
    closed = told(
        here,
        one_of,
        **said,
        is_closed="y",
        corrective_action="reminder a day before",
        because="done",
    )
    assert closed.status_code == 303
    assert "Version 2" in here.get(one_of).get_data(as_text=True)
    listed = here.get("/safety/deviations?state=closed").get_data(as_text=True)
    assert "visit W4 five days late" in listed
    assert "visit W4 five days late" not in here.get("/safety/deviations?state=open").get_data(
        as_text=True
    )
    assert here.get(f"/safety/deviations/{ELSEWHERE}/1").status_code == 404


def test_an_opioid_that_is_taken_stands_there(database, here):
    with database.transaction("tests", "an opioid") as session:
        person = session.query(Participant).filter_by(code=HERE).one()
        session.add(Medication(
            participant_id=person.id, number=1, name="Codeine", dose="", route="", indication="",
            began=None, ended=None, last_on=None, substance="codeine", kinship="short_acting",
            is_opioid=True, is_void=False, by="staff:ann", at=clock.now(), zone="UTC", why="",
            corrects=None, key=None))  # fmt: skip
    page = here.get("/safety").get_data(as_text=True)
    assert "Codeine (codeine), is still taken" in page


def test_the_first_page_asks_no_more_the_more_there_is(here, database):
    def asked():
        from sqlalchemy import event as listening

        counted = []
        listening.listen(database.engine, "before_cursor_execute", lambda *_: counted.append(1))
        assert here.get("/safety").status_code == 200
        assert here.get("/safety/events").status_code == 200
        return len(counted)

    before = asked()
    with database.transaction("tests", "more events") as session:
        person = session.query(Participant).filter_by(code="P-0002").one()
        for number in range(8):
            reporting.report(session, person, Details(verbatim=f"event {number}", serious=("disability",)),
                             Said("staff:ann", "contact", "staff", clock.now()))  # fmt: skip
    first = before
    second = asked()
    # The listener of the first count still counts: a page asks as much as before, counted twice.
    assert second == first


def test_a_new_event_is_begun_from_the_listing(here):
    assert (
        here.get("/safety/events/new?participant=p-0001").location == f"/safety/people/{HERE}/new"
    )
    assert here.get("/safety/events/new").status_code == 400
    assert here.get(f"/safety/people/{ELSEWHERE}/new").status_code == 404
