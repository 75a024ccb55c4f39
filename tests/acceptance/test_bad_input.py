"""What a coordinator reads when an archive is bad: one sentence, and nothing half-imported."""

import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hometrial import cli
from hometrial.services import enrolling
from hometrial_ingest.simulate import google_heart_rate_page

HEART_RATE = "heartrate_seconds_merged.csv"
STEPS = "minuteStepsNarrow_merged.csv"
DAYS = "dailyActivity_merged.csv"
ROWS = "Id,Time,Value\n7,4/12/2016 7:21:05 AM,60\n7,4/12/2016 7:21:10 AM,61\n"
GLOBAL = "Takeout/Fitbit/Global Export Data/"
BEATS = '[{"dateTime":"06/24/16 16:00:10","value":{"bpm":70,"confidence":1}}]'
XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n{doctype}<HealthData locale="en_GB">\n'
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" '
    'startDate="2022-11-05 08:00:00 +0100" endDate="2022-11-05 08:00:00 +0100" value="{value}"/>\n'
    "</HealthData>\n"
)
LAUGHS = (
    '<!DOCTYPE HealthData [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>\n'
)
OUTSIDE = '<!DOCTYPE HealthData [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
OWN = ("--participant", "P-0001")
ENROL = ("--create-participants",)
BERLIN = ("--zone", "Europe/Berlin")


def packed(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return whole.getvalue()


def damaged() -> bytes:
    """A stored member of which one byte was flipped, so that its checksum no longer fits."""
    whole = packed({GLOBAL + "heart_rate-2016-06-24.json": BEATS}, zipfile.ZIP_STORED)
    return whole.replace(b'"bpm":70', b'"bpm":71')


def page(**fields: object) -> str:
    point = {
        "dataSource": {"platform": "FITBIT"},
        "heartRate": {
            "sampleTime": {"physicalTime": "2026-01-08T02:25:14Z", "utcOffset": "3600s"},
            "beatsPerMinute": "60",
            **fields,
        },
    }
    return json.dumps({"dataPoints": [point]})


@dataclass(frozen=True)
class Refused:
    """A bad input, and what its one sentence must name, in that order."""

    id: str
    provider: str
    content: bytes | str | dict[str, str | bytes]
    words: tuple[str, ...]
    options: tuple[str, ...] = OWN
    name: str = "given"


REFUSED = [
    Refused(
        "an empty file",
        "fitabase",
        {HEART_RATE: ""},
        (HEART_RATE, "empty", "again"),
    ),
    Refused("an empty single file", "takeout", b"", ("t.zip", "empty", "again"), name="t.zip"),
    Refused(
        "white space only", "fitabase", {HEART_RATE: " \n\r\n \n"}, (HEART_RATE, "empty", "again")
    ),
    Refused("white space only, JSON", "google-health", "  \n ", ("p.json", "empty"), name="p.json"),
    Refused(
        "a wrong header",
        "fitabase",
        {HEART_RATE: "Id,Moment,Value\n7,4/12/2016 7:21:05 AM,60\n"},
        (HEART_RATE, "line 1", "lacks 'Time'", "Id,Moment,Value", "export the file again"),
    ),
    Refused(
        "a zip cut off",
        "takeout",
        packed({GLOBAL + "heart_rate-2016-06-24.json": BEATS})[:-40],
        ("t.zip", "truncated or damaged", "again"),
        name="t.zip",
    ),
    Refused(
        "a zip that is none",
        "takeout",
        b"<html>sign in to download</html>",
        ("t.zip", "it is not a zip", "again"),
        name="t.zip",
    ),
    Refused(
        "a zip with a flipped byte",
        "takeout",
        damaged(),
        ("heart_rate-2016-06-24.json", "damaged", "again"),
        name="t.zip",
    ),
    Refused(
        "a zip bomb",
        "takeout",
        packed({GLOBAL + "heart_rate-2016-06-24.json": bytes(300 << 20)}),
        ("heart_rate-2016-06-24.json", "314572800", "do not open it"),
        name="t.zip",
    ),
    Refused(
        "a member outside the zip",
        "takeout",
        packed({"../../heart_rate-2016-06-24.json": BEATS}),
        ("../../heart_rate-2016-06-24.json", "leads out of the zip"),
        name="t.zip",
    ),
    Refused(
        "billion laughs",
        "apple-health",
        XML.format(doctype=LAUGHS, value="&c;"),
        ("export.xml", "entit"),
        name="export.xml",
    ),
    Refused(
        "an external entity",
        "apple-health",
        XML.format(doctype=OUTSIDE, value="&a;"),
        ("export.xml", "entit"),
        name="export.xml",
    ),
    Refused(
        "XML cut off",
        "apple-health",
        XML.format(doctype="", value="61")[:-20],
        ("export.xml", "line"),
        name="export.xml",
    ),
    Refused(
        "NaN in JSON",
        "takeout",
        {GLOBAL + "heart_rate-2016-06-24.json": BEATS.replace("70", "NaN")},
        ("heart_rate-2016-06-24.json", "line 1", "NaN", "a new Takeout"),
    ),
    Refused(
        "Infinity in JSON",
        "google-health",
        page().replace('"60"', "Infinity"),
        ("p.json", "line 1", "Infinity", "again"),
        name="p.json",
    ),
    Refused(
        "UTF-16",
        "fitabase",
        {HEART_RATE: ROWS.encode("utf-16")},
        (HEART_RATE, "line 1", "UTF-16", "save it as UTF-8"),
    ),
    Refused(
        "Latin-1",
        "fitabase",
        {HEART_RATE: ROWS.replace("61", "61 ü").encode("latin-1")},
        (HEART_RATE, "line 3", "'Value'", "not UTF-8", r"\xfc", "save it as UTF-8"),
    ),
    Refused(
        "an unknown person",
        "fitabase",
        {HEART_RATE: ROWS},
        (HEART_RATE, "row 1", "'7'", "--account fitabase:7", "--create-participants"),
        options=BERLIN,
    ),
    Refused(
        "an unknown participant",
        "takeout",
        {GLOBAL + "heart_rate-2016-06-24.json": BEATS},
        ("'P-0099'", "participant list", "participant add"),
        options=("--participant", "P-0099"),
    ),
    Refused(
        "nobody's archive",
        "takeout",
        {GLOBAL + "heart_rate-2016-06-24.json": BEATS},
        ("takeout", "does not say whose it is", "--participant", "--create-participants"),
        options=(),
    ),
    Refused(
        "an unknown zone",
        "fitabase",
        {HEART_RATE: ROWS},
        ("Europe/Berln", "Europe/Berlin"),
        options=(*ENROL, "--zone", "Europe/Berln"),
    ),
    Refused(
        "no zone",
        "fitabase",
        {HEART_RATE: ROWS},
        (
            HEART_RATE,
            "P-0002 has no time zone on record",
            "--zone Europe/Berlin",
            "hometrial participant zone",
        ),
        options=ENROL,
    ),
    Refused(
        "a zone that contradicts the history",
        "fitabase",
        {HEART_RATE: ROWS},
        ("P-0001 lives in Europe/Berlin", "Asia/Tokyo", "--zone", "--from"),
        options=(*OWN, "--zone", "Asia/Tokyo"),
    ),
    Refused(
        "another provider's archive",
        "fitabase",
        {GLOBAL + "heart_rate-2016-06-24.json": BEATS},
        ("given", "none of its 1 files", "heart_rate-2016-06-24.json", "the right provider"),
    ),
    Refused(
        "a folder without known files",
        "takeout",
        {"holiday.txt": "sun", "notes.md": "rain"},
        ("given", "none of its 2 files", "holiday.txt", "the right folder"),
    ),
    Refused("a folder without files", "takeout", {}, ("given", "it is empty")),
    Refused(
        "several people as one",
        "fitabase",
        {HEART_RATE: ROWS + "8,4/12/2016 7:21:15 AM,62\n"},
        (HEART_RATE, "several people (7, 8)", "leave --participant out"),
    ),
    Refused(
        "JSON cut off among good files",
        "takeout",
        {
            GLOBAL + "heart_rate-2016-06-24.json": BEATS,
            GLOBAL + "heart_rate-2016-06-25.json": BEATS[:40],
        },
        ("heart_rate-2016-06-25.json", "line 1", "breaks off after byte 40", "a new Takeout"),
    ),
    Refused(
        "JSON nested deep",
        "takeout",
        {GLOBAL + "heart_rate-2016-06-24.json": "[" * 200_000},
        ("heart_rate-2016-06-24.json", "nested"),
    ),
    Refused(
        "a page nested deep",
        "google-health",
        '{"dataPoints":' + "[" * 200_000,
        ("p.json", "nested", "again"),
        name="p.json",
    ),
    Refused(
        "points nested deep",
        "omh",
        '{"body":' * 100_000,
        ("p.json", "nested"),
        name="p.json",
    ),
    Refused(
        "a reply nested deep",
        "fitbit",
        '{"activities-heart":' + "[" * 200_000,
        ("p.json", "nested"),
        name="p.json",
    ),
    Refused(
        "an error reply",
        "google-health",
        '{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no access"}}',
        ("p.json", "error reply", "PERMISSION_DENIED", "leave the file out"),
        name="p.json",
    ),
]


@pytest.fixture(scope="module")
def trial(shared_study):
    """A study with one person in Berlin, whose first heart rates are in."""
    with shared_study.database.transaction("test") as session:
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    return shared_study


@pytest.fixture
def typed(monkeypatch, capsys, home) -> Callable[..., tuple[int, str, str]]:
    """Type a command into this very process: typed(study, "import", …) -> exit code, output, errors."""

    def run(study, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.setenv("HOMETRIAL_HOME", str(home))
        monkeypatch.setenv("HOMETRIAL_DATABASE_URL", study.database.settings.database_url)
        monkeypatch.setattr(sys, "argv", ["hometrial", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def written(place: Path, content: bytes | str | dict[str, str | bytes]) -> Path:
    if isinstance(content, dict):
        place.mkdir()
        for name, inside in content.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            written(path, inside)
        return place
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def in_order(words, sentence):
    at = 0
    for word in words:
        at = sentence.find(word, at)
        assert at >= 0, f"{word!r} is missing, or stands too early, in: {sentence}"


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_bad_input_gets_one_sentence_and_changes_nothing(trial, typed, tmp_path, case):
    path = written(tmp_path / case.name, case.content)
    before = trial.contents()

    code, output, errors = typed(trial, "import", case.provider, path, *case.options)

    assert (code, output) == (2, "")
    assert errors.startswith("hometrial: ")
    assert errors.count("\n") == 1
    assert len(errors) < 600
    in_order(case.words, errors)
    assert trial.contents() == before


HR = "Id,Time,Value\n"
MINUTES = "Id,ActivityMinute,Steps\n"
BEAT_FILE = GLOBAL + "heart_rate-2016-06-24.json"


@dataclass(frozen=True)
class SetAside:
    """A file of one good row and one bad one, the bad one's fate, and what is said of it."""

    id: str
    provider: str
    content: str | dict[str, str | bytes]
    fate: str
    words: tuple[str, ...]
    name: str = "given"


def heart_rates(line: str) -> dict[str, str | bytes]:
    return {HEART_RATE: f"{HR}7,4/12/2016 7:21:05 AM,60\n{line}\n"}


SET_ASIDE = [
    SetAside(
        "NaN in CSV",
        "fitabase",
        heart_rates("7,4/12/2016 7:21:10 AM,NaN"),
        "unreadable",
        ("row 2", "Value", "NaN"),
    ),
    SetAside(
        "Infinity in CSV",
        "fitabase",
        heart_rates("7,4/12/2016 7:21:10 AM,-Infinity"),
        "unreadable",
        ("row 2", "Value", "-Infinity"),
    ),
    SetAside(
        "a huge integer in CSV",
        "fitabase",
        heart_rates("7,4/12/2016 7:21:10 AM,99999999999999999999999"),
        "quarantined",
        ("value_is_physical", "9"),
    ),
    SetAside(
        "a cell too few",
        "fitabase",
        heart_rates("7,4/12/2016 7:21:10 AM"),
        "unreadable",
        ("row 2", "2 cells where the header has 3", "export the file again"),
    ),
    SetAside(
        "a null heart rate",
        "takeout",
        {BEAT_FILE: BEATS[:-1] + "," + BEATS[1:].replace("70", "null").replace(":10", ":20")},
        "unreadable",
        ("row 2", "bpm", "null"),
    ),
    SetAside(
        "a huge integer in JSON",
        "takeout",
        {BEAT_FILE: BEATS[:-1] + "," + BEATS[1:].replace("70", "9" * 40).replace(":10", ":20")},
        "unreadable",
        ("row 2", "bpm", "9999"),
    ),
    SetAside(
        "negative steps",
        "fitabase",
        {STEPS: f"{MINUTES}7,4/12/2016 7:21:00 AM,5\n7,4/12/2016 7:22:00 AM,-5\n"},
        "quarantined",
        ("value_is_physical", "-5"),
    ),
    SetAside(
        "a date in the future",
        "fitabase",
        heart_rates("7,4/12/2126 7:21:10 AM,60"),
        "quarantined",
        ("not_in_the_future", "2126-04-12"),
    ),
    SetAside(
        "the year 9999",
        "fitabase",
        heart_rates("7,12/31/9999 11:59:59 PM,60"),
        "quarantined",
        ("9999-12-31",),
    ),
    SetAside(
        "the year 1",
        "fitabase",
        heart_rates("7,1/1/0001 12:00:00 AM,60"),
        "quarantined",
        ("clock_was_set", "1-01-01", "set the device's clock"),
    ),
    SetAside(
        "no day of the calendar",
        "fitabase",
        heart_rates("7,2/30/2016 7:21:10 AM,60"),
        "unreadable",
        ("row 2", "Time", "2/30/2016 7:21:10 AM"),
    ),
]


@pytest.mark.parametrize("case", SET_ASIDE, ids=lambda case: case.id)
def test_a_bad_row_among_good_ones_is_set_aside_by_number_field_and_value(
    study, typed, tmp_path, case
):
    path = written(tmp_path / case.name, case.content)

    code, output, errors = typed(study, "import", case.provider, path, *ENROL, *BERLIN, "--json")

    assert (code, errors) == (0, "")
    (file,) = json.loads(output)["files"]
    assert (file["rows_read"], file["rows_accepted"], file[f"rows_{case.fate}"]) == (2, 1, 1)
    told = [f"row {each['row']}, {each['field']}: {each['value']} {each['reason']}"
            for each in file["unreadable"]]  # fmt: skip
    told += [f"{rule}: {reason}" for rule, reason in study.rows(
        "SELECT rule, reason FROM quarantined_row")]  # fmt: skip
    in_order(case.words, " ".join(told))


def test_mixed_line_ends_and_a_byte_order_mark_are_read(study, typed, tmp_path):
    mixed = "\ufeffId,Time,Value\r7,4/12/2016 7:21:05 AM,60\r\n\n7,4/12/2016 7:21:10 AM,61\n\r\n"
    path = written(tmp_path / "given", {HEART_RATE: mixed})

    code, output, _ = typed(study, "import", "fitabase", path, *ENROL, *BERLIN, "--json")

    assert code == 0
    assert json.loads(output)["files"][0]["rows_accepted"] == 2


def test_the_same_bytes_as_a_second_persons_are_refused(study, typed, tmp_path):
    path = written(tmp_path / "given", {BEAT_FILE: BEATS})
    for _ in range(2):
        typed(study, "participant", "add", "--zone", "Europe/Berlin")
    typed(study, "import", "takeout", path, *OWN)
    before = study.contents()

    code, _, errors = typed(study, "import", "takeout", path, "--participant", "P-0002")

    assert (code, errors.count("\n")) == (2, 1)
    in_order(("heart_rate-2016-06-24.json", "P-0001's, not P-0002's", "check whose"), errors)
    assert study.contents() == before


def test_a_page_of_a_million_points_is_imported(study, typed, tmp_path):
    page_of_a_million = google_heart_rate_page(1_000_000, seed=1)
    assert len(page_of_a_million) > 100_000_000
    path = tmp_path / "page.json"
    path.write_bytes(page_of_a_million)
    started = time.monotonic()

    code, output, errors = typed(study, "import", "google-health", path, *ENROL, *BERLIN, "--json")

    assert (code, errors) == (0, "")
    assert json.loads(output)["files"][0]["rows_read"] == 1_000_000
    assert time.monotonic() - started < 60


def test_a_path_that_is_not_there_is_named(trial, typed, tmp_path):
    code, _, errors = typed(trial, "import", "fitabase", tmp_path / "nowhere")

    assert code == 2
    in_order((str(tmp_path / "nowhere"), "no such file or folder", "check the path"), errors)


if os.geteuid() != 0:  # root may read everything, so that there is nothing to refuse

    def test_a_file_that_may_not_be_read_is_named(trial, typed, tmp_path):
        path = written(tmp_path / "given", {HEART_RATE: ROWS})
        (path / HEART_RATE).chmod(0o000)
        before = trial.contents()

        code, _, errors = typed(trial, "import", "fitabase", path, *OWN)

        assert (code, errors.count("\n")) == (2, 1)
        in_order((HEART_RATE, "may not be opened", "Permission denied"), errors)
        assert trial.contents() == before


def test_as_a_process_of_its_own_a_refusal_is_one_line_and_no_traceback(command, tmp_path):
    path = written(tmp_path / "given", {HEART_RATE: ROWS.replace("Time", "Moment")})

    ended = command("import", "fitabase", path, *ENROL, *BERLIN)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"hometrial: {HEART_RATE}, line 1: the header lacks 'Time'")
    assert ended.stderr.count("\n") == 1
