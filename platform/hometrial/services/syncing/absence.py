"""What a complete read no longer tells of: samples that were stored and are gone at the provider."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from hometrial import clock
from hometrial.models import Pull
from hometrial.services import chunks, comparing
from hometrial.services.comparing import Bools, day_number
from hometrial.services.placing import Person
from hometrial.services.storing import Key, Stored
from hometrial.services.syncing.kept import Kept
from hometrial_ingest.local_time import Int64
from hometrial_ingest.signals import SIGNALS, Shape, Signal

_SECOND = 1_000_000
SIGNALS_OF: Mapping[str, tuple[Signal, ...]] = {
    "heart_rate": (Signal.HEART_RATE,),
    "steps": (Signal.STEPS, Signal.STEPS_DAILY),
    "distance": (Signal.DISTANCE, Signal.DISTANCE_DAILY),
    "sleep": (Signal.SLEEP_SESSION, Signal.SLEEP_STAGE),
    "heart_rate_variability": (Signal.HRV_RMSSD, Signal.HRV_SDNN),
    "oxygen_saturation": (Signal.OXYGEN_SATURATION,),
    "respiratory_rate": (Signal.RESPIRATORY_RATE,),
    "weight": (Signal.WEIGHT,),
    "resting_heart_rate": (Signal.RESTING_HEART_RATE,),
    "heart_rate_variability_daily": (Signal.HRV_RMSSD_DAILY,),
    "oxygen_saturation_daily": (Signal.OXYGEN_SATURATION_DAILY,),
    "respiratory_rate_daily": (Signal.RESPIRATORY_RATE_DAILY,),
    "skin_temperature_daily": (Signal.SKIN_TEMPERATURE_DAILY,),
}
"""The signals of each stream, the same for every provider."""

_MERGED = "/reconciled"


class Absence:
    """Finds stored samples that a read should have told of and did not.

    A push is no complete read; nothing is missed in it. A read that brings nothing at all of a signal
    that has no names at the provider is not believed: an empty answer is how many outages look. What it
    would take out stays, and `vanished` says so.
    """

    def __init__(self, kept: Kept, people: Mapping[str, Person]) -> None:
        self.kept = kept
        self.counts: Counter[int] = Counter()
        self.vanished: dict[int, str] = {}
        code_of = {person.id: code for code, person in people.items()}
        self._code = [code_of[pull.participant_id] for pull in kept.pulls]

    def days(self, signal: Signal, samples: pd.DataFrame | None) -> set[Key]:
        """Return the days that must be known: those of the samples and those of the complete reads."""
        told = set(comparing.groups_of(samples)) if samples is not None and len(samples) else set()
        for place, pull in self._complete(signal):
            first, last = day_number(pull.first_day), day_number(pull.last_day)
            told |= {(self._code[place], day) for day in range(first - 1, last + 2)}
        return told

    def signals(self) -> set[Signal]:
        """Return the signals that some complete read covers."""
        streams = {pull.stream for pull in self.kept.pulls if pull.kind != "push"}
        return {signal for stream in streams for signal in SIGNALS_OF.get(stream, ())}

    def _complete(self, signal: Signal) -> Iterator[tuple[int, Pull]]:
        for place, pull in enumerate(self.kept.pulls):
            known = signal in SIGNALS_OF.get(pull.stream, ())
            if known and pull.kind != "push" and place not in self.kept.broken:
                yield place, pull

    def of(
        self,
        signal: Signal,
        samples: pd.DataFrame,
        before: Stored,
        refused: Iterable[int],
    ) -> Bools | None:
        """Return which stored samples are absent, None if there can be none."""
        there = before.samples
        if not len(there):
            return None
        told = (
            comparing.match(there, samples, chunks.key(signal)) >= 0
            if len(samples)
            else np.zeros(len(there), bool)
        )
        absent = np.zeros(len(there), bool)
        parts = _by_person(there)
        heard = frozenset(samples["read"].unique().tolist()) if len(samples) else frozenset()
        for place, pull in self._complete(signal):
            if place in refused or self._code[place] not in parts:
                continue
            rows, part = parts[self._code[place]]
            missing = self._should_be_there(signal, part, place, pull) & ~told[rows]
            absent[rows] |= self._believed(signal, missing, place, told=place in heard)
        return absent

    def _believed(self, signal: Signal, missing: Bools, place: int, *, told: bool) -> Bools:
        if not missing.any():
            return missing
        named = SIGNALS[signal].shape in comparing.SLEEP or signal is Signal.WEIGHT
        if not named and not told:
            self.vanished[place] = (
                f"the provider tells of nothing where {int(missing.sum()):,} samples of {signal} are "
                "stored; they stay, and the next read asks again"
            )
            return np.zeros(len(missing), bool)
        self.counts[place] += int(missing.sum())
        return missing

    def _should_be_there(
        self,
        signal: Signal,
        there: pd.DataFrame,
        place: int,
        pull: Pull,
    ) -> Bools:
        """Return which of its person's stored samples this read covers: of its provider, in its window."""
        merged = "daily" if SIGNALS[signal].shape is Shape.DAILY else "reconcile"
        with_merged = self._has_page(place, merged)
        sources = there["source"].astype("category").cat
        mine = [
            (word == pull.provider or word.startswith(f"{pull.provider}/"))
            and (with_merged or not word.endswith(_MERGED))
            for word in sources.categories
        ]
        of_provider: Bools = np.array([*mine, False])[sources.codes]
        return of_provider & _in_window(signal, there, pull)

    def _has_page(self, place: int, kind: str) -> bool:
        return any(f"/{kind}-" in name for name in self.kept.names[place])


def _by_person(there: pd.DataFrame) -> dict[str, tuple[Int64, pd.DataFrame]]:
    """Return each person's places and samples: many reads ask, and none about everybody's."""
    places = there.groupby("participant", observed=True).indices
    found = {str(code): np.asarray(rows, np.int64) for code, rows in places.items()}
    return {code: (rows, there.iloc[rows]) for code, rows in found.items()}


def _in_window(signal: Signal, there: pd.DataFrame, pull: Pull) -> Bools:
    shape = SIGNALS[signal].shape
    if shape is Shape.DAILY:
        days = there["day"].to_numpy()
        inside: Bools = (days >= day_number(pull.first_day)) & (days <= day_number(pull.last_day))
        return inside
    at = there["at"].to_numpy(dtype=np.int64)
    if shape in comparing.SLEEP:  # a night is asked for by its end
        at = at + there["duration"].to_numpy(dtype=np.int64) * _SECOND
    if shape is Shape.STAGE:
        night = comparing.comparable(there, ["participant", "source", "session"])
        at = night.assign(end=at).groupby(list(night))["end"].transform("max").to_numpy()
    covered: Bools = (at >= clock.microseconds(pull.start_at)) & (
        at < clock.microseconds(pull.end_at)
    )
    return covered
