"""What is wrong in the synthetic study stands where it is told, and nowhere else."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hometrial_ingest.simulate import Fault, FaultKind, Person, Study

pytestmark = pytest.mark.long

Planted = Callable[[FaultKind], tuple[Person, Fault]]


def test_each_kind_of_fault_is_planted_and_told(made: Study) -> None:
    assert {fault.kind for fault in made.faults} == set(FaultKind)
    places = [(fault.person, fault.day) for fault in made.faults]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("kind", [FaultKind.HEART_RATE_TOO_HIGH, FaultKind.HEART_RATE_ZERO])
def test_an_impossible_heart_rate_stands_where_it_is_told_and_only_there(
    made: Study, export: Any, pages: Any, kind: FaultKind, fault: Planted
) -> None:
    person, told = fault(kind)
    assert told.value is not None
    value = str(int(told.value))
    found = [(p, at) for p in made.people for at, shown in export.beats(p) if shown == value]
    assert found == [(person, export.stamp(person, told.at, told.day))]
    assert [beat.at for beat in pages.listed(person) if beat.value == told.value] == [told.at]


def test_450_steps_stand_in_the_minute_that_is_told(
    made: Study, export: Any, fault: Planted
) -> None:
    person, told = fault(FaultKind.STEPS_IMPOSSIBLE)
    found = [r for r in export.rows("minuteStepsNarrow") if int(r["Steps"]) > 300]
    assert [(r["Id"], r["ActivityMinute"], r["Steps"]) for r in found] == [
        (str(person.fitabase_id), export.stamp(person, told.at, told.day), "450")
    ]


def test_only_the_told_rows_are_duplicated(made: Study, export: Any, fault: Planted) -> None:
    person, told = fault(FaultKind.ROWS_DUPLICATED)
    twice = {
        (who.code, *beat): count
        for who in made.people
        for beat, count in Counter(export.beats(who)).items()
        if count > 1
    }
    assert len(twice) == told.rows == 25
    assert set(twice.values()) == {2}
    assert next(iter(twice))[:2] == (person.code, export.stamp(person, told.at, told.day))


def test_one_stage_lies_outside_its_session_in_the_pages(
    made: Study, pages: Any, fault: Planted
) -> None:
    _, told = fault(FaultKind.STAGE_OUTSIDE_SESSION)
    outside = [
        pages.instant(stage["startTime"])
        for person in made.people
        for sleep in pages.sleeps(person)
        for stage in sleep["stages"]
        if pages.instant(stage["endTime"]) > pages.instant(sleep["interval"]["endTime"])
    ]
    assert outside == [told.at]


def test_one_summary_does_not_match_its_stages(made: Study, pages: Any, fault: Planted) -> None:
    _, told = fault(FaultKind.SUMMARY_WRONG)
    wrong = []
    for person in made.people:
        for sleep in pages.sleeps(person):
            period = pages.instant(sleep["interval"]["endTime"]) - pages.instant(
                sleep["interval"]["startTime"]
            )
            if abs(period / 60 - int(sleep["summary"]["minutesInSleepPeriod"])) > 1:
                wrong.append(pages.instant(sleep["interval"]["startTime"]))
    assert wrong == [told.at]


def test_the_row_of_the_future_is_the_newest_of_its_person(
    made: Study, pages: Any, fault: Planted
) -> None:
    person, told = fault(FaultKind.ROW_IN_FUTURE)
    assert pages.listed(person)[0].at == told.at
    assert told.at > person.local_day(person.last_day + timedelta(days=300)).ends_at


def test_the_late_part_is_missing_before_the_late_sync_and_nothing_else(
    made: Study, export: Any, tmp_path: Path, fault: Planted
) -> None:
    person, told = fault(FaultKind.PART_LATE)
    made.write_fitabase(tmp_path, before_late_sync=True)
    for who in made.people:
        early, whole = Counter(export.at(tmp_path).beats(who)), Counter(export.beats(who))
        assert not early - whole
        assert (whole - early).total() == (told.rows if who == person else 0)
    revised = [
        (before["ActivityDate"], int(before["TotalSteps"]) < int(after["TotalSteps"]))
        for before, after in zip(
            export.at(tmp_path).rows("dailyActivity"), export.rows("dailyActivity"), strict=True
        )
        if before != after
    ]
    assert revised == [(f"{told.day:%-m/%-d/%Y}", True)]
