"""The fate of each source row of a segment: accepted, duplicate, set aside or unreadable."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hometrial.services import comparing, gating, storing
from hometrial.services.gating import Failure
from hometrial_ingest.frame import Segment
from hometrial_ingest.signals import SIGNALS, Signal

DUPLICATE, ACCEPTED, QUARANTINED, UNREADABLE = range(4)
"""What became of a source row. A row of several samples has the gravest fate of them."""


@dataclass(frozen=True)
class Judgement:
    """What the gate and the stored samples say of a frame: failures by row_id, and each sample's fate."""

    failures: dict[int, Failure]
    fate: npt.NDArray[np.int8]
    before: storing.Stored


@dataclass(frozen=True)
class HeldFrame:
    """A frame between judgement and storing. `failures` names the rows to set aside, by row_id."""

    signal: Signal
    samples: pd.DataFrame
    judgement: Judgement
    failures: dict[int, Failure]

    def failing(self) -> npt.NDArray[np.bool_]:
        """Return which samples are to be set aside."""
        failing = np.zeros(len(self.samples), bool)
        failing[list(self.failures)] = True
        return failing

    def row_fates(self) -> npt.NDArray[np.int64]:
        """Return what each sample makes of its source row."""
        stored = self.judgement.fate == comparing.DUPLICATE
        return np.where(self.failing(), QUARANTINED, np.where(stored, DUPLICATE, ACCEPTED))

    def failures_by_row(self) -> dict[int, Failure]:
        """Return the first failure of each source row."""
        rows = self.samples["row"].to_numpy()
        return {int(rows[i]): self.failures[i] for i in sorted(self.failures, reverse=True)}


class RowFates:
    """The frames of a segment with what is known of their samples, until each source row has its fate."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.frames: list[HeldFrame] = []

    def hold(self, signal: Signal, samples: pd.DataFrame, judgement: Judgement) -> None:
        """Note a frame. A sample that is stored already is no failure, whatever the rule says now."""
        failures = {
            row_id: failure
            for row_id, failure in judgement.failures.items()
            if judgement.fate[row_id] != comparing.DUPLICATE
        }
        for row_id in np.flatnonzero(judgement.fate == comparing.CONFLICT).tolist():
            failures[row_id] = _contradiction(samples.iloc[row_id], signal)
        self.frames.append(HeldFrame(signal, samples, judgement, failures))

    def spread_over_nights(self) -> None:
        """A night is one record: if a part of its source row fails, all of that row is set aside."""
        nights = [held for held in self.frames if SIGNALS[held.signal].shape in comparing.SLEEP]
        why: dict[int, Failure] = {}
        for held in reversed(nights):
            why |= held.failures_by_row()
        for held in nights if why else []:
            stored = held.judgement.fate == comparing.DUPLICATE
            rows = held.samples["row"].to_numpy()
            for i in np.flatnonzero(np.isin(rows, list(why)) & ~stored).tolist():
                held.failures.setdefault(i, why[int(rows[i])])

    def rules(self) -> Counter[str]:
        """Return how many source rows are set aside by each rule; a row counts for the first it fails."""
        first: dict[int, Failure] = {}
        for held in reversed(self.frames):
            first |= held.failures_by_row()
        return Counter(failure.rule for failure in first.values())

    def counts(self) -> list[int]:
        """Return how many source rows had each fate. Raises AssertionError if a row has none."""
        unreadable = np.array([each.row for each in self.segment.unreadable], np.int64)
        rows = np.concatenate(
            [unreadable, *(held.samples["row"].to_numpy() for held in self.frames)]
        )
        fates = np.concatenate(
            [np.full(len(unreadable), UNREADABLE), *(held.row_fates() for held in self.frames)]
        )
        distinct, inverse = np.unique(rows, return_inverse=True)
        if len(distinct) != self.segment.rows:
            raise AssertionError(
                f"a reader counted {self.segment.rows} rows and told of {len(distinct)}"
            )
        worst = np.zeros(len(distinct), np.int64)
        np.maximum.at(worst, inverse, fates)
        return [int(count) for count in np.bincount(worst, minlength=4)]


def _contradiction(sample: pd.Series, signal: Signal) -> Failure:
    spec = SIGNALS[signal]
    moment = np.datetime64(int(sample["local"]), "us").astype("datetime64[s]").item()
    return Failure(
        gating.CONFLICT_RULE,
        f"{spec.label} {sample['value']:g} {spec.unit} at {moment} (local) contradicts another value of "
        f"the same source for the same moment in the same file; the first is kept; confirm this one as "
        f"an error, or release it with a reason to take the first one's place",
        "ingest",
        1,
    )
