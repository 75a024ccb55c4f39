"""What leaves the house, by profile: words, dates, small sites, pseudonyms."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hometrial.errors import ExportRefusedError
from hometrial.exports.deidentifying import PROFILES, WITHHELD, Disguise, profile, release
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME

_KEY = bytes(range(32))
_PEOPLE = [f"A-{number}" for number in range(7)]
_ROWS = {
    "site": [{"id": "S-01", "name": "Leeds", "country": "GBR"}, {"id": "S-02", "name": "Bath", "country": "GBR"}],
    "participant": [
        {"id": code, "participant": code, "site": "S-02" if code == "A-6" else "S-01",
         "created": "2026-03-29T01:30:00+01:00"}
        for code in _PEOPLE
    ],
    "screening_answer": [
        {"id": "u/1", "participant": "A-1", "screening": "s/1", "variable": "age", "value": "93", "number": 93.0},
        {"id": "u/2", "participant": "A-2", "screening": "s/2", "variable": "age", "value": "41", "number": 41.0},
    ],
    "medication": [
        {"id": "m/1", "participant": "A-1", "name": "from Dr Smith", "began": "2024-05", "ended": "2026", "is_opioid": False}
    ],
    "dose_day": [
        {"id": f"A-1/2026-03-{day}", "participant": "A-1", "day": date(2026, 3, day), "mg_planned": 0.5} for day in (10, 11)
    ],
    "response": [
        {"id": "r/1", "participant": "A-1", "form": "ldn_diary", "occasion": "diary/2026-03-10",
         "opened": "2026-03-10T22:00:00+00:00"}
    ],
    "item": [{"id": "i/1", "participant": "A-1", "response": "r/1", "item": "fatigue", "value": "4"}],
    "gap": [{"id": "g/1", "participant": "A-1", "start_at": datetime(2026, 3, 10, 5, tzinfo=UTC)}],
    "audit": [{"id": "7", "sequence": 7, "reason": "Mrs Jones phoned"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def source() -> Source:
    return Source({name: BY_NAME[name].table(rows) for name, rows in _ROWS.items()})


def test_words_stay_behind_unless_asked_for(source: Source) -> None:
    made = release(source, PROFILES["study"], _KEY)
    assert made.source.rows("medication")[0]["name"] == WITHHELD
    assert made.source.rows("medication")[0]["began"] == "2024-05"
    assert made.done["words left out"] == 2
    told = release(source, PROFILES["words"], _KEY)
    assert told.source.rows("medication")[0]["name"] == "from Dr Smith"


def test_the_study_profile_leaves_dates_and_names_of_records(source: Source) -> None:
    made = release(source, PROFILES["study"], _KEY).source
    assert made.rows("dose_day") == source.rows("dose_day")
    assert made.rows("site") == source.rows("site")


def test_a_person_s_dates_move_together_by_whole_weeks(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY).source
    disguise = Disguise(_KEY, tuple(_PEOPLE))
    by, name = disguise.shift("A-1"), disguise.names["A-1"]
    assert by < timedelta(0)
    assert by.days % 7 == 0
    assert sorted(row["day"] for row in made.rows("dose_day")) == [
        date(2026, 3, 10) + by,
        date(2026, 3, 11) + by,
    ]
    assert made.rows("gap")[0]["start_at"] == datetime(2026, 3, 10, 5, tzinfo=UTC) + by
    [response] = made.rows("response")
    assert response["occasion"] == f"diary/{date(2026, 3, 10) + by}"
    assert response["opened"] == f"{date(2026, 3, 10) + by}T22:00:00+00:00"
    assert response["participant"] == name
    assert len(made.rows("medication")[0]["began"]) == len("2024-05")
    assert len({disguise.shift(person) for person in _PEOPLE}) > 1


def test_no_offset_of_a_clock_tells_how_far_its_day_was_moved(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY).source
    created = [row["created"] for row in made.rows("participant")]
    assert {each[10:] for each in created} == {"T01:30:00+00:00"}


def test_records_still_point_to_each_other_by_names_that_tell_nothing(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY).source
    assert made.rows("item")[0]["response"] == made.rows("response")[0]["id"]
    written = str({name: made.table(name).to_pydict() for name in BY_NAME})
    for told in ("A-1", "2026-03-10", "2026-03-29", "Smith", "Jones", "Bath", "S-02"):
        assert told not in written, f"{told} is still told"


def test_small_sites_are_told_together(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY)
    assert sorted(row["id"] for row in made.source.rows("site")) == ["S-01", "SMALL SITES"]
    assert {row["site"] for row in made.source.rows("participant")} == {"S-01", "SMALL SITES"}
    assert made.done["sites told together"] == 1


def test_ages_above_89_are_given_as_90(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY)
    assert sorted(row["number"] for row in made.source.rows("screening_answer")) == [41.0, 90.0]
    assert made.done["ages given as 90"] == 1


def test_evidence_of_single_files_stays_with_the_study(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY)
    assert made.source.rows("audit") == []
    assert made.done["rows of tables left out"] == 1


def test_the_same_key_makes_the_same_release_and_another_one_another(source: Source) -> None:
    public = PROFILES["public"]
    once = release(source, public, _KEY).source
    assert all(
        release(source, public, _KEY).source.table(name).equals(once.table(name))
        for name in BY_NAME
    )
    other = release(source, public, bytes(32)).source
    assert other.rows("dose_day") != once.rows("dose_day")


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        ExportRefusedError, match="profile: secret is none; choose from study, words"
    ):
        profile("secret")
