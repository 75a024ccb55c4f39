"""When a day of a linked person is final, and what is said when a later read changes one (features.md C6, N9)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.models import Connection, DayChunk
from hometrial.services import enrolling
from hometrial.services.comparing import day_number
from hometrial.services.consenting import Consents
from hometrial.services.histories import Calendar
from hometrial.services.metrics.spans import NOTHING, union
from hometrial.services.syncing import obstacles
from hometrial.services.syncing.obstacles import Obstacles, common, shared
from hometrial_ingest.data_types import DATA_TYPE_OF
from hometrial_ingest.local_time import Int64, ZoneHistory
from hometrial_ingest.signals import Signal

REREAD = timedelta(days=14)
"""So long after its end a day is read again."""

STREAM_OF: Mapping[Signal, str] = {
    Signal.HEART_RATE: "heart_rate",
    Signal.STEPS: "steps",
    Signal.STEPS_HOURLY: "steps",
    Signal.STEPS_DAILY: "steps",
    Signal.DISTANCE: "distance",
    Signal.DISTANCE_DAILY: "distance",
    Signal.SEDENTARY_MINUTES_DAILY: "steps",
    Signal.SLEEP_SESSION: "sleep",
    Signal.SLEEP_STAGE: "sleep",
    Signal.MINUTES_ASLEEP_DAILY: "sleep",
    Signal.TIME_IN_BED_DAILY: "sleep",
    Signal.SLEEP_RECORDS_DAILY: "sleep",
    Signal.RESTING_HEART_RATE: "resting_heart_rate",
    Signal.HRV_RMSSD: "heart_rate_variability",
    Signal.HRV_SDNN: "heart_rate_variability",
    Signal.HRV_RMSSD_DAILY: "heart_rate_variability_daily",
    Signal.OXYGEN_SATURATION: "oxygen_saturation",
    Signal.OXYGEN_SATURATION_DAILY: "oxygen_saturation_daily",
    Signal.RESPIRATORY_RATE: "respiratory_rate",
    Signal.RESPIRATORY_RATE_DAILY: "respiratory_rate_daily",
    Signal.SKIN_TEMPERATURE_DAILY: "skin_temperature_daily",
    Signal.WEIGHT: "weight",
}
"""The provider's stream (`Provider.streams`) that brings each signal."""


def settle(session: Session, now: datetime, participant_ids: Iterable[UUID] | None = None) -> int:
    """Make the days of linked people final that nothing more is expected for; return how many chunks.

    A day is waited for until its re-read window is over and every account that delivers the stream knows
    all of the day for which consent lets data in. An account that is retired or unlinked is not waited for.
    """
    waiting = _provisional(session, now, participant_ids)
    people = {person for _, person, _, _ in waiting}
    known, zones = obstacles.load(session, people, now), enrolling.zone_rows(session, people)
    places = {person: enrolling.zone_history(rows) for person, rows in zones.items()}
    settled = [
        chunk
        for chunk, person, signal, day in waiting
        if person in places and is_settled(known[person], signal, _bounds(places[person], day), now)
    ]
    if settled:
        session.execute(update(DayChunk).where(among(DayChunk.id, settled)).values(state="final"))
    return len(settled)


def _provisional(
    session: Session, now: datetime, participant_ids: Iterable[UUID] | None
) -> list[tuple[UUID, UUID, Signal, int]]:
    linked = select(Connection.participant_id)
    if participant_ids is not None:
        linked = linked.where(among(Connection.participant_id, participant_ids))
    rows = session.execute(
        select(DayChunk.id, DayChunk.participant_id, DayChunk.stream, DayChunk.day).where(
            DayChunk.is_current,
            DayChunk.state == "provisional",
            DayChunk.day <= (now - REREAD).date(),
            DayChunk.participant_id.in_(linked),
        )
    )
    return [(chunk, person, Signal(stream), day_number(day)) for chunk, person, stream, day in rows]


def _bounds(zones: ZoneHistory, day: int) -> tuple[int, int]:
    # A whole fortnight's calendar at a time, so that neighbours share one computation.
    first = day - day % 14
    return Calendar.of(zones, range(first, first + 14)).bounds(day)


def is_settled(known: Obstacles, signal: Signal, bounds: tuple[int, int], now: datetime) -> bool:
    """Say whether nothing more is expected for a signal on the day [start, end), µs UTC."""
    start, end = bounds
    if end + int(REREAD.total_seconds()) * 1_000_000 > clock.microseconds(now):
        return False
    stream = STREAM_OF[signal]
    day = np.array([[start, end]], np.int64)
    expected = common(day, _admitted(known.consents, signal, now))
    lengths = expected[:, 1] - expected[:, 0]
    return all(
        bool((shared(spans, expected[:, 0], expected[:, 1]) == lengths).all())
        for spans in (
            account.known.get(stream, NOTHING)
            for account in known.accounts
            if account.delivers and stream in account.streams
        )
    )


def _admitted(consents: Consents, signal: Signal, now: datetime) -> Int64:
    """Return the spans whose observations consent still lets in."""
    spells = consents.admitted(DATA_TYPE_OF[signal], now)
    spans = [(clock.microseconds(s.start), clock.microseconds(s.end)) for s in spells]
    return union(np.array(spans, np.int64).reshape(-1, 2))


def because(
    state: str | None, change: str, device_synced_at: datetime | None, read_at: datetime
) -> str:
    """Return in words why there is a new version of a day.

    The new version is provisional, whatever the one before was (`Origin.reopens`): a read makes no day
    final, and one that was final is provisional until `settle` finds that nothing more is expected.

    `state`: that of the version before, None if there is none; `change`: what the read did to its samples
    ("added", "revised", "absent"); `device_synced_at`: when a device last handed its data over.
    """
    if state is None:
        return f"read {_stamp(read_at)}"
    if state != "final":
        return f"{_CHANGES[change]}: read {_stamp(read_at)}"
    if change == "added" and device_synced_at is not None:
        return (
            f"device handed over late: last sync {_stamp(device_synced_at)} after the day was final"
        )
    return f"{_CHANGES[change]} after the day was final: read {_stamp(read_at)}"


_CHANGES = {
    "added": "samples came to it",
    "revised": "the provider changed samples",
    "absent": "the provider took samples away",
}


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
