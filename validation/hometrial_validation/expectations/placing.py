"""Whether the row's wall clock is an instant at all."""

import pandas as pd

from hometrial_validation.expectations.row import Columns, RowExpectation, RowMetric


class _NotPlacement(RowMetric):
    metric_name = "hometrial.placement_is_not"
    value_keys = ("placement",)
    of_unplaced_rows = True

    @staticmethod
    def holds(rows: Columns, *, placement: str) -> pd.Series:
        good: pd.Series = rows["placement"] != placement
        return good


class ExpectPlacementToNotBe(RowExpectation):
    """Expect no row to be `placement` ('in_gap' or 'ambiguous')."""

    metric_dependencies = ("hometrial.placement_is_not",)
    success_keys = ("placement",)
    placement: str
