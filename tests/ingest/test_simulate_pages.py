"""The study's files as pages of the Google Health API."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hometrial_ingest.simulate import Fault, FaultKind, Person, Study, study
from hometrial_ingest.simulate.google import write as write_google_days

pytestmark = pytest.mark.long

Planted = Callable[[FaultKind], tuple[Person, Fault]]


def test_pages_stand_newest_first_and_all_but_the_last_have_a_token(
    made: Study, pages: Any
) -> None:
    folder = pages.folder / made.people[0].code / "heart-rate"
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


def test_pages_tell_every_sample_of_the_truth_with_its_offset(made: Study, pages: Any) -> None:
    indian = made.people[2]
    told = [beat[:3] for beat in pages.listed(indian)]
    expected = [
        (int(at), int(value), "19800s")
        for day in made.recorded(indian)
        for at, value in zip(day.heart_rate_at, day.heart_rate, strict=True)
    ]
    assert sorted(told) == sorted(expected)


def test_offsets_change_with_the_clock_and_on_the_journey(made: Study, pages: Any) -> None:
    def seen(person: Person) -> set[str]:
        return {beat.offset for beat in pages.listed(person)}

    assert seen(made.people[0]) == {"-14400s", "-18000s"}
    assert seen(made.people[1]) == {"7200s", "3600s"}
    assert seen(made.people[3]) == {"7200s", "-14400s", "3600s"}


def test_civil_times_leave_out_zeros_and_agree_with_the_instant(made: Study, pages: Any) -> None:
    for point in islice(pages.points(made.people[2], "heart-rate"), 0, None, 500):
        time = point["heartRate"]["sampleTime"]
        parts = time["civilTime"]["time"]
        assert all(parts.values())
        wall = datetime(**time["civilTime"]["date"], tzinfo=UTC) + timedelta(**parts)
        assert wall.timestamp() == pages.instant(time["physicalTime"]) + int(time["utcOffset"][:-1])


def test_steps_are_listed_by_device_and_the_phone_repeats_some(made: Study, pages: Any) -> None:
    person = next(p for p in made.people if p.habits.carries_phone)
    truth = sum(day.total_steps for day in made.recorded(person))
    counted = Counter[str]()
    for point in pages.points(person, "steps"):
        counted[point["dataSource"]["device"]["formFactor"]] += int(point["steps"]["count"])
        assert point["steps"]["count"] != "0"
    assert counted["PHONE"] == sum(int(day.phone_steps.sum()) for day in made.recorded(person)) > 0
    watched = sum(count for form, count in counted.items() if form != "PHONE")
    assert watched >= truth


def test_two_devices_tell_the_day_of_the_swap(made: Study, pages: Any) -> None:
    swapper = made.people[0]
    swap = next(d for d in swapper.days() if len(swapper.worn_devices(d)) == 2)
    by_device: dict[str, list[int]] = {}
    for beat in pages.listed(swapper):
        by_device.setdefault(beat.device, []).append(beat.at)
    old, new = (by_device[device.name] for device in swapper.devices)
    local = swapper.local_day(swap)
    assert max(old) < local.ends_at
    assert min(new) >= local.starts_at
    assert len(set(old) & set(new)) > 1_000
    lived = [at for day in made.recorded(swapper) for at in day.heart_rate_at.tolist()]
    assert set(old) | set(new) == set(lived)


def test_stage_summaries_agree_with_the_stages_within_a_minute(
    made: Study, pages: Any, fault: Planted
) -> None:
    outside = fault(FaultKind.STAGE_OUTSIDE_SESSION)[1]
    for person in made.people:
        for sleep in pages.sleeps(person):
            seconds = Counter[str]()
            for stage in sleep["stages"]:
                seconds[stage["type"]] += pages.instant(stage["endTime"]) - pages.instant(
                    stage["startTime"]
                )
            if pages.instant(sleep["stages"][-1]["startTime"]) == outside.at:
                continue
            for told in sleep["summary"]["stagesSummary"]:
                assert abs(int(told["minutes"]) - seconds[told["type"]] / 60) <= 1
