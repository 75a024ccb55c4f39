"""Every file that was written is read again and compared with its frame, value by value and label by label."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports.formats import readers, writing
from hometrial.exports.formats.frames import Frame, first
from hometrial.exports.formats.readers import Read
from hometrial.exports.formats.writing import FORMATS, Framed, Written
from hometrial.exports.writing import csv_table

REPORT = Path("validation", "readback.json")


@dataclass(frozen=True)
class Reader:
    """How a format is read: `name` of the library; `table`: which of a frame's it is; `shown`: how the file says rows of it."""

    name: str
    read: Callable[[Path, Frame], Read]
    table: Callable[[Frame], pa.Table] = lambda frame: frame.table
    shown: Callable[[pa.Table], pa.Table] = lambda table: table


@dataclass(frozen=True)
class Checked:
    """A file that says what its frame says."""

    file: str
    reader: str
    rows: int
    variables: int
    values: int
    labels: int


def _fullest(frame: Frame) -> pa.Table:
    return frame.fullest


def _csv(table: pa.Table) -> pa.Table:
    shown = csv_table(table)
    return pa.table(
        {
            name: pc.fill_null(shown[name], "")
            if pa.types.is_string(shown[name].type)
            else shown[name]
            for name in shown.column_names
        }
    )


READERS = {
    "xpt5": Reader("pandas.read_sas", readers.sas),
    "xpt8": Reader("pyreadstat.read_xport", readers.sas8),
    "dataset-json": Reader("json", readers.dataset_json),
    "ndjson": Reader("json", readers.ndjson),
    "parquet": Reader("pyarrow.parquet", readers.parquet, _fullest),
    "csv": Reader("pandas.read_csv", readers.csv, _fullest, _csv),
    "stata": Reader("pandas.StataReader", readers.stata),
    "spss": Reader("pyreadstat.read_sav", readers.spss),
}


def read_back(
    folder: Path, name: str, frames: Sequence[Framed], formats: Collection[str]
) -> list[Checked]:
    """Read every file of a delivery and return what was compared.

    Raises ExportRefusedError that names the file, the variable and the row where one says something else.
    """
    return [
        check(folder, Written(chosen, path, frame))
        for chosen in writing.formats_of(name, formats)
        for path, frame in _written(folder, name, frames, chosen)
    ]


def _written(
    folder: Path, name: str, frames: Sequence[Framed], chosen: str
) -> Iterator[tuple[Path, Frame]]:
    place = folder / writing.folder_of(name, chosen)
    form = FORMATS[chosen]
    for each in frames:
        frame, _ = writing.ready(each, form)
        yield place / f"{writing.file_name(each.data_set)}.{form.ending}", frame


def check(folder: Path, written: Written) -> Checked:
    """Read a file of a folder and return what was compared. Raises ExportRefusedError as `read_back`."""
    where, frame = written.path.relative_to(folder).as_posix(), written.frame
    reader = READERS[written.format]
    found, table = reader.read(written.path, frame), reader.table(frame)
    if list(found.names) != table.column_names:
        raise ExportRefusedError(
            f"{where} was read back with the variables {', '.join(found.names)} "
            f"instead of {', '.join(table.column_names)}"
        )
    if not table.num_columns:
        raise ExportRefusedError(f"{where} has no variables")
    start = 0
    for part in found.parts:
        rows = len(part[table.column_names[0]])
        if start + rows > table.num_rows:
            more = sum(len(each[table.column_names[0]]) for each in found.parts)
            raise _short(where, start + rows + more, table.num_rows)
        shown = reader.shown(table.slice(start, rows))
        for variable in table.column_names:
            _compare(f"{where}: {variable}", shown[variable], part[variable], start)
        start += rows
    if start < table.num_rows:
        raise _short(where, start, table.num_rows)
    return Checked(
        where,
        reader.name,
        table.num_rows,
        table.num_columns,
        table.num_rows * table.num_columns,
        _labels(where, frame, found, reader),
    )


def _short(where: str, read: int, wrote: int) -> ExportRefusedError:
    return ExportRefusedError(f"{where} was read back with {read} rows instead of {wrote}")


def _compare(
    where: str, wrote: pa.ChunkedArray, read: pa.Array | pa.ChunkedArray, before: int
) -> None:
    """Compare values of a variable, which so many rows stand before."""
    told = wrote.combine_chunks()
    again = read.combine_chunks() if isinstance(read, pa.ChunkedArray) else read
    again = again.cast(told.type)
    if told.equals(again):
        return
    both_empty = pc.and_(pc.is_null(told), pc.is_null(again))
    row = first(pc.invert(pc.or_(pc.fill_null(pc.equal(told, again), fill_value=False), both_empty)))  # fmt: skip
    if row is not None:
        raise ExportRefusedError(
            f"{where}, row {before + row}: {told[row - 1].as_py()!r} was written and {again[row - 1].as_py()!r} read back"
        )


def _labels(where: str, frame: Frame, found: Read, reader: Reader) -> int:
    """Compare the labels that the format keeps and return how many there are."""
    counted = 0
    if found.labels is not None:
        for name, label in _expected(frame, reader).items():
            _same(f"{where}: the label of {name}", label, found.labels.get(name, ""))
            counted += 1
    if found.label is not None:
        _same(f"{where}: the label", frame.data_set.label, found.label)
        counted += 1
    labelled = found.values
    for variable, codes in frame.values.items():
        if labelled is None:
            break
        there = labelled.get(variable, {})
        for code, text in codes.items():
            _same(f"{where}: the label of {variable} {code}", text, there.get(code, ""))
            counted += 1
    return counted


def _expected(frame: Frame, reader: Reader) -> dict[str, str]:
    """Return the labels that the format should keep: with the unit, except where the unit has a place of its own."""
    if reader.table is _fullest and frame.typed is not None:
        return {each.name: each.metadata[b"label"].decode() for each in frame.typed.schema}
    return {each.name: each.label for each in frame.data_set.columns}


def _same(what: str, wrote: str, read: str) -> None:
    if wrote != read:
        raise ExportRefusedError(f"{what} was written as {wrote!r} and read back as {read!r}")


def write(place: Path, checked: Sequence[Checked]) -> dict[Path, int]:
    """Write what was compared into validation/readback.json; return it with its rows."""
    path = place / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report(checked), encoding="utf-8")
    return {path: len(checked)}


def report(checked: Sequence[Checked]) -> str:
    """Return what was compared as JSON, for readback.json."""
    return json.dumps([asdict(each) for each in checked], indent=1) + "\n"
