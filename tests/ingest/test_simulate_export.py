"""The study's files as a Fitabase export has them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from hometrial_ingest.simulate import Fault, FaultKind, Person, Study, study
from hometrial_ingest.simulate.fitabase import HEADERS, wall_clock_minutes

Planted = Callable[[FaultKind], tuple[Person, Fault]]


def test_the_export_has_the_seven_files_with_their_columns(export: Any) -> None:
    assert {path.name for path in export.folder.iterdir()} == {
        f"{name}_merged.csv" for name in HEADERS
    }
    for name, header in HEADERS.items():
        assert (export.folder / f"{name}_merged.csv").read_bytes().split(b"\r\n")[
            0
        ].decode() == header
        assert export.rows(name)


def test_stamps_are_american_without_leading_zeros(export: Any) -> None:
    minutes = [row["ActivityMinute"] for row in export.rows("minuteStepsNarrow")[:1440]]
    assert minutes[0] == "10/20/2026 12:00:00 AM"
    assert minutes[61] == "10/20/2026 1:01:00 AM"
    assert minutes[720] == "10/20/2026 12:00:00 PM"
    assert minutes[-1] == "10/20/2026 11:59:00 PM"


def test_minutes_hours_and_days_of_the_export_tell_the_same_steps(export: Any) -> None:
    by_minute, by_hour = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in export.rows("minuteStepsNarrow"):
        by_minute[row["Id"], row["ActivityMinute"].split()[0]] += int(row["Steps"])
    for row in export.rows("hourlySteps"):
        by_hour[row["Id"], row["ActivityHour"].split()[0]] += int(row["StepTotal"])
    by_day = {
        (r["Id"], r["ActivityDate"]): int(r["TotalSteps"]) for r in export.rows("dailyActivity")
    }
    assert by_minute == by_hour == by_day


def test_sleep_day_is_the_sum_of_the_days_sessions(made: Study, export: Any) -> None:
    sleep_day = export.rows("sleepDay")
    told = {(r["Id"], r["SleepDay"].split()[0]): r for r in sleep_day}
    assert len(told) == len(sleep_day)
    for person in made.people:
        for day in made.recorded(person):
            key = (str(person.fitabase_id), f"{day.local.date:%-m/%-d/%Y}")
            assert (key in told) == bool(day.sleeps)
            if day.sleeps:
                assert int(told[key]["TotalSleepRecords"]) == len(day.sleeps)
                assert int(told[key]["TotalMinutesAsleep"]) == sum(
                    s.minutes_asleep for s in day.sleeps
                )
                assert int(told[key]["TotalTimeInBed"]) == sum(s.minutes_in_bed for s in day.sleeps)


def test_minute_sleep_adds_up_to_sleep_day_but_for_the_wrong_summary(
    made: Study, export: Any, fault: Planted
) -> None:
    minutes = export.rows("minuteSleep")
    _, wrong = fault(FaultKind.SUMMARY_WRONG)
    asleep = sum(row["value"] == "1" for row in minutes)
    totals = export.rows("sleepDay")
    assert wrong.value is not None
    assert sum(int(r["TotalMinutesAsleep"]) for r in totals) == asleep + 45
    assert sum(int(r["TotalTimeInBed"]) for r in totals) == len(minutes) + 45


def test_every_heart_rate_sample_of_the_truth_is_in_the_export(made: Study, export: Any) -> None:
    indian = made.people[2]
    told = [(at, int(value)) for at, value in export.beats(indian)]
    expected = [
        (export.stamp(indian, int(at), day.local.date), int(value))
        for day in made.recorded(indian)
        for at, value in zip(day.heart_rate_at, day.heart_rate, strict=True)
    ]
    # The duplicated rows may be this person's, and equal stamps have no order of their own.
    assert Counter(told) == Counter(expected)


def test_an_autumn_day_has_1440_minutes_and_keeps_its_total(made: Study, export: Any) -> None:
    berliner, day = made.people[1], date(2026, 10, 25)
    lived = made.day(berliner, day)
    assert len(lived.steps) == 1_500
    assert wall_clock_minutes(lived).sum() == lived.total_steps
    stamps = [
        row["ActivityMinute"]
        for row in export.of(berliner, "minuteStepsNarrow")
        if row["ActivityMinute"].startswith("10/25/2026 ")
    ]
    assert len(stamps) == len(set(stamps)) == 1_440


def test_minutes_that_happened_twice_are_added_up_and_those_that_never_were_are_zero() -> None:
    autumn = study(2, people=2, days=1, first_day=date(2026, 10, 25))
    lived = autumn.day(autumn.people[1], date(2026, 10, 25))
    merged = wall_clock_minutes(replace(lived, steps=np.ones(1_500, np.int64)))
    assert set(merged[120:180]) == {2}
    assert set(merged[:120]) == set(merged[180:]) == {1}
    spring = study(2, people=2, days=1, first_day=date(2026, 3, 29))
    lived = spring.day(spring.people[1], date(2026, 3, 29))
    merged = wall_clock_minutes(replace(lived, steps=np.ones(1_380, np.int64)))
    assert set(merged[120:180]) == {0}
    assert set(merged[:120]) == set(merged[180:]) == {1}


def test_heart_rate_of_the_repeated_hour_stands_once_for_each_stamp(
    made: Study, tmp_path: Path, export: Any
) -> None:
    autumn = study(seed=2, people=2, days=1, first_day=date(2026, 10, 25))
    autumn.write_fitabase(tmp_path)
    lived = next(iter(autumn.recorded(autumn.people[1])))
    stamps = [at for at, _ in export.at(tmp_path).beats(autumn.people[1])]
    again = {
        export.stamp(autumn.people[1], int(at), lived.local.date) for at in lived.heart_rate_at
    }
    assert set(stamps) == again
    assert len(stamps) < len(lived.heart_rate)
