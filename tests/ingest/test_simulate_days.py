"""The truth of the synthetic study: bodies, days and clocks."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hometrial_ingest.signals import ASLEEP_STAGES, SIGNALS, STAGES, Signal
from hometrial_ingest.simulate import Day, Person, Severity, Study, study
from hometrial_ingest.simulate.timeline import ZonePeriod, local_day, offset_at
from hometrial_ingest.simulate.wear import worn

SPRING = date(2026, 2, 20)


@pytest.fixture(scope="module")
def made() -> Study:
    return study(seed=11, people=8, days=45, first_day=SPRING)


@pytest.fixture(scope="module")
def days(made: Study) -> list[Day]:
    return [made.day(person, day) for person in made.people for day in person.days()]


def assert_in_range(signal: Signal, values: list[float]) -> None:
    spec = SIGNALS[signal]
    assert values
    assert spec.low is not None
    assert spec.high is not None
    assert min(values) >= spec.low
    assert max(values) <= spec.high


def test_minutes_hours_and_day_tell_the_same_steps(days: list[Day]) -> None:
    for day in days:
        assert day.steps.sum() == day.hourly_steps().sum() == day.total_steps
        assert len(day.hourly_steps()) * 60 == len(day.steps) == day.local.minutes


def test_every_value_is_one_that_a_living_person_can_have(days: list[Day]) -> None:
    assert_in_range(Signal.HEART_RATE, [float(v) for d in days for v in d.heart_rate[::50]])
    assert_in_range(Signal.STEPS_DAILY, [d.total_steps for d in days])
    assert max(int(d.steps.max()) for d in days) <= 300
    daily = [day.daily for day in days if day.daily.seen_asleep]
    assert_in_range(Signal.RESTING_HEART_RATE, [d.resting_heart_rate or 0 for d in daily])
    assert_in_range(Signal.HRV_RMSSD_DAILY, [d.heart_rate_variability or -1 for d in daily])
    assert_in_range(Signal.RESPIRATORY_RATE_DAILY, [d.respiratory_rate or 0 for d in daily])
    assert_in_range(Signal.SKIN_TEMPERATURE_DAILY, [d.skin_temperature or 0 for d in daily])
    saturations = [v for d in daily for v in d.oxygen_saturation or ()]
    assert_in_range(Signal.OXYGEN_SATURATION_DAILY, saturations)
    assert_in_range(Signal.WEIGHT, [d.weight[1] for d in days if d.weight])


def test_heart_rate_is_never_outside_its_range_between_the_samples_looked_at(
    days: list[Day],
) -> None:
    spec = SIGNALS[Signal.HEART_RATE]
    lowest = min(int(d.heart_rate.min()) for d in days if len(d.heart_rate))
    highest = max(int(d.heart_rate.max()) for d in days if len(d.heart_rate))
    assert spec.low is not None
    assert spec.high is not None
    assert spec.low <= lowest < highest <= spec.high


def test_heart_rate_comes_in_order_every_1_to_15_seconds_and_five_most_often(
    days: list[Day],
) -> None:
    day = next(day for day in days if not day.off)
    gaps = np.diff(day.heart_rate_at)
    assert gaps.min() >= 1
    assert gaps.max() <= 15
    assert np.bincount(gaps).argmax() == 5
    assert 8_700 <= len(day.heart_rate) <= 40_000
    assert day.local.starts_at <= day.heart_rate_at[0] < day.local.starts_at + 15
    assert day.local.ends_at - 15 <= day.heart_rate_at[-1] < day.local.ends_at


def test_stages_follow_each_other_on_half_minutes_from_bed_to_waking(days: list[Day]) -> None:
    for sleep in (sleep for day in days for sleep in day.sleeps):
        assert sleep.stages[0].starts_at == sleep.starts_at
        assert sleep.stages[-1].ends_at == sleep.ends_at
        for before, after in pairwise(sleep.stages):
            assert before.ends_at == after.starts_at
            assert before.code != after.code
            assert (before.ends_at - before.starts_at) % 30 == 0
        for awakening in sleep.awakenings:
            assert sleep.starts_at < awakening.starts_at < awakening.ends_at < sleep.ends_at
            assert awakening.ends_at - awakening.starts_at <= 180


def test_a_summary_is_what_its_stages_add_up_to(days: list[Day]) -> None:
    for sleep in (sleep for day in days for sleep in day.sleeps):
        totals = sleep.stage_seconds()
        asleep = sum(seconds for code, seconds in totals.items() if code in ASLEEP_STAGES)
        assert set(totals) <= set(STAGES)
        assert abs(asleep / 60 - sleep.minutes_asleep) <= 1
        assert abs(sum(totals.values()) / 60 - sleep.minutes_in_bed) <= 1
        assert sleep.minutes_asleep + sleep.minutes_awake == sleep.minutes_in_bed


def test_sleep_ends_on_its_day_and_never_overlaps_other_sleep(days: list[Day]) -> None:
    for day in days:
        for sleep in day.sleeps:
            assert day.local.starts_at < sleep.ends_at <= day.local.ends_at
    by_person: dict[str, list[tuple[int, int]]] = {}
    for day in days:
        spans = [(sleep.starts_at, sleep.ends_at) for sleep in day.sleeps]
        by_person.setdefault(day.person.code, []).extend(sorted(spans))
    for spans in by_person.values():
        assert all(ended <= begun for (_, ended), (begun, _) in pairwise(spans))


def test_a_study_has_staged_nights_classic_nights_and_naps(days: list[Day]) -> None:
    kinds = {(sleep.kind, sleep.main) for day in days for sleep in day.sleeps}
    assert kinds == {("stages", True), ("classic", True), ("classic", False)}
    keys = [sleep.key for day in days for sleep in day.sleeps]
    assert len(keys) == len(set(keys))


def test_nothing_is_recorded_while_the_device_is_off(days: list[Day]) -> None:
    for day in days:
        assert worn(day.off, day.heart_rate_at).all()
        assert not day.steps[~worn(day.off, day.local.minute_starts())].any()
        for sleep in day.sleeps:
            inside = np.arange(max(sleep.starts_at, day.local.starts_at), sleep.ends_at, 60)
            assert worn(day.off, inside).all()


def test_gaps_last_hours_and_days_and_some_are_dead_batteries(made: Study, days: list[Day]) -> None:
    reasons = {gap.why for day in days for gap in day.off}
    assert reasons == {"away", "night", "battery", "off", "charging"}
    away = [day for day in days if day.local.date in day.person.away_days]
    assert away
    assert all(day.worn_minutes() == 0 == len(day.heart_rate) == day.total_steps for day in away)
    assert all(day.daily.resting_heart_rate is None and not day.sleeps for day in away)


def test_the_share_worn_is_about_the_persons_adherence(made: Study) -> None:
    shares, wanted = [], []
    for person in made.people:
        lived = [made.day(person, day) for day in person.days()]
        shares.append(sum(d.worn_minutes() for d in lived) / sum(d.local.minutes for d in lived))
        wanted.append(person.habits.adherence)
    assert np.abs(np.array(shares) - wanted).max() < 0.12
    assert abs(np.mean(shares) - np.mean(wanted)) < 0.04


@pytest.mark.parametrize(
    ("severity", "mean"), [("mild", 5566), ("moderate", 4991), ("severe", 1998)]
)
def test_steps_have_the_published_mean_and_variation(severity: str, mean: int) -> None:
    totals, variations = [], []
    for seed in range(3):
        people = study(seed, people=10, days=120, first_day=SPRING).people
        for person in (p for p in people if p.severity is Severity(severity)):
            steps = np.array(fully_worn_steps(person))
            totals.append(steps.mean())
            variations.append(steps.std() / steps.mean())
    assert np.mean(totals) == pytest.approx(mean, rel=0.1)
    assert min(variations) >= 0.25
    assert max(variations) <= 0.79


def fully_worn_steps(person: Person) -> list[int]:
    lived = [study_day(person, day) for day in person.days()]
    return [day.total_steps for day in lived if day.worn_minutes() > 0.94 * day.local.minutes]


def study_day(person: Person, day: date) -> Day:
    return Study(person.seed, person.first_day, (person,)).day(person, day)


def test_a_crash_day_has_fewer_steps_and_a_higher_resting_heart_rate(days: list[Day]) -> None:
    severe = [
        d for d in days if d.person.severity is Severity.MODERATE and d.worn_minutes() > 1_300
    ]
    crash = [d for d in severe if d.local.date in d.person.crash_days]
    plain = [d for d in severe if d.local.date not in d.person.crash_days]
    assert np.mean([d.total_steps for d in crash]) < 0.7 * np.mean([d.total_steps for d in plain])
    rises = [(d.daily.resting_heart_rate or 0) - d.person.body.resting_heart_rate for d in crash]
    assert min(rises) >= 5


def test_heart_rate_is_lower_asleep_and_higher_in_walking(days: list[Day]) -> None:
    day = next(d for d in days if not d.off and d.total_steps > 4_000 and d.sleeps)
    minute = (day.heart_rate_at - day.local.starts_at) // 60
    walking = day.steps[minute] > 60
    asleep = day.heart_rate_at < day.sleeps[0].ends_at
    resting = day.person.body.resting_heart_rate
    assert day.heart_rate[asleep].mean() < resting + 5
    assert day.heart_rate[walking].mean() > day.heart_rate[~walking].mean() + 10


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kolkata", date(2026, 3, 29), 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone: str, day: date, hours: int) -> None:
    local = local_day((ZonePeriod(None, zone),), day)
    assert local.minutes == hours * 60
    assert len(local.minute_starts()) == hours * 60
    wall = local.wall_clock(local.minute_starts())
    assert {int(second) // 86_400 for second in wall} == {day.toordinal() - 719_163}


def test_days_of_a_study_over_a_clock_change_have_23_hours_of_data() -> None:
    made = study(seed=3, people=2, days=40, first_day=SPRING)
    assert len(made.day(made.people[0], date(2026, 3, 8)).steps) == 1_380
    assert len(made.day(made.people[1], date(2026, 3, 29)).steps) == 1_380
    autumn = study(seed=3, people=2, days=12, first_day=date(2026, 10, 22))
    assert len(autumn.day(autumn.people[0], date(2026, 11, 1)).steps) == 1_500
    assert len(autumn.day(autumn.people[1], date(2026, 10, 25)).hourly_steps()) == 25


def test_the_traveller_has_a_long_day_westwards_and_a_short_one_back(made: Study) -> None:
    # Six hours out in February; five back, in the weeks when only New York has moved its clocks.
    traveller = made.people[3]
    lengths = {day: traveller.local_day(day).minutes for day in traveller.days()}
    assert sorted(set(lengths.values())) == [19 * 60, 23 * 60, 24 * 60, 30 * 60]
    ends = [traveller.local_day(day).ends_at for day in traveller.days()][:-1]
    starts = [traveller.local_day(day).starts_at for day in traveller.days()][1:]
    assert ends == starts


@settings(max_examples=30, deadline=None)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 1_379))
def test_the_days_offset_is_that_of_the_zone_at_every_minute(day: date, minute: int) -> None:
    zones = (ZonePeriod(None, "America/New_York"),)
    local = local_day(zones, day)
    at = local.minute_starts()[minute]
    assert local.offset(np.array([at]))[0] == offset_at(zones, int(at))


def test_the_cases_that_every_study_meets_are_there(made: Study) -> None:
    swapping, severe, indian, traveller = made.people[:4]
    swap = [day for day in swapping.days() if len(swapping.worn_devices(day)) == 2]
    assert len(swap) == 1
    assert swapping.worn_devices(swap[0] - timedelta(days=1)) == [swapping.devices[0]]
    assert swapping.worn_devices(swap[0] + timedelta(days=1)) == [swapping.devices[1]]
    assert severe.severity is Severity.SEVERE
    assert {p.zones[0].zone for p in (swapping, severe, indian)} == {
        "America/New_York", "Europe/Berlin", "Asia/Kolkata",
    }  # fmt: skip
    assert [period.zone for period in traveller.zones] == [
        "Europe/Berlin", "America/New_York", "Europe/Berlin",
    ]  # fmt: skip
    assert severe.dose(severe.first_day) == 0
    assert severe.dose(severe.first_day + timedelta(days=30)) == 3.0


def test_people_come_late_and_leave_early() -> None:
    people = study(seed=5, people=30, days=90, first_day=SPRING).people
    last = SPRING + timedelta(days=89)
    assert any(person.first_day > SPRING for person in people)
    assert any(person.last_day < last for person in people)
    assert all(SPRING <= p.first_day <= p.last_day <= last for p in people)
    assert len({person.fitabase_id for person in people}) == 30
    assert all(len(str(person.fitabase_id)) == 10 for person in people)


@pytest.mark.parametrize(("people", "days"), [(0, 10), (3, 0)])
def test_a_study_without_people_or_days_is_refused(people: int, days: int) -> None:
    with pytest.raises(ValueError, match="needs people and days"):
        study(1, people, days, SPRING)


def test_a_day_outside_a_persons_time_is_refused(made: Study) -> None:
    with pytest.raises(ValueError, match="P-001 takes part from 2026-02-20"):
        made.day(made.people[0], SPRING - timedelta(days=1))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 12))
def test_any_study_can_be_lived(seed: int, people: int, days: int) -> None:
    made = study(seed, people, days, date(2026, 10, 24))
    person = made.people[-1]
    for day in made.recorded(person):
        assert day.total_steps >= 0
