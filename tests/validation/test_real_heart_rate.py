"""Heart rate as watches recorded it passes the gate without a single error."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hometrial_ingest.signals import Signal
from hometrial_validation.gate import check

DATA = Path(__file__).resolve().parents[2] / "../shared/data/fitabase"
FILES = sorted(DATA.glob("*/heartrate_seconds_merged.csv.gz")) if DATA.exists() else []

# Ten rows in the form of such a file: Id,Time,Value
INVENTED = [(1001, f"4/12/2016 7:2{minute}:05 AM", 60 + minute) for minute in range(10)]


def as_frame(people, times, values) -> pd.DataFrame:
    local = pd.to_datetime(times, format="%m/%d/%Y %I:%M:%S %p").astype("int64").to_numpy()
    local = local // (1000 if local.max() > 10**17 else 1)
    frame = pd.DataFrame(
        {
            "row_id": np.arange(len(local)),
            "participant": people,
            "at": local,
            "local": local,
            "offset": np.int32(0),
            "duration": np.int64(0),
            "value": np.asarray(values, dtype=float),
            "code": None,
            "session": None,
            "source": "fitabase",
            "placement": "placed",
            "confidence": np.nan,
        }
    )
    return frame.astype(dict.fromkeys(("participant", "code", "source", "placement"), "category"))


@pytest.mark.parametrize(
    "file", [None, *FILES], ids=lambda file: file.parent.name if file else "invented"
)
def test_heart_rate_of_fitabase_files_has_no_errors(file, context):
    told = pd.read_csv(file) if file else pd.DataFrame(INVENTED, columns=["Id", "Time", "Value"])
    frame = as_frame(told["Id"].astype(str), told["Time"], told["Value"])
    verdict = check(frame, Signal.HEART_RATE, context)
    assert verdict.success
    assert verdict.evaluated == len(told)
    assert {found.rule for found in verdict.flags()} <= {
        "not_a_filler_value",
        "value_is_not_stuck",
        "no_long_gap",
        "day_is_covered",
    }
