"""A value against what its person or its source's own total allow."""

import pandas as pd

from hometrial_validation.expectations.row import (
    Bound,
    Columns,
    Limit,
    RowExpectation,
    RowMetric,
    between,
)


class _Usual(RowMetric):
    metric_name = "hometrial.usual_for_person"

    @staticmethod
    def holds(rows: Columns) -> pd.Series:
        return between(rows["value"], rows["usual_low"], rows["usual_high"])


class ExpectValueUsualForPerson(RowExpectation):
    """Expect the value inside the person's own band, where there is one."""

    metric_dependencies = ("hometrial.usual_for_person",)


class _SumAgainstTotal(RowMetric):
    metric_name = "hometrial.day_sum"
    value_keys = ("low_share", "high_share")

    @staticmethod
    def holds(rows: Columns, *, low_share: Bound | None, high_share: Bound | None) -> pd.Series:
        low = float("-inf") if low_share is None else rows["day_total"] * low_share
        high = float("inf") if high_share is None else rows["day_total"] * high_share
        return between(rows["day_sum"], low, high)


class ExpectDaySumNearTotal(RowExpectation):
    """Expect a day's sum from `low_share` to `high_share` of the source's own total; None: no limit."""

    metric_dependencies = ("hometrial.day_sum",)
    success_keys = ("low_share", "high_share")
    low_share: Limit = None
    high_share: Limit = None


class _SumAgainstSummary(RowMetric):
    metric_name = "hometrial.stages_add_up"

    @staticmethod
    def holds(rows: Columns) -> pd.Series:
        away = (rows["stage_minutes"] - rows["minutes_in_bed"]).abs()
        return between(away, 0.0, rows["summary_tolerance"])


class ExpectStagesToAddUp(RowExpectation):
    """Expect the stages of a session to add up to its minutes in bed, within the source's tolerance."""

    metric_dependencies = ("hometrial.stages_add_up",)
