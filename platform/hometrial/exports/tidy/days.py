"""Days of participants: dose, metrics, the own baseline and the change from it, one row a day."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports.dictionary import Variable
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.calendar import Calendar
from hometrial.exports.tidy.projecting import Computed

Numbers = np.ndarray[Any, np.dtype[np.float64]]
RUN_IN = "RUN-IN"
OTHER_NAMES = {"rhr": "rhr_sleep", "sleep_min": "sleep_minutes", "wear_min": "wear_minutes"}
"""Columns that have had a shorter name than their metric from the first version on; the metric is a column too."""
BASELINES = {
    "steps": "valid_day",
    "rhr": "valid_night",
    "sleep_min": "valid_night",
    "hrv_rmssd": "",
}
"""Figures with an own baseline, and the metric that says on which days they count."""


@cache
def metric_variables() -> tuple[Variable, ...]:
    """Return a column for each metric of the platform."""
    text = files("hometrial.exports.tidy").joinpath("metrics.csv").read_text("utf-8")
    return tuple(
        Variable(each["metric"], each["label"], "number", each["unit"], text=each["text"])
        for each in csv.DictReader(text.splitlines())
    )


@dataclass(frozen=True)
class _Figures:
    """Every metric of every day: one row a day, one column a metric, not a number where there is none."""

    names: dict[str, int]
    values: Numbers

    def of(self, name: str) -> Numbers:
        """Return a figure by its column's name."""
        found: Numbers = self.values[:, self.names[OTHER_NAMES.get(name, name)]]
        return found

    def column(self, name: str) -> pa.Array:
        """Return a figure as a column."""
        return _array(self.of(name))


def _array(values: Numbers) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def participant_days(source: Source, table: pa.Table) -> Computed:
    """Return what a day has beyond its state. Raises ExportRefusedError for a metric that is not known, or of no day."""
    study = Study(source)
    figures = _figures(source, table)
    found = Calendar(study).of(table["participant"], table["day"])
    is_valid = figures.of("valid_day")
    is_baseline = _is_baseline(table, found)
    columns = {each.name: figures.column(each.name) for each in metric_variables()}
    columns |= {name: figures.column(name) for name in OTHER_NAMES}
    for name, rule in BASELINES.items():
        columns |= _own(name, figures, rule, is_baseline, table)
    sets = _sets(study, table)
    return {
        **columns,
        **found,
        **sets,
        "valid_day": pa.array(is_valid == 1, pa.bool_(), mask=np.isnan(is_valid)),
        "is_baseline": pa.array(is_baseline),
        "missing_reason": _missing(source, table),
    }


def _figures(source: Source, table: pa.Table) -> _Figures:
    metrics = source.table("daily_metric")
    names = {each.name: place for place, each in enumerate(metric_variables())}
    which = pc.index_in(metrics["metric"], value_set=pa.array(list(names)))
    key = pc.binary_join_element_wise(
        metrics["participant"], pc.cast(metrics["day"], pa.string()), "/"
    )
    days = pc.binary_join_element_wise(
        table["participant"], pc.cast(table["day"], pa.string()), "/"
    )
    row = pc.index_in(key, value_set=days.combine_chunks())
    for places, what in (
        (which, "is no metric that is known"),
        (row, "is of no day that is known"),
    ):
        if places.null_count:
            lost = metrics["id"].filter(pc.is_null(places))[0].as_py()
            raise ExportRefusedError(f"the daily metric {lost} {what}")
    values = np.full((table.num_rows, len(names)), np.nan)
    values[row.to_numpy(), which.to_numpy()] = metrics["value"].to_numpy()
    return _Figures(names, values)


def _is_baseline(table: pa.Table, found: Computed) -> Any:
    """Return which days the own baseline is of: the run-in; of people without one, all before the first dose."""
    people = table["participant"].to_numpy()
    terms = pc.fill_null(found["epoch_term"], "").to_numpy(zero_copy_only=False)
    in_run_in = terms == RUN_IN
    study_day = pc.fill_null(found["study_day"], 1).to_numpy()
    with_run_in = np.isin(people, np.unique(people[in_run_in]))
    return np.where(with_run_in, in_run_in, study_day < 0)


def _own(
    name: str, figures: _Figures, rule: str, is_baseline: Any, table: pa.Table
) -> dict[str, pa.Array]:
    """Return the own baseline of a figure, the days that it is of, and the change from it on days that count."""
    values = figures.of(name).copy()
    if rule:
        values[figures.of(rule) == 0] = np.nan
    people = table["participant"].combine_chunks().dictionary_encode()
    codes = people.indices.to_numpy()
    medians = np.full(max(len(people.dictionary), 1), np.nan)
    counts = np.zeros(len(medians), dtype=np.int64)
    for code in range(len(people.dictionary)):
        own = values[(codes == code) & is_baseline]
        own = own[~np.isnan(own)]
        counts[code] = len(own)
        if len(own):
            medians[code] = np.median(own)
    baseline = medians[codes]
    return {
        f"{name}_baseline": _array(baseline),
        f"{name}_baseline_days": pa.array(counts[codes]),
        f"{name}_change": _array(values - baseline),
    }


def _sets(study: Study, table: pa.Table) -> dict[str, pa.Array]:
    people = table["participant"].combine_chunks().dictionary_encode()
    names = people.dictionary.to_pylist()
    enrolled = pa.array([study.consented(each) is not None for each in names], pa.bool_())
    dosed = pa.array([study.first_dose(each) is not None for each in names], pa.bool_())
    return {"in_enr": enrolled.take(people.indices), "in_saf": dosed.take(people.indices)}


def _missing(source: Source, table: pa.Table) -> pa.Array:
    """Return the cause of a day without data, of those that have only one."""
    causes: dict[tuple[str, object], set[str]] = {}
    for row in source.rows("gap"):
        causes.setdefault((row["participant"], row["day"]), set()).add(row["cause"])
    found = []
    for row in table.select(["participant", "day", "status"]).to_pylist():
        told = causes.get((row["participant"], row["day"]), set())
        found.append(next(iter(told)) if row["status"] == "none" and len(told) == 1 else None)
    return pa.array(found, pa.string())
