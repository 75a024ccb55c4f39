"""Which of several devices is believed where they speak of the same time (features.md C9).

The order is fixed and visible, and never depends on the values: whoever reads a figure can say which
device it came from.
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from hometrial.services.metrics.spans import NOTHING, Bools, spans, touches, union
from hometrial_ingest.local_time import SECOND

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
    """Say of each interval whether it counts: no interval of a more trusted source overlaps it.

    An interval is left out whole: what part of its amount fell in the overlap is not known.
    """
    codes, names = pd.factorize(samples["source"])
    counts = np.ones(len(samples), bool)
    if len(names) < 2:
        return counts
    starts = samples["at"].to_numpy()
    pieces = spans(starts, starts + samples["duration"].to_numpy() * SECOND)
    taken = NOTHING
    for name in ordered(names):
        rows = np.flatnonzero(codes == list(names).index(name))
        counts[rows] = ~touches(pieces[rows], taken)
        taken = union(np.concatenate((taken, pieces[rows[counts[rows]]])))
    return counts


def of_first_source(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the most trusted source that has any."""
    sources = ordered(samples["source"])
    return samples[samples["source"] == sources[0]] if sources else samples
