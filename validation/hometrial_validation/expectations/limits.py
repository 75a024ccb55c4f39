"""One column against fixed limits."""

from typing import Any

import pandas as pd

from hometrial_validation.expectations.row import RowExpectation, RowMetric, between, whole


class _Between(RowMetric):
    condition_metric_name = "hometrial.between"
    condition_value_keys = ("measure", "low", "high")

    @staticmethod
    def holds(
        rows: pd.DataFrame, *, measure: str, low: float | None, high: float | None
    ) -> pd.Series:
        lowest = float("-inf") if low is None else low
        highest = float("inf") if high is None else high
        return between(rows[measure], lowest, highest)


class ExpectMeasureToBeBetween(RowExpectation):
    """Expect the column `measure` to be from `low` to `high` where it is not null; None: no limit."""

    map_metric = "hometrial.between"
    success_keys = ("mostly", "measure", "low", "high")
    measure: str
    low: float | None = None
    high: float | None = None


class _Known(RowMetric):
    condition_metric_name = "hometrial.known"
    condition_value_keys = ("measure",)

    @staticmethod
    def holds(rows: pd.DataFrame, *, measure: str) -> pd.Series:
        return rows[measure].notna()


class ExpectMeasureToBeKnown(RowExpectation):
    """Expect the column `measure` not to be null."""

    map_metric = "hometrial.known"
    success_keys = ("mostly", "measure")
    measure: str


class _Whole(RowMetric):
    condition_metric_name = "hometrial.whole"

    @staticmethod
    def holds(rows: pd.DataFrame) -> pd.Series:
        return whole(rows["value"])


class ExpectWholeValue(RowExpectation):
    """Expect the value to have no fraction."""

    map_metric = "hometrial.whole"


class _InSet(RowMetric):
    condition_metric_name = "hometrial.code_in_set"
    condition_value_keys = ("codes",)

    @staticmethod
    def holds(rows: pd.DataFrame, *, codes: list[str]) -> pd.Series:
        return rows["code"].isin(codes)


class ExpectCodeToBeInSet(RowExpectation):
    """Expect the code to be one of `codes`; a null is none of them."""

    map_metric = "hometrial.code_in_set"
    success_keys = ("mostly", "codes")
    codes: list[Any]


class _NotMarked(RowMetric):
    condition_metric_name = "hometrial.not_marked"
    condition_value_keys = ("mark",)

    @staticmethod
    def holds(rows: pd.DataFrame, *, mark: str) -> pd.Series:
        return ~rows[mark]


class ExpectRowNotToBeMarked(RowExpectation):
    """Expect the column `mark`, of true and false, to be false."""

    map_metric = "hometrial.not_marked"
    success_keys = ("mostly", "mark")
    mark: str
