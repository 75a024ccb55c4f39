"""The fate of each source row of a segment: accepted, duplicate, set aside or unreadable."""

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


class RowFates:
    """The frames of a segment with what is known of their samples, until each source row has its fate."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.frames: list[tuple[Signal, pd.DataFrame, list[Failure | None], Judgement]] = []

    def hold(self, signal: Signal, samples: pd.DataFrame, judgement: Judgement) -> None:
        """Note a frame. A sample that is stored already is no failure, whatever the rule says now."""
        failures: list[Failure | None] = [None] * len(samples)
        for row_id, failure in judgement.failures.items():
            if judgement.fate[row_id] != comparing.DUPLICATE:
                failures[row_id] = failure
        for row_id in np.flatnonzero(judgement.fate == comparing.CONFLICT).tolist():
            failures[row_id] = _contradiction(samples.iloc[row_id], signal)
        self.frames.append((signal, samples, failures, judgement))

    def spread_over_nights(self) -> None:
        """A night is one record: if a part of its source row fails, all of that row is set aside."""
        nights = [held for held in self.frames if SIGNALS[held[0]].shape in comparing.SLEEP]
        why: dict[int, Failure] = {}
        for _, samples, failures, _ in nights:
            for row, failure in zip(samples["row"], failures, strict=True):
                if failure is not None:
                    why.setdefault(int(row), failure)
        for _, samples, failures, judgement in nights if why else []:
            for i, row in enumerate(samples["row"]):
                if failures[i] is None and judgement.fate[i] != comparing.DUPLICATE:
                    failures[i] = why.get(int(row))

    def counts(self) -> list[int]:
        """Return how many source rows had each fate. Raises AssertionError if a row has none."""
        rows = np.concatenate(
            [np.array([each.row for each in self.segment.unreadable], np.int64)]
            + [samples["row"].to_numpy() for _, samples, _, _ in self.frames]
        )
        fates = np.concatenate(
            [np.full(len(self.segment.unreadable), UNREADABLE)]
            + [_of_samples(failures, judgement) for _, _, failures, judgement in self.frames]
        )
        distinct, inverse = np.unique(rows, return_inverse=True)
        if len(distinct) != self.segment.rows:
            raise AssertionError(
                f"a reader counted {self.segment.rows} rows and told of {len(distinct)}"
            )
        worst = np.zeros(len(distinct), np.int64)
        np.maximum.at(worst, inverse, fates)
        return [int(count) for count in np.bincount(worst, minlength=4)]


def _of_samples(failures: list[Failure | None], judgement: Judgement) -> npt.NDArray[np.int64]:
    fates = np.where(judgement.fate == comparing.DUPLICATE, DUPLICATE, ACCEPTED)
    return np.where([failure is not None for failure in failures], QUARANTINED, fates)


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
