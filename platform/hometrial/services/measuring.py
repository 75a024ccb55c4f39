"""Daily metrics and gaps of the days that changed, computed from their current chunks."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import DailyMetric, Gap, Participant
from hometrial.services import metrics, storing
from hometrial.services.comparing import day_number, day_of
from hometrial.services.histories import LOADED, History
from hometrial.services.metrics import Presence, Stream
from hometrial_ingest.signals import SIGNALS, Shape, Signal

Int64 = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000


def measure(session: Session, codes: Iterable[str]) -> None:
    """Bring metrics and gaps of some participants up to date after their samples changed.

    All their days are computed: a night bears on the day before it, and the span of a person's files
    on what every silent hour means, so that the result never depends on the order of imports. Only
    rows that differ are written.
    """
    for code in sorted(set(codes)):
        owner = session.scalars(select(Participant).where(Participant.code == code)).one()
        _measure_person(session, owner)


def _measure_person(session: Session, owner: Participant) -> None:
    span = storing.span_of(session, owner.id)
    if span is None:
        return
    history = History.load(session, owner, span)
    days = [day for day in span if history.lived(day)]
    _save_metrics(session, owner.id, {day: metrics.measure(history.day(day)) for day in days})
    _save_gaps(session, owner.id, [found for day in days for found in _gaps(history, day)])


# Stream: the signals that are told by the moment, and the source's own daily values that show it, too.
_STREAMS: dict[str, tuple[tuple[Signal, ...], tuple[Signal, ...]]] = {
    "heart_rate": ((Signal.HEART_RATE,), ()),
    "steps": ((Signal.STEPS, Signal.STEPS_HOURLY), (Signal.STEPS_DAILY,)),
    "sleep": ((Signal.SLEEP_SESSION,), (Signal.MINUTES_ASLEEP_DAILY,)),
}


def _gaps(history: History, day: int) -> list[dict[str, Any]]:
    start, end = history.bounds(day)
    streams = {name: _stream(history, name, day) for name in _STREAMS}
    timed = [s for s in LOADED if SIGNALS[s].shape is not Shape.DAILY]
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


def _stream(history: History, name: str, day: int) -> Stream:
    signals, daily = _STREAMS[name]
    start, end = history.bounds(day)
    waiting = [history.quarantined.get(str(s), np.empty(0, np.int64)) for s in signals]
    return Stream(
        metrics.hours_of(_moments(history, name, day), start, end),
        metrics.hours_of(np.concatenate(waiting), start, end),
        history.seen((*signals, *daily)),
    )


def _moments(history: History, name: str, day: int) -> Int64:
    """Return instants of the day that show the stream; sleep counts for the day on which it ended."""
    signals, daily = _STREAMS[name]
    start, end = history.bounds(day)
    told = [str(signal) in history.daily.get(day, {}) for signal in daily]
    slept = len(history.of_day(Signal.SLEEP_SESSION, day)) if name == "sleep" else 0
    shown = [np.array([start] * (any(told) or slept > 0), np.int64)]
    if name != "sleep":
        shown += [history.between(s, start, end)["at"].to_numpy() for s in signals]
    return np.concatenate(shown).astype(np.int64)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _save_metrics(
    session: Session, participant_id: UUID, values: dict[int, dict[str, float]]
) -> None:
    known = {
        (day_number(row.day), row.metric): row
        for row in session.scalars(
            select(DailyMetric).where(DailyMetric.participant_id == participant_id)
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
                    {
                        "id": row.id,
                        "value": value,
                        "rule_version": version,
                        "computed_at": clock.now(),
                    }
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
        key = (
            span["stream"],
            span["start_at"],
            span["end_at"],
            span["cause"],
            span["rule_version"],
        )
        if known.pop(key, None) is None:
            new.append(span | {"id": uuid4(), "participant_id": participant_id})
    if known:
        session.execute(delete(Gap).where(Gap.id.in_(list(known.values()))))
    if new:
        session.execute(insert(Gap), new)
