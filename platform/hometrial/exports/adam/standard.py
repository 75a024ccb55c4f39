"""What each analysis data set is: its variables in order, with the rule of each, read from the tables beside."""

import csv
from functools import cache
from importlib.resources import files
from typing import cast

from hometrial.exports.metadata import Column, Core, DataSet, Kind

_HERE = files("hometrial.exports.adam")


def _lines(name: str) -> list[dict[str, str]]:
    written = _HERE.joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(written.splitlines()))


@cache
def names() -> tuple[str, ...]:
    """Return the names of the analysis data sets, in order."""
    return tuple(line["data_set"] for line in _lines("data_sets.csv"))


@cache
def data_set(name: str) -> DataSet:
    """Return an analysis data set with every variable it may have. Raises KeyError for one that there is not."""
    line = {each["data_set"]: each for each in _lines("data_sets.csv")}[name]
    return DataSet(
        name=name,
        label=line["label"],
        klass=line["class"],
        structure=line["structure"],
        keys=tuple(line["keys"].split()),
        columns=tuple(_column(each) for each in _lines(f"variables/{name.lower()}.csv")),
        purpose="Analysis",
    )


def _column(line: dict[str, str]) -> Column:
    return Column(
        name=line["variable"],
        label=line["label"],
        kind=cast(Kind, line["type"]),
        core=cast(Core, line["core"]),
        codelist=line["codelist"],
        origin=line["origin"],
        source=line["source"],
        method=line["method"],
    )
