"""Which of several devices is believed where they speak of the same time (features.md C9).

The order is fixed and visible, and never depends on the values: whoever reads a figure can say which
device it came from.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from hometrial.services.metrics.spans import NOTHING, Bools, spans, touches, union
from hometrial_ingest.local_time import SECOND, Int64

PRIORITY = ("merged", "watch", "tracker", "ring", "phone", "other")
"""Kinds of source, the most trusted first. `merged`: what a provider itself made of all its sources.
`other`: typed in by hand, passed on by Health Connect, or of a name that says nothing. Inside a kind
the order is that of the names."""

TELLING: tuple[tuple[str, str], ...] = (
    ("reconciled", "merged"),
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


@lru_cache(maxsize=4096)
def kind_of(source: str) -> str:
    """Return which of PRIORITY a source is, by its name."""
    name = f" {re.sub('[^a-z0-9]+', ' ', source.lower())} "
    return next((kind for word, kind in TELLING if word in name), "other")


def rank(source: str) -> tuple[int, str]:
    """Return what sources are sorted by: the smallest is the most trusted."""
    return PRIORITY.index(kind_of(source)), source


def ordered(sources: Iterable[str]) -> list[str]:
    """Return the distinct sources, the most trusted first."""
    return sorted(set(sources), key=rank)


def unmerged(sources: Iterable[str]) -> list[str]:
    """Return the sources, most trusted first, without those that their provider merged for us.

    What a provider left out of its merged stream it left out on purpose: it never comes back beside it.
    """
    found = ordered(sources)
    merging = {_provider(source) for source in found if kind_of(source) == "merged"}
    return [s for s in found if kind_of(s) == "merged" or _provider(s) not in merging]


def _provider(source: str) -> str:
    return source.partition("/")[0]


def counted(samples: pd.DataFrame) -> Bools:
    """Say of each interval whether it counts: none that counts overlaps it.

    Intervals of a more trusted source come first, then those of the same source by the names of its
    devices, then by time. One that overlaps is left out whole: what part of its amount fell in the
    overlap is not known. Where a provider merged its sources, none of them counts beside that.
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
    names = _codes(devices)
    sources = _codes(samples["source"])
    for source in unmerged(sources[1]):
        mine = sources[0] == sources[1].index(source)
        for name in sorted({names[1][code] for code in np.unique(names[0][mine]).tolist()}):
            yield np.flatnonzero(mine & (names[0] == names[1].index(name)))


def _codes(words: pd.Series) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return each row's place among the distinct words, none being the empty word."""
    codes, distinct = pd.factorize(words)
    found = [*map(str, distinct), ""]
    return np.where(codes < 0, found.index(""), codes).astype(np.int64), found


def most_trusted(group: Int64, sources: pd.Series) -> Bools:
    """Say of each sample whether it is of the most trusted source that has any in its group."""
    codes, found = _codes(sources)
    place = {source: number for number, source in enumerate(ordered(found))}
    trust = np.array([place[source] for source in found])[codes]
    best = np.full(int(group.max(initial=-1)) + 1, len(found))
    np.minimum.at(best, group, trust)
    return np.asarray(trust == best[group])


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
    sources = ordered(pd.unique(samples["source"]))
    return samples[samples["source"] == sources[0]] if len(sources) > 1 else samples
