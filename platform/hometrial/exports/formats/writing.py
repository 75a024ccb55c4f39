"""A delivery's data sets into every format that is wanted, each in its folder (exports.md 5.3)."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from hometrial.errors import ExportRefusedError
from hometrial.exports.contents import content_hash
from hometrial.exports.formats import dataset_json, define, labelled, limits, xpt
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.define import Told
from hometrial.exports.formats.frames import (
    Frame,
    described,
    is_unique,
    settled,
)
from hometrial.exports.formats.limits import Limits
from hometrial.exports.formats.parking import Parked
from hometrial.exports.formats.transliterating import (
    CHANGES,
    Change,
    fitted,
    in_spreadsheets,
    listed,
)
from hometrial.exports.metadata import DataSet
from hometrial.exports.writing import TableWriter, csv_table

__all__ = [
    "FORMATS",
    "Framed",
    "Shipment",
    "Written",
    "as_frame",
    "described",
    "file_name",
    "folder_of",
    "formats_of",
    "ready",
    "write_all",
]
DEFINE = "define.xml"
NOTHING_TOLD = Told()
TRANSFORMATIONS = "transformations.csv"


class Framed(Protocol):
    """A data set and its canonical frame, as a tabulation or an analysis data set is made."""

    @property
    def data_set(self) -> DataSet:
        """What it is."""
        ...

    @property
    def table(self) -> pa.Table:
        """What it says."""
        ...


@dataclass(frozen=True)
class Format:
    """A file format: where its files stand, their ending, and how one is written.

    In `folder`, `{}` is the delivery (sdtm, adam, tidy). Values beyond `limits` are changed, and listed.
    """

    folder: str
    ending: str
    write: Callable[[Path, Frame, Origin], None]
    limits: Limits | None = None
    changed: Callable[[Frame], list[Change]] = lambda _: []
    """What is written in another way although the format could hold it."""
    is_defined: bool = False
    """A define.xml stands beside its files, except for tidy tables, which no standard describes."""

    @property
    def listed_as(self) -> str:
        """What the list of changes calls it."""
        return self.limits.format if self.limits else self.ending.upper()


def _xpt5(path: Path, frame: Frame, origin: Origin) -> None:
    xpt.write(path, frame.data_set, frame.table, origin.at, 5)


def _xpt8(path: Path, frame: Frame, origin: Origin) -> None:
    xpt.write(path, frame.data_set, frame.table, origin.at, 8)


def _json(path: Path, frame: Frame, origin: Origin) -> None:
    dataset_json.write(path, frame.data_set, frame.table, origin)


def _ndjson(path: Path, frame: Frame, origin: Origin) -> None:
    dataset_json.write_lines(path, frame.data_set, frame.table, origin)


def _stata(path: Path, frame: Frame, origin: Origin) -> None:
    labelled.write_stata(path, frame.data_set, frame.table, origin.at, frame.values)


def _spss(path: Path, frame: Frame, origin: Origin) -> None:
    labelled.write_spss(path, frame.data_set, frame.table, origin.at, frame.values)


def _parquet(path: Path, frame: Frame, origin: Origin) -> None:  # noqa: ARG001
    pq.write_table(frame.fullest, path, compression="zstd", version="2.6")


_CSV_LIMITS = replace(dataset_json.LIMITS, format="CSV")


def _csv(path: Path, frame: Frame, origin: Origin) -> None:  # noqa: ARG001
    limits.check(_CSV_LIMITS, frame.data_set, frame.table)
    options = pa_csv.WriteOptions(quoting_style="needed")
    pa_csv.write_csv(csv_table(frame.fullest), path, options)


FORMATS = {
    "xpt5": Format("{}", "xpt", _xpt5, xpt.LIMITS[5], is_defined=True),
    "xpt8": Format("{}-xpt8", "xpt", _xpt8, xpt.LIMITS[8]),
    "dataset-json": Format("{}-json", "json", _json, dataset_json.LIMITS, is_defined=True),
    "ndjson": Format("{}-ndjson", "ndjson", _ndjson, dataset_json.LIMITS, is_defined=True),
    "parquet": Format("{}-parquet", "parquet", _parquet),
    "csv": Format("{}-csv", "csv", _csv, changed=in_spreadsheets),
    "stata": Format("stata", "dta", _stata, labelled.STATA_LIMITS),
    "spss": Format("spss", "sav", _spss, labelled.SPSS_LIMITS),
}
"""The formats by the names that are asked for."""
TIDY = "tidy"
_LONG_NAMES = frozenset({"xpt5"})
"""Formats that tidy tables, whose names are long words, cannot be written in."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def folder_of(name: str, chosen: str) -> str:
    """Return where a delivery's files of a format stand; the plain tables of tidy stand in its own folder."""
    if name == TIDY and chosen in ("parquet", "csv"):
        return TIDY
    return FORMATS[chosen].folder.format(name)


def formats_of(name: str, formats: Iterable[str]) -> list[str]:
    """Return those of the formats that a delivery is written in, in one order.

    Raises ExportRefusedError for a format that is not known.
    """
    asked = set(formats)
    for unknown in sorted(asked - FORMATS.keys()):
        raise ExportRefusedError(f"no format {unknown!r}; there are {', '.join(FORMATS)}")
    left_out = _LONG_NAMES if name == TIDY else frozenset()
    return [each for each in FORMATS if each in asked - left_out]


@dataclass(frozen=True)
class Written:
    """A file of a data set: its format, where it stands, and the frame that it says."""

    format: str
    path: Path
    frame: Frame


@dataclass
class Shipment:
    """The data sets of one delivery on their way into a folder: each stands in every format before the next is made."""

    folder: Path
    name: str
    formats: Collection[str]
    origin: Origin
    files: dict[Path, int] = field(default_factory=dict)
    """What was written so far, with the rows of each."""
    told: dict[Path, Mapping[str, object]] = field(default_factory=dict)
    """What the manifest tells of each file of a data set."""
    changed: Counter[str] = field(default_factory=Counter)
    """How many values are in a format in another way, as they are listed."""
    _changes: dict[str, list[Change]] = field(default_factory=dict)

    def write(self, frame: Frame) -> list[Written]:
        """Write a data set in each format.

        Raises ExportRefusedError for a format that is not known, ValueRefusedError for a value that one cannot hold.
        """
        limits.check_numbers(frame)
        written = [self._written(frame, each) for each in formats_of(self.name, self.formats)]
        told = {
            "data_set": f"{self.name}.{frame.data_set.name}",
            "columns": len(frame.data_set.columns),
            "key": list(frame.data_set.keys) if is_unique(frame) else [],
            "content": content_hash(frame.fullest),
        }
        self.told |= {each.path: {**told, "format": each.format} for each in written}
        return written

    def _written(self, whole: Frame, chosen: str) -> Written:
        form = FORMATS[chosen]
        place = self.folder / folder_of(self.name, chosen)
        place.mkdir(parents=True, exist_ok=True)
        frame, changes = ready(whole, form)
        path = place / f"{file_name(frame.data_set)}.{form.ending}"
        if path.exists():
            raise ExportRefusedError(
                f"{path.relative_to(self.folder)} would hold two data sets named {frame.data_set.name}; rename one"
            )
        form.write(path, frame, self.origin)
        self.files[path] = frame.table.num_rows
        self._changes.setdefault(chosen, []).extend([*changes, *form.changed(frame)])
        return Written(chosen, path, frame)

    def finish(self, frames: Sequence[Framed], told: Told = NOTHING_TOLD) -> dict[Path, int]:
        """Write the Define-XML of all data sets and, into `NAME-transformations.csv`, what a format could not hold."""
        chosen = formats_of(self.name, self.formats)
        for each in chosen:
            form = FORMATS[each]
            path = self.folder / folder_of(self.name, each) / DEFINE
            if form.is_defined and self.name != TIDY:
                path.parent.mkdir(parents=True, exist_ok=True)
                written = [ready(frame, form)[0] for frame in frames]
                define.write(path, written, form.ending, self.origin, told)
                self.files[path] = len(written)
        changes = [change for each in chosen for change in self._changes.get(each, ())]
        self.changed = Counter(change.format for change in changes)
        self.files |= _write_changes(self.folder / f"{self.name}-{TRANSFORMATIONS}", changes)
        return self.files


def write_all(
    folder: Path,
    name: str,
    frames: Sequence[Framed],
    formats: Collection[str],
    origin: Origin,
    told: Told = NOTHING_TOLD,
) -> dict[Path, int]:
    """Write a delivery's data sets in each format, with its Define-XML; return the files and the rows of each.

    Raises as `Shipment.write`.
    """
    shipment = Shipment(folder, name, formats, origin)
    whole = [settled(as_frame(each)) for each in frames]
    for each in whole:
        shipment.write(each)
    return shipment.finish(whole, told)


def file_name(data_set: DataSet) -> str:
    """Return the name of a data set's files, without the ending. Raises ExportRefusedError if it would leave the folder."""
    name = data_set.name.lower()
    if not _NAME.fullmatch(name):
        raise ExportRefusedError(f"the data set {data_set.name!r} has no name that a file can bear")
    return name


def as_frame(framed: Framed) -> Frame:
    """Return what was made as a frame."""
    if isinstance(framed, Parked):
        return framed.frame
    return framed if isinstance(framed, Frame) else Frame(framed.data_set, framed.table)


def ready(framed: Framed, form: Format) -> tuple[Frame, list[Change]]:
    """Return a data set as a format holds it, and what had to change for it."""
    frame = as_frame(framed)
    return (frame, []) if form.limits is None else fitted(frame, form.limits)


def _write_changes(path: Path, changes: list[Change]) -> dict[Path, int]:
    with TableWriter(path.with_suffix(""), CHANGES, ("csv",)) as writer:
        writer.write(listed(changes))
    return writer.files
