"""What a wearable told, as it is taken out of the database for a lock: exactly what services and pages tell."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import worn

from hometrial import clock
from hometrial.models import ConsentSignature, ConsentText
from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.events import Entry, Intake, Reason, Source
from hometrial.services import (
    capturing,
    consenting,
    enrolling,
    histories,
    locating,
    shelving,
    tabling,
)
from hometrial.services.dosing import storing
from hometrial.services.metrics import DEFAULT
from hometrial.services.metrics.episodes import episodes, main_sleep

pytestmark = pytest.mark.long

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)


def _dose(person, number, day, *, missed=None, corrects=None):
    entry = Entry(str(number), person.code, NOON.astimezone(ZoneInfo("Europe/Berlin")), "as told", None if corrects is None else str(corrects))  # fmt: skip
    mg = Decimal(0) if missed else Decimal("0.5")
    return storing.row_of(person.id, Intake(entry, day, mg, "cap", Source.APP_TAP, TimeOfDay.EVENING, missed=missed))  # fmt: skip


def _columns(table):
    return [each.name for each in table.__table__.c if each.name != "id"]


def _lived(session):
    """A pause, a new version of the consent, and doses after the last day with data."""
    person = enrolling.find_participant(session, "P-0001")
    consenting.pause(session, person, NOON, NOON + timedelta(hours=12), "in hospital")
    old = session.query(ConsentText).one()
    new = {each: getattr(old, each) for each in _columns(ConsentText)}
    session.add(ConsentText(**new | {"version": "1.1.0", "sha256": "1" * 64}))
    session.flush()
    words = session.query(ConsentText).filter_by(version="1.1.0").one()
    first = session.query(ConsentSignature).filter_by(participant_id=person.id).one()
    signed = {each: getattr(first, each) for each in _columns(ConsentSignature)}
    session.add(ConsentSignature(**signed | {"text_id": words.id, "version": "1.1.0", "signed_at": NOON}))  # fmt: skip
    session.add_all(
        [
            _dose(person, 1, date(2026, 3, 20)),
            _dose(person, 2, date(2026, 3, 21), missed=Reason.FORGOT),
            _dose(person, 3, date(2026, 3, 22)),
            _dose(person, 4, date(2026, 3, 23), corrects=3),
        ]
    )


@pytest.fixture(scope="module")
def taken(shared_study, tmp_path_factory):
    """The study's source tables and the study."""
    folder = tmp_path_factory.mktemp("worn")
    with worn.told(folder) as set_clock:
        worn.fill(shared_study, folder, set_clock)
        with shared_study.database.transaction("test", "lived") as session:
            _lived(session)
        with shared_study.database.reading() as session:
            yield capturing.capture(session), shared_study


def _days(source, code):
    return {each["day"]: each for each in source.by_person("data_day")[code]}


def test_figures_are_those_of_the_table_with_the_unit_of_their_rule(taken):
    source, study = taken
    stored = study.rows(
        "SELECT p.code || '/' || m.day || '/' || m.metric, m.value, m.rule_version FROM daily_metric m"
        " JOIN participant p ON p.id = m.participant_id"
    )
    assert len(stored) > 300
    assert {(r["id"], r["value"], r["rule_version"]) for r in source.rows("daily_metric")} == {
        tuple(each) for each in stored
    }
    assert {each["unit"] for each in source.rows("daily_metric") if each["metric"] == "steps"} == {"{steps}"}  # fmt: skip


_STATES = """
    SELECT p.code, c.day, max(c.state) AS state,
           (SELECT string_agg(DISTINCT v.suite || ':' || v.suite_version, '; ')
            FROM day_chunk d JOIN verdict v ON v.batch_id = d.batch_id AND v.signal = d.stream
            WHERE d.participant_id = p.id AND d.day = c.day)
    FROM day_chunk c JOIN participant p ON p.id = c.participant_id
    WHERE c.is_current AND c.samples > 0 GROUP BY p.id, p.code, c.day
"""


def test_days_have_the_status_of_their_chunks_and_the_suites_that_judged_them(taken):
    source, study = taken
    told = study.rows(_STATES)
    assert len(told) > 3
    for code, on, state, suites in told:
        day = _days(source, code)[on]
        assert (day["status"], day["rule_suite"]) == (state, suites)


def test_the_main_sleep_is_the_one_that_the_metrics_are_made_of(taken):
    source, study = taken
    checked = 0
    with study.database.reading() as session:
        for person in tabling.people(session):
            zones = enrolling.zones_of(session, person)
            span = range(*locating.edges(session, [person.id])[person.id]["sleep_session"])
            calendar = histories.Calendar.of(zones, span)
            history = histories.History(person.id, shelving.Shelf(session), calendar, locating.edges(session, [person.id])[person.id])  # fmt: skip
            for number in span:
                day = _days(source, person.code)[date(1970, 1, 1) + timedelta(number)]
                main = main_sleep(episodes(history.day(number), DEFAULT))
                if main is None:
                    assert day["main_sleep_end"] is None
                    continue
                checked += 1
                end = datetime.fromisoformat(day["main_sleep_end"])
                assert clock.microseconds(end) // 10**6 == main.end_at // 10**6
                assert day["minutes_in_main_sleep"] == (main.end_at - main.start_at) / 60e6
                assert end.utcoffset() == timedelta(hours=1)
    assert checked > 5


def test_a_day_names_the_device_that_gave_its_heart_rate(taken):
    source, _ = taken
    models = {each["id"]: (each["participant"], each["model"]) for each in source.rows("device")}
    assert sorted(models.values()) == [("P-0003", "Charge 6"), ("P-0003", "MobileTrack")]
    given = {day: each["device"] for day, each in _days(source, "P-0003").items()}
    assert len(given) == worn.DAYS
    assert {models[each] for each in given.values()} == {("P-0003", "Charge 6")}
    assert {each["device"] for each in _days(source, "P-0001").values()} == {None}


def test_consent_rest_and_doses_are_those_of_the_day(taken):
    source, _ = taken
    days = _days(source, "P-0001")
    versions = {day: each["consent_version"] for day, each in days.items()}
    assert (versions[date(2026, 3, 6)], versions[date(2026, 3, 7)]) == ("1.0.0", "1.1.0")
    assert [day for day, each in days.items() if each["excused"]] == [date(2026, 3, 7), date(2026, 3, 8)]  # fmt: skip
    after = [(day, each["status"]) for day, each in days.items() if day > date(2026, 3, 15)]
    assert after == [(date(2026, 3, 20), "none"), (date(2026, 3, 23), "none")], (
        "a dose that was missed or corrected away makes no day"
    )


def test_a_chunk_is_the_current_version_with_the_digest_of_its_very_bytes(taken):
    source, study = taken
    stored = study.rows(
        "SELECT p.code || '/' || c.stream || '/' || c.day, c.version, c.body FROM day_chunk c"
        " JOIN participant p ON p.id = c.participant_id WHERE c.is_current"
    )
    assert {(each["id"], each["version"], each["sha256"]) for each in source.rows("chunk")} == {
        (name, version, hashlib.sha256(body).hexdigest()) for name, version, body in stored
    }


def test_every_batch_has_its_verdicts_and_every_sample_set_aside_its_batch(taken):
    source, study = taken
    batches = {each["id"]: each for each in source.rows("batch")}
    assert len(batches) == study.one("SELECT count(*) FROM batch")
    assert {each["batch"] for each in source.rows("verdict")} <= batches.keys()
    aside = source.rows("quarantined")
    assert len(aside) == study.one("SELECT count(*) FROM quarantined_row") > 2
    assert {each["value"] for each in aside} >= {0.0, 450.0} or {each["code"] for each in aside}
    assert {each["batch"] for each in aside} <= batches.keys()
    told = sum(each["rows"] or 0 for each in source.rows("verdict") if each["severity"] == "error")
    assert told >= len(aside)
    assert {each["id"] for each in source.rows("query")} == {
        str(row[0]) for row in study.rows("SELECT id FROM query")
    }


def test_gaps_are_those_of_the_ledger(taken):
    source, study = taken
    assert len(source.rows("gap")) == study.one("SELECT count(*) FROM gap") > 0
