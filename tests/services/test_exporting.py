"""How imports and decisions show in the next export: what changes, and what must not."""

import json
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from hometrial.models import QuarantinedRow
from hometrial.services import reviewing
from hometrial.services.locking import making
from hometrial.services.locking.wanted import wanted
from hometrial.services.reviewing import Decision

pytestmark = pytest.mark.long

HEART_RATE = "heartrate_seconds_merged.csv"
STEPS = "minuteStepsNarrow_merged.csv"
NIGHT = "minuteSleep_merged.csv"
BEATS = "Id,Time,Value\n" + "".join(
    f"{who},{month}/12/2016 7:{n:02}:05 AM,{60 + n}\n"
    for who in (1, 2)
    for month in (4, 5)
    for n in range(20)
)
BAD_BEAT = "1,4/12/2016 8:00:00 AM,255\n"
MINUTES = "Id,ActivityMinute,Steps\n" + "".join(
    f"1,4/12/2016 7:{n:02}:00 AM,{n}\n" for n in range(20)
)
ASLEEP = "Id,date,value,logId\n" + "".join(
    f"1,4/12/2016 2:{n:02}:30 AM,{1 + n // 10 % 3},11380564589\n" for n in range(40)
)
WALKS = "Id,ActivityMinute,Steps\n1,4/12/2016 7:00:00 AM,7\n"


def files_of(out: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of an export, as its own list tells it."""
    lines = (out / "MANIFEST.sha256").read_text().splitlines()
    return {line[66:]: line[:64] for line in lines}


def export(study, out: Path, profile: str = "study") -> Path:
    with study.database.reading() as session:
        making.draft(session, study.database, wanted(("parquet", "csv"), profile), out)
    return out


def take_in(study, folder):
    return study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")


def test_a_study_without_anybody_exports_tables_without_rows(study, tmp_path):
    out = export(study, tmp_path / "draft")

    assert not (out / "samples").exists()
    assert pq.read_metadata(out / "tidy/participant_day.parquet").num_rows == 0
    days = (out / "tidy/participant_day.csv").read_text()
    assert days.startswith('"participant_id","local_day",')
    assert days.count("\n") == 1
    manifest = json.loads((out / "MANIFEST.json").read_text())
    assert (manifest["participants"], manifest["samples"]) == ([], 0)


def test_the_same_archive_again_changes_not_a_byte_of_the_export(study, fitabase, tmp_path):
    folder = fitabase({HEART_RATE: BEATS + BAD_BEAT, STEPS: MINUTES, NIGHT: ASLEEP})
    take_in(study, folder)
    before = files_of(export(study, tmp_path / "before"))

    take_in(study, folder)

    assert files_of(export(study, tmp_path / "after")) == before


def test_a_new_value_changes_its_month_its_day_and_the_manifest_and_no_other_samples(
    study, fitabase, tmp_path
):
    take_in(study, fitabase({HEART_RATE: BEATS, STEPS: MINUTES}))
    before = files_of(export(study, tmp_path / "before"))

    take_in(study, fitabase({HEART_RATE: "Id,Time,Value\n2,5/12/2016 9:00:05 AM,70\n"}, "more"))

    after = files_of(export(study, tmp_path / "after"))
    assert before.keys() == after.keys()
    changed = {name for name in after if after[name] != before[name]}
    assert {name for name in changed if name.startswith("samples")} == {
        "samples/heart_rate/participant=P-0002/month=2016-05/part.parquet"
    }
    assert {"MANIFEST.json", "tidy/batch.csv"} <= changed
    unchanged = {"dictionary.csv", "codelists.csv", "tidy/quarantine.csv", "tidy/visit.csv"}
    assert unchanged & changed == set()


def beats(out: Path) -> list[float]:
    query = "SELECT value FROM read_parquet(?)"
    return [row[0] for row in duckdb.execute(query, [f"{out}/samples/**/*.parquet"]).fetchall()]


def test_a_quarantined_row_is_listed_apart_and_joins_the_samples_when_it_is_released(
    study, fitabase, tmp_path
):
    take_in(study, fitabase({HEART_RATE: "Id,Time,Value\n1,4/12/2016 7:00:05 AM,60\n" + BAD_BEAT}))
    before = export(study, tmp_path / "before")
    set_aside = pd.read_csv(before / "tidy/quarantine.csv").iloc[0]
    assert beats(before) == [60]
    assert (set_aside["value"], set_aside["rule"], set_aside["status"]) == (255, "value_is_physical", "open")  # fmt: skip
    assert json.loads((before / "MANIFEST.json").read_text())["state"][
        "excluded_samples_by_rule"
    ] == {"value_is_physical": 1}

    with study.database.transaction("test", "stress test") as session:
        rows = session.scalars(select(QuarantinedRow.id)).all()
        reviewing.release(session, rows, Decision("test", "stress test"), None)

    after = export(study, tmp_path / "after", "words")
    decided = pd.read_csv(after / "tidy/quarantine.csv").iloc[0]
    assert sorted(beats(after)) == [60, 255]
    assert (decided["status"], decided["decision_reason"]) == ("released", "stress test")
    assert (
        json.loads((after / "MANIFEST.json").read_text())["state"]["excluded_samples_by_rule"] == {}
    )


def test_a_reason_that_looks_like_a_formula_is_harmless_in_csv_and_untouched_in_parquet(
    study, fitabase, tmp_path
):
    reason = '=HYPERLINK("http://example.org","see")'
    take_in(study, fitabase({HEART_RATE: "Id,Time,Value\n1,4/12/2016 7:00:05 AM,60\n" + BAD_BEAT}))
    with study.database.transaction("test", reason) as session:
        rows = session.scalars(select(QuarantinedRow.id)).all()
        reviewing.confirm(session, rows, Decision("test", reason))

    out = export(study, tmp_path / "draft", "words")

    assert pd.read_csv(out / "tidy/quarantine.csv")["decision_reason"].tolist() == ["'" + reason]
    assert pd.read_parquet(out / "tidy/quarantine.parquet")["decision_reason"].tolist() == [reason]


def test_around_a_clock_change_the_wall_clock_jumps_and_the_instants_do_not(
    study, fitabase, tmp_path
):
    # Berlin, 27 March 2016: 02:00 becomes 03:00.
    night = "Id,Time,Value\n1,3/27/2016 1:59:55 AM,60\n1,3/27/2016 3:00:00 AM,61\n"
    take_in(study, fitabase({HEART_RATE: night}))

    out = export(study, tmp_path / "draft")

    told = pd.read_parquet(out / "samples/heart_rate/participant=P-0001/month=2016-03")
    assert [f"{each:%H:%M:%S%z}" for each in told["at"]] == ["00:59:55+0000", "01:00:00+0000"]
    assert [f"{each:%H:%M:%S}" for each in told["local_at"]] == ["01:59:55", "03:00:00"]


def test_two_sources_of_a_stream_stand_side_by_side(study, fitabase, tmp_path):
    take_in(study, fitabase({STEPS: WALKS}))
    folder = tmp_path / "Takeout/Fitbit/Global Export Data"
    folder.mkdir(parents=True)
    entry = {"dateTime": "04/12/16 05:00:00", "value": "8"}
    (folder / "steps-2016-04-12.json").write_text(json.dumps([entry]))
    study.take_in("takeout", tmp_path / "Takeout", participant="P-0001")

    out = export(study, tmp_path / "draft")

    rows = pd.read_parquet(out / "samples/steps/participant=P-0001/month=2016-04")
    assert len(rows) == rows["source"].nunique() == 2
    assert set(rows["value"]) == {7, 8}
    assert set(rows["at"]) == {pd.Timestamp("2016-04-12T05:00:00Z")}
