"""The files of the synthetic study: what providers would send, and what is wrong in it."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest

from hometrial_ingest.simulate import (
    Fault,
    FaultKind,
    Person,
    Study,
    google_heart_rate_page,
    heart_rate_csv,
    study,
)
from hometrial_ingest.simulate.fitabase import HEADERS, wall_clock_minutes
from hometrial_ingest.simulate.google import write as write_google_days

FIRST_DAY = date(2026, 10, 20)
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def made() -> Study:
    return study(seed=21, people=4, days=13, first_day=FIRST_DAY)


@pytest.fixture(scope="module")
def export(made: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    made.write_fitabase(folder)
    return folder


@pytest.fixture(scope="module")
def pages(made: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for person in made.people:
        made.write_google(person, folder / person.code)
    return folder


@cache
def rows(folder: Path, name: str) -> Rows:
    text = (folder / f"{name}_merged.csv").read_bytes().decode("ascii")
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def of(person: Person, found: Rows) -> Rows:
    return [row for row in found if row["Id"] == str(person.fitabase_id)]


def beats(folder: Path, person: Person) -> Iterator[tuple[str, str]]:
    own = str(person.fitabase_id).encode()
    with (folder / "heartrate_seconds_merged.csv").open("rb") as file:
        for line in file:
            who, at, value = line.rstrip(b"\r\n").split(b",")
            if who == own:
                yield at.decode(), value.decode()


def points(pages: Path, person: Person, data_type: str) -> Iterator[dict[str, Any]]:
    for file in sorted((pages / person.code / data_type).glob("*.json")):
        yield from msgspec.json.decode(file.read_bytes())["dataPoints"]


class Beat(NamedTuple):
    at: int
    value: int
    offset: str
    device: str


@cache
def listed(pages: Path, person: Person) -> list[Beat]:
    return [
        Beat(
            instant(point["heartRate"]["sampleTime"]["physicalTime"]),
            int(point["heartRate"]["beatsPerMinute"]),
            point["heartRate"]["sampleTime"]["utcOffset"],
            point["dataSource"]["device"]["displayName"],
        )
        for point in points(pages, person, "heart-rate")
    ]


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def fault(made: Study, kind: FaultKind) -> tuple[Person, Fault]:
    found = next(fault for fault in made.faults if fault.kind is kind)
    return next(p for p in made.people if p.code == found.person), found


def us_stamp(person: Person, at: int, day: date) -> str:
    wall = int(person.local_day(day).wall_clock(np.array([at]))[0])
    moment = datetime.fromtimestamp(wall, UTC)
    hour, half = (moment.hour - 1) % 12 + 1, "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"


def test_the_export_has_the_seven_files_with_their_columns(export: Path) -> None:
    assert {path.name for path in export.iterdir()} == {f"{name}_merged.csv" for name in HEADERS}
    for name, header in HEADERS.items():
        assert (export / f"{name}_merged.csv").read_bytes().split(b"\r\n")[0].decode() == header
        assert rows(export, name)


def test_stamps_are_american_without_leading_zeros(export: Path) -> None:
    minutes = [row["ActivityMinute"] for row in rows(export, "minuteStepsNarrow")[:1440]]
    assert minutes[0] == "10/20/2026 12:00:00 AM"
    assert minutes[61] == "10/20/2026 1:01:00 AM"
    assert minutes[720] == "10/20/2026 12:00:00 PM"
    assert minutes[-1] == "10/20/2026 11:59:00 PM"


def test_minutes_hours_and_days_of_the_export_tell_the_same_steps(export: Path) -> None:
    by_minute, by_hour = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows(export, "minuteStepsNarrow"):
        by_minute[row["Id"], row["ActivityMinute"].split()[0]] += int(row["Steps"])
    for row in rows(export, "hourlySteps"):
        by_hour[row["Id"], row["ActivityHour"].split()[0]] += int(row["StepTotal"])
    by_day = {
        (r["Id"], r["ActivityDate"]): int(r["TotalSteps"]) for r in rows(export, "dailyActivity")
    }
    assert by_minute == by_hour == by_day


def test_sleep_day_is_the_sum_of_the_days_sessions(made: Study, export: Path) -> None:
    sleep_day = rows(export, "sleepDay")
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
    made: Study, export: Path
) -> None:
    minutes = rows(export, "minuteSleep")
    _, wrong = fault(made, FaultKind.SUMMARY_WRONG)
    asleep = sum(row["value"] == "1" for row in minutes)
    totals = rows(export, "sleepDay")
    assert wrong.value is not None
    assert sum(int(r["TotalMinutesAsleep"]) for r in totals) == asleep + 45
    assert sum(int(r["TotalTimeInBed"]) for r in totals) == len(minutes) + 45


def test_every_heart_rate_sample_of_the_truth_is_in_the_export(made: Study, export: Path) -> None:
    indian = made.people[2]
    told = [(at, int(value)) for at, value in beats(export, indian)]
    expected = [
        (us_stamp(indian, int(at), day.local.date), int(value))
        for day in made.recorded(indian)
        for at, value in zip(day.heart_rate_at, day.heart_rate, strict=True)
    ]
    # The duplicated rows may be this person's, and equal stamps have no order of their own.
    assert Counter(told) == Counter(expected)


def test_an_autumn_day_has_1440_minutes_and_keeps_its_total(made: Study, export: Path) -> None:
    berliner, day = made.people[1], date(2026, 10, 25)
    lived = made.day(berliner, day)
    assert len(lived.steps) == 1_500
    assert wall_clock_minutes(lived).sum() == lived.total_steps
    stamps = [
        row["ActivityMinute"]
        for row in of(berliner, rows(export, "minuteStepsNarrow"))
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
    made: Study, tmp_path: Path
) -> None:
    autumn = study(seed=2, people=2, days=1, first_day=date(2026, 10, 25))
    autumn.write_fitabase(tmp_path)
    lived = next(iter(autumn.recorded(autumn.people[1])))
    stamps = [at for at, _ in beats(tmp_path, autumn.people[1])]
    again = {us_stamp(autumn.people[1], int(at), lived.local.date) for at in lived.heart_rate_at}
    assert set(stamps) == again
    assert len(stamps) < len(lived.heart_rate)


def test_each_kind_of_fault_is_planted_and_told(made: Study) -> None:
    assert {fault.kind for fault in made.faults} == set(FaultKind)
    places = [(fault.person, fault.day) for fault in made.faults]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("kind", [FaultKind.HEART_RATE_TOO_HIGH, FaultKind.HEART_RATE_ZERO])
def test_an_impossible_heart_rate_stands_where_it_is_told_and_only_there(
    made: Study, export: Path, pages: Path, kind: FaultKind
) -> None:
    person, told = fault(made, kind)
    assert told.value is not None
    value = str(int(told.value))
    found = [(p, at) for p in made.people for at, shown in beats(export, p) if shown == value]
    assert found == [(person, us_stamp(person, told.at, told.day))]
    assert [beat.at for beat in listed(pages, person) if beat.value == told.value] == [told.at]


def test_450_steps_stand_in_the_minute_that_is_told(made: Study, export: Path) -> None:
    person, told = fault(made, FaultKind.STEPS_IMPOSSIBLE)
    found = [r for r in rows(export, "minuteStepsNarrow") if int(r["Steps"]) > 300]
    assert [(r["Id"], r["ActivityMinute"], r["Steps"]) for r in found] == [
        (str(person.fitabase_id), us_stamp(person, told.at, told.day), "450")
    ]


def test_only_the_told_rows_are_duplicated(made: Study, export: Path) -> None:
    person, told = fault(made, FaultKind.ROWS_DUPLICATED)
    twice = {
        (who.code, *beat): count
        for who in made.people
        for beat, count in Counter(beats(export, who)).items()
        if count > 1
    }
    assert len(twice) == told.rows == 25
    assert set(twice.values()) == {2}
    assert next(iter(twice))[:2] == (person.code, us_stamp(person, told.at, told.day))


def test_one_stage_lies_outside_its_session_in_the_pages(made: Study, pages: Path) -> None:
    _, told = fault(made, FaultKind.STAGE_OUTSIDE_SESSION)
    outside = [
        instant(stage["startTime"])
        for person in made.people
        for sleep in sleeps(pages, person)
        for stage in sleep["stages"]
        if instant(stage["endTime"]) > instant(sleep["interval"]["endTime"])
    ]
    assert outside == [told.at]


def test_one_summary_does_not_match_its_stages(made: Study, pages: Path) -> None:
    _, told = fault(made, FaultKind.SUMMARY_WRONG)
    wrong = []
    for person in made.people:
        for sleep in sleeps(pages, person):
            period = instant(sleep["interval"]["endTime"]) - instant(sleep["interval"]["startTime"])
            if abs(period / 60 - int(sleep["summary"]["minutesInSleepPeriod"])) > 1:
                wrong.append(instant(sleep["interval"]["startTime"]))
    assert wrong == [told.at]


def sleeps(pages: Path, person: Person) -> Iterator[dict[str, Any]]:
    yield from (point["sleep"] for point in points(pages, person, "sleep"))


def test_the_row_of_the_future_is_the_newest_of_its_person(made: Study, pages: Path) -> None:
    person, told = fault(made, FaultKind.ROW_IN_FUTURE)
    assert listed(pages, person)[0].at == told.at
    assert told.at > person.local_day(person.last_day + timedelta(days=300)).ends_at


def test_the_late_part_is_missing_before_the_late_sync_and_nothing_else(
    made: Study, export: Path, tmp_path: Path
) -> None:
    person, told = fault(made, FaultKind.PART_LATE)
    made.write_fitabase(tmp_path, before_late_sync=True)
    for who in made.people:
        early, whole = Counter(beats(tmp_path, who)), Counter(beats(export, who))
        assert not early - whole
        assert (whole - early).total() == (told.rows if who == person else 0)
    revised = [
        (before["ActivityDate"], int(before["TotalSteps"]) < int(after["TotalSteps"]))
        for before, after in zip(
            rows(tmp_path, "dailyActivity"), rows(export, "dailyActivity"), strict=True
        )
        if before != after
    ]
    assert revised == [(f"{told.day:%-m/%-d/%Y}", True)]


def test_pages_stand_newest_first_and_all_but_the_last_have_a_token(
    made: Study, pages: Path
) -> None:
    folder = pages / made.people[0].code / "heart-rate"
    read = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    assert [page.get("nextPageToken") for page in read] == [
        *(f"page-{number:03d}" for number in range(2, len(read) + 1)), None,
    ]  # fmt: skip
    assert all(len(page["dataPoints"]) == 10_000 for page in read[:-1])
    times = [
        p["heartRate"]["sampleTime"]["physicalTime"] for page in read for p in page["dataPoints"]
    ]
    assert times == sorted(times, reverse=True)


def test_sleep_has_25_sessions_a_page(tmp_path: Path) -> None:
    made = study(seed=4, people=2, days=60, first_day=date(2026, 5, 1))
    none = np.zeros(0, np.int64)
    lived = [
        replace(made.day(made.people[1], day), heart_rate_at=none, heart_rate=none)
        for day in made.people[1].days()
    ]
    write_google_days(lived, tmp_path)
    sizes = [
        len(json.loads(path.read_bytes())["dataPoints"])
        for path in sorted((tmp_path / "sleep").glob("*.json"))
    ]
    assert len(sizes) > 1
    assert set(sizes[:-1]) == {25}
    assert sum(sizes) == sum(len(day.sleeps) for day in lived)


def test_pages_tell_every_sample_of_the_truth_with_its_offset(made: Study, pages: Path) -> None:
    indian = made.people[2]
    told = [beat[:3] for beat in listed(pages, indian)]
    expected = [
        (int(at), int(value), "19800s")
        for day in made.recorded(indian)
        for at, value in zip(day.heart_rate_at, day.heart_rate, strict=True)
    ]
    assert sorted(told) == sorted(expected)


def test_offsets_change_with_the_clock_and_on_the_journey(made: Study, pages: Path) -> None:
    def seen(person: Person) -> set[str]:
        return {beat.offset for beat in listed(pages, person)}

    assert seen(made.people[0]) == {"-14400s", "-18000s"}
    assert seen(made.people[1]) == {"7200s", "3600s"}
    assert seen(made.people[3]) == {"7200s", "-14400s", "3600s"}


def test_civil_times_leave_out_zeros_and_agree_with_the_instant(made: Study, pages: Path) -> None:
    for point in islice(points(pages, made.people[2], "heart-rate"), 0, None, 500):
        time = point["heartRate"]["sampleTime"]
        parts = time["civilTime"]["time"]
        assert all(parts.values())
        wall = datetime(**time["civilTime"]["date"], tzinfo=UTC) + timedelta(**parts)
        assert wall.timestamp() == instant(time["physicalTime"]) + int(time["utcOffset"][:-1])


def test_steps_are_listed_by_device_and_the_phone_repeats_some(made: Study, pages: Path) -> None:
    person = next(p for p in made.people if p.habits.carries_phone)
    truth = sum(day.total_steps for day in made.recorded(person))
    counted = Counter[str]()
    for point in points(pages, person, "steps"):
        counted[point["dataSource"]["device"]["formFactor"]] += int(point["steps"]["count"])
        assert point["steps"]["count"] != "0"
    assert counted["PHONE"] == sum(int(day.phone_steps.sum()) for day in made.recorded(person)) > 0
    watched = sum(count for form, count in counted.items() if form != "PHONE")
    assert watched >= truth


def test_two_devices_tell_the_day_of_the_swap(made: Study, pages: Path) -> None:
    swapper = made.people[0]
    swap = next(d for d in swapper.days() if len(swapper.worn_devices(d)) == 2)
    by_device: dict[str, list[int]] = {}
    for beat in listed(pages, swapper):
        by_device.setdefault(beat.device, []).append(beat.at)
    old, new = (by_device[device.name] for device in swapper.devices)
    local = swapper.local_day(swap)
    assert max(old) < local.ends_at
    assert min(new) >= local.starts_at
    assert len(set(old) & set(new)) > 1_000
    lived = [at for day in made.recorded(swapper) for at in day.heart_rate_at.tolist()]
    assert set(old) | set(new) == set(lived)


def test_stage_summaries_agree_with_the_stages_within_a_minute(made: Study, pages: Path) -> None:
    outside = fault(made, FaultKind.STAGE_OUTSIDE_SESSION)[1]
    for person in made.people:
        for sleep in sleeps(pages, person):
            seconds = Counter[str]()
            for stage in sleep["stages"]:
                seconds[stage["type"]] += instant(stage["endTime"]) - instant(stage["startTime"])
            if instant(sleep["stages"][-1]["startTime"]) == outside.at:
                continue
            for told in sleep["summary"]["stagesSummary"]:
                assert abs(int(told["minutes"]) - seconds[told["type"]] / 60) <= 1


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def written(seed: int, folder: Path) -> dict[str, bytes]:
    made = study(seed, people=3, days=3, first_day=date(2026, 3, 7))
    made.write_fitabase(folder / "fitabase")
    made.write_google(made.people[0], folder / "google")
    return contents(folder)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (
        written(seed, tmp_path / name) for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert first == again
    assert all(first[name] != other[name] for name in first if "heart" in name or "Steps" in name)


def test_a_day_does_not_depend_on_the_days_made_before_it() -> None:
    one, other = (study(9, people=3, days=20, first_day=FIRST_DAY) for _ in range(2))
    person, day = one.people[2], FIRST_DAY + timedelta(days=9)
    list(other.recorded(other.people[0]))
    assert (one.day(person, day).heart_rate == other.day(other.people[2], day).heart_rate).all()
    assert one.day(person, day).sleeps == other.day(other.people[2], day).sleeps


def test_a_bench_file_has_as_many_distinct_ascending_rows_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "heartrate_seconds_merged.csv"
    assert heart_rate_csv(path, people=2, days=3, rows_per_day=1_000, seed=1) == 6_000
    found = rows(tmp_path, "heartrate_seconds")
    assert len(found) == len({(r["Id"], r["Time"]) for r in found}) == 6_000
    assert len({r["Id"] for r in found}) == 2
    stamps = [
        datetime.strptime(r["Time"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC) for r in found
    ]
    assert stamps[:3_000] == sorted(stamps[:3_000])


@pytest.mark.parametrize("rows_per_day", [0, 86_401])
def test_a_bench_file_with_an_impossible_day_is_refused(tmp_path: Path, rows_per_day: int) -> None:
    with pytest.raises(ValueError, match="a day has 1 to 86400 rows"):
        heart_rate_csv(tmp_path / "rows.csv", 1, 1, rows_per_day, seed=1)


def test_a_bench_page_is_a_list_reply_of_so_many_points() -> None:
    page = json.loads(google_heart_rate_page(2_000, seed=3))
    times = [p["heartRate"]["sampleTime"]["physicalTime"] for p in page["dataPoints"]]
    assert len(times) == len(set(times)) == 2_000
    assert times == sorted(times, reverse=True)
    assert google_heart_rate_page(50, 3) == google_heart_rate_page(50, 3)
    assert google_heart_rate_page(50, 3) != google_heart_rate_page(50, 4)
    with pytest.raises(ValueError, match="-1 points"):
        google_heart_rate_page(-1, seed=3)
