"""The form that all our expectations share: a vectorised question about each row that has an instant."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from hometrial_validation.frame import placed
from hometrial_validation.gx import (
    MulticolumnMapExpectation,
    MulticolumnMapMetricProvider,
    PandasExecutionEngine,
    multicolumn_condition_partial,
)


class RowMetric(MulticolumnMapMetricProvider):
    """A metric that `holds` for good rows; rows without an instant are left to the rules on placement.

    A concrete metric names itself (`condition_metric_name`), its limits (`condition_value_keys`) and
    defines `holds`, which gets the expectation's columns and the limits.
    """

    of_unplaced_rows: ClassVar[bool] = False
    holds: ClassVar[Callable[..., pd.Series]]

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, rows: pd.DataFrame, **given: Any) -> pd.Series:  # noqa: N805
        limits = {key: given[key] for key in cls.condition_value_keys}
        good = cls.holds(rows, **limits)
        return good if cls.of_unplaced_rows else good | ~placed(rows)


class RowExpectation(MulticolumnMapExpectation):
    """An expectation about each row by several of its columns; no row is left out for a null."""

    ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "never"

    def _get_domain_kwargs(self) -> dict[str, Any]:
        return self._given(self.domain_keys)

    def _get_success_kwargs(self) -> dict[str, Any]:
        return self._given((*self.success_keys, *self.domain_keys))

    def _given(self, keys: tuple[str, ...]) -> dict[str, Any]:
        # GX makes the whole configuration anew for every single key: a third of the gate's time.
        given = self.configuration.kwargs
        return {key: given.get(key, self._get_default_value(key)) for key in keys}


def between(values: pd.Series, low: float | pd.Series, high: float | pd.Series) -> pd.Series:
    """Return which values are from `low` to `high`, both included; a null value or limit holds."""
    below: pd.Series = values < low
    return ~(below | (values > high))


def whole(values: pd.Series) -> pd.Series:
    """Return which values have no fraction; a null holds."""
    good: pd.Series = values.isna() | (values == np.floor(values))
    return good
