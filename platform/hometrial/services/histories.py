"""One person's current samples, cut into local days as metrics and gaps see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import BigInteger, cast, select
from sqlalchemy.orm import Session

from hometrial.models import DayChunk, Participant, QuarantinedRow
from hometrial.services import enrolling, metrics, storing
from hometrial.services.metrics import Day
from hometrial.services.metrics.priority import ordered
from hometrial_ingest.local_time import DAY, ZoneHistory
from hometrial_ingest.signals import Signal

Int64 = npt.NDArray[np.int64]
_SECOND = 1_000_000
LOADED = (
    Signal.HEART_RATE,
    Signal.STEPS,
    Signal.STEPS_HOURLY,
    Signal.SLEEP_SESSION,
    Signal.SLEEP_STAGE,
    *metrics.PASSED_ON,
)
_OF_A_NIGHT = (Signal.SLEEP_SESSION, Signal.SLEEP_STAGE)


@dataclass
class History:
    """All current samples of one person, cut into local days."""

    zones: ZoneHistory
    span: range
    starts: Int64
    ends: Int64
    offsets: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]
    samples: dict[Signal, pd.DataFrame]
    by_day: dict[Signal, dict[int, pd.DataFrame]]
    daily: dict[int, dict[str, float]]
    quarantined: dict[str, Int64]

    @classmethod
    def load(cls, session: Session, owner: Participant, span: range) -> "History":
        """Load a person's samples and the instants at which their days begin and end."""
        zones = enrolling.zones_of(session, owner)
        days = np.arange(span.start, span.stop, dtype=np.int64)
        begin = zones.first_instant_of_day(days)
        length = zones.day_length_minutes(days).astype(np.int64) * 60 * _SECOND
        found = storing.chunks_by_signal(session, LOADED, [owner.code], span.start - 1, span.stop)
        samples = {signal: _samples(found[signal], signal) for signal in LOADED}
        return cls(
            zones,
            span,
            begin.at,
            begin.at + length,
            begin.offset,
            begin.status,
            samples,
            {signal: _by_day(samples[signal]) for signal in _OF_A_NIGHT},
            _daily_values(samples),
            _quarantined(session, owner.id),
        )

    def lived(self, day: int) -> bool:
        """False for a day that the person skipped whole by crossing the date line."""
        return bool(self.status[day - self.span.start] == 0)

    def bounds(self, day: int) -> tuple[int, int]:
        """Return a day's first instant and the next day's."""
        place = day - self.span.start
        return int(self.starts[place]), int(self.ends[place])

    def between(self, signal: Signal, start: int, end: int) -> pd.DataFrame:
        """Return the samples that begin in [start, end)."""
        frame = self.samples[signal]
        at = frame["at"].to_numpy()
        return frame.iloc[np.searchsorted(at, start) : np.searchsorted(at, end)]

    def of_day(self, signal: Signal, day: int) -> pd.DataFrame:
        """Return the sleep that belongs to a day, whenever it began."""
        return self.by_day[signal].get(day, self.samples[signal].iloc[:0])

    def day(self, day: int) -> Day:
        """Return one day as the metrics see it."""
        start, end = self.bounds(day)
        following = self.of_day(Signal.SLEEP_SESSION, day + 1)
        began = (following["at"] >= start) & (following["at"] < end)
        return Day(
            start_at=start,
            end_at=end,
            offset_at_start=int(self.offsets[day - self.span.start]),
            has_heart_rate_device=self._has_heart_rate_device(start, end),
            heart_rate=self.between(Signal.HEART_RATE, start - DAY, end),
            steps=self.between(Signal.STEPS, start, end),
            steps_hourly=self.between(Signal.STEPS_HOURLY, start, end),
            sessions=_slept(self.of_day(Signal.SLEEP_SESSION, day)),
            stages=self.of_day(Signal.SLEEP_STAGE, day),
            sessions_next=_slept(following[began]),
            daily=self.daily.get(day, {}),
        )

    def _has_heart_rate_device(self, start: int, end: int) -> bool:
        """True from the first to the last day with heart rate: before and after, wear is unknown."""
        seen = self.seen([Signal.HEART_RATE])
        return seen is not None and seen[0] < end and seen[1] >= start

    def seen(self, signals: Iterable[Signal]) -> tuple[int, int] | None:
        """Return the first and last instant of the person's samples of these signals."""
        frames = [self.samples[signal] for signal in signals if len(self.samples[signal])]
        if not frames:
            return None
        ends = [int((f["at"] + f["duration"] * _SECOND).max()) for f in frames]
        return min(int(f["at"].min()) for f in frames), max(ends)


def _samples(found: list[tuple[str, DayChunk]], signal: Signal) -> pd.DataFrame:
    return _plain(found, signal) if found else _no_samples(signal)


def _plain(found: list[tuple[str, DayChunk]], signal: Signal) -> pd.DataFrame:
    frame: pd.DataFrame = storing.load_table(found, signal).to_pandas()
    words = ["code", "session", "source", "device"]
    frame[words] = frame[words].astype(object)
    frame["value"] = frame["value"].astype(float)
    return frame.sort_values("at", kind="stable", ignore_index=True)


@cache
def _no_samples(signal: Signal) -> pd.DataFrame:
    return _plain([], signal)


def _by_day(samples: pd.DataFrame) -> dict[int, pd.DataFrame]:
    return {int(day): group for day, group in samples.groupby("day")}  # type: ignore[arg-type]


def _daily_values(samples: dict[Signal, pd.DataFrame]) -> dict[int, dict[str, float]]:
    """Return the source's own values of each day; of several sources the most trusted one's."""
    values: dict[int, dict[str, float]] = {}
    for signal in metrics.PASSED_ON:
        known = samples[signal][samples[signal]["value"].notna()]
        rank = {source: place for place, source in enumerate(ordered(known["source"]))}
        # The last row of a day stands: the most trusted source's, and of weight the day's last.
        best = known.assign(rank=-known["source"].map(rank)).sort_values("rank", kind="stable")
        for day, value in zip(best["day"], best["value"], strict=True):
            values.setdefault(int(day), {})[str(signal)] = float(value)
    return values


def _slept(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return the sessions that have ended; one still running has no end yet."""
    return sessions[sessions["end_at"] > sessions["at"]]


def _quarantined(session: Session, participant_id: UUID) -> dict[str, Int64]:
    """Return the instants of a person's samples that wait in quarantine, by signal."""
    rows = session.execute(
        select(QuarantinedRow.signal, cast(QuarantinedRow.sample["at"].astext, BigInteger)).where(
            QuarantinedRow.participant_id == participant_id,
            QuarantinedRow.status == "open",
            QuarantinedRow.sample["placement"].astext == "placed",
        )
    )
    found: dict[str, list[int]] = {}
    for signal, at in rows:
        found.setdefault(signal, []).append(at)
    return {signal: np.array(at, np.int64) for signal, at in found.items()}
