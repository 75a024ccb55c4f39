"""What was written is read by other libraries, and is what the canonical frame says: values, labels, characters."""

import json
import random
import shutil
import subprocess
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from hometrial.errors import ExportRefusedError
from hometrial.exports import metadata
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import frames, reading_back, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.metadata import Column, DataSet

AT = datetime(2026, 11, 23, 14, 5, 9)  # noqa: DTZ001 - a file's own wall clock
ORIGIN = Origin("LDN-1", AT, "Hometrial", "Hometrial", "0.1")
COLUMNS = (
    Column("USUBJID", "Unique Subject Identifier", "text", core="Req"),
    Column("ADSEQ", "Analysis Sequence Number", "integer"),
    Column("AVALC", "Analysis Value (C)", "text"),
    Column("AVAL", "Analysis Value", "float"),
    Column("ADT", "Analysis Date", "date"),
    Column("ADTM", "Analysis Date/Time", "datetime"),
)
ADXX = DataSet("ADXX", "Every Kind of Value", "BASIC DATA STRUCTURE", "One record per value", ("USUBJID", "ADSEQ"), COLUMNS, purpose="Analysis")  # fmt: skip
WORDS = ["", "plain", " leading", "Grüße, „so“", "头痛", "a\ttab", 'quote " , and \\', "=1+1", "x" * 200, "😀", "NA", "null", "1e5"]  # fmt: skip


def drawn(count, seed=7):
    """Rows of awkward values: extremes, ends of the calendar, nothing at all."""
    chance = random.Random(seed)  # noqa: S311 - data of a test
    numbers = [None, 0.0, -0.0, 0.1, 1 / 3, -1e70, 1e-70, 8.55, 2.0**52 + 0.5]
    rows = []
    for place in range(count):
        day = date(1900, 1, 1) + timedelta(chance.randrange(0, 80_000))
        rows.append(
            {
                "USUBJID": f"LDN-1-{place % 37:03}",
                "ADSEQ": chance.choice([None, place, -place, 2**53]),
                "AVALC": chance.choice(WORDS),
                "AVAL": chance.choice([*numbers, chance.uniform(-1e6, 1e6)]),
                "ADT": chance.choice([None, day]),
                "ADTM": chance.choice([None, datetime(day.year, day.month, day.day, 23, 59, 59)]),  # noqa: DTZ001
            }
        )
    return rows


def delivered(rows):
    return frames.Frame(ADXX, metadata.frame(ADXX, rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("lock")
    writing.write_all(made, "adam", [delivered(drawn(1500))], writing.FORMATS, ORIGIN)
    return made


@pytest.mark.parametrize("chosen", list(writing.FORMATS))
def test_every_format_says_what_the_frame_says(folder, chosen):
    [checked] = reading_back.read_back(folder, "adam", [delivered(drawn(1500))], [chosen])
    assert (checked.rows, checked.variables, checked.values) == (1500, 6, 9000)
    assert checked.labels >= (0 if chosen == "csv" else 6)
    assert json.loads(reading_back.report([checked]))[0]["reader"] == reading_back.READERS[chosen].name  # fmt: skip


@pytest.mark.parametrize("chosen", list(writing.FORMATS))
def test_an_empty_data_set_keeps_its_variables_in_every_format(tmp_path, chosen):
    writing.write_all(tmp_path, "adam", [delivered([])], [chosen], ORIGIN)
    [checked] = reading_back.read_back(tmp_path, "adam", [delivered([])], [chosen])
    assert (checked.rows, checked.variables) == (0, 6)


@pytest.mark.parametrize("chosen", [each for each in writing.FORMATS if each != "xpt5"])
def test_a_long_text_is_whole_wherever_a_format_takes_it(tmp_path, chosen):
    frame = delivered([{**drawn(1)[0], "AVALC": "Grüße 头痛 " * 900 + "."}])
    writing.write_all(tmp_path, "adam", [frame], [chosen], ORIGIN)
    reading_back.read_back(tmp_path, "adam", [frame], [chosen])


@pytest.mark.parametrize("chosen", list(writing.FORMATS))
def test_a_value_that_is_not_what_was_written_is_named(folder, chosen):
    """The frame is changed instead of the file: any difference between the two is the same to the check."""
    other = drawn(1500)
    frame = delivered(other)
    place = frame.table["AVAL"].to_pylist().index(8.55)
    values = frame.table["AVAL"].to_pylist()
    values[place] = 8.549999999999999
    table = frame.table.set_column(3, frame.table.schema.field("AVAL"), pa.array(values))
    with pytest.raises(ExportRefusedError, match=rf"AVAL, row {place + 1}: 8.549999999999999 was written and 8.55 read"):  # fmt: skip
        reading_back.read_back(folder, "adam", [frames.Frame(ADXX, table)], [chosen])


@pytest.mark.parametrize(
    "chosen", [each for each in writing.FORMATS if each not in ("csv", "parquet")]
)
def test_a_label_that_is_not_what_was_written_is_named(folder, chosen):
    columns = (*COLUMNS[:3], Column("AVAL", "Another", "float"), *COLUMNS[4:])
    frame = delivered(drawn(1500))
    other = DataSet(ADXX.name, ADXX.label, "", "", (), columns)
    with pytest.raises(ExportRefusedError, match="label of AVAL was written as 'Another' and read back as 'Analysis Value'"):  # fmt: skip
        reading_back.read_back(folder, "adam", [frames.Frame(other, frame.table)], [chosen])


def test_rows_that_are_missing_are_told(folder):
    with pytest.raises(ExportRefusedError, match="1500 rows instead of 1499"):
        reading_back.read_back(folder, "adam", [delivered(drawn(1500)[1:])], ["parquet"])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_blanks_of_short_records_are_no_padding(tmp_path, count):
    """Two texts of ten bytes, one of them mostly empty: what pandas counts wrongly by itself."""
    data_set = DataSet("TA", "Trial Arms", "Trial Design", "One", (), (Column("STUDYID", "Study Identifier", "text"), Column("TABRANCH", "Branch", "text")))  # fmt: skip
    rows = [{"STUDYID": "LDN", "TABRANCH": "x" * 29 if each == 0 else ""} for each in range(count)]
    frame = frames.Frame(data_set, metadata.frame(data_set, rows))
    writing.write_all(tmp_path, "sdtm", [frame], ["xpt5"], ORIGIN)
    [checked] = reading_back.read_back(tmp_path, "sdtm", [frame], ["xpt5"])
    assert checked.rows == count


@pytest.mark.parametrize("chosen", ["parquet", "csv", "stata", "spss", "dataset-json", "xpt8"])
def test_nothing_stays_nothing_in_a_tidy_table(tmp_path, chosen):
    variables = [Variable("who", "Who", "text"), Variable("arm", "Arm", "text", "{unit}"), Variable("worn", "Worn", "boolean"), Variable("at", "At", "instant")]  # fmt: skip
    table = pa.table(
        {
            "who": ["P-1", "P-2", "P-3"],
            "arm": pa.array(["A", None, ""]),
            "worn": pa.array([None, True, False]),
            "at": pa.array([None, AT, AT.replace(microsecond=7)], pa.timestamp("us", "UTC")),
        }
    )
    frame = frames.described("people", "People", variables, table, ("who",))
    writing.write_all(tmp_path, "tidy", [frame], [chosen], ORIGIN)
    [checked] = reading_back.read_back(tmp_path, "tidy", [frame], [chosen])
    assert (checked.rows, checked.variables) == (3, 4)


def test_duckdb_reads_parquet_and_csv_alike(folder):
    table = delivered(drawn(1500)).table
    asked = (
        'SELECT count(*), sum("ADSEQ"), count("ADT"), max("ADTM"), count(DISTINCT "AVALC") FROM '
    )
    expected = (
        1500,
        pa.compute.sum(table["ADSEQ"]).as_py(),
        1500 - table["ADT"].null_count,
        pa.compute.max(table["ADTM"]).as_py(),
    )
    [found] = duckdb.execute(asked + f"'{folder}/adam-parquet/adxx.parquet'").fetchall()
    assert found[:4] == expected
    read = f"read_csv('{folder}/adam-csv/adxx.csv', header = true, types = {{'AVALC': 'VARCHAR', 'ADTM': 'TIMESTAMP', 'ADSEQ': 'BIGINT'}})"
    [found] = duckdb.execute(asked + read).fetchall()
    assert found[:4] == expected


def test_r_reads_labels_values_and_characters(folder, tmp_path):
    """Haven is what most statisticians read these files with."""
    if not shutil.which("Rscript"):
        pytest.skip("Rscript is not on this machine")
    script = tmp_path / "read.R"
    script.write_text(
        'if (!requireNamespace("haven", quietly = TRUE)) quit(status = 3)\n'
        f'for (file in c("adam/adxx.xpt", "stata/adxx.dta", "spss/adxx.sav")) {{\n  path <- file.path("{folder}", file)\n'
        "  read <- switch(tools::file_ext(path), xpt = haven::read_xpt, dta = haven::read_dta, sav = haven::read_sav)\n"
        "  d <- read(path)\n"
        '  cat(nrow(d), attr(d$AVAL, "label"), sum(!is.na(d$ADT)), sprintf("%.17g", sum(abs(d$AVAL) < 1e60 & d$AVAL > 1, na.rm = TRUE)),'
        ' sum(d$AVALC == "头痛"), format(max(d$ADT, na.rm = TRUE)), sep = "|"); cat("\\n")\n}\n',
        encoding="utf-8",
    )
    done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}, check=False)  # fmt: skip
    if done.returncode == 3:
        pytest.skip("R is here without haven")
    assert done.returncode == 0, done.stderr
    table = delivered(drawn(1500)).table
    values = [each for each in table["AVAL"].to_pylist() if each is not None]
    told = f"1500|Analysis Value|{1500 - table['ADT'].null_count}|{sum(each > 1 and abs(each) < 1e60 for each in values)}|"
    words = table["AVALC"].to_pylist().count("头痛")
    last = pa.compute.max(table["ADT"]).as_py()
    assert done.stdout.splitlines() == [f"{told}0|{last}", f"{told}{words}|{last}", f"{told}{words}|{last}"]  # fmt: skip


def many(count):
    """A frame of so many rows, made in whole columns."""
    place = np.arange(count)
    start = np.datetime64("2026-01-01", "s")
    table = pa.table(
        {
            "USUBJID": pa.array([f"LDN-1-{each:04}" for each in range(1 + count // 1000)]).take(pa.array(place // 1000)),
            "ADSEQ": pa.array(place),
            "AVALC": pa.array(["Schritte", "steps", ""]).take(pa.array(place % 3)),
            "AVAL": pa.array(place / 7),
            "ADT": pa.array((start + place).astype("datetime64[D]")),
            "ADTM": pa.array(start + place, pa.timestamp("s")),
        }
    )  # fmt: skip
    return frames.Frame(ADXX, table.cast(metadata.schema(ADXX)))


@pytest.mark.parametrize("chosen", list(writing.FORMATS))
def test_a_hundred_thousand_rows_come_back_in_every_format(tmp_path, chosen):
    frame = many(100_000)
    writing.write_all(tmp_path, "adam", [frame], [chosen], ORIGIN)
    [checked] = reading_back.read_back(tmp_path, "adam", [frame], [chosen])
    assert checked.values == 600_000
