"""Notifications become windows to read, once each, and never data."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Connection
from hometrial.services import enrolling
from hometrial.services.syncing import hinting
from hometrial_ingest.provider import Hint

GOOGLE = "google-health"
MARCH = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def clock_in_march(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 10, 12, tzinfo=UTC))


@pytest.fixture
def study(shared_study):
    """One study for all tests of this module, as if nobody had been linked in it."""
    with shared_study.database.transaction("test", "forget") as session:
        session.execute(text("UPDATE wearable_account SET external_id = id::text"))
    return shared_study


def at(day, hour=0, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def changed(who, stream="steps", start=None, end=None, kind="changed"):
    return Hint(who, stream, start, end, kind)


def link(study, external_id, *, zone="Europe/Berlin", status="active", streams=("steps", "sleep")):
    with study.database.transaction("test", "link") as session:
        person = enrolling.add_participant(session)
        if zone:
            enrolling.set_zone(session, person, zone, source="test")
        account = enrolling.link_account(
            session, person.id, provider=GOOGLE, external_id=external_id
        )
        if status:
            session.add(
                Connection(
                    account_id=account.id,
                    participant_id=person.id,
                    status=status,
                    status_since=clock.now(),
                    status_reason="linked",
                    streams=list(streams),
                    linked_at=clock.now(),
                )
            )
        return account.id


def note(study, *hints, provider=GOOGLE):
    """Note hints with the rights of the participant site; return what became of them, and the reads."""
    asked = []
    with study.database.transaction("provider:test", "note", role=PARTICIPANT_ROLE) as session:
        noted = hinting.note(session, provider, hints, lambda *window: asked.append(window))
    return noted, asked


def march(first, last):
    return (MARCH.replace(day=first), MARCH.replace(day=last))


def test_a_hint_has_the_local_days_of_its_interval_read(study):
    account = link(study, "anna")

    noted, asked = note(study, changed("anna", start=at(7, 22, 30), end=at(7, 23, 30)))

    # 22:30 UTC is 23:30 of the 7th in Berlin, 23:30 UTC is 00:30 of the 8th.
    assert asked == [(account, "steps", *march(7, 8))]
    assert (noted.hints, noted.of_nobody, noted.reads) == (1, 0, 1)


def test_the_end_of_an_interval_is_not_part_of_it(study):
    account = link(study, "anna")

    _, asked = note(study, changed("anna", start=at(6, 23), end=at(7, 23)))

    assert asked == [(account, "steps", *march(7, 7))]


def test_the_days_are_those_of_where_the_person_lives(study):
    account = link(study, "anna", zone="Asia/Kolkata")

    _, asked = note(study, changed("anna", start=at(7, 19), end=at(7, 20)))

    assert asked == [(account, "steps", *march(8, 8))]


@pytest.mark.parametrize("start", [None, at(25)])
def test_a_hint_without_a_time_or_of_the_future_has_the_last_three_days_read(study, start):
    account = link(study, "anna")

    _, asked = note(study, changed("anna", start=start, end=start and start + timedelta(hours=1)))

    assert asked == [(account, "steps", *march(8, 10))]


def test_an_interval_that_runs_into_the_future_ends_today(study):
    account = link(study, "anna")

    _, asked = note(study, changed("anna", start=at(9, 8), end=at(30)))

    assert asked == [(account, "steps", *march(9, 10))]


def test_an_interval_without_an_end_runs_until_now(study):
    account = link(study, "anna")

    _, asked = note(study, changed("anna", "sleep", start=at(9, 22)))

    assert asked == [(account, "sleep", *march(9, 10))]


def test_many_hints_about_the_same_day_ask_for_it_once(study):
    account = link(study, "anna")
    minutes = [changed("anna", start=at(7, 8, n), end=at(7, 8, n + 1)) for n in range(50)]

    noted, asked = note(study, *minutes, *reversed(minutes))

    assert asked == [(account, "steps", *march(7, 7))]
    assert (noted.hints, noted.reads) == (100, 1)


def test_windows_that_share_a_day_are_read_as_one_and_others_apart(study):
    account = link(study, "anna")

    _, asked = note(
        study,
        changed("anna", start=at(7, 8), end=at(7, 9)),
        changed("anna", start=at(6, 8), end=at(7, 8)),
        changed("anna", start=at(2, 8), end=at(2, 9)),
        changed("anna", "sleep", start=at(2, 8), end=at(2, 9)),
    )

    assert asked == [
        (account, "sleep", *march(2, 2)),
        (account, "steps", *march(2, 2)),
        (account, "steps", *march(6, 7)),
    ]


def test_the_order_of_hints_does_not_matter(study):
    for name in ("anna", "ben", "cem"):
        link(study, name)
    hints = [
        changed(name, stream, start=at(day, 8), end=at(day, 9))
        for name in ("anna", "ben", "cem")
        for stream in ("steps", "sleep")
        for day in (2, 5, 7)
    ]

    assert note(study, *hints) == note(study, *reversed(hints))


def test_hints_about_nobody_are_counted_and_cause_no_work(study):
    link(study, "unlinked", status="unlinked")
    link(study, "unlinking", status="unlinking")
    link(study, "imported", status=None)
    withdrawn = link(study, "withdrawn")
    with study.database.transaction("test", "withdraw") as session:
        person = session.get_one(Connection, _connection(study, withdrawn)).participant_id
        enrolling.find_participant(session, _code(study, person)).status = "withdrawn"

    names = ["unlinked", "unlinking", "imported", "withdrawn", "never seen", None]
    noted, asked = note(study, *[changed(name) for name in names])

    assert asked == []
    assert (noted.hints, noted.of_nobody) == (6, 6)


def test_an_account_of_another_provider_with_the_same_id_is_nobody_here(study):
    link(study, "anna")

    noted, asked = note(study, changed("anna"), provider="fitbit")

    assert (noted.of_nobody, asked) == (1, [])


@pytest.mark.parametrize("status", ["reconnect_needed", "not_linked", "retired"])
def test_a_link_that_cannot_be_read_is_somebodys_and_is_not_read(study, status):
    link(study, "anna", status=status)

    noted, asked = note(study, changed("anna"))

    assert (noted.of_nobody, asked) == (0, [])


def test_a_stream_that_was_not_granted_or_is_none_of_ours_is_not_read(study):
    link(study, "anna", streams=["sleep"])

    noted, asked = note(study, changed("anna", "steps"), changed("anna", None))

    assert (noted.of_nobody, asked) == (0, [])


def test_a_deletion_has_its_window_read_again_and_deletes_nothing(study):
    account = link(study, "anna")
    before = study.contents()

    _, asked = note(study, changed("anna", start=at(7, 8), end=at(7, 9), kind="deleted"))

    assert asked == [(account, "steps", *march(7, 7))]
    assert study.contents() == before


def test_access_that_was_taken_back_needs_the_person_and_opens_one_item_of_work(study):
    account = link(study, "anna")
    revoked = changed("anna", None, kind="revoked")

    noted, asked = note(study, revoked, changed("anna"), revoked)
    again, _ = note(study, revoked)

    assert (noted.taken_back, again.taken_back, asked) == (1, 0, [])
    assert study.rows(
        "SELECT c.status, c.status_reason, w.kind, w.subject FROM connection c"
        " JOIN work_item w USING (participant_id) WHERE c.account_id = :id",
        id=account,
    ) == [
        ("reconnect_needed", "the person took the access back at the provider", "reconnect", GOOGLE)
    ]
    assert study.rows(
        "SELECT actor FROM audit.entry WHERE row_key = :key AND operation = 'UPDATE'",
        key=str(_connection(study, account)),
    ) == [("provider:test",)]


@pytest.mark.parametrize("status", ["unlinking", "unlinked", "retired"])
def test_the_echo_of_our_own_revocation_changes_nothing(study, status):
    account = link(study, "anna", status=status)

    note(study, changed("anna", None, kind="revoked"))

    assert study.one("SELECT status FROM connection WHERE account_id = :id", id=account) == status
    items = "SELECT count(*) FROM work_item JOIN connection USING (participant_id) WHERE account_id = :id"
    assert study.one(items, id=account) == 0


def test_a_person_without_a_zone_is_read_by_the_days_of_utc(study):
    account = link(study, "anna", zone=None)

    _, asked = note(study, changed("anna", start=at(7, 23, 30), end=at(7, 23, 40)))

    assert asked == [(account, "steps", *march(7, 7))]


def test_refused_notifications_are_counted_on_one_line_an_hour(study):
    with study.database.transaction("provider:test", "x", role=PARTICIPANT_ROLE) as session:
        for _ in range(3):
            hinting.count_refused(session, GOOGLE)
        hinting.count_refused(session, "fitbit")

    counted = study.rows(
        "SELECT provider, body, of_nobody FROM sync.webhook_event ORDER BY provider"
    )
    assert [(name, bytes(body), n) for name, body, n in counted] == [
        ("fitbit", b"", 1),
        (GOOGLE, b"", 3),
    ]


def _connection(study, account):
    return study.one("SELECT id FROM connection WHERE account_id = :id", id=account)


def _code(study, person):
    return study.one("SELECT code FROM participant WHERE id = :id", id=person)
