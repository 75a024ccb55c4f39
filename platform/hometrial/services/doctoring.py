"""One participant examined: what is there, what is missing and why, and what to do (features.md N17)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import DailyMetric, DayChunk, Device, Gap, Participant
from hometrial.services import enrolling, storing
from hometrial.services.comparing import day_of
from hometrial.services.diagnosing import checks, facts
from hometrial.services.diagnosing.check import Check
from hometrial.services.diagnosing.facts import Facts
from hometrial.services.diagnosing.flow import CAUSES
from hometrial.services.sunsets import Clouds

NO_CLOUDS: Clouds = MappingProxyType({})
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class StreamSummary:
    """How much of one stream there is."""

    stream: str
    days: int
    samples: int
    first: str
    last: str


@dataclass(frozen=True)
class DaySummary:
    """One local day of heart rate: each hour up to now `present` or its gap's cause, from the first on."""

    day: str
    hours: tuple[str, ...]
    state: str
    text: str


@dataclass(frozen=True)
class Examination:
    """Everything the doctor found; `answer` is the first problem with its fix, in one sentence."""

    participant: str
    status: str
    answer: str
    checks: tuple[Check, ...]
    zones: tuple[str, ...]
    devices: tuple[str, ...]
    streams: tuple[StreamSummary, ...]
    days: tuple[DaySummary, ...]
    missing_hours: dict[str, int]
    findings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def examine(
    session: Session,
    person: Participant,
    first: date | None = None,
    last: date | None = None,
    *,
    clouds: Clouds = NO_CLOUDS,
) -> Examination:
    """Examine a participant over some days (default: all).

    `clouds` are the providers that the study reads: they say which streams could come.
    """
    days = _days(session, person, first, last)
    missing = Counter(hour for day in days for hour in day.hours if hour != "present")
    streams = _streams(session, person)
    known = facts.gather(session, person, missing, clouds)
    run = checks.run(known)
    return Examination(
        participant=person.code,
        status=person.status,
        answer=checks.answer(known, run),
        checks=run,
        zones=_zones(session, person),
        devices=_devices(session, person),
        streams=streams,
        days=days,
        missing_hours=dict(sorted(missing.items())),
        findings=tuple(_findings(known, streams)),
    )


def _zones(session: Session, person: Participant) -> tuple[str, ...]:
    rows = enrolling.zone_rows(session, [person.id]).get(person.id, [])
    return tuple(
        f"{row.zone} since {row.valid_from.isoformat() if row.valid_from else 'ever'} ({row.source})"
        for row in rows
    )


def _devices(session: Session, person: Participant) -> tuple[str, ...]:
    rows = session.scalars(
        select(Device).where(Device.participant_id == person.id).order_by(Device.first_seen_at)
    )
    return tuple(
        f"{row.model} ({row.source}), {row.first_seen_at.date()} to {row.last_seen_at.date()}"
        for row in rows
    )


def _streams(session: Session, person: Participant) -> tuple[StreamSummary, ...]:
    rows = session.execute(
        select(
            DayChunk.stream,
            func.count(),
            func.sum(DayChunk.samples),
            func.min(DayChunk.day),
            func.max(DayChunk.day),
        )
        .where(DayChunk.participant_id == person.id, DayChunk.is_current, DayChunk.samples > 0)
        .group_by(DayChunk.stream)
        .order_by(DayChunk.stream)
    )
    return tuple(
        StreamSummary(stream, days, int(samples), str(first), str(last))
        for stream, days, samples, first, last in rows
    )


def _days(
    session: Session, person: Participant, first: date | None, last: date | None
) -> tuple[DaySummary, ...]:
    span = storing.span_of(session, person.id)
    if span is None or not enrolling.zone_rows(session, [person.id]):
        return ()
    start = max(first or date.min, day_of(span[0]))
    end = min(last or date.max, day_of(span[-1]))
    gaps: dict[date, list[Gap]] = {}
    for gap in session.scalars(
        select(Gap)
        .where(Gap.participant_id == person.id, Gap.stream == "heart_rate")
        .where(Gap.day.between(start, end))
        .order_by(Gap.start_at)
    ):
        gaps.setdefault(gap.day, []).append(gap)
    zones = enrolling.zones_of(session, person)
    wear = _wear(session, person)
    states = _states(session, person)
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    bounds_of = enrolling.day_bounds(zones, days)
    return tuple(
        _day(day, *bounds_of[day], gaps.get(day, []), wear.get(day), states.get(day, "no data"))
        for day in days
    )


def _wear(session: Session, person: Participant) -> dict[date, float]:
    rows = session.execute(
        select(DailyMetric.day, DailyMetric.value).where(
            DailyMetric.participant_id == person.id, DailyMetric.metric == "wear_minutes"
        )
    )
    return {day: value for day, value in rows}  # noqa: C416


def _states(session: Session, person: Participant) -> dict[date, str]:
    """Return `provisional` for a day with a provisional chunk, else `final`."""
    rows = session.execute(
        select(DayChunk.day, func.max(DayChunk.state))
        .where(DayChunk.participant_id == person.id, DayChunk.is_current)
        .group_by(DayChunk.day)
    )
    return {day: state for day, state in rows}  # noqa: C416


def _day(
    day: date,
    start: datetime,
    end: datetime,
    gaps: list[Gap],
    wear: float | None,
    state: str,
) -> DaySummary:
    hours = []
    moment = start
    end = min(end, clock.now())  # an hour that has not begun is neither there nor missing
    while moment < end:
        cause = next((g.cause for g in gaps if g.start_at <= moment < g.end_at), "present")
        hours.append(cause)
        moment += _HOUR
    worn = "wear unknown" if wear is None else f"worn {wear / 60:.1f} h"
    return DaySummary(day.isoformat(), tuple(hours), state, f"{worn}, {state}")


def _findings(known: Facts, streams: tuple[StreamSummary, ...]) -> list[str]:
    """Return what stands out, in the order in which one would mend it, each with the way out."""
    code, found = known.code, []
    if not known.zones:
        found.append(f"no zone on record; run: hometrial participant zone {code} ZONE")
    if not streams:
        found.append(
            f"no data at all; run: hometrial import PROVIDER PATH --participant {code}, or send a "
            f"link to a watch: hometrial link invite {code}"
        )
    rows, queries = known.quarantined
    if rows:
        found.append(
            f"{rows} rows wait in quarantine under {queries} open queries; run: "
            f"hometrial quarantine list --participant {code}"
        )
    found += _missing(known.missing)
    provisional, _ = known.days
    if provisional:
        found.append(f"{provisional} days are provisional: late data may still join them")
    return found or ["nothing is missing"]


def _missing(hours: Mapping[str, int]) -> list[str]:
    """Return the missing hours by cause, those that nobody can mend last."""
    return [f"{hours[cause]} hours {text}" for cause, text in CAUSES.items() if hours.get(cause)]
