"""What the doctor says of a person: what is there, what is missing, and what to do."""

import re
from datetime import UTC, date, datetime, timedelta

import linked
import pytest
from click.testing import CliRunner
from sqlalchemy import event, text

from hometrial import clock
from hometrial.cli.doctor import _legend, doctor
from hometrial.models import GAP_CAUSES, Participant, WearableAccount
from hometrial.services import consenting, doctoring, enrolling
from hometrial.services.diagnosing import flow
from hometrial.services.syncing import clouds
from hometrial.settings import Settings

CLOUDS = clouds.clouds(Settings(home="/nowhere", simulators="http://127.0.0.1:9"))
ALL = tuple(CLOUDS["google-health"].streams)

HEART_RATE = "heartrate_seconds_merged.csv"


def examine(study, code="P-0001", **days):
    with study.database.reading() as session:
        return doctoring.examine(session, enrolling.find_participant(session, code), **days)


@pytest.fixture
def worn(study, fitabase):
    """Heart rate from 10 to 12 on 12 and 13 April, one value of them impossible."""
    stamps = [
        f"1,4/{day}/2016 {hour}:{minute:02}:{second:02} AM,60\n"
        for day in (12, 13)
        for hour in (10, 11)
        for minute in range(60)
        for second in range(0, 60, 15)
    ]
    content = "Id,Time,Value\n" + "".join(stamps) + "1,4/13/2016 3:00:00 PM,999\n"
    study.take_in(
        "fitabase", fitabase({HEART_RATE: content}), create_participants=True, zone="Europe/Berlin"
    )
    return study


def test_each_local_hour_is_present_or_has_a_cause(worn):
    first, second = examine(worn).days

    assert (first.day, len(first.hours)) == ("2016-04-12", 24)
    assert [n for n, hour in enumerate(first.hours) if hour == "present"] == [10, 11]
    assert second.hours[15] == "quarantined"
    assert second.hours[20] != "present"


def test_missing_hours_are_counted_by_cause(worn):
    found = examine(worn)

    assert sum(found.missing_hours.values()) == 48 - 4
    assert found.missing_hours["quarantined"] == 1


def test_streams_zones_and_what_waits_are_named(worn):
    found = examine(worn)

    assert [(each.stream, each.days, each.samples) for each in found.streams] == [
        ("heart_rate", 2, 960)
    ]
    assert found.zones == ("Europe/Berlin since ever (import)",)
    assert any("1 rows wait in quarantine under 1 open queries" in text for text in found.findings)


def test_some_days_can_be_asked_for(worn):
    (only,) = examine(worn, first=date(2016, 4, 13), last=date(2016, 4, 30)).days

    assert only.day == "2016-04-13"


def test_a_day_of_a_clock_change_has_as_many_hours_as_it_had(study, fitabase):
    stamps = "".join(f"1,{day}/2016 12:00:00 PM,60\n" for day in ("3/26", "3/27", "3/28"))
    study.take_in(
        "fitabase",
        fitabase({HEART_RATE: "Id,Time,Value\n" + stamps}),
        create_participants=True,
        zone="Europe/Berlin",
    )

    days = examine(study).days
    assert [len(day.hours) for day in days] == [24, 23, 24]
    assert [day.hours.index("present") for day in days] == [12, 11, 12]


def test_an_hour_that_has_not_begun_is_neither_there_nor_missing(study, fitabase):
    now = clock.now()
    stamp = f"{now.month}/{now.day}/{now.year} 12:00:00 AM"
    study.take_in(
        "fitabase",
        fitabase({HEART_RATE: f"Id,Time,Value\n1,{stamp},60\n"}),
        create_participants=True,
        zone="UTC",
    )

    assert len(examine(study).days[-1].hours) in (now.hour + 1, now.hour + 2)


def test_a_person_without_anything_is_told_what_to_do(study):
    with study.database.transaction("test") as session:
        enrolling.add_participant(session)

    found = examine(study)

    assert found.days == ()
    assert any("participant zone P-0001" in text for text in found.findings)
    assert any("--participant P-0001" in text for text in found.findings)


def test_the_answer_is_plain_values(worn):
    assert examine(worn).as_json()["participant"] == "P-0001"


def test_a_move_is_told_with_its_date(worn):
    with worn.database.transaction("test") as session:
        person = enrolling.find_participant(session, "P-0001")
        since = datetime(2016, 5, 1, tzinfo=UTC)
        enrolling.set_zone(session, person, "Asia/Tokyo", valid_from=since, source="test")

    assert examine(worn).zones[1] == "Asia/Tokyo since 2016-05-01T00:00:00+00:00 (test)"


def problems(found):
    return [check.name for check in found.checks if check.verdict == "problem"]


@pytest.fixture
def healthy(study):
    """Somebody whose watch delivers, read minutes ago by a worker that is alive."""
    with study.database.transaction("test") as session:
        account = linked.link(session, linked.person(session), streams=ALL)
        linked.pull(session, account, rows_read=9)
        linked.worker(session)
    return study


def change(study, query, **values):
    with study.database.transaction("test") as session:
        session.execute(text(query), values)


def test_nothing_stands_in_the_way_of_whom_all_goes_well(healthy):
    found = examine(healthy, clouds=CLOUDS)

    assert problems(found) == []
    assert found.answer == "Nothing stands in the way of P-0001's data."
    assert [check.name for check in found.checks] == [
        "participant", "zone", "consent", "account linked", "provider alive", "token", "scopes",
        "device", "last read", "worker", "waiting for the gate", "quarantine", "gaps", "days",
    ]  # fmt: skip
    assert all(check.verdict == "ok" for check in found.checks[:12])


def withdrawn_consent(session):
    who = enrolling.find_participant(session, "P-0001")
    consenting.withdraw(session, who, linked.CORE, keep_late=False, source="test")


def not_linked(session):
    session.execute(text("UPDATE connection SET status = 'unlinked'"))


def dead_token(session):
    session.execute(
        text(
            "UPDATE connection SET status = 'reconnect_needed',"
            " status_reason = 'the refresh was refused: invalid_grant'"
        )
    )


def grant_that_ended(session):
    session.execute(text("UPDATE vault.token SET refresh_expires_at = now() - interval '1 hour'"))


def scope_missing(session):
    session.execute(text("UPDATE connection SET streams = array_remove(streams, 'sleep')"))


def provider_outage(session):
    session.execute(
        text(
            "UPDATE sync.stream_state SET obstacle = 'try_later', obstacle_since = now(),"
            " obstacle_text = 'the vendor answered 503', failures = 4"
        )
    )


def device_not_synced(session):
    session.execute(
        text("UPDATE sync.paired_device SET last_sync_at = now() - interval '38 hours'")
    )
    session.execute(text("UPDATE sync.stream_state SET data_until = now() - interval '38 hours'"))


def worker_not_running(session):
    session.execute(
        text("UPDATE jobs.procrastinate_workers SET last_heartbeat = now() - interval '3 hours'")
    )
    session.execute(text("UPDATE sync.stream_state SET read_at = now() - interval '3 hours'"))
    linked.job(session, minutes=170)


def service_shut(session):
    session.execute(text("UPDATE connection SET status = 'retired'"))


def no_health_profile(session):
    session.execute(text("UPDATE connection SET status = 'not_linked'"))


def our_bug(session):
    account = session.query(WearableAccount).one()
    linked.hold_up(session, account, "our_bug", "sleep")


def stuck_before_the_gate(session):
    account = session.query(WearableAccount).one()
    linked.pull(session, account, "fetched", started_at=clock.now() - timedelta(minutes=50))


@pytest.mark.parametrize(
    ("fault", "check", "finding", "fix"),
    [
        (withdrawn_consent, "consent", "every data type is withdrawn", "hometrial consent grant"),
        (not_linked, "account linked", "no wearable account is linked", "hometrial link invite"),
        (no_health_profile, "account linked", "no health profile", "set the watch up"),
        (service_shut, "provider alive", "has shut its service", "another provider"),
        (provider_outage, "provider alive", "for 1 of 1 accounts", "goes on by itself"),
        (dead_token, "token", "refused: invalid_grant", "reconnect: hometrial link invite P-0001"),
        (grant_that_ended, "token", "ended on", "hometrial link invite P-0001"),
        (scope_missing, "scopes", "does not share sleep", "the box on the provider's page"),
        (device_not_synced, "device", "for 38 h (Charge 6, battery high", "charge the watch"),
        (our_bug, "last read", "sleep cannot be read", "report it"),
        (worker_not_running, "worker", "no worker runs; jobs due: 1; the last one fell silent 3 h",
         "run: hometrial worker"),
        (stuck_before_the_gate, "waiting for the gate", "1 reads wait", "run: hometrial worker"),
    ],
)  # fmt: skip
def test_each_fault_is_the_answer_with_its_fix(healthy, fault, check, finding, fix):
    with healthy.database.transaction("test", role="hometrial_worker") as session:
        fault(session)

    found = examine(healthy, clouds=CLOUDS)

    assert problems(found)[0] == check
    assert finding.lower() in found.answer.lower()
    assert fix in found.answer


def test_rows_in_quarantine_are_the_answer_when_all_else_goes_well(worn):
    found = examine(worn)

    assert problems(found) == ["quarantine"]
    assert found.answer.startswith("1 rows wait for a decision under 1 queries; decide about them")


def test_a_person_of_archives_only_is_not_told_to_link_a_watch(worn):
    found = examine(worn)

    assert "link invite" not in str(found.checks)
    for check in found.checks[3:11]:
        assert (check.verdict, check.finding) == (
            "not_reached",
            "no wearable account is linked; data come by import",
        )


def test_one_data_type_that_was_withdrawn_is_told_though_it_is_no_fault(healthy):
    with healthy.database.transaction("test") as session:
        who = enrolling.find_participant(session, "P-0001")
        consenting.withdraw(
            session, who, [linked.DataType.HEART_RATE], keep_late=True, source="test"
        )

    found = examine(healthy, clouds=CLOUDS)
    assert problems(found) == []
    assert "not in force any more: heart rate" in found.answer


def test_a_scope_that_belongs_to_no_consent_is_not_missed(healthy):
    with healthy.database.transaction("test") as session:
        who = enrolling.find_participant(session, "P-0001")
        consenting.withdraw(session, who, [linked.DataType.SLEEP], keep_late=True, source="test")
        scope_missing(session)

    assert problems(examine(healthy, clouds=CLOUDS)) == []


def test_a_failure_of_one_account_among_many_is_no_outage(healthy):
    with healthy.database.transaction("test") as session:
        for _ in range(3):
            linked.link(session, linked.person(session), streams=ALL)
        linked.hold_up(session, session.query(WearableAccount).all()[0], "try_later")
        owner = session.query(WearableAccount).all()[0].participant_id
        code = session.get_one(Participant, owner).code

    found = examine(healthy, code, clouds=CLOUDS)
    assert problems(found) == ["last read"]
    assert "The words of try_later".lower() in found.answer.lower()


def test_an_account_that_another_one_replaced_is_no_fault(healthy):
    with healthy.database.transaction("test") as session:
        who = enrolling.find_participant(session, "P-0001")
        linked.link(session, who, "fitbit", status="retired")

    assert problems(examine(healthy, clouds=CLOUDS)) == []


def test_a_person_who_rests_or_has_withdrawn_is_told_first(healthy):
    with healthy.database.transaction("test") as session:
        who = enrolling.find_participant(session, "P-0001")
        consenting.pause(session, who, clock.now() - timedelta(days=1), None, "relapse")
        device_not_synced(session)
    assert "until further notice; nothing to do" in examine(healthy, clouds=CLOUDS).answer

    change(healthy, "UPDATE participant SET status = 'withdrawn'")
    assert examine(healthy, clouds=CLOUDS).answer.startswith("P-0001 has withdrawn")


@pytest.mark.parametrize(
    ("lacks", "check", "way_out"),
    [({"zone": None}, "zone", "hometrial participant zone P-0002"),
     ({"consents": ()}, "consent", "hometrial consent grant P-0002")],
)  # fmt: skip
def test_a_person_without_zone_or_consent_is_examined_and_told_so(healthy, lacks, check, way_out):
    with healthy.database.transaction("test") as session:
        linked.link(session, linked.person(session, **lacks), streams=ALL)

    found = examine(healthy, "P-0002", clouds=CLOUDS)
    assert problems(found) == [check]
    assert way_out in found.answer


def test_the_command_prints_every_check_and_explains_every_mark(healthy):
    told = CliRunner().invoke(doctor, ["P-0001"], obj=healthy.database, catch_exceptions=False)

    assert "Nothing stands in the way" in told.output.splitlines()[2]
    assert len(re.findall(r"^ ?\d+ ok ", told.output, re.MULTILINE)) >= 12
    for cause in GAP_CAUSES:
        assert f" {cause.replace('_', ' ')}" in told.output
    marks = [entry.split()[0] for line in _legend() for entry in line.split("   ")]
    assert len(set(marks)) == len(marks) == len(GAP_CAUSES) + 1


def test_every_cause_of_a_gap_has_words():
    assert set(flow.CAUSES) == set(GAP_CAUSES)


def test_the_questions_asked_are_few(healthy):
    asked = []

    def note(_c, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(healthy.database.engine, "before_cursor_execute", note)
    examine(healthy, clouds=CLOUDS)
    event.remove(healthy.database.engine, "before_cursor_execute", note)
    assert len(asked) < 40
