"""Files whose records are written in whole columns have the bytes that pyreadstat writes cell by cell."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pyreadstat
import pytest

from hometrial.exports import metadata
from hometrial.exports.formats import labelled, records, xpt
from hometrial.exports.formats.frames import as_pandas, time_formats
from hometrial.exports.metadata import Column, DataSet

AT = datetime(2026, 11, 23, 8, 30)  # noqa: DTZ001 - a file's own wall clock
SET = DataSet(
    "ADXY", "Anything", "", "One record per record", (),
    (Column("TEXT", "Text", "text"), Column("NONE", "No text", "text"), Column("WHOLE", "Whole", "integer"),
     Column("NUM", "Number", "float"), Column("GONE", "No number", "float"), Column("ADT", "Day", "date"),
     Column("ADTM", "Moment", "datetime"), Column("NODT", "No day", "date"), Column("NODTM", "No moment", "datetime")),
)  # fmt: skip
NUMBERS = [0.0, -0.0, 1 / 3, -2.5, 1e70, -1e-30, float(2**53), None]
VALUES = {"WHOLE": {0: "No", 1: "Yes"}}


def table(count):
    start = datetime(1581, 12, 31, 23, 59, 59)  # noqa: DTZ001
    return metadata.frame(
        SET,
        [
            {
                "TEXT": ["Grüße", "头痛 😀", "", "x" * 90][place % 4],
                "NONE": "",
                "WHOLE": None if place % 5 == 0 else place - 9,
                "NUM": NUMBERS[place % len(NUMBERS)],
                "ADT": None if place % 3 == 0 else date(1899, 12, 31) + timedelta(997 * place),
                "ADTM": None if place % 7 == 0 else start + timedelta(days=9973 * place),
            }
            for place in range(count)
        ],
    )


def cell_by_cell(path, made, chosen):
    told = {"file_label": SET.label, "column_labels": [each.label for each in SET.columns]}
    if chosen == "dta":
        formats = time_formats(made, "%td", "%tc")
        pyreadstat.write_dta(as_pandas(made), path, **told, version=labelled.STATA, variable_value_labels=VALUES, variable_format=formats)  # fmt: skip
    elif chosen == "sav":
        formats = {**time_formats(made, "DATE11", "DATETIME20"), **labelled.number_formats(made)}
        pyreadstat.write_sav(as_pandas(made), path, **told, variable_value_labels=VALUES, variable_format=formats)  # fmt: skip
    else:
        formats = time_formats(made, "DATE9", "DATETIME20")
        pyreadstat.write_xport(as_pandas(made), path, **told, table_name=SET.name, file_format_version=8, variable_format=formats)  # fmt: skip
    return path.read_bytes()


def in_columns(path, made, chosen):
    if chosen == "dta":
        labelled.write_stata(path, SET, made, AT, VALUES)
    elif chosen == "sav":
        labelled.write_spss(path, SET, made, AT, VALUES)
    else:
        xpt.write(path, SET, made, AT, 8)
    return path.read_bytes()


def _unstamped(content: bytes, chosen: str) -> bytes:
    """Take out of a head when it was made."""
    if chosen == "dta":
        start = content.index(b"<timestamp>")
        return content[:start] + content[start + 29 :]
    if chosen == "sav":
        return content[:84] + content[109:]
    return content[content.index(b"HEADER RECORD*******NAMSTV8") :]


@pytest.mark.parametrize("count", [0, 1, 2, 60])
@pytest.mark.parametrize("chosen", ["xpt", "dta", "sav"])
def test_the_bytes_are_those_of_the_other_library(tmp_path, chosen, count, monkeypatch):
    monkeypatch.setattr(records, "ROWS_AT_ONCE", 7)
    made = table(count)
    ours = in_columns(tmp_path / f"a.{chosen}", made, chosen)
    theirs = cell_by_cell(tmp_path / f"b.{chosen}", made, chosen)
    assert _unstamped(ours, chosen) == _unstamped(theirs, chosen)


@pytest.mark.parametrize(("chosen", "longest"), [("dta", 2044), ("sav", 255)])
@pytest.mark.parametrize("beyond", [0, 1])
def test_a_text_that_does_not_fit_into_the_record_is_left_to_the_other_library(
    tmp_path: Path, chosen: str, longest: int, beyond: int
) -> None:
    made = metadata.frame(SET, [{"TEXT": "x" * (longest + beyond)}, {"TEXT": "short"}])
    read = pyreadstat.read_dta if chosen == "dta" else pyreadstat.read_sav
    ours = in_columns(tmp_path / f"a.{chosen}", made, chosen)
    theirs = cell_by_cell(tmp_path / f"b.{chosen}", made, chosen)
    assert _unstamped(ours, chosen) == _unstamped(theirs, chosen)
    found, _ = read(tmp_path / f"a.{chosen}")
    assert found["TEXT"].tolist() == made["TEXT"].to_pylist()
