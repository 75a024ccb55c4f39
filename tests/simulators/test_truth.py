"""What the cloud holds at an instant: hand-overs, versions of nights, devices, zones, gaps."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from hometrial_ingest.simulators.clock import Clock
from hometrial_ingest.simulators.truth import Scene, Truth

FIRST, DAYS = date(2026, 2, 20), 30
END = datetime(2026, 4, 1, 12, tzinfo=UTC)


def truth_of(seed=7, people=12, first=FIRST, days=DAYS, every=300, **more):
    return Truth(Scene(seed, people, first, days, every, **more), Clock(END))


@pytest.fixture(scope="module")
def truth():
    return truth_of()


def moment(seconds):
    return datetime.fromtimestamp(int(seconds), UTC)


def test_the_same_seed_gives_the_same_records_and_another_seed_does_not(truth):
    again, other = truth_of(), truth_of(seed=8)
    for data_type in ("heart-rate", "steps", "sleep", "daily-resting-heart-rate"):
        own, same = truth.records(1, data_type), again.records(1, data_type)
        assert len(own) > 20
        assert np.array_equal(own.at, same.at)
        assert np.array_equal(own.value, same.value)
    assert not np.array_equal(truth.records(1, "steps").at, other.records(1, "steps").at)


def test_days_that_were_forgotten_come_back_the_same():
    small = truth_of(cache_bytes=50_000)
    first = small.records(4, "heart-rate")
    small.records(5, "heart-rate")
    assert np.array_equal(first.value, small.records(4, "heart-rate").value)
    assert small._days._held < 200_000


def test_heart_rate_comes_as_far_apart_as_asked(truth):
    dense = truth_of(every=5)
    day = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    assert len(dense.records(3, "heart-rate", window=day)) > 9_000
    thin = truth.records(3, "heart-rate", window=day)
    assert 250 < len(thin) <= 288
    assert set(thin.at) <= set(dense.records(3, "heart-rate", window=day).at)


def test_nothing_is_in_the_cloud_before_the_device_has_synced(truth):
    before, after = truth.syncs(4)[40:42]
    old = truth.records(4, "heart-rate", moment(after - 1))
    new = truth.records(4, "heart-rate", moment(after))
    assert old.at.max() <= before * 1_000_000
    fresh = np.setdiff1d(new.at, old.at) // 1_000_000
    assert len(fresh)
    assert (fresh >= before).all()
    assert (fresh <= after).all()
    assert truth.last_sync(4, moment(after - 1)) == moment(before)


def test_six_days_without_a_sync_arrive_together(truth):
    first, last = truth.holder(5).silent
    assert (last - first).days == 5
    start = truth.day_start(5, first)
    until = truth.day_start(5, last + timedelta(days=1))
    syncs = truth.syncs(5)
    assert not ((syncs >= start) & (syncs < until)).any()
    window = (moment(start + 43_200), moment(until))
    assert len(truth.records(5, "steps", moment(until - 1), window=window)) == 0
    bulk = moment(syncs[syncs >= until][0])
    days = Counter(truth.records(5, "steps", bulk, window=window).local // 86_400_000_000)
    assert len(days) == 6


def test_a_night_grows_through_its_versions_under_one_name(truth):
    found = {}
    for person in range(1, 9):
        for day in truth.scene.dates():
            for versions in truth.day(person, day).nights:
                seen = [night.seen_from for night in versions]
                if seen == sorted(set(seen)) and versions[2].kind == "stages":
                    found[person] = versions
    person, (running, ended, staged, *_) = found.popitem()
    for version, at in ((running, running), (ended, ended), (staged, staged)):
        held = truth.records(person, "sleep", moment(at.seen_from))
        own = [night for night in held.nights if night.id == running.id]
        assert own == [version]
    assert truth.records(person, "sleep", moment(running.seen_from - 1)).ids.count(running.id) == 0
    assert (running.ends_at, running.minutes, running.processed) == (None, None, False)
    assert (ended.kind, ended.processed) == ("classic", False)
    assert (staged.processed, staged.status) == (True, "SUCCEEDED")
    assert staged.seen_from >= staged.ends_at + 480
    assert running.created == staged.created
    assert running.updated < ended.updated < staged.updated


def test_stages_are_ready_eight_minutes_after_waking_at_the_earliest(truth):
    waits = [
        versions[2].seen_from - versions[2].ends_at
        for person in range(1, 13)
        for day in truth.scene.dates()
        for versions in truth.day(person, day).nights
    ]
    assert min(waits) == 480
    assert len(set(waits)) > 50


def test_some_nights_are_edited_and_some_are_refused_their_stages(truth):
    nights = [n for p in range(1, 13) for n in truth.records(p, "sleep").nights]
    assert any(n.edited for n in nights)
    refused = {n.status for n in nights if n.main and n.kind == "classic"}
    assert len(refused) > 1
    assert all(status.startswith("REJECTED") or status == "TIMEOUT" for status in refused)
    for night in nights:
        ends = [stage.ends_at for stage in night.stages]
        assert [stage.starts_at for stage in night.stages] == [night.starts_at, *ends[:-1]]
        assert ends[-1] == night.ends_at
        assert abs(night.minutes.in_bed * 60 - (night.ends_at - night.starts_at)) < 60


def test_people_correct_and_delete_by_hand():
    truth = truth_of()
    night = next(n for n in truth.records(1, "sleep").nights if n.main and not n.edited)
    truth.correct(1, night.id, END)
    fixed = next(n for n in truth.records(1, "sleep").nights if n.id == night.id)
    assert (fixed.edited, fixed.starts_at) == (True, night.starts_at + 600)
    assert fixed.updated > night.updated
    weight = truth.records(1, "weight").ids[0]
    truth.delete(1, "weight", weight, END)
    assert weight not in truth.records(1, "weight").ids
    assert weight in truth.records(1, "weight", END - timedelta(seconds=1)).ids
    told = {(c.data_type, c.operation) for c in truth.changes(1, END - timedelta(hours=1))}
    assert {("weight", "DELETE"), ("sleep", "UPSERT")} <= told


def test_a_swap_puts_both_devices_on_one_day_and_merges_them_without_doubles(truth):
    listed, merged = (truth.records(1, "heart-rate", merged=way) for way in (False, True))
    days = {}
    for local, device in zip(listed.local, listed.device, strict=True):
        days.setdefault(local // 86_400_000_000, set()).add(device)
    assert {frozenset(names) for names in days.values()} == {
        frozenset({"Charge 6"}), frozenset({"Pixel Watch 3"}), frozenset({"Charge 6", "Pixel Watch 3"}),
    }  # fmt: skip
    assert len(set(merged.at // 60_000_000)) == len(set(listed.at // 60_000_000))
    assert len(merged) < len(listed)
    assert set(merged.source) == {"google-health/reconciled"}


def test_the_sum_over_all_sources_is_more_than_the_merged_total(truth):
    for person in (1, 2):
        day = date(2026, 3, 3)
        start = datetime(2026, 3, 3, tzinfo=UTC).timestamp() * 1_000_000
        listed = truth.records(person, "steps")
        own = (listed.local >= start) & (listed.local < start + 86_400_000_000)
        assert listed.value[own].sum() > truth.daily_total(person, "steps", day) > 0
    assert any("HEALTH_CONNECT" in source for source in truth.records(2, "steps").source)
    assert "google-health/FITBIT/PHONE" in truth.records(1, "steps").source


def test_a_merged_minute_is_the_wearables_where_it_was_worn_and_else_the_phones(truth):
    listed, merged = (truth.records(1, "steps", merged=way) for way in (False, True))
    assert len(set(merged.at)) == len(merged)
    by_minute = {}
    for at, value, source in zip(listed.at, listed.value, listed.source, strict=True):
        by_minute.setdefault(at, {})[source] = value
    phone_only = 0
    for at, value in zip(merged.at, merged.value, strict=True):
        told = by_minute[at]
        worn = [v for source, v in told.items() if "PHONE" not in source]
        assert value in (worn or told.values())
        phone_only += not worn
    assert phone_only > 20


def test_the_phone_speaks_for_the_wearable_until_that_has_synced():
    truth = truth_of()
    changed = 0
    for day in (date(2026, 3, 3) + timedelta(days=n) for n in range(10)):
        evening = moment(truth.day_start(1, day) + 20 * 3_600)
        early, late = (truth.daily_total(1, "steps", day, at) for at in (evening, END))
        changed += (early or 0) < late
    assert changed > 5


def test_a_device_without_a_name_has_the_key_of_our_reader(truth):
    assert {*truth.records(3, "heart-rate").source} == {"google-health/FITBIT/unknown-device"}
    assert {*truth.records(1, "weight").source} == {"google-health/FITBIT/unknown-device/manual"}


@pytest.mark.parametrize(
    ("person", "first", "day", "hours"),
    [
        (1, date(2026, 3, 1), date(2026, 3, 8), 23),
        (1, date(2026, 10, 25), date(2026, 11, 1), 25),
        (2, date(2026, 3, 20), date(2026, 3, 29), 23),
        (2, date(2026, 10, 20), date(2026, 10, 25), 25),
        (3, date(2026, 3, 1), date(2026, 3, 8), 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clock_says(person, first, day, hours):
    truth = truth_of(first=first, days=14)
    truth.clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    assert len(truth.hours(person, (day, day))) == hours
    worn = truth.records(person, "heart-rate")
    offsets = set(worn.offset.tolist())
    assert len(offsets) == (1 if hours == 24 else 2)
    if hours == 24:
        assert offsets == {19_800}


def test_a_flight_over_the_date_line_in_sleep_gives_a_night_two_offsets():
    truth = truth_of()
    night = next(
        n
        for n in truth.records(6, "sleep").nights
        if truth.offset(6, moment(n.starts_at)) != truth.offset(6, moment(n.ends_at))
    )
    start, end = (truth.offset(6, moment(at)) for at in (night.starts_at, night.ends_at))
    assert start - end >= 20 * 3_600
    wake = (moment(night.ends_at) + timedelta(seconds=end)).date()
    fell_asleep = (moment(night.starts_at) + timedelta(seconds=start)).date()
    assert wake <= fell_asleep


def test_every_hour_is_present_or_not_worn_or_not_handed_over():
    truth = truth_of()
    now = moment(truth.syncs(4)[60] + 7_200)
    hours = truth.hours(4, at=now)
    held = set((truth.records(4, "heart-rate", now).at // 3_600_000_000).tolist())
    last = truth.last_sync(4, now)
    for hour in hours:
        present = int(hour.start.timestamp()) // 3_600 in held
        handed = hour.start + timedelta(hours=1) <= last
        assert hour.state == ("present" if present else "not_worn" if handed else "not_synced")
    assert {hour.state for hour in hours} == {"present", "not_worn", "not_synced"}
    assert hours[-1].start <= now < hours[-1].start + timedelta(hours=1)


def test_a_change_is_told_for_whatever_becomes_visible():
    truth = truth_of()
    since = datetime(2026, 3, 10, 9, tzinfo=UTC)
    until = since + timedelta(days=1)
    told = truth.changes(1, since, until)
    for data_type in ("heart-rate", "steps", "sleep", "daily-respiratory-rate"):
        old, new = (truth.records(1, data_type, at) for at in (since, until))
        fresh = len(new) - len(old)
        spans = [(c.start, c.end) for c in told if c.data_type == data_type]
        assert bool(fresh) <= bool(spans)
        for at in np.setdiff1d(new.at, old.at) // 1_000_000:
            assert any(start <= at <= end for start, end in spans) or data_type.startswith("daily")


def test_nobody_else_has_an_account(truth):
    with pytest.raises(KeyError, match="person 13"):
        truth.records(13, "steps")
    with pytest.raises(KeyError):
        truth.records(1, "blood-pressure")
