"""Every file that was written is read again and compared with its frame, value by value and label by label."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports.formats import readers, writing
from hometrial.exports.formats.frames import Frame, first
from hometrial.exports.formats.readers import Read
from hometrial.exports.formats.writing import FORMATS, Framed
from hometrial.exports.writing import csv_table

REPORT = Path("validation", "readback.json")


@dataclass(frozen=True)
class Reader:
    """How a format is read: `name` of the library; `shown`: the table that the file should say."""

    name: str
    read: Callable[[Path, Frame], Read]
    shown: Callable[[Frame], pa.Table]


@dataclass(frozen=True)
class Checked:
    """A file that says what its frame says."""

    file: str
    reader: str
    rows: int
    variables: int
    values: int
    labels: int


def _frame(frame: Frame) -> pa.Table:
    return frame.table


def _fullest(frame: Frame) -> pa.Table:
    return frame.fullest


def _csv(frame: Frame) -> pa.Table:
    shown = csv_table(frame.fullest)
    return pa.table(
        {
            name: pc.fill_null(shown[name], "")
            if pa.types.is_string(shown[name].type)
            else shown[name]
            for name in shown.column_names
        }
    )


READERS = {
    "xpt5": Reader("pandas.read_sas", readers.sas, _frame),
    "xpt8": Reader("pyreadstat.read_xport", readers.sas8, _frame),
    "dataset-json": Reader("json", readers.dataset_json, _frame),
    "ndjson": Reader("json", readers.ndjson, _frame),
    "parquet": Reader("pyarrow.parquet", readers.parquet, _fullest),
    "csv": Reader("pandas.read_csv", readers.csv, _csv),
    "stata": Reader("pandas.StataReader", readers.stata, _frame),
    "spss": Reader("pyreadstat.read_sav", readers.spss, _frame),
}


def read_back(
    folder: Path, name: str, frames: Sequence[Framed], formats: Collection[str]
) -> list[Checked]:
    """Read every file of a delivery and return what was compared.

    Raises ExportRefusedError that names the file, the variable and the row where one says something else.
    """
    return [
        _checked(folder, path, frame, READERS[chosen])
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


def _checked(folder: Path, path: Path, frame: Frame, reader: Reader) -> Checked:
    where = path.relative_to(folder).as_posix()
    found, shown = reader.read(path, frame), reader.shown(frame)
    if list(found.columns) != shown.column_names:
        raise ExportRefusedError(
            f"{where} was read back with the variables {', '.join(found.columns)} "
            f"instead of {', '.join(shown.column_names)}"
        )
    for variable in shown.column_names:
        _compare(f"{where}: {variable}", shown[variable], found.columns[variable])
    return Checked(
        where,
        reader.name,
        shown.num_rows,
        shown.num_columns,
        shown.num_rows * shown.num_columns,
        _labels(where, frame, found, reader),
    )


def _compare(where: str, wrote: pa.ChunkedArray, read: pa.Array | pa.ChunkedArray) -> None:
    if len(wrote) != len(read):
        raise ExportRefusedError(f"{where} was read back with {len(read)} rows instead of {len(wrote)}")  # fmt: skip
    told = wrote.combine_chunks()
    again = read.combine_chunks() if isinstance(read, pa.ChunkedArray) else read
    again = again.cast(told.type)
    if told.equals(again):
        return
    both_empty = pc.and_(pc.is_null(told), pc.is_null(again))
    row = first(pc.invert(pc.or_(pc.fill_null(pc.equal(told, again), fill_value=False), both_empty)))  # fmt: skip
    if row is not None:
        raise ExportRefusedError(
            f"{where}, row {row}: {told[row - 1].as_py()!r} was written and {again[row - 1].as_py()!r} read back"
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
    for variable, codes in found.values.items():
        for code, text in frame.values[variable].items():
            _same(f"{where}: the label of {variable} {code}", text, codes.get(code, ""))
            counted += 1
    return counted


def _expected(frame: Frame, reader: Reader) -> dict[str, str]:
    """Return the labels that the format should keep: with the unit, except where the unit has a place of its own."""
    if reader.shown is _fullest and frame.typed is not None:
        return {each.name: each.metadata[b"label"].decode() for each in frame.typed.schema}
    return {each.name: each.label for each in frame.data_set.columns}


def _same(what: str, wrote: str, read: str) -> None:
    if wrote != read:
        raise ExportRefusedError(f"{what} was written as {wrote!r} and read back as {read!r}")


def write(
    place: Path, made: Mapping[str, Sequence[Framed]], formats: Collection[str]
) -> dict[Path, int]:
    """Read every file of every delivery in a folder and write validation/readback.json; return it with its rows.

    Raises ExportRefusedError as `read_back`.
    """
    checked = [
        each for name, frames in made.items() for each in read_back(place, name, frames, formats)
    ]
    path = place / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report(checked), encoding="utf-8")
    return {path: len(checked)}


def report(checked: Sequence[Checked]) -> str:
    """Return what was compared as JSON, for readback.json."""
    return json.dumps([asdict(each) for each in checked], indent=1) + "\n"
