"""Which of several devices is believed where they speak of the same time (features.md C9).

The order is fixed and visible, and never depends on the values: whoever reads a figure can say which
device it came from.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from hometrial.services.metrics.spans import NOTHING, Bools, spans, touches, union
from hometrial_ingest.local_time import SECOND, Int64

PRIORITY = ("watch", "tracker", "ring", "phone", "other")
"""Kinds of source, the most trusted first. `other`: typed in by hand, passed on by Health Connect, or
of a name that says nothing. Inside a kind the order is that of the names."""

TELLING: tuple[tuple[str, str], ...] = (
    ("manual", "other"),
    ("health connect", "other"),
    ("mobiletrack", "phone"),
    ("iphone", "phone"),
    ("phone", "phone"),
    ("watch", "watch"),
    (" ring ", "ring"),
    ("band", "tracker"),
    ("tracker", "tracker"),
    ("fitbit", "tracker"),
    ("fitabase", "tracker"),
    ("google", "tracker"),
)
"""Words in a source's name, the most telling first: the first that is found decides. A provider's name
comes last, for a provider passes on watches and phones alike. (`ring` only as a word by itself.)"""


def kind_of(source: str) -> str:
    """Return which of PRIORITY a source is, by its name."""
    name = f" {re.sub('[^a-z0-9]+', ' ', source.lower())} "
    return next((kind for word, kind in TELLING if word in name), "other")


def ordered(sources: Iterable[str]) -> list[str]:
    """Return the distinct sources, the most trusted first."""
    return sorted(set(sources), key=lambda source: (PRIORITY.index(kind_of(source)), source))


def counted(samples: pd.DataFrame) -> Bools:
    """Say of each interval whether it counts: none that counts overlaps it.

    Intervals of a more trusted source come first, then those of the same source by the names of its
    devices, then by time. One that overlaps is left out whole: what part of its amount fell in the
    overlap is not known.
    """
    starts = samples["at"].to_numpy()
    pieces = spans(starts, starts + samples["duration"].to_numpy() * SECOND)
    counts = np.zeros(len(samples), bool)
    taken = NOTHING
    for rows in _by_trust(samples):
        free = rows[~touches(pieces[rows], taken)]
        counts[free] = _first_of_overlapping(pieces[free])
        taken = union(np.concatenate((taken, pieces[rows[counts[rows]]])))
    return counts


def _by_trust(samples: pd.DataFrame) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the places of each instrument's rows, the most trusted instrument first."""
    devices = (
        samples["device"] if "device" in samples else pd.Series(None, samples.index, dtype=object)
    )
    names = devices.astype(object).where(devices.notna(), "").astype(str).to_numpy()
    sources = samples["source"].astype(str).to_numpy()
    for source in ordered(sources):
        mine = sources == source
        for name in sorted(set(names[mine])):
            yield np.flatnonzero(mine & (names == name))


def _first_of_overlapping(pieces: Int64) -> Bools:
    """Return which pieces overlap no earlier one that is kept; the usual case is that none does."""
    kept = np.ones(len(pieces), bool)
    if not len(pieces):
        return kept
    order = np.lexsort((pieces[:, 1], pieces[:, 0]))
    begins, ends = pieces[order, 0], pieces[order, 1]
    if (begins[1:] >= np.maximum.accumulate(ends)[:-1]).all():
        return kept
    until = begins[0]
    for place, begin, end in zip(order.tolist(), begins.tolist(), ends.tolist(), strict=True):
        kept[place] = begin >= until
        until = end if begin >= until else until
    return kept


def of_first_source(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the most trusted source that has any."""
    sources = ordered(samples["source"])
    return samples[samples["source"] == sources[0]] if sources else samples
