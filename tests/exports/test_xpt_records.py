"""Transport files whose records are written in whole columns have the bytes that pyreadstat writes cell by cell."""

import math
import random
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest

from hometrial.exports import metadata
from hometrial.exports.formats import records, xpt
from hometrial.exports.formats.frames import as_pandas
from hometrial.exports.metadata import Column, DataSet

_AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
_SET = DataSet(
    "XY", "Anything", "Findings", "One record per record", (),
    (Column("TEXT", "Text", "text"), Column("NONE", "No text", "text"), Column("WHOLE", "Whole", "integer"),
     Column("NUM", "Number", "float"), Column("GONE", "No number", "float")),
)  # fmt: skip
_NUMBERS = [
    0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, -2 / 3, 15.999999999999998, 16.0, 0.0625, 255.5, 1e-65, -1e-30, 4e74, -4e74,
    float(2**53), math.pi, 5e15 + 0.5, None,
]  # fmt: skip


def _table(numbers: list[float | None]) -> pa.Table:
    rows: list[dict[str, object]] = [
        {
            "TEXT": "x" * (60 + place % 23),
            "WHOLE": place - 9,
            "NUM": number,
            "NONE": "",
            "GONE": None,
        }
        for place, number in enumerate(numbers)
    ]
    return metadata.frame(_SET, rows)


def _cell_by_cell(path: Path, table: pa.Table) -> bytes:
    pyreadstat.write_xport(
        as_pandas(table),
        path,
        file_label=_SET.label,
        table_name=_SET.name,
        column_labels=[each.label for each in _SET.columns],
        file_format_version=5,
    )
    content = path.read_bytes()
    return content[content.index(b"HEADER RECORD*******NAMESTR") :]


def _in_columns(path: Path, table: pa.Table) -> bytes:
    xpt.write(path, _SET, table, _AT)
    content = path.read_bytes()
    return content[content.index(b"HEADER RECORD*******NAMESTR") :]


@pytest.mark.parametrize("count", [0, 1, 2, len(_NUMBERS)])
def test_the_bytes_are_those_of_the_other_library(tmp_path: Path, count: int) -> None:
    table = _table(_NUMBERS[:count])
    assert _in_columns(tmp_path / "a.xpt", table) == _cell_by_cell(tmp_path / "b.xpt", table)


def test_a_thousand_numbers_of_any_size_are_kept_to_the_bit(tmp_path: Path) -> None:
    chance = random.Random(11)  # noqa: S311 - data of a test
    numbers: list[float | None] = [
        chance.uniform(-1, 1) * 10.0 ** chance.randint(-60, 70) for _ in range(1000)
    ]
    table = _table(numbers)
    assert _in_columns(tmp_path / "a.xpt", table) == _cell_by_cell(tmp_path / "b.xpt", table)
    read, _ = pyreadstat.read_xport(tmp_path / "a.xpt")
    assert read["NUM"].tolist() == numbers


def test_more_rows_than_one_piece_follow_each_other_without_a_seam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "ROWS_AT_ONCE", 7)
    table = _table([float(place) for place in range(50)])
    assert _in_columns(tmp_path / "a.xpt", table) == _cell_by_cell(tmp_path / "b.xpt", table)


def test_the_largest_numbers_are_kept_which_the_other_library_writes_as_the_end_of_the_format(
    tmp_path: Path,
) -> None:
    numbers: list[float | None] = [7.1e75, -7.1e75, 1e75]
    xpt.write(tmp_path / "a.xpt", _SET, _table(numbers), _AT)
    read, _ = pyreadstat.read_xport(tmp_path / "a.xpt")
    assert read["NUM"].tolist() == numbers


def test_a_short_record_that_ends_in_blanks_is_not_taken_for_the_filling_of_the_file(tmp_path):
    columns = (Column("ETCD", "Element Code", "text"), Column("TABRANCH", "Branch", "text"))
    data_set = DataSet("TA", "Trial Arms", "", "", ("ETCD",), columns)
    rows = [{"ETCD": name, "TABRANCH": "Assigned" if name == "A" else ""} for name in "ABCD"]
    xpt.write(tmp_path / "ta.xpt", data_set, metadata.frame(data_set, rows), _AT)
    found = pd.read_sas(tmp_path / "ta.xpt", format="xport", encoding="ascii")
    assert found["ETCD"].tolist() == list("ABCD")
