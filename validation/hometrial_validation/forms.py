"""What the gate is given of answered forms: a frame with a row for each item that has an answer, or a reason for none."""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import pandas as pd

from hometrial_validation.frame import PLACED, require
from hometrial_validation.verdict import GateError


class FormKind(StrEnum):
    """What a frame of answers tells of, as a signal's name does of a frame of samples."""

    QUESTIONNAIRE = "questionnaire"


COLUMNS: Mapping[str, str] = {
    "row_id": "int64, unique: names the row in the verdict",
    "form": "category: the submission that the row is of",
    "item": "category: id of the item",
    "is_known": "bool: the instrument has such an item",
    "is_possible": "bool: the item's type can hold the answer; true of a blank",
    "value": "float64: the answer as a number; null if it is blank or words",
    "low": "float64: the least that the item asks for; null if it has no range",
    "high": "float64: the most",
    "on_scale": "bool: answered by a choice or on a scale, so that a form can be answered all alike",
    "seconds": "float64: spent on the screen; null if nobody counted",
    "at": "int64: instant of the answer by our clock, microseconds since 1970 UTC",
    "opens_at": "int64: instant at which the form opened",
    "closes_at": "int64: instant at which it closed",
    "skew": "float64: seconds by which the device's clock was ahead; 0 where ours was used",
    "repeats": "bool: the whole form is answered as on the occasion before, item by item",
    "placement": "category: placed",
}
"""Columns of every frame of answers."""


def checked(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with `row_id` as its (unnamed) index and as a column. Raises GateError."""
    require(frame, COLUMNS, "a frame of answers")
    if not frame["row_id"].is_unique:
        raise GateError("row_id repeats in a frame of answers; give every row an id of its own")
    for name in ("row_id", "at", "opens_at", "closes_at"):
        if not isinstance(frame[name].dtype, np.dtype) or frame[name].dtype.kind != "i":
            raise GateError(f"column {name} is {frame[name].dtype}; make it whole numbers")
    for name in ("is_known", "is_possible", "on_scale", "repeats"):
        if frame[name].dtype != np.dtype(bool):
            raise GateError(f"column {name} is {frame[name].dtype}; make it true and false")
    if not (frame["placement"] == PLACED).all():
        raise GateError(f"an answer without an instant; every row is {PLACED}")
    return frame.set_axis(pd.Index(frame["row_id"].to_numpy(), name=None))
