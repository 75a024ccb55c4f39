"""Daily metrics and gaps of the days that changed, computed from their current chunks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
import pandas as pd
from hometrial_ingest.local_time import DAY, ZoneHistory
from hometrial_ingest.signals import SIGNALS, Shape, Signal
from sqlalchemy import BigInteger, cast, delete, func, insert, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import DailyMetric, DayChunk, Gap, Participant, QuarantinedRow
from hometrial.services import enrolling, metrics, storing
from hometrial.services.comparing import day_number, day_of
from hometrial.services.metrics import Day, Presence, Stream
from hometrial.services.metrics.priority import ordered

Int64 = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_LOADED = (
    Signal.HEART_RATE,
    Signal.STEPS,
    Signal.STEPS_HOURLY,
    Signal.SLEEP_SESSION,
    Signal.SLEEP_STAGE,
    *metrics.PASSED_ON,
)
_OF_A_NIGHT = (Signal.SLEEP_SESSION, Signal.SLEEP_STAGE)


def measure(session: Session, touched: Iterable[tuple[str, int]]) -> None:
    """Bring metrics and gaps up to date after samples of some (pseudonym, day) changed.

    A day's samples also bear on the days beside it (a night begins on the day before it counts), and
    the span that a person's files cover bears on the causes of all their gaps. Only rows that differ
    are written.
    """
    days_of: dict[str, set[int]] = {}
    for code, day in touched:
        days_of.setdefault(code, set()).update((day - 1, day, day + 1))
    for code in sorted(days_of):
        owner = session.scalars(select(Participant).where(Participant.code == code)).one()
        _measure_person(session, owner, days_of[code])


def _measure_person(session: Session, owner: Participant, days: set[int]) -> None:
    first, last = session.execute(
        select(func.min(DayChunk.day), func.max(DayChunk.day)).where(
            DayChunk.participant_id == owner.id, DayChunk.is_current, DayChunk.samples > 0
        )
    ).one()
    if first is None:
        return
    span = range(day_number(first), day_number(last) + 1)
    history = _History.load(session, owner, span)
    wanted = sorted(days & set(span))
    values = {day: metrics.measure(history.day(day)) for day in wanted if history.lived(day)}
    _save_metrics(session, owner.id, values)
    spans = [found for day in span if history.lived(day) for found in _gaps(history, day)]
    _save_gaps(session, owner.id, spans)


@dataclass
class _History:
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
    def load(cls, session: Session, owner: Participant, span: range) -> "_History":
        """Load a person's samples and the instants at which their days begin and end."""
        zones = enrolling.zones_of(session, owner)
        days = np.arange(span.start, span.stop, dtype=np.int64)
        begin = zones.first_instant_of_day(days)
        length = zones.day_length_minutes(days).astype(np.int64) * 60 * _SECOND
        found = storing.chunks_by_signal(
            session, _LOADED, [owner.code], span.start - 1, span.stop
        )
        samples = {signal: _samples(found[signal], signal) for signal in _LOADED}
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
            has_heart_rate_device=len(self.samples[Signal.HEART_RATE]) > 0,
            heart_rate=self.between(Signal.HEART_RATE, start - DAY, end),
            steps=self.between(Signal.STEPS, start, end),
            steps_hourly=self.between(Signal.STEPS_HOURLY, start, end),
            sessions=_slept(self.of_day(Signal.SLEEP_SESSION, day)),
            stages=self.of_day(Signal.SLEEP_STAGE, day),
            sessions_next=_slept(following[began]),
            daily=self.daily.get(day, {}),
        )

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


_STREAMS: dict[str, tuple[Signal, ...]] = {
    "heart_rate": (Signal.HEART_RATE,),
    "steps": (Signal.STEPS, Signal.STEPS_HOURLY),
    "sleep": (Signal.SLEEP_SESSION,),
}


def _gaps(history: _History, day: int) -> list[dict[str, Any]]:
    start, end = history.bounds(day)
    streams = {name: _stream(history, signals, day) for name, signals in _STREAMS.items()}
    timed = [s for s in _LOADED if SIGNALS[s].shape is not Shape.DAILY]
    presence = Presence(start, end, covered=history.seen(timed), **streams)
    return [
        {
            "day": day_of(day),
            "stream": gap.stream,
            "start_at": _instant(gap.start_at),
            "end_at": _instant(gap.end_at),
            "cause": gap.cause,
            "rule_version": metrics.GAP_RULE_VERSION,
        }
        for gap in metrics.gaps(presence)
    ]


def _stream(history: _History, signals: tuple[Signal, ...], day: int) -> Stream:
    start, end = history.bounds(day)
    if signals == (Signal.SLEEP_SESSION,):
        at = history.of_day(Signal.SLEEP_SESSION, day)["end_at"].to_numpy() - 1
    else:
        at = np.concatenate([history.between(s, start, end)["at"].to_numpy() for s in signals])
    waiting = [history.quarantined.get(str(s), np.empty(0, np.int64)) for s in signals]
    return Stream(
        metrics.hours_of(at.astype(np.int64), start, end),
        metrics.hours_of(np.concatenate(waiting), start, end),
        history.seen(signals),
    )


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _save_metrics(
    session: Session, participant_id: UUID, values: dict[int, dict[str, float]]
) -> None:
    known = {
        (day_number(row.day), row.metric): row
        for row in session.scalars(
            select(DailyMetric).where(
                DailyMetric.participant_id == participant_id,
                DailyMetric.day.in_([day_of(day) for day in values]),
            )
        )
    }
    new, changed = [], []
    for day, measured in values.items():
        for name, value in measured.items():
            version = metrics.RULES[name].version
            row = known.pop((day, name), None)
            if row is None:
                new.append(_metric(participant_id, day, name, value))
            elif (row.value, row.rule_version) != (value, version):
                changed.append(
                    {"id": row.id, "value": value, "rule_version": version, "computed_at": clock.now()}
                )
    if known:
        gone = [row.id for row in known.values()]
        session.execute(delete(DailyMetric).where(DailyMetric.id.in_(gone)))
    if changed:
        session.execute(update(DailyMetric), changed)
    if new:
        session.execute(insert(DailyMetric), new)


def _metric(participant_id: UUID, day: int, name: str, value: float) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "participant_id": participant_id,
        "day": day_of(day),
        "metric": name,
        "value": value,
        "rule": name,
        "rule_version": metrics.RULES[name].version,
        "computed_at": clock.now(),
    }


def _save_gaps(session: Session, participant_id: UUID, spans: list[dict[str, Any]]) -> None:
    known = {
        (row.stream, row.start_at, row.end_at, row.cause, row.rule_version): row.id
        for row in session.scalars(select(Gap).where(Gap.participant_id == participant_id))
    }
    new = []
    for span in spans:
        key = (span["stream"], span["start_at"], span["end_at"], span["cause"], span["rule_version"])
        if known.pop(key, None) is None:
            new.append(span | {"id": uuid4(), "participant_id": participant_id})
    if known:
        session.execute(delete(Gap).where(Gap.id.in_(list(known.values()))))
    if new:
        session.execute(insert(Gap), new)
