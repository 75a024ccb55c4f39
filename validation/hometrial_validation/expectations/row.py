"""The form that all our expectations share: a vectorised question about each row that has an instant."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from hometrial_validation.gx import (
    BatchExpectation,
    ExecutionEngine,
    MetricConfiguration,
    MetricProvider,
    PandasExecutionEngine,
    ValidationDependencies,
    metric_value,
    parse_result_format,
)
from hometrial_validation.joining import HAS_INSTANT, SIGNAL

Columns = Mapping[str, pd.Series]
"""The columns that a rule names."""

Bound = float | pd.Series
"""A limit as a metric gets it: the same for all rows, or one a row; null: no limit."""

Limit = float | dict[str, float | None] | None
"""A limit as an expectation has it: the same for all rows, or one by signal; None: no limit."""


class Failing(NamedTuple):
    """What a metric says: of how many rows it was asked, and the places (ascending) of those that fail."""

    asked: int
    places: list[int]


class RowMetric(MetricProvider):
    """A metric that finds the rows that do not `hold`; those without an instant are left to other rules.

    A concrete metric names itself (`metric_name`) and its limits (`value_keys`) and defines `holds`,
    which gets the expectation's columns and the limits: those that differ by signal row for row.
    """

    domain_keys = ("batch_id", "column_list", "signals")
    of_unplaced_rows: ClassVar[bool] = False
    holds: ClassVar[Callable[..., pd.Series]]

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(  # GX calls it with keywords, and with more than is needed here
        cls,  # noqa: N805
        execution_engine: ExecutionEngine[Any],
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_given: Any,
    ) -> Failing:
        batch = {"batch_id": metric_domain_kwargs["batch_id"]}
        rows = execution_engine.get_domain_records(batch)
        columns = {name: rows[name] for name in metric_domain_kwargs["column_list"]}
        limits = {key: _by_row(metric_value_kwargs[key], rows) for key in cls.value_keys}
        bad = ~cls.holds(columns, **limits).to_numpy(dtype=bool)
        if not cls.of_unplaced_rows:
            bad &= rows[HAS_INSTANT].to_numpy()
        if metric_domain_kwargs["signals"] is not None:
            bad &= rows[SIGNAL].isin(metric_domain_kwargs["signals"]).to_numpy()
        return Failing(len(rows), np.flatnonzero(bad).tolist())


def _by_row(limit: Any, rows: pd.DataFrame) -> Any:
    if not isinstance(limit, dict):
        return limit
    signal = rows[SIGNAL].cat
    known = np.array([limit.get(str(name)) for name in signal.categories], dtype=np.float64)
    return pd.Series(known[signal.codes.to_numpy()], rows.index)


class RowExpectation(BatchExpectation):
    """An expectation about each row by several of its columns; no row is left out for a null.

    It is about the rows of `signals`, or about all if that is None.
    """

    domain_keys = ("batch_id", "column_list", "signals")
    column_list: list[str]
    signals: list[str] | None = None

    def get_validation_dependencies(
        self,
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002
        runtime_configuration: dict[str, Any] | None = None,
    ) -> ValidationDependencies:
        """Return the one metric that this expectation needs, by its own fields.

        GX would make and check the whole configuration anew for every key of every metric.
        """
        (name,) = self.metric_dependencies
        domain = {key: getattr(self, key) for key in self.domain_keys}
        limits = {key: getattr(self, key) for key in self.success_keys}
        asked = (runtime_configuration or {}).get("result_format", self.result_format)
        return ValidationDependencies(
            {name: MetricConfiguration(name, domain, limits)}, parse_result_format(asked)
        )

    def _validate(
        self,
        metrics: dict[str, Failing],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        asked, places = metrics[self.metric_dependencies[0]]
        percent = len(places) / asked * 100 if asked else None
        result = {
            "element_count": asked,
            "unexpected_count": len(places),
            "unexpected_percent": percent,
            "unexpected_percent_total": percent,
            "unexpected_index_list": places,
        }
        return {"success": not places, "result": result}


def between(values: pd.Series, low: float | pd.Series, high: float | pd.Series) -> pd.Series:
    """Return which values are from `low` to `high`, both included; a null value or limit holds."""
    below: pd.Series = values < low
    return ~(below | (values > high))


def whole(values: pd.Series) -> pd.Series:
    """Return which values have no fraction; a null holds."""
    good: pd.Series = values.isna() | (values == np.floor(values))
    return good
