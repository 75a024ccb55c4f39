"""Data sets go into a folder one after another, are read back at once, and wait on the disk."""

import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from hometrial.errors import ExportRefusedError
from hometrial.exports import metadata
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import parking, reading_back, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.delivering import Deliveries
from hometrial.exports.formats.frames import Frame, described
from hometrial.exports.metadata import Column, DataSet

ORIGIN = Origin("LDN-1", datetime(2026, 11, 23))  # noqa: DTZ001 - a file's own wall clock
COLUMNS = (Column("USUBJID", "Unique Subject Identifier", "text"), Column("ADT", "Day", "date"))


def made(name, rows=3):
    data_set = DataSet(name, f"The set {name}", "BASIC DATA STRUCTURE", "One", ("USUBJID",), COLUMNS, purpose="Analysis")  # fmt: skip
    told = [{"USUBJID": f"Grüße {place}", "ADT": date(2026, 1, 1)} for place in range(rows)]
    return Frame(data_set, metadata.frame(data_set, told))


def deliveries(folder):
    return Deliveries(folder, tuple(writing.FORMATS), ORIGIN, folder / ".waiting")


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".waiting" not in path.parts
    }


def test_the_files_are_those_of_all_data_sets_written_together(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    outgoing = deliveries(one)
    outgoing.deliver("adam", [made("ADXX"), made("ADYY", 0)])
    told = writing.write_all(other, "adam", [made("ADXX"), made("ADYY", 0)], writing.FORMATS, ORIGIN)  # fmt: skip
    assert files(one) == files(other)
    assert {path.relative_to(one) for path in outgoing.files} == {
        path.relative_to(other) for path in told
    }


def test_each_is_read_back_before_the_next_is_asked_for(tmp_path, monkeypatch):
    happened = []
    check = reading_back.check
    monkeypatch.setattr(reading_back, "check", lambda place, written: happened.append(written.format) or check(place, written))  # fmt: skip

    def asked():
        for name in ("ADXX", "ADYY"):
            happened.append(name)
            yield made(name)

    outgoing = deliveries(tmp_path)
    outgoing.deliver("adam", asked())
    formats = list(writing.FORMATS)
    assert happened == ["ADXX", *formats, "ADYY", *formats]
    written = reading_back.write(tmp_path, outgoing.checked)
    [path] = written
    told = [each["file"] for each in json.loads(path.read_text())]
    assert told[:3] == ["adam/adxx.xpt", "adam/adyy.xpt", "adam-xpt8/adxx.xpt"], "format by format"


def test_a_file_that_says_something_else_stops_what_comes_after(tmp_path, monkeypatch):
    right = writing.FORMATS["stata"].write

    def spoilt(path, frame, origin):
        table = frame.table.set_column(0, frame.table.schema.field(0), pa.array(["?"] * 3))
        right(path, Frame(frame.data_set, table), origin)

    monkeypatch.setitem(writing.FORMATS, "stata", writing.Format("stata", "dta", spoilt, writing.FORMATS["stata"].limits))  # fmt: skip
    asked = iter([made("ADXX"), made("ADYY")])
    with pytest.raises(ExportRefusedError, match=r"stata/adxx\.dta: USUBJID, row 1: 'Grüße 0' was written"):  # fmt: skip
        deliveries(tmp_path).deliver("adam", asked)
    assert next(asked).data_set.name == "ADYY"


def test_what_waits_says_what_it_said(tmp_path):
    variables = (Variable("who", "Who", "text"), Variable("at", "At", "instant"), Variable("worn", "Worn", "boolean"))  # fmt: skip
    table = pa.table({"who": ["P-1", None], "at": pa.array([datetime(2026, 1, 1, 0, 0, 0, 7, UTC), None], pa.timestamp("us", "UTC")), "worn": [True, None]})  # fmt: skip
    frame = described("people", "People", variables, table, ("who",))
    parked = parking.park(frame, tmp_path / "tidy" / "people")
    for each in (parked, parking.park(made("ADXX"), tmp_path / "adxx")):
        assert each.waiting.table.num_rows == 0
        assert each.table.schema.equals(each.frame.table.schema, check_metadata=True)
    again = writing.as_frame(parked)
    assert (again.table, again.typed, again.values) == (frame.table, frame.typed, frame.values)
    assert again.typed.schema.equals(frame.typed.schema, check_metadata=True)
    assert again.variables == variables


def test_a_data_set_without_rows_waits_too(tmp_path):
    parked = parking.park(made("ADXX", 0), tmp_path / "adxx")
    assert parked.table.num_rows == 0
    assert parked.table.schema == made("ADXX", 0).table.schema
