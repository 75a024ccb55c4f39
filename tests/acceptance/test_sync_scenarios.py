"""The acceptance scenarios of a wearable client (wearables.md 5.4), over real sockets against the doubles."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from comparison import compare, gap_causes
from rehearsal import rehearse

from hometrial import clock
from hometrial.services import consenting, enrolling, withdrawing
from hometrial.tasks import reading
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import ProviderError

pytestmark = pytest.mark.long

FIRST, DAYS = date(2026, 3, 25), 8  # Berlin puts its clocks forward on 29 March


@pytest.fixture
def rehearsal(study, tmp_path):
    with rehearse(
        study.database, tmp_path, seed=7, people=6, first_day=FIRST, days=DAYS, heart_rate_every=300
    ) as made:
        yield made


def assert_equal(rehearsal, person):
    made = compare(rehearsal, person)
    assert made.differing == []
    assert made.equal > 500


def contents(rehearsal, *, but=()):
    tables = ("day_chunk", "quarantined_row", "payload", "batch", "daily_metric", "gap", "device")
    return {t: rehearsal.one(f"SELECT count(*) FROM {t}") for t in tables if t not in but}  # noqa: S608


class TestInterruption:
    """1. Interrupt at any page and resume: the result equals an uninterrupted run."""

    @pytest.mark.parametrize("call", [0, 1, 2, 5, 9, 14])
    def test_a_round_that_breaks_off_at_any_call_is_made_whole_by_the_next(self, rehearsal, call):
        person = rehearsal.link(2)
        made = reading.Round._spend
        count = Counter()

        def breaking(self):
            count["calls"] += 1
            if count["calls"] == call + 1:
                raise KeyboardInterrupt
            made(self)

        reading.Round._spend = breaking
        try:
            with pytest.raises(KeyboardInterrupt):
                rehearsal.rounds()
        finally:
            reading.Round._spend = made
        rehearsal.rounds()
        assert_equal(rehearsal, person)


def test_02_the_same_round_twice_writes_no_row_and_no_version(rehearsal):
    person = rehearsal.link(2)
    rehearsal.sync(person)
    before = contents(rehearsal)
    rehearsal.sync(person)
    assert contents(rehearsal) == before
    assert rehearsal.one("SELECT count(*) FROM day_chunk WHERE version > 1") == 0


def test_03_six_days_that_come_late_appear_and_the_trail_says_why(study, tmp_path):
    scene = {"seed": 7, "people": 5, "first_day": FIRST, "days": 16, "heart_rate_every": 300}
    with rehearse(study.database, tmp_path, **scene) as rehearsal:
        person = rehearsal.link(5)  # silent for six days, then all at once
        syncs = rehearsal.sims.truth.syncs(5)
        place = int((syncs[1:] - syncs[:-1]).argmax())
        last, back = (datetime.fromtimestamp(int(syncs[n]), UTC) for n in (place, place + 1))
        assert back - last > timedelta(days=5)
        rehearsal.sims.clock.set(back - timedelta(hours=1))
        rehearsal.rounds()
        rehearsal.settle()
        before = gap_causes(rehearsal, person)
        assert before["not_synced", "not_synced"] > 100
        assert before["not_synced", "present"] <= 1  # the hour in which it last handed over
        rehearsal.sims.clock.set(back + timedelta(hours=2))
        rehearsal.rounds()
        assert gap_causes(rehearsal, person)["present", "not_synced"] == 0
        rehearsal.sims.clock.set(back + timedelta(hours=26))  # the night reads the slower streams
        rehearsal.rounds()
        assert_equal(rehearsal, person)
        late = rehearsal.rows(
            "SELECT new->>'because', actor FROM audit.entry WHERE table_name = 'public.day_chunk'"
            " AND operation = 'INSERT' AND new->>'stream' = 'heart_rate' AND new->>'day' = :day",
            day=str((last + timedelta(days=2)).date()),
        )
        assert late
        assert {actor for _, actor in late} == {"worker:absorb"}
        assert all("read 2026-" in because for because, _ in late)


@pytest.mark.parametrize(
    "number", [2, 3]
)  # Berlin over its clock change; Kolkata, half an hour off
def test_04_a_night_grows_through_its_versions_to_one_row_on_the_day_of_waking(rehearsal, number):
    person = rehearsal.link(number)
    end = rehearsal.sims.clock.now()
    start = datetime(2026, 3, 28, 18, tzinfo=UTC)
    moment = start
    while moment <= end:
        rehearsal.sims.clock.set(moment)
        rehearsal.rounds()
        moment += timedelta(hours=5)
    rehearsal.sims.clock.set(end)
    rehearsal.rounds()
    rehearsal.sync(person)
    made = compare(rehearsal, person)
    assert made.differing == []
    from comparison import samples

    from hometrial_ingest.signals import Signal

    sessions = samples(rehearsal, person, Signal.SLEEP_SESSION)
    assert sessions["session"].is_unique
    woke = sessions["at"] + sessions["duration"] * 1_000_000
    truth = rehearsal.sims.truth
    days = [
        (datetime.fromtimestamp(at / 1e6, UTC) + timedelta(seconds=truth.offset(number, datetime.fromtimestamp(at / 1e6, UTC)))).date()
        for at in woke
    ]  # fmt: skip
    assert [date(1970, 1, 1) + timedelta(days=int(day)) for day in sessions["day"]] == days
    grown = rehearsal.one(
        "SELECT max(version) FROM day_chunk WHERE stream = 'sleep_session' AND participant_id = :p",
        p=person.participant_id,
    )
    assert grown >= 2


def test_05_of_watch_phone_and_health_connect_the_days_steps_are_the_rollups_not_the_sum(rehearsal):
    person = rehearsal.link(2)  # has an echo in Health Connect
    rehearsal.sync(person)
    truth = rehearsal.sims.truth
    metric = dict(rehearsal.rows(
        "SELECT day, value FROM daily_metric WHERE metric = 'steps' AND participant_id = :p",
        p=person.participant_id))  # fmt: skip
    listed = truth.records(2, "steps")
    assert len({*listed.source}) >= 2
    checked = 0
    for day in truth.scene.dates():
        total = truth.daily_total(2, "steps", day)
        if total:
            assert metric[day] == total
            checked += 1
    assert checked >= DAYS - 1
    assert listed.value.sum() > 1.5 * sum(metric.values())


def test_07_a_revocation_asks_to_reconnect_once_and_keeps_what_was_collected(rehearsal):
    person = rehearsal.link(2)
    rehearsal.rounds()
    before = contents(rehearsal, but=("gap",))
    rehearsal.sims.google.revoke_by_user(2)
    rehearsal.sims.clock.advance(timedelta(hours=2))  # the access token has run out
    rehearsal.rounds()
    calls = sum(rehearsal.sims.google.calls.values())
    for _ in range(5):
        rehearsal.sims.clock.advance(timedelta(hours=1))
        rehearsal.rounds()
    assert sum(rehearsal.sims.google.calls.values()) == calls
    assert rehearsal.one("SELECT status FROM connection") == "reconnect_needed"
    assert contents(rehearsal, but=("gap",)) == before
    assert rehearsal.rows("SELECT kind FROM work_item WHERE closed_at IS NULL") == [("reconnect",)]
    rehearsal.settle()
    assert gap_causes(rehearsal, person)["not_synced", "token_dead"] > 0


def test_08_a_scope_that_was_refused_stops_its_own_stream_only(rehearsal):
    person = rehearsal.link(2, streams=frozenset({"steps", "sleep"}))
    rehearsal.rounds()
    rehearsal.settle()
    stored = {row[0] for row in rehearsal.rows("SELECT DISTINCT stream FROM day_chunk")}
    assert {"steps", "sleep_session"} <= stored
    assert "heart_rate" not in stored
    assert rehearsal.one("SELECT status FROM connection") == "active"
    causes = {
        row[0]
        for row in rehearsal.rows(
            "SELECT DISTINCT cause FROM gap WHERE stream = 'heart_rate' AND day >= :d", d=FIRST
        )
    }
    assert causes == {"scope_missing"}
    assert person.code


@pytest.mark.parametrize("fault", ["unavailable", "html_with_200", "truncated", "reset"])
def test_09_broken_answers_are_never_taken_for_no_data_and_the_window_stays_open(rehearsal, fault):
    person = rehearsal.link(2)
    getattr(rehearsal.sims.faults.google, fault)(path="heart-rate/dataPoints", times=50)
    rehearsal.rounds()
    assert rehearsal.one("SELECT count(*) FROM day_chunk WHERE stream = 'heart_rate'") == 0
    assert rehearsal.one("SELECT count(*) FROM day_chunk WHERE stream = 'steps'") > 0
    state = rehearsal.rows(
        "SELECT obstacle, isempty(known) FROM sync.stream_state WHERE stream = 'heart_rate'"
    )
    assert state == [("try_later", True)]
    rehearsal.settle()
    causes = {
        row[0]
        for row in rehearsal.rows(
            "SELECT DISTINCT cause FROM gap WHERE stream = 'heart_rate' AND day >= :d", d=FIRST
        )
    }
    assert causes == {"provider_outage"}
    rehearsal.sims.faults.google.clear()
    rehearsal.sims.clock.advance(timedelta(hours=1))
    rehearsal.rounds()
    assert_equal(rehearsal, person)


def test_10_a_rate_limit_without_retry_after_holds_up_its_own_account_only(rehearsal):
    slow, other = rehearsal.link(2), rehearsal.link(3)
    rehearsal.sims.faults.google.rate_limited(None, person=2, times=500)
    rehearsal.rounds()
    assert rehearsal.one("SELECT count(*) FROM day_chunk WHERE participant_id = :p",
                         p=slow.participant_id) == 0  # fmt: skip
    assert_equal(rehearsal, other)
    calls = rehearsal.sims.google.calls
    before = sum(count for (who, _), count in calls.items() if who == 2)
    rehearsal.rounds()
    assert sum(count for (who, _), count in calls.items() if who == 2) == before
    rehearsal.sims.faults.google.clear()
    rehearsal.sims.clock.advance(timedelta(hours=2))
    rehearsal.rounds()
    assert_equal(rehearsal, slow)
    assert rehearsal.sims.google.most_in_a_minute() <= 300


@pytest.mark.parametrize("form", ["json", "html"])
def test_12_a_shut_service_is_retired_and_never_called_again(rehearsal, form):
    person = rehearsal.link(2)
    rehearsal.rounds()
    rehearsal.sims.faults.google.retired = form
    rehearsal.sims.clock.advance(timedelta(hours=2))
    rehearsal.rounds()
    assert rehearsal.one("SELECT status FROM connection") == "retired"
    assert rehearsal.rows("SELECT kind FROM work_item WHERE closed_at IS NULL") == [("retired",)]
    seen = sum(rehearsal.sims.google.calls.values())
    rehearsal.sims.clock.advance(timedelta(days=1))
    rehearsal.rounds()
    assert sum(rehearsal.sims.google.calls.values()) == seen
    rehearsal.settle()
    assert sum(n for (_, cause), n in gap_causes(rehearsal, person).items() if cause == "retired")


def test_14_no_minute_of_a_day_with_a_clock_change_is_lost_or_doubled(rehearsal):
    person = rehearsal.link(2)
    rehearsal.sync(person)
    assert_equal(rehearsal, person)
    day = date(2026, 3, 29)
    total = rehearsal.sims.truth.daily_total(2, "steps", day)
    minutes = rehearsal.one(
        "SELECT value FROM daily_metric WHERE metric = 'steps' AND day = :d AND participant_id = :p",
        d=day, p=person.participant_id,
    )  # fmt: skip
    assert minutes == total


def test_15_a_withdrawal_during_a_round_stops_it_before_the_next_write(rehearsal):
    person = rehearsal.link(2)
    made, count = reading.Round._read, Counter()

    def withdrawing_after_three(self, *given):
        count["reads"] += 1
        if count["reads"] == 4:
            with rehearsal.database.transaction("test", "withdraw") as session:
                owner = enrolling.find_participant(session, person.code)
                withdrawing.withdraw(
                    session, rehearsal.house.clouds, owner, tuple(DataType), keep_late=True, source="test"
                )  # fmt: skip
            count["payloads"] = rehearsal.one("SELECT count(*) FROM payload")
        return made(self, *given)

    reading.Round._read = withdrawing_after_three
    try:
        rehearsal.rounds()
    finally:
        reading.Round._read = made
    assert rehearsal.one("SELECT count(*) FROM payload") == count["payloads"]
    assert rehearsal.one("SELECT count(*) FROM day_chunk") == 0
    states = dict(rehearsal.rows("SELECT state, count(*) FROM sync.pull GROUP BY 1"))
    assert states["stopped"] == sum(states.values())
    assert rehearsal.one("SELECT status FROM connection") == "unlinking"


def test_consent_withdrawn_for_heart_rate_at_noon_keeps_steps_flowing(rehearsal):
    person = rehearsal.link(2)
    noon = datetime(2026, 3, 30, 12, tzinfo=UTC)
    rehearsal.sims.clock.set(noon)
    with rehearsal.database.transaction("test", "withdraw") as session:
        owner = enrolling.find_participant(session, person.code)
        consenting.withdraw(
            session, owner, [DataType.HEART_RATE], since=noon, keep_late=True, source="test"
        )
    rehearsal.sims.clock.advance(timedelta(hours=30))
    rehearsal.rounds()
    from comparison import samples

    from hometrial_ingest.signals import Signal

    assert samples(rehearsal, person, Signal.HEART_RATE)["at"].max() < clock.microseconds(noon)
    assert samples(rehearsal, person, Signal.STEPS)["at"].max() > clock.microseconds(noon)
    for (body,) in rehearsal.rows("SELECT body FROM payload_part LIMIT 0"):
        assert json.loads(body)


def test_a_dead_token_of_one_person_never_delays_another(rehearsal):
    dead, live = rehearsal.link(2), rehearsal.link(3)
    rehearsal.sims.google.lose_refresh_tokens(2)
    rehearsal.sims.clock.advance(timedelta(hours=2))
    rehearsal.rounds()
    assert_equal(rehearsal, live)
    assert rehearsal.one("SELECT status FROM connection WHERE participant_id = :p",
                         p=dead.participant_id) == "reconnect_needed"  # fmt: skip
    assert issubclass(ProviderError, Exception)
