"""Source rows of merged reads: numbered, told anew by later pages, of days on which anything is new, and their fate."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hometrial.services import comparing
from hometrial.services.comparing import Bools
from hometrial.services.fates import HeldFrame
from hometrial_ingest.signals import Signal

KEY = ["row", "read"]
"""What tells a source row from all others: its number over all reads, and its read."""


def fresh(frame: pd.DataFrame) -> pd.DataFrame:
    """Number the rows anew: a row_id is a place."""
    frame = frame.reset_index(drop=True)
    return frame.assign(row_id=np.arange(len(frame), dtype=np.int64))


def of_changed_days(samples: pd.DataFrame, fate: comparing.Fates, old: Bools) -> pd.DataFrame:
    """Return the samples of days on which anything is new, those that later pages tell anew left out."""
    changed = comparing.groups_of(samples[fate != comparing.DUPLICATE])
    current = samples[~old] if old.any() else samples
    if len(changed) == len(comparing.groups_of(samples)):
        return current
    return comparing.only(current, changed)


def superseded(sessions: pd.DataFrame) -> np.ndarray:
    """Return the source rows of nights that a later page of the same read tells anew."""
    repeated, contradicting = comparing.within(sessions, Signal.SLEEP_SESSION)
    old: Bools = repeated | contradicting
    return sessions.loc[old, "row"].to_numpy()


def fates(frames: Sequence[HeldFrame]) -> pd.DataFrame:
    """Return the gravest fate of each source row: columns read, row, fate."""
    tables = [
        pd.DataFrame(
            {"read": held.samples["read"], "row": held.samples["row"], "fate": held.row_fates()}
        )
        for held in frames
    ]
    if not tables:
        return pd.DataFrame({"read": [], "row": [], "fate": []}, dtype=np.int64)
    together = pd.concat(tables, ignore_index=True)
    if together["row"].is_unique:
        return together
    gravest: pd.DataFrame = together.groupby(KEY, as_index=False).max()
    return gravest
