"""A cell of a data set is walked back to the very bytes that were sent, and forward again by the rule."""

import csv
import hashlib
import io
import json
import random
import shutil
from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import worn
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from hometrial import clock
from hometrial.cli.lineage import lineage as command
from hometrial.db import STAFF_ROLE
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.source.tables import BY_NAME
from hometrial.exports.tidy.tables import TIDY
from hometrial.models import DayChunk, LockSource, Participant, Payload
from hometrial.services import capturing, chunks, enrolling, lineage, metrics, receiving
from hometrial.services.histories import Calendar
from hometrial.services.lineage import cells, locked, recorded, resting, sampled, shelved, tracing
from hometrial.services.locking import keeping, making, worked_out
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial_ingest.signals import Signal

pytestmark = pytest.mark.long

SEED, CELLS = 20_261_128, 100
WORN = ("daily_metric", "data_day")


@pytest.fixture(scope="module")
def filled(shared_study, tmp_path_factory):
    """The study, a session on it, its source tables and its data sets."""
    folder = tmp_path_factory.mktemp("worn")
    with worn.told(folder) as set_clock:
        worn.fill(shared_study, folder, set_clock)
        worn.live(shared_study, set_clock)
        with shared_study.database.reading() as session:
            source = capturing.capture(session)
            yield session, source, tabulate(source)


def _cells(made, count):
    """Draw cells that hold something, half of them of the wearable's data sets: (data set, row, variable, sources)."""
    chance = random.Random(SEED)  # noqa: S311
    drawn = []
    others = sorted(name for name in made if not name.startswith("T") and name not in ("VS", "FA", "NV"))  # fmt: skip
    while len(drawn) < count:
        name = chance.choice(("VS", "FA", "NV") if len(drawn) % 2 else (*others, "QS", "QS", "AE"))
        table = made[name].table
        row, variable = chance.randrange(table.num_rows), chance.choice(table.column_names)
        lines = made[name].lineage.to_pylist()
        sources = [each["source"] for each in lines if each["row"] == row + 1]
        if table[variable][row].as_py() not in (None, ""):
            drawn.append((name, row, variable, sources))
    return drawn


def test_a_hundred_random_cells_are_traced_to_the_bytes_and_made_again_of_them(filled):
    session, source, made = filled
    checked = Counter()
    for name, row, variable, sources in _cells(made, CELLS):
        where = (name, row + 1, variable, sources)
        assert sources, where
        for record in sources:
            chain = lineage.trace(session, record, source)
            table = record.partition("/")[0]
            assert chain.steps[0].kind == "value", where
            assert _ground(chain), where
            if table in WORN:
                _bytes_are_there(session, source, chain)
            if table == "daily_metric":
                _value_is_made_again(session, source, made[name], row, chain)
            if table == "item":
                _answer_is_in_its_bytes(session, source, chain)
            checked[table] += 1
    assert checked["daily_metric"] >= 40, checked
    assert checked["item"] >= 5, checked
    assert {"adverse_event", "intake", "participant"} <= checked.keys(), checked


def _ground(chain):
    """Say whether a chain ends where nothing is behind: bytes, the trail, or a device's own day without data."""
    has_bytes = any(step.raw is not None and step.raw.body for step in chain.of("payload"))
    has_trail = all(step.fact("by") for step in chain.of("trail")) and chain.of("trail")
    return has_bytes or has_trail or not chain.of("chunk")


@cache
def _body(session, sha256):
    payload = session.scalars(select(Payload).where(Payload.sha256 == sha256)).one()
    body = receiving.read(session, payload).read()
    assert hashlib.sha256(body).hexdigest() == sha256
    assert len(body) == payload.size
    return body


def _bytes_are_there(session, source, chain):
    """Every chunk is the locked one, and every payload's row stands at its place in the very bytes."""
    locked = {each["id"]: each for each in source.rows("chunk")}
    for step in chain.of("chunk"):
        name, _, version = step.fact("name").rpartition("/v")
        code, stream, day = name.split("/")
        row = locked[f"{code}/{stream}/{day}"]
        assert (row["sha256"], str(row["version"])) == (step.fact("sha256 of its bytes"), version)
        assert [each for each in step if each.kind == "batch"]
        (verdict,) = {each.fact("suite") for each in step if each.kind == "verdict"}
        assert verdict in _suites(source, chain.person, date.fromisoformat(day))
        assert [each for each in step if each.kind == "device"]
        for each in step:
            if each.kind == "payload":
                body = _body(session, each.raw.payload)
                assert body[each.raw.offset : each.raw.offset + len(each.raw.body)] == each.raw.body
    if chain.of("chunk"):
        events = [each for each in chain.of("consent") if "event" in dict(each.facts)]
        assert events
        assert all(each.fact("decision") == "granted" for each in events)
        assert [each for each in chain.of("consent") if "signature" in dict(each.facts)]


def _suites(source, code, day):
    (row,) = [each for each in source.by_person("data_day")[code] if each["day"] == day]
    return row["rule_suite"]


def _value_is_made_again(session, source, made, row, chain):
    """The figure follows from what the payloads' own rows say, by the rule; and the cell is the figure."""
    _, code, told, metric = chain.record.split("/")
    day = (date.fromisoformat(told) - date(1970, 1, 1)).days
    person = session.scalars(select(Participant).where(Participant.code == code)).one()
    zones = enrolling.zones_of(session, person)
    start, end = Calendar.of(zones, range(day, day + 1)).bounds(day)
    frames = {}
    for step in chain.of("chunk"):
        chunk = session.get_one(DayChunk, step.fact("chunk"))
        signal = Signal(chunk.stream)
        frames.setdefault(signal, []).append((chunk.day, _raw_frame(session, chunk, signal)))
    again = metrics.measure(_day(frames, told, (start, end), zones))
    value = next(each["value"] for each in source.rows("daily_metric") if each["id"] == f"{code}/{told}/{metric}")  # fmt: skip
    assert again[metric] == value, chain.record
    number = [each for each in made.table.column_names if each.endswith("STRESN")]
    if number and made.table[number[0]][row].as_py() is not None:
        assert made.table[number[0]][row].as_py() == pytest.approx(value, rel=1e-12), chain.record


def _day(frames, told, bounds, zones):
    start, end = bounds
    offset = int(zones.place_instant(np.array([start], np.int64))[0][0])
    names = {Signal.HEART_RATE: "heart_rate", Signal.STEPS: "steps", Signal.STEPS_HOURLY: "steps_hourly"}  # fmt: skip
    known = {}
    for signal, name in names.items():
        if signal in frames:
            whole = pd.concat([frame for _, frame in frames[signal]], ignore_index=True)
            first = start if signal is not Signal.HEART_RATE else -(2**62)
            known[name] = whole[(whole["at"] >= first) & (whole["at"] < end)].sort_values("at", kind="stable", ignore_index=True)  # fmt: skip
    for on, frame in frames.get(Signal.SLEEP_SESSION, ()):
        if str(on) == told:
            known["sessions"] = frame
        else:
            known["sessions_next"] = frame[(frame["at"] >= start) & (frame["at"] < end)]
    for _, frame in frames.get(Signal.SLEEP_STAGE, ()):
        known["stages"] = frame
    daily = {
        str(signal): float(found[0][1]["value"].iloc[-1])
        for signal, found in frames.items()
        if signal in metrics.PASSED_ON
    }
    return metrics.Day(start, end, offset, True, **known, daily=daily)


@cache
def _raw_frame(session, chunk, signal):
    """Return a chunk's samples with every value and instant read anew of the payload's own row."""
    frame = chunks.decode(chunk.body, signal).to_pandas()
    frame = frame.astype({"value": "float64"})
    rows = [_records(session, each) for each in frame["payload"].unique()]
    by_payload = dict(zip(frame["payload"].unique(), rows, strict=True))
    read = [
        _READ[signal](by_payload[sha], row, at)
        for sha, row, at in zip(frame["payload"], frame["row"], frame["at"], strict=True)
    ]
    if signal is Signal.SLEEP_SESSION:
        return frame  # a source's own summary of a night; when it began is checked
    if signal is Signal.SLEEP_STAGE:
        assert all(code in said for code, said in zip(frame["code"], read, strict=True))
        return frame
    return frame.assign(value=np.array(read, np.float64))


@cache
def _records(session, sha256):
    body = _body(session, sha256)
    if body.startswith(b"{"):
        return json.loads(body)["dataPoints"]
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def _instant(text):
    return clock.microseconds(datetime.fromisoformat(text))


def _wall(text, at):
    """Check that a US stamp is the sample's wall clock, an hour ahead of UTC in this month."""
    wall = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p") - timedelta(hours=1)  # noqa: DTZ007
    assert wall == datetime(1970, 1, 1) + timedelta(microseconds=at)  # noqa: DTZ001


def _heart_rate(rows, row, at):
    found = rows[row - 1]
    if "Value" in found:
        _wall(found["Time"], at)
        return float(found["Value"])
    assert _instant(found["heartRate"]["sampleTime"]["physicalTime"]) == at
    return float(found["heartRate"]["beatsPerMinute"])


def _steps(rows, row, at):
    found = rows[row - 1]
    if "Steps" in found:
        _wall(found["ActivityMinute"], at)
        return float(found["Steps"])
    assert _instant(found["steps"]["interval"]["startTime"]) == at
    return float(found["steps"]["count"])


def _session(rows, row, at):
    found = rows[row - 1]
    if "logId" in found:
        _wall(found["date"], at)
    else:
        assert _instant(found["sleep"]["interval"]["startTime"]) == at


def _stage(rows, row, at):
    found = rows[row - 1]
    if "logId" in found:
        _wall(found["date"], at)
        return {{"1": "asleep", "2": "restless", "3": "awake"}[found["value"]]}
    told = [*found["sleep"]["stages"], *found["sleep"]["shortAwakenings"]]
    return {each["type"].lower() for each in told if _instant(each["startTime"]) == at}


def _of(column, factor=1.0):
    return lambda rows, row, _at: float(rows[row - 1][column]) * factor


_READ = {
    Signal.HEART_RATE: _heart_rate,
    Signal.STEPS: _steps,
    Signal.SLEEP_SESSION: _session,
    Signal.SLEEP_STAGE: _stage,
    Signal.STEPS_HOURLY: _of("StepTotal"),
    Signal.STEPS_DAILY: _of("TotalSteps"),
    Signal.DISTANCE_DAILY: _of("TotalDistance", 1000),
    Signal.SEDENTARY_MINUTES_DAILY: _of("SedentaryMinutes"),
    Signal.MINUTES_ASLEEP_DAILY: _of("TotalMinutesAsleep"),
    Signal.TIME_IN_BED_DAILY: _of("TotalTimeInBed"),
    Signal.SLEEP_RECORDS_DAILY: _of("TotalSleepRecords"),
    Signal.WEIGHT: _of("WeightKg"),
    Signal.RESTING_HEART_RATE: lambda rows, row, _at: float(
        rows[row - 1]["dailyRestingHeartRate"]["beatsPerMinute"]
    ),
}


def _answer_is_in_its_bytes(session, source, chain):
    _, response, item = chain.record.split("/")
    row = next(each for each in source.rows("item") if each["id"] == f"{response}/{item}")
    first = next(each for each in chain.of("submission"))
    payload = next(each for each in first if each.kind == "payload")
    document = json.loads(_body(session, payload.raw.payload))
    said = document["answers"].get(item)
    if row["value"] is None:
        assert said is None or said["skipped"]
        return
    assert str(said["value"]) == row["value"]
    assert f'"value": {said["value"]}' in payload.raw.text
    assert chain.of("sitting")[0].fact("language") == "en"
    assert chain.of("instrument")
    assert chain.of("consent")[0].fact("version") == "1.0.0"


@pytest.mark.parametrize("code", ["P-0001", "P-0003"])
def test_every_figure_of_a_day_is_made_of_the_samples_that_its_chain_names_and_of_no_others(
    filled, code
):
    session, source, made = filled
    day = worn.FIRST + timedelta(2)
    names = [
        each["metric"] for each in source.by_person("daily_metric")[code] if each["day"] == day
    ]
    assert len(names) > 20
    for name in names:
        chain = lineage.trace(session, f"daily_metric/{code}/{day}/{name}", source)
        _value_is_made_again(session, source, made["DM"], 0, chain)


def test_every_rule_says_of_which_streams_it_is_made():
    assert resting.STREAMS.keys() == metrics.RULES.keys()


def test_a_record_of_every_source_table_has_a_chain(filled):
    session, source, _ = filled
    found = 0
    for name in BY_NAME:
        assert (name in recorded.ROWS) != (name in tracing._CHAINS), name
        for row in source.rows(name)[:1]:
            assert lineage.trace(session, f"{name}/{row['id']}", source).steps, name
            found += 1
    assert found > 25


def test_a_correction_tells_what_was_said_before_by_whom_and_why(filled):
    session, source, _ = filled
    (row,) = [
        each for each in source.rows("item") if each["item"] == "pain" and each["value"] == "9"
    ]
    chain = lineage.trace(session, f"item/{row['id']}", source)
    (now,), (before,) = chain.of("answer"), chain.of("before")
    assert (now.fact("value"), before.fact("value")) == ("9", "5")
    now_sat, before_sat = chain.of("sitting")
    assert (now_sat.fact("because"), now_sat.fact("mode")) == ("told by phone", "interview")
    assert before_sat.fact("device screen") == "320x640"
    assert [each.fact("revision") for each in chain.of("submission")] == ["2", "1"]
    assert lineage.trace(session, f"item/{now.fact('answer')}", source).steps == chain.steps


def test_a_score_names_its_rule_its_answers_and_their_bytes(filled):
    session, source, _ = filled
    row = next(each for each in source.rows("score") if each["score"] == "pain_average")
    chain = lineage.trace(session, f"score/{row['id']}", source)
    assert "'op': 'sum'" in chain.of("rule")[0].fact("formula") or "op" in chain.of("rule")[0].fact(
        "formula"
    )
    (item,) = chain.of("record")
    assert item.title == f"item/{row['response']}/pain"
    assert '"answers": {' in chain.of("payload")[0].raw.text


def test_an_event_tells_who_recorded_it_when_and_why(filled):
    session, source, _ = filled
    row = next(each for each in source.rows("adverse_event") if each["term"] == "headache")
    chain = lineage.trace(session, f"adverse_event/{row['id']}", source)
    entries = chain.of("trail")
    assert {each.fact("by") for each in entries} == {"nurse-eve"}
    assert {each.fact("why") for each in entries} == {"told by phone"}
    assert entries[-1].fact("verbatim became") == "headache after the rise" or any(
        "headache after the rise" in each.fact("verbatim became")
        for each in entries
        if "verbatim became" in dict(each.facts)
    )
    assert chain.of("consent")[0].fact("version") == "1.0.0"
    assert all(int(each.fact("link of its chain")) > 0 for each in entries)


def test_a_sample_that_was_set_aside_shows_the_line_it_came_in(filled):
    session, source, _ = filled
    row = next(each for each in source.rows("quarantined") if each["rule"] == "value_is_physical")
    chain = lineage.trace(session, f"quarantined/{row['id']}", source)
    (payload,) = chain.of("payload")
    assert payload.raw.text.endswith(f",{row['value']:g}")
    assert payload.raw.around[0][1] == "Id,Time,Value"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("steps", "write TABLE/ID"),
        ("daily_metric/P-0001/2026-03-06", "names 2 of the 3 parts"),
        ("daily_metric/P-0001/yesterday/steps", "is no day"),
        ("daily_metric/P-0001/2026-03-06/happiness", "no rule is called happiness"),
        ("daily_metric/P-0001/2020-03-06/steps", "there is no such figure"),
        ("item/P-0001/pain", "there is no such record"),
        ("adverse_event/00000000-0000-0000-0000-000000000000", "there is no such record"),
    ],
)  # fmt: skip
def test_what_is_no_record_is_told(filled, record, said):
    with pytest.raises(ExportRefusedError, match=said):
        lineage.trace(filled[0], record)


def test_a_lock_is_traced_as_it_stood_also_after_newer_values_came(filled, shared_study, tmp_path):
    _, source, _ = filled
    record = f"daily_metric/P-0001/{worn.FIRST + timedelta(1)}/heart_rate_count"
    folder = tmp_path / "late"
    folder.mkdir()
    owner = shared_study.one("SELECT external_id FROM wearable_account WHERE provider = 'fitabase' ORDER BY created_at LIMIT 1")  # fmt: skip
    body = "Id,Time,Value\r\n" + "".join(f"{owner},3/6/2026 4:{n:02}:03 PM,77\r\n" for n in range(30))  # fmt: skip
    (folder / "heartrate_seconds_merged.csv").write_text(body)
    shared_study.take_in("fitabase", folder)
    with shared_study.database.reading() as session:
        then, now = lineage.trace(session, record, source), lineage.trace(session, record)
    assert then.of("chunk")[0].fact("version") == "1"
    assert then.of("chunk")[0].fact("stands now") == "no"
    assert int(now.of("chunk")[0].fact("version")) > 1
    assert then.of("value")[0].fact("value") != now.of("value")[0].fact("value")
    assert then.of("value")[0].fact("stands now").startswith(now.of("value")[0].fact("value"))
    assert len(now.of("payload")) == 2


@pytest.fixture(scope="module")
def locks(filled, shared_study, tmp_path_factory):
    """Return the folder of a lock and of one for the public, by name."""
    out = tmp_path_factory.mktemp("locks")
    later = clock.now() + timedelta(weeks=27)  # older than any embargo of a public folder
    with worn.told(out) as set_clock:
        for name, profile in (("L1", "study"), ("L2", "public")):
            asked = wanted(("parquet", "csv"), profile)
            making.make(
                shared_study.database, new_lock(name, "interim", "a test", asked), out / name, "ann"
            )
            set_clock(later)
    return out


def _cell(study, lock, *asked):
    with study.database.reading() as session:
        return locked.in_lock(
            session, study.database, keeping.find(session, lock), locked.Asked(*asked)
        )


def test_a_cell_of_a_lock_is_that_of_its_folder(filled, locks, shared_study):
    for data_set, row, variable in (
        ("VS", 7, "VSORRES"),
        ("qs", 1, "qsorres"),
        ("AE", 1, "AEDECOD"),
    ):
        cell, taken = _cell(shared_study, "L1", data_set, row, variable)
        assert cell == cells.in_folder(locks / "L1", data_set, row, variable)
        assert cell.value
        with shared_study.database.reading() as session:
            assert cells.lock_of(session, locks / "L1") == taken
            found = cells.traced(session, cell, taken)
        assert [each.record for each in found.chains] == list(cell.records)
    assert dict(cell.how)["origin"]


def test_an_empty_result_says_why_it_is_empty_and_no_other_cell_does(filled, locks, shared_study):
    _, _, made = filled
    reasons = made["VS"].table["VSREASND"].to_pylist()
    row = next(place for place, each in enumerate(reasons, start=1) if each)
    cell, _ = _cell(shared_study, "L1", "VS", row, "VSORRES")
    assert cell == cells.in_folder(locks / "L1", "VS", row, "VSORRES")
    assert (cell.value, cell.empty_because) == ("", reasons[row - 1])
    asked = ["L1", "VS", str(row), "VSORRES"]
    plain = CliRunner().invoke(command, asked, obj=shared_study.database)
    assert f"empty because: {reasons[row - 1]}" in plain.output
    data = CliRunner().invoke(command, [*asked, "--json"], obj=shared_study.database)
    assert json.loads(data.output)["empty_because"] == reasons[row - 1]
    full = next(place for place, each in enumerate(reasons, start=1) if not each)
    for place, variable in ((full, "VSORRES"), (row, "VSTESTCD")):
        assert _cell(shared_study, "L1", "VS", place, variable)[0].empty_because is None


def test_a_cell_of_an_analysis_data_set_leads_to_the_records_behind_its_tabulations(
    locks, shared_study
):
    cell, _ = _cell(shared_study, "L1", "ADSL", 1, "SUBJID")
    assert cell == cells.in_folder(locks / "L1", "ADSL", 1, "SUBJID")
    assert "participant/P-0001" in cell.records


def test_a_lock_for_the_public_leads_back_in_the_house_and_nowhere_else(locks, shared_study):
    cell, _ = _cell(shared_study, "L2", "VS", 5, "VSORRES")
    (record,) = cell.records
    with shared_study.database.reading() as session:
        chain = lineage.trace(session, record)
        assert float(chain.of("value")[0].fact("value")) == pytest.approx(float(cell.value))
        with pytest.raises(ExportRefusedError, match="renamed"):
            cells.lock_of(session, locks / "L2")


def test_a_cell_of_a_tidy_table_is_its_record_and_a_figure_of_a_day_is_that_figure(
    filled, locks, shared_study
):
    _, source, _ = filled
    for name, variable in (("participant_day", "rhr"), ("participant_day", "day_status"), ("questionnaire_item", "item"), ("daily_metric", "value"), ("gap", "cause"), ("adverse_event", "term")):  # fmt: skip
        table = TIDY[name].rows(source)
        row = table.num_rows
        cell, _ = _cell(shared_study, "L1", name, row, variable)
        (record,) = cell.records
        kind, _, told = record.partition("/")
        found = next(each for each in source.rows(kind) if each["id"] == told)
        assert found["participant"] == table["participant_id"][row - 1].as_py()
        if "day" in found:
            assert found["day"] == table["local_day"][row - 1].as_py()
        with shared_study.database.reading() as session:
            assert lineage.trace(session, record, source).steps
    assert kind == "adverse_event"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("L9", "VS", "1", "VSORRES"), "no lock is called L9; there are: L2, L1"),
        (("L1", "ZZ", "1", "X"), "the lock has no data set ZZ"),
        (("L1", "VS", "99999", "VSORRES"), "VS has no row 99999; it has rows 1 to"),
        (("L1", "VS", "1", "VSPULSE"), "VS has no variable VSPULSE; it has STUDYID"),
        (("L1", "audit_trail", "1", "reason"), "its rows are the trail itself"),
        (("L1", "../L2", "1", "X"), "the lock has no data set ../L2"),
        (("L1", "samples/heart_rate", "1", "value"), "name one file of samples"),
        (("L1", "samples/steps/participant=P-0999/month=2026-03", "1", "value"), "L1 has no samples"),
        (("L2", "samples/steps/participant=P-0001/month=2026-03", "1", "value"), "made for the public"),
    ],
)  # fmt: skip
def test_what_no_lock_holds_is_told(locks, shared_study, asked, said):
    found = CliRunner().invoke(command, list(asked), obj=shared_study.database)
    assert isinstance(found.exception, TrialError)
    assert said in str(found.exception)


def test_a_row_of_every_stream_of_samples_leads_to_its_own_bytes(locks, shared_study):
    streams = set()
    for path in sorted((locks / "L1" / "samples").rglob("*.parquet")):
        name = path.relative_to(locks / "L1").parent.as_posix()
        table = pq.read_table(path, partitioning=None)
        row = table.num_rows // 2 + 1
        cell = sampled.in_folder(locks / "L1", name, row, "chunk")
        assert cell == _cell(shared_study, "L1", name, row, "chunk")[0]
        assert cell.value == table["chunk"][row - 1].as_py()
        with shared_study.database.reading() as session:
            kept = keeping.source_of(session, keeping.find(session, "L1"))
            (chain,) = cells.traced(session, cell, kept).chains
        (chunk,) = chain.of("chunk")
        assert chunk.fact("name") == cell.value
        assert 1 <= int(chunk.fact("samples of it that count here")) <= 8
        assert all(each.raw is not None and each.raw.body for each in chain.of("payload"))
        assert chain.of("payload")
        streams.add(name.split("/")[1])
    assert {"heart_rate", "steps", "sleep_session", "sleep_stage"} <= streams


def test_a_folder_that_is_not_what_its_lock_was_is_not_traced_as_that_lock(
    locks, shared_study, tmp_path
):
    folder = shutil.copytree(locks / "L1", tmp_path / "L1")
    with (folder / "MANIFEST.sha256").open("a") as sums:
        sums.write("more")
    with shared_study.database.reading() as session:
        with pytest.raises(ExportRefusedError, match="its root is another than that lock's"):
            cells.lock_of(session, folder)
        (folder / "MANIFEST.json").write_text('{"kind": "twin"}')
        with pytest.raises(ExportRefusedError, match="invented"):
            cells.lock_of(session, folder)
    with pytest.raises(ExportRefusedError, match="the tidy table visit; give the name of its lock"):
        cells.in_folder(folder, "visit", 1, "visit")


def test_the_command_prints_the_chain_and_its_bytes(locks, shared_study):
    asked = ["VS", "7", "VSORRES"]
    plain = CliRunner().invoke(command, ["L1", *asked], obj=shared_study.database)
    assert plain.exit_code == 0, plain.output
    for word in ("Rule ", "Chunk P-0001/", "Verdict heart_rate:2", "Payload of fitabase", "bytes at byte ", "Consent main 1.0.0, signed"):  # fmt: skip
        assert word in plain.output
    data = CliRunner().invoke(
        command, [str(locks / "L1"), *asked, "--json"], obj=shared_study.database
    )
    told = json.loads(data.output)
    assert told["value"] in plain.output
    assert told["chains"][0]["steps"][0]["kind"] == "value"


def test_a_lock_is_laid_out_once_and_a_cell_is_read_from_there(locks, shared_study, monkeypatch):
    def traced():
        with shared_study.database.reading() as session:
            lock = keeping.find(session, "L1")
            asked = locked.Asked("ADSL", 1, "USUBJID")
            return locked.in_lock(session, shared_study.database, lock, asked)[0]

    first = traced()
    monkeypatch.setattr(worked_out, "make", lambda *_: pytest.fail("it is laid out again"))
    monkeypatch.setattr(keeping, "source_of", lambda *_: pytest.fail("every table is read"))
    assert traced() == first
    assert first.records


def test_a_table_of_a_lock_that_was_changed_in_the_database_is_told(locks, shared_study):
    with shared_study.database.reading() as session:
        lock = keeping.find(session, "L1")
        row = session.get(LockSource, (lock.id, "participant"))
        set_committed_value(row, "body", row.body[:-1] + b"x")
        kept = shelved.shelved(session, lock)
        with pytest.raises(TrialError, match="its table participant was changed"):
            kept.table("participant")
        assert kept.table("site").num_rows


def test_who_sees_the_people_of_some_sites_alone_opens_no_cell(locks, shared_study):
    with shared_study.database.reading(STAFF_ROLE, ()) as session:
        lock = keeping.find(session, "L1")
        asked = locked.Asked("ADSL", 1, "USUBJID")
        with pytest.raises(TrialError, match="cannot open it"):
            locked.in_lock(session, shared_study.database, lock, asked)
