"""Measuring what changed writes exactly what measuring everything writes, and reads little for it."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text
from wearer import enrol, ledger

from hometrial.services import measuring, shelving
from hometrial.services.comparing import day_number, day_of
from hometrial.services.syncing import coverage
from hometrial_ingest.signals import Signal

pytestmark = pytest.mark.long

BEGIN = datetime(2026, 3, 16, tzinfo=UTC)
FIRST = day_number(BEGIN.date())  # two weeks later a day of 23 hours
MINUTE, HOUR = 60_000_000, 3_600_000_000
SOURCES = ["google-health/FITBIT/WATCH", "google-health/FITBIT/PHONE", "google-health/reconciled"]
DAILIES = [
    Signal.STEPS_DAILY,
    Signal.MINUTES_ASLEEP_DAILY,
    Signal.RESTING_HEART_RATE,
    Signal.WEIGHT,
]
SIGNALS = [
    *[Signal.HEART_RATE] * 4, *[Signal.STEPS] * 2, *[Signal.SLEEP_SESSION] * 3, Signal.STEPS_HOURLY,
    Signal.SLEEP_STAGE, Signal.OXYGEN_SATURATION, *DAILIES,
]  # fmt: skip


def _samples(draw, wearer, signal, day):
    """Return samples of a chunk as a device might send them, now and then by another zone's clock."""
    if draw.random() < 0.1:
        return []
    start = wearer.start(day) + draw.choice([0, 0, 0, 0, -8, 6]) * HOUR
    if signal in (Signal.HEART_RATE, Signal.OXYGEN_SATURATION):
        first, last = sorted(draw.sample(range(25), 2))
        every = draw.choice([1, 7, 45])
        source = draw.choice(SOURCES)
        return [
            {
                "at": start + minute * MINUTE,
                "value": float(50 + draw.randrange(60)),
                "source": source,
            }
            for minute in range(first * 60, last * 60, every)
        ]
    if signal in (Signal.STEPS, Signal.STEPS_HOURLY):
        length = 60 if signal is Signal.STEPS_HOURLY else draw.choice([1, 15])
        return [
            {
                "at": start + minute * MINUTE, "duration": length * 60, "value": draw.randrange(200),
                "source": draw.choice(SOURCES),
            }
            for minute in range(0, 1440, length) if draw.random() < 0.05 * length
        ]  # fmt: skip
    return (
        _slept(draw, wearer, signal, day) if "sleep_s" in signal else [_daily(draw, start, signal)]
    )


def _daily(draw, start, signal):
    late = 7 * HOUR if signal is Signal.WEIGHT else 0
    return {"at": start + late, "value": float(draw.randrange(40, 90))}


def _slept(draw, wearer, signal, day):
    """Return a night that ended on this day, and perhaps a nap; or the stages of such a night."""
    end = wearer.start(day) + draw.randrange(5, 10) * HOUR
    begin = end - draw.randrange(4, 14) * HOUR
    night = {"at": begin, "end_at": end, "duration": (end - begin) // 1_000_000, "session": "night"}
    if signal is Signal.SLEEP_STAGE:
        kinds = ["light", "deep", "rem", "awake"]
        return [
            {
                "at": at,
                "duration": 1800,
                "code": draw.choice(kinds),
                "session": "night",
                "value": 1.0,
            }
            for at in range(begin, end, 1800 * 1_000_000)
        ]
    nap = {"at": end + 4 * HOUR, "end_at": end + 5 * HOUR, "duration": 3600, "session": "nap"}
    chosen = draw.choice([[night], [night], [night, nap]])
    return [one | {"value": one["duration"] // 90, "code": "stages"} for one in chosen]


def _change(draw, session, wearer, days):
    """Write some new versions; return the days that changed."""
    day = draw.choice(days)
    changed = {
        min(max(day + draw.randrange(-1, 2), FIRST), days[-1]) for _ in range(draw.randrange(1, 3))
    }
    written = set()
    for each in changed:
        for signal in draw.sample(SIGNALS, draw.randrange(1, 5)):
            if (signal, each) not in written:
                wearer.put(session, signal, each, _samples(draw, wearer, signal, each))
                written.add((signal, each))
    return written


def _amiss(session, wearers):
    """Return the rows in which what stands there differs from what measuring everything writes."""
    before = ledger(session)
    measuring.measure(session, [wearer.code for wearer in wearers])
    after = ledger(session)
    return sorted((before[0] ^ after[0]) | (before[1] ^ after[1]), key=str)


@pytest.mark.parametrize("seed", range(4))
def test_steps_in_any_order_write_what_everything_at_once_writes(study, seed):
    draw = random.Random(seed)  # noqa: S311
    with study.database.transaction("test") as session:
        wearer = enrol(session)
        for step in range(20):
            written = _change(draw, session, wearer, range(FIRST + 7, FIRST + 20))
            if step % 2:
                days = {wearer.code: {day for _, day in written}}
                measuring.measure(session, [wearer.code], days)
            else:
                measuring.measure_written(session, [(wearer.code, *each) for each in written])
            assert not _amiss(session, [wearer]), f"step {step}: {sorted(written)}"


@pytest.mark.parametrize("seed", range(2))
def test_the_same_holds_of_people_with_accounts_while_time_passes(study, at_clock, seed):
    draw = random.Random(seed)  # noqa: S311
    at_clock(BEGIN + timedelta(days=1))
    with study.database.transaction("test") as session:
        wearers = [enrol(session, f"P-000{number}") for number in (1, 2, 3)]
        accounts = [w.link(session, BEGIN + timedelta(hours=9)) for w in wearers[:2]]
        for day in range(1, measuring.RECENT - 1, 2):
            now = BEGIN + timedelta(days=day, hours=draw.randrange(24))
            at_clock(now)
            written = []
            for wearer in draw.sample(wearers, 2):
                made = _change(draw, session, wearer, range(FIRST, FIRST + day))
                written += [(wearer.code, *each) for each in made]
            for account in accounts:
                start = BEGIN + timedelta(hours=draw.randrange(24 * day + 1))
                coverage.add(session, account, "heart_rate", [(start, start + timedelta(hours=30))])
            measuring.measure_written(session, written)
            measuring.refresh_gaps(session, [w.id for w in wearers])
            assert not _amiss(session, wearers), f"day {day}: {sorted(written)}"


def _reading(monkeypatch):
    """Return a list to which each chunk that is decoded adds its signal."""
    read = []
    whole = shelving.read

    def noted(body, signal):
        read.append(signal)
        return whole(body, signal)

    monkeypatch.setattr(shelving, "read", noted)
    return read


@pytest.fixture
def long_worn(study, at_clock):
    """A linked person with ninety days of heart rate, steps and nights, measured whole."""
    days = range(FIRST, FIRST + 90)
    at_clock(BEGIN + timedelta(days=90) - timedelta(minutes=1))
    with study.database.transaction("test") as session:
        wearer = enrol(session)
        account = wearer.link(session, BEGIN - timedelta(hours=2))
        for day in days:
            put_day(session, wearer, day, whole=day < days[-1], every=10)
        for stream in ("heart_rate", "steps", "sleep"):
            coverage.add(session, account, stream, [(BEGIN, BEGIN + timedelta(days=90))])
        measuring.measure(session, [wearer.code])
        yield session, wearer, days[-1]


def put_day(session, wearer, day, *, whole, every=1):
    """Write a worn day as far as noon, or all of it."""
    start, hours = wearer.start(day), 24 if whole else 12
    minutes = range(0, hours * 60, every)
    wearer.put(
        session,
        Signal.HEART_RATE,
        day,
        [{"at": start + m * MINUTE, "value": 60.0 + m % 30} for m in minutes],
    )
    wearer.put(
        session,
        Signal.STEPS,
        day,
        [{"at": start + m * MINUTE, "duration": 60, "value": m % 9} for m in minutes],
    )
    night = {"at": start - HOUR, "end_at": start + 6 * HOUR, "duration": 25_200, "session": "n"}
    wearer.put(session, Signal.SLEEP_SESSION, day, [night | {"value": 400.0, "code": "stages"}])
    wearer.put(session, Signal.SLEEP_STAGE, day, [
        {"at": start - HOUR + n * HOUR, "duration": 3600, "code": "light", "session": "n"} for n in range(7)
    ])  # fmt: skip
    wearer.put(session, Signal.STEPS_DAILY, day, [{"at": start, "value": 8000.0}])


def test_an_hour_of_new_data_in_ninety_days_reads_two_days_of_heart_rate(long_worn, monkeypatch):
    session, wearer, today = long_worn
    put_day(session, wearer, today, whole=True, every=10)
    read = _reading(monkeypatch)
    written = [(wearer.code, str(signal), today) for signal in (Signal.HEART_RATE, Signal.STEPS)]
    measuring.measure_written(session, written)
    assert read.count(Signal.HEART_RATE) == 2
    assert read.count(Signal.STEPS) == 1
    assert len(read) <= 6
    monkeypatch.undo()
    assert not _amiss(session, [wearer])


def test_a_fresh_process_reads_the_last_weeks_once_and_no_more(long_worn, monkeypatch):
    session, wearer, today = long_worn
    shelving._facts.clear()
    read = _reading(monkeypatch)
    measuring.measure(session, [wearer.code], {wearer.code: {today}})
    first = len(read)
    assert first <= 2 * (measuring.RECENT + 4) + 8
    measuring.measure(session, [wearer.code], {wearer.code: {today}})
    assert len(read) - first <= 12


def test_time_that_passes_shows_in_the_gaps_without_a_single_chunk_read(
    long_worn, at_clock, monkeypatch
):
    session, wearer, today = long_worn
    measuring.refresh_gaps(session, [wearer.id])
    before = ledger(session)[1]
    at_clock(BEGIN + timedelta(days=91, hours=3))
    read = _reading(monkeypatch)
    measuring.refresh_gaps(session, [wearer.id])
    grown = ledger(session)[1] - before
    assert read == []
    assert {row[5] for row in grown} == {"not_worn", "not_synced"}
    assert {row[1] for row in grown if row[5] == "not_synced"} == {
        day_of(today + 1),
        day_of(today + 2),
    }
    monkeypatch.undo()
    assert not _amiss(session, [wearer])


def test_many_people_share_their_queries(study, at_clock):
    at_clock(BEGIN + timedelta(days=3))
    with study.database.transaction("test") as session:
        wearers = [enrol(session, f"P-{number:04}") for number in range(1, 7)]
        for wearer in wearers:
            wearer.link(session, BEGIN)
            for day in range(FIRST, FIRST + 3):
                put_day(session, wearer, day, whole=True, every=30)
        counts = []
        for group in (wearers[:1], wearers):
            asked = []
            event.listen(session.bind, "before_cursor_execute", lambda *_, to=asked: to.append(1))
            measuring.measure(session, *_days_of(group, FIRST + 2))
            counts.append(len(asked))
        assert counts[1] <= counts[0] + 2


def _days_of(wearers, day):
    return [w.code for w in wearers], {w.code: {day} for w in wearers}


def test_an_evening_that_comes_late_counts_in_the_night_that_followed(study):
    with study.database.transaction("test") as session:
        wearer = enrol(session)
        for day in (FIRST, FIRST + 1):
            put_day(session, wearer, day, whole=False, every=10)
        measuring.measure(session, [wearer.code])
        before = ledger(session)[0]
        put_day(session, wearer, FIRST, whole=True, every=1)
        measuring.measure_written(session, [(wearer.code, str(Signal.HEART_RATE), FIRST)])
        changed = {(row[1], row[2]) for row in ledger(session)[0] - before}
        assert (day_of(FIRST + 1), "night_coverage") in changed
        assert not _amiss(session, [wearer])


def test_samples_that_are_all_gone_leave_no_metric_and_no_gap(study):
    with study.database.transaction("test") as session:
        wearer = enrol(session)
        put_day(session, wearer, FIRST, whole=True, every=30)
        measuring.measure(session, [wearer.code])
        assert ledger(session)[0]
        for signal, day in list(wearer.stored):
            wearer.put(session, signal, day, [])
        measuring.measure(session, [wearer.code], {wearer.code: {FIRST}})
        assert ledger(session) == (set(), set())


def test_after_a_long_silence_the_ledger_goes_on_where_it_ended(long_worn, at_clock):
    session, wearer, today = long_worn
    silent = measuring.RECENT + 40
    at_clock(BEGIN + timedelta(days=90 + silent))
    measuring.refresh_gaps(session, [wearer.id])
    told = {row[1] for row in ledger(session)[1]}
    assert {day_of(day) for day in range(today + 1, today + silent + 1)} <= told
    assert not _amiss(session, [wearer])


def test_nothing_is_missing_before_the_first_consent_begins(study, at_clock):
    at_clock(BEGIN)
    with study.database.transaction("test") as session:
        wearer = enrol(session)
        wearer.link(session, BEGIN + timedelta(days=2, hours=11))
        measuring.refresh_gaps(session, [wearer.id])
        assert not ledger(session)[1]
        at_clock(BEGIN + timedelta(days=3))
        measuring.refresh_gaps(session, [wearer.id])
        assert min(row[1] for row in ledger(session)[1]) == day_of(FIRST + 2)
        assert not _amiss(session, [wearer])


def test_what_was_never_read_has_the_cause_that_keeps_it_unread_now(long_worn, at_clock):
    session, wearer, today = long_worn
    at_clock(BEGIN + timedelta(days=90 + 30))
    session.execute(text("UPDATE sync.stream_state SET obstacle = 'try_later'"))
    measuring.refresh_gaps(session, [wearer.id])
    unread = {row[5] for row in ledger(session)[1] if row[1] > day_of(today + 1)}
    assert unread == {"provider_outage"}
    at_clock(BEGIN + timedelta(days=90 + 60))
    session.execute(
        text("UPDATE connection SET status = 'reconnect_needed', status_since = :now"),
        {"now": BEGIN + timedelta(days=90 + 59)},
    )
    measuring.refresh_gaps(session, [wearer.id])
    unread = {row[5] for row in ledger(session)[1] if row[1] > day_of(today + 1)}
    assert unread == {"token_dead"}
