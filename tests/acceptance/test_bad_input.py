"""What a coordinator reads when a file or archive is bad: one sentence, and nothing half-imported."""

import io
import json
import os
import zipfile
from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.long

HEART_RATE = "heartrate_seconds_merged.csv"
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


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_bad_input_gets_one_sentence_and_changes_nothing(trial, typed, tmp_path, case, put, names):
    path = put(tmp_path / case.name, case.content)
    before = trial.contents()

    code, output, errors = typed(trial, "import", case.provider, path, *OWN)

    assert (code, output) == (2, "")
    assert errors.startswith("hometrial: ")
    assert errors.count("\n") == 1
    assert len(errors) < 600
    names(case.words, errors)
    assert trial.contents() == before


def test_a_path_that_is_not_there_is_named(trial, typed, tmp_path, names):
    code, _, errors = typed(trial, "import", "fitabase", tmp_path / "nowhere")

    assert code == 2
    names((str(tmp_path / "nowhere"), "no such file or folder", "check the path"), errors)


if os.geteuid() != 0:  # root may read everything, so that there is nothing to refuse

    def test_a_file_that_may_not_be_read_is_named(trial, typed, tmp_path, put, names):
        path = put(tmp_path / "given", {HEART_RATE: ROWS})
        (path / HEART_RATE).chmod(0o000)
        before = trial.contents()

        code, _, errors = typed(trial, "import", "fitabase", path, *OWN)

        assert (code, errors.count("\n")) == (2, 1)
        names((HEART_RATE, "may not be opened", "Permission denied"), errors)
        assert trial.contents() == before


def test_as_a_process_of_its_own_a_refusal_is_one_line_and_no_traceback(command, tmp_path, put):
    path = put(tmp_path / "given", {HEART_RATE: ROWS.replace("Time", "Moment")})

    ended = command("import", "fitabase", path, "--create-participants")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"hometrial: {HEART_RATE}, line 1: the header lacks 'Time'")
    assert ended.stderr.count("\n") == 1
