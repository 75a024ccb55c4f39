"""What an incoming sample is beside those stored, and beside the others of its own file. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd

from hometrial.services import chunks
from hometrial_ingest.signals import SIGNALS, Shape, Signal

EPOCH = date(1970, 1, 1)
SLEEP = (Shape.SESSION, Shape.STAGE)
Bools = npt.NDArray[np.bool_]
_MOST_KINDS = 1_000
"""Microseconds since 1970 times so many still fit 64 bits."""
Fates = npt.NDArray[np.int8]
Numbers = npt.NDArray[np.generic]

NEW, DUPLICATE, REVISION, STALE, CONFLICT = range(5)
"""What an incoming sample is beside those stored: unknown so far; known with the same content; known
with other content that the newer file replaces; known with other content from an older file, so that
it becomes history; or known with other content from the very same file, which then contradicts itself."""


@dataclass(frozen=True)
class Origin:
    """The file that samples come from: its batch, its SHA-256 and the last instant it tells of.

    `because` says in words why there is a new version of a day, if need be for each day: given the
    pseudonym, the state of the version before (None: there is none) and what happened to it (added,
    revised, absent). `reopens`: a day which was final is provisional again with it.
    """

    batch_id: UUID
    payload_sha256: str
    as_of: datetime
    because: str | Callable[[str, str | None, str], str] = "imported"
    reopens: bool = False


def day_number(day: date) -> int:
    """Return a day as days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Return the day of days since 1970-01-01."""
    return EPOCH + timedelta(days=int(number))


def groups_of(samples: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the distinct (participant, day) of samples, in order."""
    codes, people = pd.factorize(samples["participant"])
    days = samples["day"].to_numpy()
    new = np.flatnonzero(np.r_[True, (codes[1:] != codes[:-1]) | (days[1:] != days[:-1])])
    starts = new[: len(samples)]
    return sorted({(str(people[codes[i]]), int(days[i])) for i in starts.tolist()})


def only(samples: pd.DataFrame, days: Iterable[tuple[str, int]]) -> pd.DataFrame:
    """Return the samples of some (participant, day)."""
    wanted = pd.DataFrame(list(days), columns=["participant", "day"])
    return samples[match(samples, wanted, ["day"]) >= 0]


def within(samples: pd.DataFrame, signal: Signal) -> tuple[Bools, Bools]:
    """Return which samples repeat an earlier one of the same frame, and which contradict one.

    Samples without an instant are told apart by their wall clock.
    """
    key = ["participant", "local", *chunks.key(signal)]
    if _all_apart(samples):
        return np.zeros(len(samples), bool), np.zeros(len(samples), bool)
    plain = comparable(samples, list(dict.fromkeys([*key, *chunks.content(signal)])))
    repeated = plain.duplicated(keep="first").to_numpy()
    known = plain.duplicated(list(dict.fromkeys(key)), keep="first").to_numpy()
    return repeated, known & ~repeated


def _all_apart(samples: pd.DataFrame) -> bool:
    """True if no two samples of a person and source share their moment, so that nothing can repeat."""
    if len(samples) < 2:
        return True
    sources, people = samples["source"].cat, samples["participant"].cat
    kinds = len(sources.categories) * len(people.categories)
    if kinds > _MOST_KINDS:
        return False
    kind = people.codes.to_numpy().astype(np.int64) * len(sources.categories)
    moments = samples["local"].to_numpy() * kinds + kind + sources.codes.to_numpy()
    steps = np.diff(moments)
    if bool((steps > 0).all() or (steps < 0).all()):
        return True
    moments.sort()
    return bool((np.diff(moments) > 0).all())


def compare(
    samples: pd.DataFrame,
    there: pd.DataFrame,
    as_of: Mapping[tuple[str, int], datetime],
    signal: Signal,
    origin: Origin,
) -> Fates:
    """Return for each incoming sample what it is beside the stored ones (NEW .. CONFLICT).

    `as_of` says for each stored (participant, day) how far the file told that it came from.
    """
    fate = np.full(len(samples), NEW, np.int8)
    if not len(there):
        return fate
    position = match(samples, there, chunks.key(signal))
    known = position >= 0
    beside = there.iloc[position[known]]
    same = same_content(samples[known], beside, signal)
    fate[np.flatnonzero(known)[same]] = DUPLICATE
    beside = beside[~same]
    pairs = zip(beside["participant"].astype(str), beside["day"], strict=True)
    older = np.array([as_of[code, int(day)] > origin.as_of for code, day in pairs], bool)
    own = beside["payload"].astype(str).to_numpy() == origin.payload_sha256
    fate[np.flatnonzero(known)[~same]] = np.where(own, CONFLICT, np.where(older, STALE, REVISION))
    return fate


def replaced(
    incoming: pd.DataFrame, fate: Fates, there: pd.DataFrame, signal: Signal, origin: Origin
) -> Bools:
    """Return which stored samples an incoming one takes the place of.

    A night's stages are replaced as a whole: a stage that the new version does not have is gone from it.
    """
    out = np.zeros(len(there), bool)
    if not len(there):
        return out
    revisions = incoming[fate == REVISION]
    if len(revisions):
        out[match(revisions, there, chunks.key(signal))] = True
    if SIGNALS[signal].shape is Shape.STAGE:
        changed = incoming[(fate == NEW) | (fate == REVISION)]
        mine = match(there, changed, ["source", "session"]) >= 0
        other_file = there["payload"].astype(str).to_numpy() != origin.payload_sha256
        still_told = match(there, incoming, chunks.key(signal)) >= 0
        out |= mine & other_file & ~still_told
    return out


def match(samples: pd.DataFrame, there: pd.DataFrame, key: list[str]) -> npt.NDArray[np.int64]:
    """Return for each sample the position of the one with its person and key, -1 if there is none."""
    names = ["participant", *key]
    numbers = _one_number([_numbers(there[name], samples[name]) for name in names])
    index = pd.Index(numbers[: len(there)])
    positions = np.arange(len(there))
    if not index.is_unique:
        first = ~index.duplicated()
        index, positions = index[first], positions[first]
    found = np.asarray(index.get_indexer(pd.Index(numbers[len(there) :])))
    return np.where(found >= 0, positions[found] if len(positions) else -1, -1)


def same_content(a: pd.DataFrame, b: pd.DataFrame, signal: Signal) -> Bools:
    """Return row by row whether two samples of one key say the same."""
    same = np.ones(len(a), bool)
    for name in chunks.content(signal):
        numbers = _numbers(a[name], b[name])
        same &= numbers[: len(a)] == numbers[len(a) :]
    return same


def comparable(samples: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return columns as numbers that are equal where the samples say the same: null equals null."""
    return pd.DataFrame({name: _numbers(samples[name]) for name in names})


_MOST = 1 << 62


def _one_number(columns: list[Numbers]) -> npt.NDArray[np.int64]:
    """Return one number a row: equal where all columns are."""
    made = np.zeros(len(columns[0]), np.int64)
    kinds = 1
    for column in columns:
        codes, distinct = pd.factorize(column)
        if kinds * max(len(distinct), 1) >= _MOST:
            made, used = pd.factorize(made)
            kinds = len(used)
        made = made * len(distinct) + codes
        kinds *= max(len(distinct), 1)
    return made


def _numbers(*columns: pd.Series) -> Numbers:
    """Return columns one after the other as numbers, equal where they say the same: 5 equals 5.0."""
    if all(_is_number(column) for column in columns):
        parts = [_plain(column) for column in columns]
        return np.concatenate(parts)
    codes = {"": 0}
    return np.concatenate([_coded(column, codes) for column in columns])


def _is_number(column: pd.Series) -> bool:
    # True beside a null is a word: the same True without one must not become a number.
    return pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != bool


def _plain(column: pd.Series) -> Numbers:
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return column.to_numpy(dtype=np.int64)
    return column.to_numpy(dtype=np.float64, na_value=-1e300)


def _coded(column: pd.Series, codes: dict[str, int]) -> npt.NDArray[np.int64]:
    """Return words as numbers, those of `codes`, which grows; none is the empty word."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        places, words = column.cat.codes.to_numpy(), column.cat.categories
    else:
        places, words = pd.factorize(column)
    numbers = [codes.setdefault(str(word), len(codes)) for word in words]
    return np.array([*numbers, codes[""]], np.int64)[places]
