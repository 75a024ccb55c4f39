"""A value against what its person or its source's own total allow."""

import pandas as pd

from hometrial_validation.expectations.row import RowExpectation, RowMetric, between


class _Usual(RowMetric):
    condition_metric_name = "hometrial.usual_for_person"

    @staticmethod
    def holds(rows: pd.DataFrame) -> pd.Series:
        return between(rows["value"], rows["usual_low"], rows["usual_high"])


class ExpectValueUsualForPerson(RowExpectation):
    """Expect the value inside the person's own band, where there is one."""

    map_metric = "hometrial.usual_for_person"


class _SumAgainstTotal(RowMetric):
    condition_metric_name = "hometrial.day_sum"
    condition_value_keys = ("low_share", "high_share")

    @staticmethod
    def holds(
        rows: pd.DataFrame, *, low_share: float | None, high_share: float | None
    ) -> pd.Series:
        low = float("-inf") if low_share is None else rows["day_total"] * low_share
        high = float("inf") if high_share is None else rows["day_total"] * high_share
        return between(rows["day_sum"], low, high)


class ExpectDaySumNearTotal(RowExpectation):
    """Expect a day's sum from `low_share` to `high_share` of the source's own total; None: no limit."""

    map_metric = "hometrial.day_sum"
    success_keys = ("mostly", "low_share", "high_share")
    low_share: float | None = None
    high_share: float | None = None


class _SumAgainstSummary(RowMetric):
    condition_metric_name = "hometrial.stages_add_up"

    @staticmethod
    def holds(rows: pd.DataFrame) -> pd.Series:
        away = (rows["stage_minutes"] - rows["minutes_in_bed"]).abs()
        return between(away, 0.0, rows["summary_tolerance"])


class ExpectStagesToAddUp(RowExpectation):
    """Expect the stages of a session to add up to its minutes in bed, within the source's tolerance."""

    map_metric = "hometrial.stages_add_up"
