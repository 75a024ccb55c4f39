"""Frames of a few rows, written as what is special about them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, columns_of

NOON = 1_700_049_600_000_000  # 2023-11-15 12:00 UTC
SECOND = 1_000_000
_CATEGORIES = ("participant", "code", "source", "placement")
_DEFAULTS = {
    "participant": "P-001",
    "offset": 0,
    "duration": 0,
    "value": 60.0,
    "code": None,
    "session": None,
    "source": "fitbit/watch",
    "placement": "placed",
    "end_at": np.nan,
    "minutes_in_bed": np.nan,
    "in_progress": False,
    "overlay": False,
    "confidence": np.nan,
}

Make = Callable[..., pd.DataFrame]


def frame_of(signal: Signal, **columns: object) -> pd.DataFrame:
    """Make a frame; `seconds` after noon give the instants, and columns left out have a usual value."""
    seconds = np.asarray(columns.pop("seconds", [0]), dtype=np.float64)
    at = NOON + (seconds * SECOND).astype(np.int64)
    given = {"row_id": np.arange(len(at)) + 100, "at": at, "local": at, **_DEFAULTS, **columns}
    extra = [name for name in columns if name in ("zone", "device")]
    frame = pd.DataFrame({name: given[name] for name in [*columns_of(signal), *extra]})
    frame = frame.astype({"offset": np.int32, "duration": np.int64, "value": np.float64})
    return frame.astype(dict.fromkeys([*_CATEGORIES, *extra], "category"))


@pytest.fixture
def make() -> Make:
    return frame_of


@pytest.fixture
def noon() -> int:
    return NOON


@pytest.fixture
def context() -> Context:
    return Context(now=NOON + 30 * 86_400 * SECOND)
