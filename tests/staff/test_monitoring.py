"""Pages of monitors: values are held against their sources, marks drop, visits and reviews are signed, signatures break."""

import csv
import hashlib
import io
import json
from datetime import date, timedelta

import enrolled
import homes
import pytest
import signed_in
from sent_forms import filled
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Site, VisitRecord
from hometrial.protocol.safety.details import Details
from hometrial.services import auditing, enrolling, migrating
from hometrial.services.monitoring import sampling
from hometrial.services.safety import deviating, events, reporting
from hometrial.services.safety.reporting import Said
from hometrial.services.trial import following
from hometrial.settings import Settings
from hometrial.staff import create_app

SHARES = dict.fromkeys(sampling.SHARES, 100)


@pytest.fixture(scope="module")
def database(home):
    made = Database(Settings(home=homes.beside(home, "monitoring"), actor="tests"))
    migrating.require_newest(made)
    with made.transaction("tests", "a study") as session:
        for code in ("S-01", "S-02"):
            session.add(Site(code=code, name=f"Clinic {code}"))
        session.flush()
        version = enrolled.published(session)
        for code in ("S-01", "S-01", "S-02"):
            person = enrolling.add_participant(session, site=enrolling.find_site(session, code))
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
            following.move(session, person, version)
            enrolled.consent(session, person)
            said = Said("staff:ann", "contact", "staff", clock.now())
            reporting.report(session, person, Details(verbatim=f"dizzy at {code}", grade=1), said)
            session.add(_visit(person, version))
    yield made
    made.close()


def _visit(person, version):
    return VisitRecord(
        participant_id=person.id, protocol_version_id=version.id, visit="V1", number=1,
        due=date(2026, 3, 2), outcome="held", day=date(2026, 3, 3), days_outside=0, mode="video",
        reason=None, recorded_at=clock.now(), recorded_by="staff:ann", corrects_id=None, because=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def app(database):
    return create_app(database)


@pytest.fixture
def monitor(app, database):
    """Who monitors the first site."""
    return signed_in.client(app, database, "mona", ("monitor",), ("S-01",))


@pytest.fixture
def investigator(app, database):
    return signed_in.client(app, database, "ivo", ("investigator",), ("S-01",))


@pytest.fixture
def planned(database):
    """A plan that draws everything."""
    with database.transaction("staff:mona", "plan") as session:
        if sampling.newest(session).plan is None:
            sampling.plan(session, SHARES, by="staff:mona", because="all of it")


def amended(database, code, words):
    """Amend a person's first event."""
    with database.transaction("staff:ann", "amended") as session:
        person = enrolling.find_participant(session, code)
        event = events.find(session, person, 1)
        said = Said("staff:ann", "contact", "staff", clock.now())
        reporting.amend(session, event, {"verbatim": words}, said, because="told more")


def tick(client, page, label):
    """Return the box of a value."""
    body = client.get(page).get_data(as_text=True)
    before = body[: body.index(f'aria-label="Verified: {label}"')]
    return before.rsplit('value="', 1)[1].split('"')[0]


def sent(client, page, to=None, **fields):
    return client.post(to or page, data=filled(client, page, to, **fields))


def test_a_plan_is_made_once_and_its_seed_stays(monitor, planned, database):
    page = monitor.get("/monitoring/plan").get_data(as_text=True)
    seed = page.split('Seed <code class="hash">')[1][:32]
    assert sent(monitor, "/monitoring/plan", wearable_day="200", because="x").status_code == 422
    assert sent(monitor, "/monitoring/plan", because="all again").status_code == 303
    page = monitor.get("/monitoring/plan").get_data(as_text=True)
    assert "all again" in page
    assert seed in page


def test_a_mark_drops_when_its_value_changes_and_the_value_is_listed_again(
    monitor, planned, database
):
    page = "/monitoring/people/P-0001?kind=adverse_event"
    value = tick(monitor, page, "adverse event 1")
    to = page + "&show=drawn"
    answer = sent(monitor, page, to, value=value, note="source: call log")
    assert answer.status_code == 303
    body = monitor.get(page).get_data(as_text=True)
    assert ">verified</span>" in body
    assert "source: call log" in body
    amended(database, "P-0001", "very dizzy")
    body = monitor.get(page).get_data(as_text=True)
    assert ">dropped</span>" in body
    assert 'aria-label="Verified: adverse event 1"' in body
    stale = sent(monitor, page, to, value=value)
    assert stale.status_code == 422
    assert "since you saw it" in stale.get_data(as_text=True)
    review = monitor.get("/audit/review?since=2026-10-01").get_data(as_text=True)
    assert "adverse event 1 was verified by staff:mona" in review
    trail = monitor.get("/monitoring/people/P-0001/value?kind=adverse_event&key=1").get_data(
        as_text=True
    )
    assert "told more" in trail
    assert ">dropped</span>" in trail
    assert sent(monitor, page, to, value=tick(monitor, page, "adverse event 1")).status_code == 303
    with database.engine.connect() as connection:
        assert (
            connection.execute(
                text(
                    "SELECT count(*) FROM verification_drop d JOIN verification_mark m ON m.id = d.mark_id"
                    " WHERE m.kind = 'adverse_event'"
                )
            ).scalar_one()
            == 1
        )


def test_parts_of_a_value_are_marked_alone(monitor, planned, database):
    page = "/monitoring/people/P-0002/value?kind=visit&key=V1%231"
    to = "/monitoring/people/P-0002/value"
    assert sent(monitor, page, to, field=["day", "outcome"]).status_code == 303
    body = monitor.get("/monitoring/people/P-0002?kind=visit").get_data(as_text=True)
    assert ">in part</span>" in body


def test_only_a_monitor_marks_and_nobody_of_another_site_is_there(monitor, investigator, planned):
    page = "/monitoring/people/P-0001?kind=visit"
    body = investigator.get(page).get_data(as_text=True)
    assert "visit V1#1" in body
    assert 'type="checkbox"' not in body
    assert investigator.post("/monitoring/people/P-0001?kind=visit").status_code in (400, 403)
    for client in (monitor, investigator):
        assert client.get("/monitoring/people/P-0003").status_code == 404
        assert (
            client.get("/monitoring/people/P-0003/value?kind=visit&key=V1%231").status_code == 404
        )
        assert "P-0003" not in client.get("/monitoring").get_data(as_text=True)
        assert "P-0003" not in client.get("/audit").get_data(as_text=True)
    assert monitor.get("/monitoring/visits/S-02/new").status_code == 404


def test_every_page_of_a_monitor_is_in_the_access_log(monitor, planned, database):
    def looked():
        with database.engine.connect() as connection:
            return connection.execute(
                text("SELECT count(*) FROM access.access_record WHERE who = 'staff:mona'")
            ).scalar_one()

    for page in ("/monitoring", "/monitoring/plan", "/monitoring/visits", "/monitoring/sites", "/audit",
                 "/audit/review", "/audit/reviews", "/monitoring/people/P-0001"):  # fmt: skip
        before = looked()
        assert monitor.get(page).status_code == 200, page
        assert looked() == before + 1, page


def test_a_visit_report_is_signed_once_and_stays_the_bytes_that_were_signed(
    monitor, planned, database
):
    with database.transaction("staff:ann", "a deviation") as session:
        person = enrolling.find_participant(session, "P-0001")
        late = deviating.Departure(category="visit_window", impact="minor", happened_on=date(2026, 3, 1),
                                   found_on=date(2026, 3, 2), description="late")  # fmt: skip
        deviating.record(session, person, late, by="staff:ann")
    drafted = sent(monitor, "/monitoring/visits/S-01/new", summary="", follow_ups="")
    assert drafted.status_code == 303
    page = drafted.location
    assert "P-0001 1: visit window, minor" in monitor.get(page).get_data(as_text=True)
    unread = sent(monitor, f"{page}/sign")
    assert unread.status_code == 422
    assert "say what was seen" in unread.get_data(as_text=True)
    assert sent(monitor, page, summary="Consents were seen.").status_code == 303
    assert sent(monitor, f"{page}/sign").status_code == 303
    first, second = (monitor.get(f"{page}/report.pdf") for _ in range(2))
    assert first.data == second.data
    assert hashlib.sha256(first.data).hexdigest() == first.headers["X-Content-SHA256"]
    again = monitor.post(page, data=filled(monitor, "/monitoring/visits/S-01/new",
                                           "/monitoring/visits/S-01/new", summary="other"))  # fmt: skip
    assert again.status_code == 422
    shown = monitor.get(page).get_data(as_text=True)
    assert "Mona" in shown
    assert "I made this visit" in shown
    with (
        pytest.raises(Exception, match="append-only"),
        database.transaction("x", "y") as session,
    ):
        session.execute(text("UPDATE visit_report SET summary = 'other'"))


def test_a_signature_over_a_visit_breaks_when_the_visit_changes(investigator, monitor, database):
    page = "/monitoring/people/P-0002/sign?subject=V1%231"
    assert monitor.get(page).status_code == 403
    assert sent(investigator, page, meaning="I endorse visit 1").status_code == 303
    shown = investigator.get("/monitoring/people/P-0002/signatures").get_data(as_text=True)
    assert "I endorse visit 1" in shown
    assert "Ivo" in shown
    assert ">stands</span>" in shown
    amended(database, "P-0002", "an event is not of the visit")
    shown = investigator.get("/monitoring/people/P-0002/signatures").get_data(as_text=True)
    assert ">stands</span>" in shown
    with database.transaction("staff:ann", "corrected") as session:
        person = enrolling.find_participant(session, "P-0002")
        row = session.query(VisitRecord).filter_by(participant_id=person.id).one()
        session.add(_corrected(row))
    shown = investigator.get("/monitoring/people/P-0002/signatures").get_data(as_text=True)
    assert ">broken</span>" in shown
    assert "changed since: visit" in shown


def _corrected(row):
    return VisitRecord(
        participant_id=row.participant_id, protocol_version_id=row.protocol_version_id, visit="V1",
        number=1, due=row.due, outcome="held", day=date(2026, 3, 4), days_outside=1, mode="video",
        reason=None, recorded_at=clock.now(), recorded_by="staff:ann", corrects_id=row.id, because="wrong day",
    )  # fmt: skip


def test_the_trail_is_filtered_by_person_table_actor_day_and_kind(monitor, app, database):
    body = monitor.get("/audit?person=P-0001&table=public.adverse_event_version").get_data(
        as_text=True
    )
    assert "added to adverse event version" in body
    assert "dizzy at S-01" in body
    assert monitor.get("/audit?person=P-0003").status_code == 404
    assert (
        "nothing was changed like this"
        in monitor.get("/audit?actor=nobody").get_data(as_text=True).lower()
    )
    assert monitor.get("/audit?from=2026-01-01&to=2026-12-01").status_code == 400
    assert monitor.get("/audit?kind=DROP").status_code == 400
    assert monitor.get("/audit.csv").status_code == 403
    manager = signed_in.client(app, database, "max", ("data_manager",), ("S-01",))
    rows = list(
        csv.DictReader(io.StringIO(manager.get("/audit.csv?person=P-0001").get_data(as_text=True)))
    )
    assert {"public.adverse_event", "public.visit_record"} <= {row["table"] for row in rows}
    lines = manager.get("/audit.ndjson?person=P-0001").get_data(as_text=True).splitlines()
    assert {json.loads(line)["table"] for line in lines} == {row["table"] for row in rows}


def test_a_review_finds_what_came_late_and_is_signed_with_the_head_of_the_chain(
    monitor, investigator, database
):
    body = monitor.get("/audit/review?since=2026-10-01").get_data(as_text=True)
    assert "visit of 2026-03-03, entered" in body
    assert investigator.get("/audit/review").status_code == 403
    until = clock.now()
    since = until - timedelta(days=3)
    page = (
        f"/audit/review/sign?since={since:%Y-%m-%dT%H:%M:%SZ}&until={until:%Y-%m-%dT%H:%M:%S.%fZ}"
    )
    where = f"since={since:%Y-%m-%dT%H:%M:%S}%2B00:00&until={until:%Y-%m-%dT%H:%M:%S.%f}%2B00:00"
    signed = sent(
        monitor, page, f"/audit/review/sign?{where}", note="late visits are told by phone"
    )
    assert signed.status_code == 303, signed.get_data(as_text=True)
    shown = monitor.get(signed.location).get_data(as_text=True)
    assert "late visits are told by phone" in shown
    assert "Mona" in shown
    with database.reading() as session:
        assert auditing.head(session).seq
    pdf = monitor.get(f"{signed.location}.pdf")
    assert hashlib.sha256(pdf.data).hexdigest() == pdf.headers["X-Content-SHA256"]
    rows = list(
        csv.DictReader(io.StringIO(monitor.get(f"{signed.location}.csv").get_data(as_text=True)))
    )
    assert {row["signed_by"] for row in rows} == {"Mona"}
    assert any(row["filter"] == "late_entry" for row in rows)


def test_sites_are_told_in_numbers(monitor):
    body = monitor.get("/monitoring/sites").get_data(as_text=True)
    assert "S-01" in body
    assert "Clinic S-02" not in body


def test_the_progress_asks_no_more_the_more_people_there_are(monitor, planned, database):
    from sqlalchemy import event as listening

    def asked():
        counted = []

        def count(*_):
            counted.append(1)

        listening.listen(database.engine, "before_cursor_execute", count)
        assert monitor.get("/monitoring").status_code == 200
        listening.remove(database.engine, "before_cursor_execute", count)
        return len(counted)

    monitor.get("/monitoring")
    before = asked()
    with database.transaction("tests", "more people") as session:
        site = enrolling.find_site(session, "S-01")
        for _ in range(5):
            enrolling.add_participant(session, site=site)
    assert asked() == before
