"""Whether the row's wall clock is an instant at all."""

import pandas as pd

from hometrial_validation.expectations.row import RowExpectation, RowMetric


class _NotPlacement(RowMetric):
    condition_metric_name = "hometrial.placement_is_not"
    condition_value_keys = ("placement",)
    of_unplaced_rows = True

    @staticmethod
    def holds(rows: pd.DataFrame, *, placement: str) -> pd.Series:
        good: pd.Series = rows["placement"] != placement
        return good


class ExpectPlacementToNotBe(RowExpectation):
    """Expect no row to be `placement` ('in_gap' or 'ambiguous')."""

    map_metric = "hometrial.placement_is_not"
    success_keys = ("mostly", "placement")
    placement: str
