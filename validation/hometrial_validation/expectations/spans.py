"""A row's time against that of the row before, of its session and of its own end. Times are in µs."""

import pandas as pd

from hometrial_validation.expectations.row import (
    Bound,
    Columns,
    Limit,
    RowExpectation,
    RowMetric,
    between,
)
from hometrial_validation.frame import SECOND


class _NoOverlap(RowMetric):
    metric_name = "hometrial.no_overlap"
    value_keys = ("end", "seconds")

    @staticmethod
    def holds(rows: Columns, *, end: str, seconds: Bound) -> pd.Series:
        return between(rows[end] - rows["at"], float("-inf"), seconds * SECOND)


class ExpectNoOverlap(RowExpectation):
    """Expect a row to begin at most `seconds` before the moment in the column `end`."""

    metric_dependencies = ("hometrial.no_overlap",)
    success_keys = ("end", "seconds")
    end: str
    seconds: Limit


class _NoGap(RowMetric):
    metric_name = "hometrial.no_gap"
    value_keys = ("seconds",)

    @staticmethod
    def holds(rows: Columns, *, seconds: Bound) -> pd.Series:
        return between(rows["at"] - rows["previous_end"], float("-inf"), seconds * SECOND)


class ExpectNoGap(RowExpectation):
    """Expect a row to begin at most `seconds` after what began earlier has ended."""

    metric_dependencies = ("hometrial.no_gap",)
    success_keys = ("seconds",)
    seconds: Limit


class _InsideSession(RowMetric):
    metric_name = "hometrial.inside_session"
    value_keys = ("seconds",)

    @staticmethod
    def holds(rows: Columns, *, seconds: Bound) -> pd.Series:
        margin = seconds * SECOND
        end = rows["at"] + rows["duration"] * SECOND
        begins = between(rows["at"], rows["session_start"] - margin, float("inf"))
        return begins & between(end, float("-inf"), rows["session_end"] + margin)


class ExpectStageInsideSession(RowExpectation):
    """Expect a stage to begin and end inside its session, give or take `seconds`."""

    metric_dependencies = ("hometrial.inside_session",)
    success_keys = ("seconds",)
    seconds: Limit


class _EndsAfterStart(RowMetric):
    metric_name = "hometrial.ends_after_start"

    @staticmethod
    def holds(rows: Columns) -> pd.Series:
        end = rows["end_at"].astype("float64")
        return rows["in_progress"].astype(bool) | end.isna() | (end > rows["at"])


class ExpectSessionToEndAfterStart(RowExpectation):
    """Expect a session that is over and has an end to end after it began."""

    metric_dependencies = ("hometrial.ends_after_start",)


class _EndAgrees(RowMetric):
    metric_name = "hometrial.end_agrees"
    value_keys = ("seconds",)

    @staticmethod
    def holds(rows: Columns, *, seconds: Bound) -> pd.Series:
        end = rows["end_at"].astype("float64")
        away = (end - rows["at"] - rows["duration"] * SECOND).abs()
        return rows["in_progress"].astype(bool) | between(away, 0.0, seconds * SECOND)


class ExpectEndToAgreeWithDuration(RowExpectation):
    """Expect start plus duration to be the end that the source gives, give or take `seconds`."""

    metric_dependencies = ("hometrial.end_agrees",)
    success_keys = ("seconds",)
    seconds: Limit


class _Lasting(RowMetric):
    metric_name = "hometrial.lasting"

    @staticmethod
    def holds(rows: Columns) -> pd.Series:
        lasts: pd.Series = rows["duration"] > 0
        return lasts | rows["in_progress"].astype(bool) if "in_progress" in rows else lasts


class ExpectRowToLast(RowExpectation):
    """Expect a duration above 0, except of a session that is still running."""

    metric_dependencies = ("hometrial.lasting",)
