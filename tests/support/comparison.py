"""What a study holds of a simulated person beside what the cloud holds: equal to the sample, or told where not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from rehearsal import Person, Rehearsal

from hometrial import clock
from hometrial.services import chunks
from hometrial.services.comparing import day_number
from hometrial_ingest.data_types import DATA_TYPE_OF, DataType
from hometrial_ingest.signals import SIGNALS, Shape, Signal
from hometrial_ingest.simulators.records import Records

MERGED = "google-health/reconciled"
STREAMS: dict[str, tuple[Signal, ...]] = {
    "heart_rate": (Signal.HEART_RATE,),
    "steps": (Signal.STEPS,),
    "distance": (Signal.DISTANCE,),
    "sleep": (Signal.SLEEP_SESSION,),
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
_DAY = 86_400_000_000
_ALWAYS = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
Keyed = Counter[tuple[object, ...]]


@dataclass
class Comparison:
    """How many samples are equal, and what differs, in words."""

    equal: int = 0
    differing: list[str] = field(default_factory=list)

    def add(self, what: str, truth: Keyed, stored: Keyed) -> None:
        """Compare two bags of samples."""
        self.equal += (truth & stored).total()
        for word, missing in (("missing", truth - stored), ("too many", stored - truth)):
            if missing:
                example = min(missing, key=str)
                self.differing.append(f"{what}: {missing.total()} {word}, for instance {example}")

    def within(self, what: str, truth: Keyed, stored: Keyed) -> None:
        """See that a bag of samples holds nothing but what is true; it need not hold all of it."""
        self.equal += (truth & stored).total()
        if stored - truth:
            example = min(stored - truth, key=str)
            self.differing.append(
                f"{what}: {(stored - truth).total()} untrue, for instance {example}"
            )


@dataclass(frozen=True)
class View:
    """What of the truth a study may hold of a person.

    `streams`: those that were granted, None for all; `consent`: the span [start, end) in µs UTC in which
    a type of data may be observed, a type that is left out always; `read_at`: up to when each stream was
    read, a stream that is left out up to the clock; `read_before`: the same when consent ended.
    """

    streams: frozenset[str] | None = None
    consent: Mapping[DataType, tuple[int, int]] = field(default_factory=dict)
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    read_before: Mapping[str, datetime] = field(default_factory=dict)

    def truth(self, rehearsal: Rehearsal, person: Person, stream: str, *, merged: bool = False):
        """Return the records of a stream that may be held."""
        found, begin, end, span = self._all(rehearsal, person, stream, self.read_at, merged=merged)
        return _only(found, (begin >= span[0]) & (begin < span[1]) & (end <= span[1]))

    def of_cut_day(self, rehearsal: Rehearsal, person: Person, stream: str):
        """Return the daily value of the day in which consent ended, as it was told before: it stays."""
        found, begin, end, span = self._all(rehearsal, person, stream, self.read_before)
        is_daily = SIGNALS[STREAMS[stream][0]].shape is Shape.DAILY and stream in self.read_before
        return _only(found, (begin >= span[0]) & (begin < span[1]) & (end > span[1]) & is_daily)

    def _all(
        self,
        rehearsal: Rehearsal,
        person: Person,
        stream: str,
        read_at: Mapping[str, datetime],
        *,
        merged: bool = False,
    ):
        """Return a stream's records, where each begins and ends, and the span of consent, µs UTC."""
        truth, signal = rehearsal.sims.truth, STREAMS[stream][0]
        found = truth.records(person.number, stream, read_at.get(stream), merged=merged)
        if self.streams is not None and stream not in self.streams:
            found = _only(found, np.zeros(len(found), bool))
        begin, end = found.at, found.at + found.duration * 1_000_000
        if SIGNALS[signal].shape is Shape.DAILY:
            begin, end = _days(rehearsal, person, found.local // _DAY)
        return found, begin, end, self.consent.get(DATA_TYPE_OF[signal], _ALWAYS)

    def totals(self, rehearsal: Rehearsal, person: Person, stream: str) -> Keyed:
        """Return the merged total of each day that may be held."""
        told: Keyed = Counter()
        if self.streams is not None and stream not in self.streams:
            return told
        span = self.consent.get(DATA_TYPE_OF[STREAMS[stream][0]], _ALWAYS)
        truth = rehearsal.sims.truth
        for day in truth.scene.dates():
            (begin,), (end,) = _days(rehearsal, person, np.array([day_number(day)]))
            total = truth.daily_total(person.number, stream, day, self.read_at.get(stream))
            if total is not None and span[0] <= begin and end <= span[1]:
                told[day_number(day), round(total, 3)] += 1
        return told


def _only(found: Records, kept) -> Records:
    names = ("at", "duration", "offset", "value", "origin", "local")
    columns = {name: getattr(found, name)[kept] for name in names if len(getattr(found, name))}
    for name in ("ids", "nights", "details"):
        told = getattr(found, name)
        columns[name] = (
            tuple(each for each, keep in zip(told, kept, strict=True) if keep) if told else ()
        )
    return replace(found, **columns)


def _days(rehearsal: Rehearsal, person: Person, days):
    """Return the first instant (µs UTC) of each local day and of the day after it."""
    start = rehearsal.sims.truth.day_start
    dates = [date(1970, 1, 1) + timedelta(days=int(day)) for day in days]
    begin = [start(person.number, day) * 1_000_000 for day in dates]
    end = [start(person.number, day + timedelta(days=1)) * 1_000_000 for day in dates]
    return np.array(begin, np.int64), np.array(end, np.int64)


EVERYTHING = View()


def compare(rehearsal: Rehearsal, person: Person, view: View = EVERYTHING) -> Comparison:
    """Compare everything that is stored of a person with what the cloud held when it was last read."""
    made = Comparison()
    for stream, signals in STREAMS.items():
        for signal in signals:
            _compare(made, rehearsal, person, view, (stream, signal))
    for stream, signal in (("steps", Signal.STEPS_DAILY), ("distance", Signal.DISTANCE_DAILY)):
        made.add(f"{person.code} {signal}", view.totals(rehearsal, person, stream),
                 _stored(samples(rehearsal, person, signal), signal, sourced=False))  # fmt: skip
    return made


def _compare(
    made: Comparison, rehearsal: Rehearsal, person: Person, view: View, what: tuple[str, Signal]
) -> None:
    """Compare one signal of a stream: what each source told, and what was merged."""
    stream, signal = what
    found = view.truth(rehearsal, person, stream)
    stored = samples(rehearsal, person, signal)
    own = stored[stored["source"] != MERGED] if len(stored) else stored
    named = f"{person.code} {signal}"
    if signal is Signal.SLEEP_SESSION:
        made.add(named, _nights(found), _sessions(own))
        made.add(f"{named} stages", _true_stages(found), _stages(rehearsal, person))
        return
    kept = view.of_cut_day(rehearsal, person, stream)
    made.add(named, _true(found, signal) + _true(kept, signal), _stored(own, signal))
    merged = stored[stored["source"] == MERGED] if len(stored) else stored
    true = _true(view.truth(rehearsal, person, stream, merged=True), signal)
    made.within(f"{named}, merged", true, _stored(merged, signal))


def samples(rehearsal: Rehearsal, person: Person, signal: Signal) -> pd.DataFrame:
    """Return a person's current samples of a signal."""
    bodies = rehearsal.rows(
        "SELECT body, day FROM day_chunk WHERE participant_id = :person AND stream = :stream"
        " AND is_current AND samples > 0",
        person=person.participant_id,
        stream=str(signal),
    )
    if not bodies:
        return pd.DataFrame()
    frames = [chunks.decode(body, signal).to_pandas().assign(day=day_number(day))
              for body, day in bodies]  # fmt: skip
    return pd.concat(frames, ignore_index=True).astype({"source": str})


def _true(found, signal: Signal) -> Keyed:
    value = found.value
    if signal is Signal.HRV_SDNN:  # the second number of a sample
        value = np.array([each["sdnn"] for each in found.details], float)
    rounded = np.round(value, 3).tolist()
    times = found.local // _DAY if SIGNALS[signal].shape is Shape.DAILY else found.at
    return Counter(zip(times.tolist(), found.duration.tolist(), found.source, rounded, strict=True))


def _stored(stored: pd.DataFrame, signal: Signal, *, sourced: bool = True) -> Keyed:
    if not len(stored):
        return Counter()
    times = stored["day"] if SIGNALS[signal].shape is Shape.DAILY else stored["at"]
    values = stored["value"].astype(float).round(3).tolist()
    if not sourced:
        return Counter(zip(times.tolist(), values, strict=True))
    return Counter(
        zip(times.tolist(), stored["duration"].tolist(), stored["source"], values, strict=True)
    )


def _nights(found) -> Keyed:
    values = [None if np.isnan(value) else round(value, 3) for value in found.value.tolist()]
    lengths = [0 if value is None and not length else length
               for value, length in zip(values, found.duration.tolist(), strict=True)]  # fmt: skip
    return Counter(zip(found.ids, found.at.tolist(), lengths, values, strict=True))


def _sessions(stored: pd.DataFrame) -> Keyed:
    if not len(stored):
        return Counter()
    values = [None if pd.isna(v) else round(float(v), 3) for v in stored["value"]]
    return Counter(
        zip(stored["session"].astype(str), stored["at"].tolist(), stored["duration"].tolist(),
            values, strict=True)
    )  # fmt: skip


def _true_stages(found) -> Keyed:
    told: Keyed = Counter()
    for key, night in zip(found.ids, found.nights, strict=True):
        for overlay, stages in ((False, night.stages), (True, night.awakenings)):
            for stage in stages:
                length = stage.ends_at - stage.starts_at
                told[key, stage.starts_at * 1_000_000, length, stage.code, overlay] += 1
    return told


def _stages(rehearsal: Rehearsal, person: Person) -> Keyed:
    stored = samples(rehearsal, person, Signal.SLEEP_STAGE)
    if not len(stored):
        return Counter()
    stored = stored[stored["source"] != MERGED]
    return Counter(
        zip(stored["session"].astype(str), stored["at"].tolist(), stored["duration"].tolist(),
            stored["code"].astype(str), stored["overlay"].tolist(), strict=True)
    )  # fmt: skip


def gap_causes(rehearsal: Rehearsal, person: Person) -> Counter[tuple[str, str]]:
    """Count the hours of heart rate by (true state, recorded cause or present) up to the clock."""
    gaps = rehearsal.rows(
        "SELECT start_at, end_at, cause FROM gap WHERE participant_id = :person"
        " AND stream = 'heart_rate' ORDER BY start_at",
        person=person.participant_id,
    )
    seen: Counter[tuple[str, str]] = Counter()
    for hour in rehearsal.sims.truth.hours(person.number):
        if hour.start < clock.now():
            cause = next((c for a, b, c in gaps if a <= hour.start < b), "present")
            seen[hour.state, cause] += 1
    return seen
