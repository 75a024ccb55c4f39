"""What leaves the house, by profile: words, dates, small sites, pseudonyms."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.support.twins import twin

from hometrial.errors import ExportRefusedError
from hometrial.exports.deidentifying import PROFILES, WITHHELD, Disguise, profile, release
from hometrial.exports.moving import MOVED
from hometrial.exports.sdtm import leaving
from hometrial.exports.sdtm.domains import DOMAINS
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME, TABLES

pytestmark = pytest.mark.long

_KEY = bytes(range(32))
_LATER = date(2027, 3, 1)
"""When everybody's records are older than any embargo."""
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
    "item": [
        {"id": "i/1", "participant": "A-1", "response": "r/1", "item": "fatigue", "value": "4", "shown": "4"},
        {"id": "i/2", "participant": "A-1", "response": "r/1", "item": "headache_started", "value": "2026-03-09", "shown": "2026-03-09"},
    ],
    "daily_metric": [
        {"id": f"A-1/{day}/{name}", "participant": "A-1", "day": date(2026, 3, day), "metric": name, "value": value, "unit": unit}
        for day in (28, 29)
        for name, value, unit in (("wear_minutes", 1436.0, "min"), ("sleep_minutes", 400.0, "min"),
                                  ("heart_rate_count", 1500.0, "1"), ("steps", 2000.0, "{steps}"))
    ],
    "data_day": [{"id": "A-1/2026-03-10", "participant": "A-1", "day": date(2026, 3, 10), "consent_version": "2.0"}],
    "device": [{"id": "d/1", "participant": "A-1", "model": "Watch2,4 4.3.1", "firmware": "5.1", "source": "apple-health/watch"}],
    "consent_signature": [
        {"id": f"c/{number}", "participant": "A-1", "document": "main", "part": "participant", "role": "self",
         "version": f"{number}.0", "signed": f"2026-03-0{number}T10:00:00+00:00"}
        for number in (1, 2)
    ],
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
    made = release(source, PROFILES["public"], _KEY, _LATER).source
    disguise = Disguise.of(source, _KEY)
    by, name = disguise.shifts["A-1"], disguise.names["A-1"]
    assert by.days % 7 == 0
    assert sorted(row["day"] for row in made.rows("dose_day")) == [
        date(2026, 3, 10) + by,
        date(2026, 3, 11) + by,
    ]
    [response] = made.rows("response")
    assert response["occasion"] == f"diary/{date(2026, 3, 10) + by}"
    assert response["opened"] == f"{date(2026, 3, 10) + by}T22:00:00+00:00"
    assert response["participant"] == name
    assert len(made.rows("medication")[0]["began"]) == len("2024-05")


def test_an_answer_that_is_a_day_moves_with_the_others(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER).source
    by = Disguise.of(source, _KEY).shifts["A-1"]
    told = {row["item"]: (row["value"], row["shown"]) for row in made.rows("item")}
    moved = str(date(2026, 3, 9) + by)
    assert told == {"fatigue": ("4", "4"), "headache_started": (moved, moved)}


def test_everybody_is_entered_in_the_same_week(source: Source) -> None:
    disguise = Disguise.of(source, _KEY)
    assert {date(2026, 3, 29) + by for by in disguise.shifts.values()} == {date(2001, 1, 7)}
    made = release(source, PROFILES["public"], _KEY, _LATER).source
    assert {row["created"][:10] for row in made.rows("participant")} == {"2001-01-07"}


def test_whoever_takes_part_is_released_at_a_time_that_the_key_alone_tells(source: Source) -> None:
    public, last = PROFILES["public"], date(2026, 3, 29)
    disguise = Disguise.of(source, _KEY)
    assert len(set(disguise.embargoes.values())) > 1
    for weeks in (min(disguise.embargoes.values()), 12, 26):
        made = release(source, public, _KEY, last + timedelta(weeks=weeks))
        old_enough = {
            disguise.names[who] for who, embargo in disguise.embargoes.items() if embargo <= weeks
        }
        assert set(made.source.people) == old_enough
        assert made.done["people whose records are not old enough"] == 7 - len(old_enough)
        for name in BY_NAME:
            if "participant" in made.source.table(name).column_names:
                assert set(made.source.table(name)["participant"].to_pylist()) <= old_enough


def test_while_everybody_takes_part_a_public_folder_is_refused_with_the_day_from_which_it_is_not(
    source: Source,
) -> None:
    with pytest.raises(ExportRefusedError, match="make the folder from 2026-09-27 on, or choose"):
        release(source, PROFILES["public"], _KEY, date(2026, 3, 30))
    with pytest.raises(ExportRefusedError, match="the day on which the data were taken"):
        release(source, PROFILES["public"], _KEY)
    assert release(source, PROFILES["study"], _KEY).source.people == source.people


def test_no_sunday_tells_that_clocks_changed_on_it(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER)
    told = {(row["day"].isoweekday(), row["metric"]): row["value"] for row in made.source.rows("daily_metric")}  # fmt: skip
    assert told == {
        (6, "wear_minutes"): 1436.0, (6, "sleep_minutes"): 400.0, (6, "heart_rate_count"): 1500.0, (6, "steps"): 2000.0,
        (7, "wear_minutes"): 1380.0, (7, "sleep_minutes"): 400.0, (7, "steps"): 2000.0,
    }  # fmt: skip
    assert made.done["figures of Sundays left out"] == 1
    assert made.done["minutes of Sundays given as 23 hours"] == 1


def test_what_changes_for_all_on_one_day_is_not_told(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER)
    assert made.source.rows("data_day")[0]["consent_version"] is None
    [device] = made.source.rows("device")
    assert (device["model"], device["firmware"]) == ("Watch2,4", None)
    assert [row["version"] for row in made.source.rows("consent_signature")] == ["1.0"]
    assert made.done["signatures under later versions left out"] == 1


def test_of_two_studies_that_differ_in_when_they_were_the_public_learns_nothing() -> None:
    """Each person's course is moved by weeks of its own, with other offsets: the same tables leave the house."""
    source = twin("ldn-case-series", people=2)
    weeks = {who: timedelta(weeks=7 * place - 19) for place, who in enumerate(source.people)}
    elsewhere = {}
    for each in TABLES:
        rows = source.rows(each.name)
        if each.name not in PROFILES["public"].without and "participant" in each.schema.names:
            rows = [
                row
                | {
                    name: MOVED[kind](row[name], weeks[row["participant"]])
                    for kind in ("day", "local", "partial", "occasion", "text")
                    for name in each.of(kind)
                    if row[name] is not None
                }
                for row in rows
            ]
        elsewhere[each.name] = each.table(rows)
    public, later = PROFILES["public"], date(2099, 1, 1)
    here, there = (release(one, public, _KEY, later).source for one in (source, Source(elsewhere)))
    assert source.rows("item") != Source(elsewhere).rows("item")
    for each in TABLES:
        if each.name in ("medication", "treatment_told", "adverse_event"):
            continue  # a date known to the month alone is moved from the middle of it, twice
        assert here.table(each.name).equals(there.table(each.name)), each.name


def test_no_offset_of_a_clock_tells_how_far_its_day_was_moved(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER).source
    created = [row["created"] for row in made.rows("participant")]
    assert {each[10:] for each in created} == {"T01:30:00+00:00"}


def test_records_still_point_to_each_other_by_names_that_tell_nothing(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER).source
    assert made.rows("item")[0]["response"] == made.rows("response")[0]["id"]
    written = str({name: made.table(name).to_pydict() for name in BY_NAME})
    for told in ("A-1", "2026-03-10", "2026-03-29", "Smith", "Jones", "Bath", "S-02"):
        assert told not in written, f"{told} is still told"


def test_small_sites_are_told_together(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER)
    assert sorted(row["id"] for row in made.source.rows("site")) == ["S-01", "SMALL SITES"]
    assert {row["site"] for row in made.source.rows("participant")} == {"S-01", "SMALL SITES"}
    assert made.done["sites told together"] == 1


def test_ages_above_89_are_given_as_90(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER)
    assert sorted(row["number"] for row in made.source.rows("screening_answer")) == [41.0, 90.0]
    assert made.done["ages given as 90"] == 1


def test_evidence_of_single_files_stays_with_the_study(source: Source) -> None:
    made = release(source, PROFILES["public"], _KEY, _LATER)
    assert made.source.rows("audit") == []
    assert made.done["rows of tables left out"] == 2
    assert made.source.rows("gap") == [], "a gap of a day of 23 hours tells of the season"


def test_the_same_key_makes_the_same_release_and_another_one_another(source: Source) -> None:
    public = PROFILES["public"]
    once = release(source, public, _KEY, _LATER).source
    assert all(
        release(source, public, _KEY, _LATER).source.table(name).equals(once.table(name))
        for name in BY_NAME
    )
    other = release(source, public, bytes(32), _LATER).source
    assert not {each["id"] for each in other.rows("dose_day")} & {
        each["id"] for each in once.rows("dose_day")
    }


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        ExportRefusedError, match="profile: secret is none; choose from study, words"
    ):
        profile("secret")


def _otherwise(source: Source) -> Source:
    """Return a study as if everybody were in another arm, on other doses, made of other capsules, drawn in another order."""
    changed = {
        "allocation": {"arm": "B", "stratum": "z", "number": 99},
        "dose_order": {"step": 9, "times_a_day": 3, "formulation": "liq"},
        "intake": {"ml": 7.0, "formulation": "liq"},
        "dose_day": {"step": 9, "formulation": "liq"},
        "supply": {"lot": "L9", "formulation": "liq", "strength_mg": 50.0},
    }
    amounts = {
        "dose_order": ("mg",),
        "intake": ("mg",),
        "dose_day": ("mg_planned", "mg_least", "mg_most"),
        "supply": ("units",),
    }
    tables = dict(source.tables)
    for name, values in changed.items():
        rows = [
            {**row, **values}
            | {each: row[each] and 2 * row[each] for each in amounts.get(name, ())}
            for row in source.rows(name)
        ]
        tables[name] = BY_NAME[name].table(rows)
    return _told_of(Source(tables), 77.0)


def _told_of(source: Source, mg: float) -> Source:
    """Return a study in whose diaries everybody tells of a dose."""
    told = {"value": str(mg), "shown": str(mg), "number": mg}
    rows = [row | told if row["item"] == "dose_mg" else row for row in source.rows("item")]
    return Source({**source.tables, "item": BY_NAME["item"].table(rows)})


def test_of_two_studies_that_differ_in_arms_and_doses_a_blinded_folder_tells_nothing() -> None:
    source = _told_of(twin("ldn-mecfs"), 3.0)
    other, blinded = _otherwise(source), PROFILES["blinded"]
    for name in ("allocation", "dose_order", "intake", "dose_day", "supply", "item"):
        assert source.rows(name) != other.rows(name), f"the two do not differ in {name}"
    here, there = (release(each, blinded, _KEY).source for each in (source, other))
    for each in TABLES:
        assert here.table(each.name).equals(there.table(each.name)), each.name
    assert {row["arm"] for row in here.rows("allocation")} == {None}
    assert {row["mg_least"] for row in here.rows("dose_day")} == {0.0, 1.0}, (
        "that it was taken is told"
    )


def test_a_blinded_folder_tells_of_everybody_that_the_arm_is_blinded() -> None:
    study = Study(release(twin("ldn-mecfs"), PROFILES["blinded"], _KEY).source)
    rows = {row["SUBJID"]: row for row in DOMAINS["DM"](study)}
    drawn = [row["participant"] for row in study.source.rows("allocation")]
    assert len({rows[who]["ARMNRS"] for who in drawn}) == 1, (
        "why the arm is empty is the same of all"
    )
    assert all(rows[who]["ARMNRS"] for who in drawn)
    assert not any({"ARMCD", "ACTARMCD"} & set(row) for row in rows.values())
    assert any(row["RFSTDTC"] for row in rows.values()), "that drug was taken is told"
    ends = {leaving.participation(study, who) for who in drawn}
    assert any(end is not None and end.term == "COMPLETED" for end in ends)


def test_a_blinded_folder_says_itself_what_it_cannot_hide() -> None:
    [told] = release(twin("ldn-mecfs"), PROFILES["blinded"], _KEY).remarks
    for words in ("the epoch wait is of DEL alone", "V1b", "start the drug at different times"):
        assert words in told
    assert release(twin("ldn-mecfs"), PROFILES["study"], _KEY).remarks == ()
    one_arm = twin("ldn-case-series", people=2)
    assert release(one_arm, PROFILES["blinded"], _KEY).remarks == ()
