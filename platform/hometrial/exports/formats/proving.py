"""Whether a folder's files hold the data sets whose content hashes its manifest tells, by the files alone.

Each file is read, what `*-transformations.csv` lists of it is put back, and the content hash of the result must be the
manifest's. So every format of a data set is shown to hold the same, and the list to be whole.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports import metadata
from hometrial.exports.contents import Content, spelled
from hometrial.exports.dictionary import Variable
from hometrial.exports.folder import MANIFEST
from hometrial.exports.formats.described_files import DICTIONARY_FILE
from hometrial.exports.formats.frames import Frame, described
from hometrial.exports.formats.reading_back import READERS
from hometrial.exports.formats.writing import FORMATS, TIDY, TRANSFORMATIONS
from hometrial.exports.formulas import original
from hometrial.exports.metadata import Column, DataSet

_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Proven:
    """How many files hold how many data sets; `problems` names each file that holds something else."""

    files: int
    data_sets: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _Put:
    """A value that a file has in another way: what it has, and what it was."""

    written: str
    original: str


def prove(folder: Path) -> Proven:
    """Read every file of a data set, whose bytes are as they were written.

    Raises ExportRefusedError if the manifest tells no content hashes.
    """
    files = json.loads((folder / MANIFEST).read_bytes())["files"]
    told = [each for each in files if "content" in each]
    if not told:
        raise ExportRefusedError(
            f"{folder / MANIFEST} tells no content hashes: the folder has no data sets, or was made before there were any; "
            "`hometrial lock verify` without --contents checks its bytes"
        )
    variables = _variables(folder)
    changes = {name: _changes(folder, name) for name in {each["data_set"].partition(".")[0] for each in told}}  # fmt: skip
    problems = [
        f"{each['path']} {problem}"
        for each in told
        for problem in _problems(folder, each, variables, changes)
    ]
    return Proven(len(told), len({each["data_set"] for each in told}), tuple(problems))


def _variables(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Return the variables of each file, by the dictionary."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in _rows(folder / DICTIONARY_FILE):
        found.setdefault(row["file"], []).append(row)
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    read = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [{str(name): original(cell) for name, cell in row.items()} for row in read.to_dict("records")]  # fmt: skip


def _changes(folder: Path, delivery: str) -> dict[tuple[str, str, str], dict[int, _Put]]:
    """Return what is listed, by format, data set and variable, and there by row from 1."""
    found: dict[tuple[str, str, str], dict[int, _Put]] = {}
    for row in _rows(folder / f"{delivery}-{TRANSFORMATIONS}"):
        rows = found.setdefault((row["format"], row["data_set"], row["variable"]), {})
        rows[int(row["row"])] = _Put(row["written"], row["original"])
    return found


def _problems(
    folder: Path,
    file: _Row,
    variables: Mapping[str, Sequence[Mapping[str, str]]],
    changes: Mapping[str, Mapping[tuple[str, str, str], Mapping[int, _Put]]],
) -> Iterator[str]:
    delivery, _, name = file["data_set"].partition(".")
    frame = _frame(delivery, name, variables[f"{delivery}/{name.lower()}"])
    form = FORMATS[file["format"]]
    listed = {
        variable: rows
        for (told, data_set, variable), rows in changes[delivery].items()
        if (told, data_set) == (form.listed_as, name)
    }
    found = READERS[file["format"]].read(folder / file["path"], frame)
    content, start = Content(found.names), 0
    for part in found.parts:
        columns = {each: _spelled(part[each], frame, each) for each in found.names}
        for variable, rows in listed.items():
            columns[variable], wrong = _put_back(columns[variable], rows, start)
            yield from (f"row {row} of {variable} is not what {delivery}-{TRANSFORMATIONS} says" for row in wrong)  # fmt: skip
        content.add(list(columns.values()))
        start += len(next(iter(columns.values())))
    if start != file["rows"]:
        yield f"has {start} rows instead of {file['rows']}"
    elif content.hash != file["content"]:
        yield f"does not hold the data set {file['data_set']} whose content hash {MANIFEST} tells"


def _frame(delivery: str, name: str, variables: Sequence[Mapping[str, str]]) -> Frame:
    """Return a data set without rows, as the dictionary describes it."""
    if delivery == TIDY:
        plain = [Variable(each["variable"], each["label"], each["type"]) for each in variables]
        return described(name, name, plain, _nothing(plain))
    columns = tuple(Column(each["variable"], each["label"], each["type"]) for each in variables)  # type: ignore[arg-type]  # the dictionary's types are the kinds
    data_set = DataSet(name, name, "", "", (), columns)
    return Frame(data_set, metadata.schema(data_set).empty_table())


def _nothing(variables: Sequence[Variable]) -> pa.Table:
    return pa.schema([each.field() for each in variables]).empty_table()


def _spelled(values: pa.Array | pa.ChunkedArray, frame: Frame, name: str) -> pa.Array:
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    kind = frame.fullest.schema.field(name).type
    if pa.types.is_string(whole.type) and pa.types.is_temporal(kind):
        whole = _times(whole, kind)
    return spelled(whole)


def _times(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return days and times as a CSV shows them."""
    plain = pc.utf8_rtrim(pc.if_else(pc.equal(texts, ""), None, texts), "Z")
    return plain.cast(kind if pa.types.is_date(kind) else pa.timestamp("us"))


def _put_back(column: pa.Array, rows: Mapping[int, _Put], start: int) -> tuple[pa.Array, list[int]]:
    """Return a part of a column with what it was; and the rows where the file has not what is listed."""
    here = [row for row in rows if start < row <= start + len(column)]
    if not here:
        return column, []
    texts, wrong = column.to_pylist(), []
    for row in here:
        written, was = spelled(pa.array([rows[row].written, rows[row].original])).to_pylist()
        if texts[row - start - 1] != written:
            wrong.append(row)
        texts[row - start - 1] = was
    return pa.array(texts, pa.string()), wrong
