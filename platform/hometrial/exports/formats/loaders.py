"""Programs that read a folder's files with their labels: load.py, load.R, load.sas, load.do, load.sps."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from hometrial.exports.formats import writing
from hometrial.exports.formats.programs import statements
from hometrial.exports.formats.programs.statements import DataFile, Statement
from hometrial.exports.formats.writing import Framed

_PYTHON = ("parquet", "csv", "dataset-json", "ndjson", "stata", "spss", "xpt8", "xpt5")
_R_HEAD = """\
# Reads every data set of this folder: setwd() to the folder, or set `here`, then source("load.R", encoding = "UTF-8").
# Needs haven for SAS, Stata and SPSS files, arrow for Parquet; CSV needs nothing, but R reads CR LF in its texts as LF.
if (!exists("here")) here <- "."
at <- function(path) file.path(here, path)
plain <- function(path, classes, labels) {
  read <- utils::read.csv(at(path), colClasses = classes, na.strings = "", encoding = "UTF-8", check.names = FALSE)
  for (each in seq_along(labels)) attr(read[[each]], "label") <- labels[[each]]
  read
}
"""
_SAS_HEAD = """\
/* Reads every data set of this folder into WORK. Set the folder; run SAS with encoding UTF-8.
   Truth values and instants of CSV files stay text. */
%let folder = .;
"""
_STATA_HEAD = """\
* Reads every data set of this folder, each into a frame of its own: cd to the folder first. Needs Stata 16.
* Days, instants and truth values of CSV files stay text; date(day, "YMD") makes a day of one.
version 16
"""
_SPSS_HEAD = """\
* Reads every data set of this folder: set the folder here first. Needs SPSS 21 in Unicode mode, or PSPP (no Stata files).
* Truth values and instants of CSV files stay text.
CD ".".
"""
_PROGRAMS: dict[str, tuple[str, Mapping[str, Statement]]] = {
    "load.R": (_R_HEAD, statements.R),
    "load.sas": (_SAS_HEAD, statements.SAS),
    "load.do": (_STATA_HEAD, statements.STATA),
    "load.sps": (_SPSS_HEAD, statements.SPSS),
}


def write(
    place: Path, made: Mapping[str, Sequence[Framed]], formats: Collection[str]
) -> dict[Path, int]:
    """Write a program for each package that reads one of the formats; return them with the data sets that they read."""
    written: dict[Path, int] = {}
    for name, (head, ways) in _PROGRAMS.items():
        lines = [ways[chosen](file) for chosen, file in _files(made, formats, tuple(ways))]
        if lines:
            (place / name).write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
            written[place / name] = len(lines)
    found = list(_files(made, formats, _PYTHON))
    if found:
        told = json.dumps(dict(map(_python, (file for _, file in found))), ensure_ascii=True)
        text = files(statements.__package__).joinpath("load.py.txt").read_text(encoding="utf-8")
        body = Template(text).substitute(data_sets=told)
        (place / "load.py").write_text(body, encoding="utf-8")
        written[place / "load.py"] = len(found)
    return written


def _files(
    made: Mapping[str, Sequence[Framed]], formats: Collection[str], ways: Sequence[str]
) -> Iterator[tuple[str, DataFile]]:
    """Yield each data set in the best of the formats that it stands in and that a package reads."""
    for name, framed in made.items():
        there = writing.formats_of(name, formats)
        best = next((each for each in ways if each in there), None)
        if best is None:
            continue
        form = writing.FORMATS[best]
        for each in framed:
            frame = writing.ready(each, form)[0]
            stem = writing.file_name(frame.data_set)
            path = f"{writing.folder_of(name, best)}/{stem}.{form.ending}"
            yield best, DataFile(_called(name, stem), path, frame, name)


def _called(name: str, stem: str) -> str:
    """Return what a data set is called in a program; a tidy table may bear the name of a domain."""
    return f"{name}_{stem}" if name == writing.TIDY and len(stem) <= 4 else stem


def _python(file: DataFile) -> tuple[str, dict[str, object]]:
    data_set = file.frame.data_set
    told = {
        "file": file.path,
        "label": data_set.label,
        "rows": file.frame.table.num_rows,
        "variables": {each.name: [each.kind, each.label] for each in data_set.columns},
    }
    return f"{file.delivery}.{file.path.rpartition('/')[2].partition('.')[0]}", told
