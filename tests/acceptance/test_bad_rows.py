"""What becomes of odd rows among good ones, of odd but readable files, and of very large ones."""

import json
import time
from dataclasses import dataclass

import pytest

from hometrial_ingest.simulate import google_heart_rate_page

pytestmark = pytest.mark.long

HEART_RATE = "heartrate_seconds_merged.csv"
STEPS = "minuteStepsNarrow_merged.csv"
BEAT_FILE = "Takeout/Fitbit/Global Export Data/heart_rate-2016-06-24.json"
BEATS = '[{"dateTime":"06/24/16 16:00:10","value":{"bpm":70,"confidence":1}}]'
ENROL = ("--create-participants",)
BERLIN = ("--zone", "Europe/Berlin")
HR = "Id,Time,Value\n"
MINUTES = "Id,ActivityMinute,Steps\n"


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
    study, typed, tmp_path, case, put, names
):
    path = put(tmp_path / case.name, case.content)

    code, output, errors = typed(study, "import", case.provider, path, *ENROL, *BERLIN, "--json")

    assert (code, errors) == (0, "")
    (file,) = json.loads(output)["files"]
    assert (file["rows_read"], file["rows_accepted"], file[f"rows_{case.fate}"]) == (2, 1, 1)
    told = [f"row {each['row']}, {each['field']}: {each['value']} {each['reason']}"
            for each in file["unreadable"]]  # fmt: skip
    told += [f"{rule}: {reason}" for rule, reason in study.rows(
        "SELECT rule, reason FROM quarantined_row")]  # fmt: skip
    names(case.words, " ".join(told))


def test_mixed_line_ends_and_a_byte_order_mark_are_read(study, typed, tmp_path, put):
    mixed = "\ufeffId,Time,Value\r7,4/12/2016 7:21:05 AM,60\r\n\n7,4/12/2016 7:21:10 AM,61\n\r\n"
    path = put(tmp_path / "given", {HEART_RATE: mixed})

    code, output, _ = typed(study, "import", "fitabase", path, *ENROL, *BERLIN, "--json")

    assert code == 0
    assert json.loads(output)["files"][0]["rows_accepted"] == 2


def test_a_page_of_a_million_points_is_imported(study, typed, tmp_path):
    page_of_a_million = google_heart_rate_page(1_000_000, seed=1)
    assert len(page_of_a_million) > 100_000_000
    path = tmp_path / "page.json"
    path.write_bytes(page_of_a_million)
    started = time.process_time()  # of this process: the machine may be busy with others

    code, output, errors = typed(study, "import", "google-health", path, *ENROL, *BERLIN, "--json")

    assert (code, errors) == (0, "")
    assert json.loads(output)["files"][0]["rows_read"] == 1_000_000
    assert time.process_time() - started < 60


def test_a_file_that_fails_by_most_of_its_rows_is_rejected_with_exit_code_one(
    study, typed, tmp_path, put, names
):
    lines = "".join(f"7,4/12/2016 7:{n:02}:05 AM,999\n" for n in range(30))
    path = put(tmp_path / "given", {HEART_RATE: "Id,Time,Value\n" + lines})

    code, output, errors = typed(study, "import", "fitabase", path, *ENROL, *BERLIN)

    assert (code, errors) == (1, "")
    names((HEART_RATE, "rejected: 30 of 30 rows fail", "import it again"), output)
    assert study.one("SELECT count(*) FROM day_chunk") == 0
