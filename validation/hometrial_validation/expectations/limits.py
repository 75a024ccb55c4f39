"""One column against fixed limits."""

from typing import Any

import pandas as pd

from hometrial_validation.expectations.row import (
    Bound,
    Columns,
    Limit,
    RowExpectation,
    RowMetric,
    between,
    whole,
)


class _Between(RowMetric):
    metric_name = "hometrial.between"
    value_keys = ("measure", "low", "high")

    @staticmethod
    def holds(rows: Columns, *, measure: str, low: Bound | None, high: Bound | None) -> pd.Series:
        lowest = float("-inf") if low is None else low
        highest = float("inf") if high is None else high
        return between(rows[measure], lowest, highest)


class ExpectMeasureToBeBetween(RowExpectation):
    """Expect the column `measure` to be from `low` to `high` where it is not null; None: no limit."""

    metric_dependencies = ("hometrial.between",)
    success_keys = ("measure", "low", "high")
    measure: str
    low: Limit = None
    high: Limit = None


class _Known(RowMetric):
    metric_name = "hometrial.known"
    value_keys = ("measure",)

    @staticmethod
    def holds(rows: Columns, *, measure: str) -> pd.Series:
        return rows[measure].notna()


class ExpectMeasureToBeKnown(RowExpectation):
    """Expect the column `measure` not to be null."""

    metric_dependencies = ("hometrial.known",)
    success_keys = ("measure",)
    measure: str


class _Whole(RowMetric):
    metric_name = "hometrial.whole"

    @staticmethod
    def holds(rows: Columns) -> pd.Series:
        return whole(rows["value"])


class ExpectWholeValue(RowExpectation):
    """Expect the value to have no fraction."""

    metric_dependencies = ("hometrial.whole",)


class _InSet(RowMetric):
    metric_name = "hometrial.code_in_set"
    value_keys = ("codes",)

    @staticmethod
    def holds(rows: Columns, *, codes: list[str]) -> pd.Series:
        return rows["code"].isin(codes)


class ExpectCodeToBeInSet(RowExpectation):
    """Expect the code to be one of `codes`; a null is none of them."""

    metric_dependencies = ("hometrial.code_in_set",)
    success_keys = ("codes",)
    codes: list[Any]


class _NotMarked(RowMetric):
    metric_name = "hometrial.not_marked"
    value_keys = ("mark",)

    @staticmethod
    def holds(rows: Columns, *, mark: str) -> pd.Series:
        return ~rows[mark]


class ExpectRowNotToBeMarked(RowExpectation):
    """Expect the column `mark`, of true and false, to be false."""

    metric_dependencies = ("hometrial.not_marked",)
    success_keys = ("mark",)
    mark: str
