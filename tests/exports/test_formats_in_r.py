"""XPT 5 and 8, Stata and SPSS files read by R's haven and foreign, which wrote none of them: every value and label."""

import json
import math
import shutil
import subprocess
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from hometrial.exports import metadata
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import frames, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.metadata import Column, DataSet

AT = datetime(2026, 11, 23, 14, 5, 9)  # noqa: DTZ001 - a file's own wall clock
ORIGIN = Origin("LDN-1", AT, "Hometrial", "Hometrial", "0.1")
ADXX = DataSet(
    "ADXX", "Every Kind of Value", "BASIC DATA STRUCTURE", "One record per value", ("USUBJID", "ADSEQ"),
    (
        Column("USUBJID", "Unique Subject Identifier", "text", core="Req"),
        Column("ADSEQ", "Analysis Sequence Number", "integer"),
        Column("AVALC", "Analysis Value (C)", "text"),
        Column("AVAL", "Analysis Value", "float"),
        Column("ADT", "Analysis Date", "date"),
        Column("ADTM", "Analysis Date/Time", "datetime"),
    ),
    purpose="Analysis",
)  # fmt: skip
WORDS = ["", "plain", " leading", 'quote " , and \\', "=1+1", "x" * 200, "NA", "null", "1e5"]  # fmt: skip
CHANGED = ["a\ttab", "Grüße, „so“", "头痛", "😀"]
NUMBERS = [None, 0.0, 0.1, 1 / 3, -1e70, 1e-70, 8.55, 2.0**52 + 0.5, -0.001, 123456.789]
LONG = "Steps between two midnights of the participant's own clock"
TIDY = (
    Variable("participant_id", "Participant", "text"),
    Variable("steps_between_own_midnights", LONG, "number", "{steps}"),
    Variable("what_was_said_in_own_words", "Own words", "text"),
)
READ = """
suppressMessages(library(haven))
plain <- function(values) {
  if (inherits(values, "Date")) values <- as.numeric(values)
  if (inherits(values, "POSIXct")) values <- as.numeric(values)
  if (is.factor(values)) values <- as.character(values)
  if (is.character(values)) return(as.list(values))
  lapply(as.numeric(values), function(each) if (is.na(each)) NULL else sprintf("%.17g", each))
}
told <- function(d, labels) list(names = names(d), labels = labels, columns = unname(lapply(as.list(d), plain)))
with_haven <- function(read, path) {
  d <- read(path)
  told(d, unname(lapply(as.list(d), function(each) attr(each, "label"))))
}
found <- list(
  xpt5 = with_haven(read_xpt, "adam/adxx.xpt"),
  xpt8 = with_haven(read_xpt, "adam-xpt8/adxx.xpt"),
  stata = with_haven(read_dta, "stata/adxx.dta"),
  spss = with_haven(read_sav, "spss/adxx.sav"),
  tidy_xpt8 = with_haven(read_xpt, "tidy-xpt8/days.xpt"),
  tidy_stata = with_haven(read_dta, "stata/days.dta"),
  tidy_spss = with_haven(read_sav, "spss/days.sav")
)
if (requireNamespace("foreign", quietly = TRUE)) {
  old <- foreign::read.xport("adam/adxx.xpt")
  found$foreign_xpt5 <- told(old, list())
  sav <- suppressWarnings(foreign::read.spss("spss/adxx.sav", to.data.frame = FALSE, use.value.labels = FALSE, reencode = "UTF-8"))
  found$foreign_spss <- told(as.list(sav), unname(as.list(attr(sav, "variable.labels"))))
}
writeLines(jsonlite::toJSON(found, auto_unbox = TRUE, null = "null", na = "null"), "read.json", useBytes = TRUE)
"""


def rows(words):
    return [
        {
            "USUBJID": f"LDN-1-{place:03}",
            "ADSEQ": [None, place, -place, 2**53][place % 4],
            "AVALC": words[place % len(words)],
            "AVAL": NUMBERS[place % len(NUMBERS)],
            "ADT": None if place % 7 == 3 else date(1900, 1, 1) + timedelta(997 * place),
            "ADTM": None if place % 5 == 2 else AT + timedelta(days=-17 * place, seconds=place),
        }
        for place in range(70)
    ]


EVERY = rows(WORDS + CHANGED)
DAYS = pa.table(
    {
        "participant_id": ["P-0001", "P-0002", "P-0003"],
        "steps_between_own_midnights": [0.1, None, 12_345.0],
        "what_was_said_in_own_words": ["Grüße 头痛 " * 300 + ".", "", "short"],
    }
)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What R reads of each file."""
    if not shutil.which("Rscript"):
        pytest.skip("Rscript is not on this machine")
    place = tmp_path_factory.mktemp("lock")
    frame = frames.Frame(ADXX, metadata.frame(ADXX, EVERY))
    writing.write_all(place, "adam", [frame], ("xpt5", "xpt8", "stata", "spss"), ORIGIN)
    days = frames.described("days", "Days", TIDY, DAYS, ("participant_id",))
    writing.write_all(place, "tidy", [days], ("xpt8", "stata", "spss"), ORIGIN)
    (place / "read.R").write_text(READ, encoding="utf-8")
    asked = ["haven", "jsonlite"]
    check = "; ".join(f"stopifnot(requireNamespace('{each}', quietly = TRUE))" for each in asked)
    if subprocess.run(["Rscript", "-e", check], capture_output=True, check=False).returncode:
        pytest.skip("R is here without haven and jsonlite")
    done = subprocess.run(
        ["Rscript", "read.R"], cwd=place, capture_output=True, text=True, check=False,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads((place / "read.json").read_text(encoding="utf-8"))


def number(told):
    return None if told is None or told == {} else float(told)


def same(told, expected):
    found = [number(each) for each in told]
    return found == expected and all(
        math.copysign(1, a) == math.copysign(1, b)
        for a, b in zip(found, expected, strict=True)
        if a is not None
    )


def expected(column):
    values = [row[column] for row in EVERY]
    if column == "ADT":
        return [None if each is None else float((each - date(1970, 1, 1)).days) for each in values]
    if column == "ADTM":
        return [
            None if each is None else (each - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
            for each in values
        ]
    return [None if each is None else float(each) for each in values]


@pytest.mark.parametrize("file", ["xpt5", "xpt8", "stata", "spss"])
def test_haven_reads_every_value_and_label_as_it_was_written(read, file):
    found = read[file]
    assert found["names"] == [each.name for each in ADXX.columns]
    assert found["labels"] == [each.label for each in ADXX.columns]
    columns = dict(zip(found["names"], found["columns"], strict=True))
    assert columns["USUBJID"] == [row["USUBJID"] for row in EVERY]
    for name in ("ADSEQ", "AVAL", "ADT", "ADTM"):
        assert same(columns[name], expected(name)), name
    words = [row["AVALC"] for row in EVERY]
    if file == "xpt5":  # it holds printable ASCII alone: the others are changed, and listed
        plain = [place for place, each in enumerate(words) if each not in CHANGED]
        words, columns["AVALC"] = ([each[place] for place in plain] for each in (words, columns["AVALC"]))  # fmt: skip
    assert columns["AVALC"] == words


@pytest.mark.parametrize("file", ["tidy_xpt8", "tidy_stata", "tidy_spss"])
def test_haven_reads_long_names_labels_and_texts(read, file):
    found = read[file]
    assert found["names"] == [each.name for each in TIDY]
    assert found["labels"][1].startswith(LONG)
    who, steps, words = found["columns"]
    assert who == ["P-0001", "P-0002", "P-0003"]
    assert [number(each) for each in steps] == [0.1, None, 12_345.0]
    assert words == DAYS["what_was_said_in_own_words"].to_pylist()


@pytest.mark.parametrize("file", ["foreign_xpt5", "foreign_spss"])
def test_foreign_reads_the_same_numbers_and_words(read, file):
    if file not in read:
        pytest.skip("R is here without foreign")
    found = read[file]
    columns = dict(zip(found["names"], found["columns"], strict=True))
    assert list(columns) == [each.name for each in ADXX.columns]
    for name in ("ADSEQ", "AVAL"):
        assert same(columns[name], expected(name)), name
    plain = [place for place, row in enumerate(EVERY) if row["AVALC"] not in CHANGED]
    assert [columns["AVALC"][each].rstrip() for each in plain] == [EVERY[each]["AVALC"] for each in plain]  # fmt: skip
