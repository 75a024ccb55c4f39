"""The same seed, the same bytes; and files of any size for measuring speed."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hometrial_ingest.simulate import google_heart_rate_page, heart_rate_csv, study

FIRST_DAY = date(2026, 10, 20)


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


def test_a_bench_file_has_as_many_distinct_ascending_rows_as_asked(
    tmp_path: Path, export: Any
) -> None:
    path = tmp_path / "heartrate_seconds_merged.csv"
    assert heart_rate_csv(path, people=2, days=3, rows_per_day=1_000, seed=1) == 6_000
    found = export.at(tmp_path).rows("heartrate_seconds")
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
