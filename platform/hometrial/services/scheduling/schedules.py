"""Schedules: made, listed, ended; when each is due."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.models import ExportRun, ExportSchedule
from hometrial.services.locking.wanted import Wanted
from hometrial.services.scheduling import destinations

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")  # it begins the name of each run's folder
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TRIES, AGAIN = 3, timedelta(minutes=10)
"""What failed is tried so often, so long after it failed; then it waits for the next day that it is due."""


@dataclass(frozen=True)
class Plan:
    """When, and where to."""

    at: str
    zone: str
    on: tuple[str, ...]
    destination: str
    credentials: str | None
    is_incremental: bool


def add(session: Session, name: str, wanted: Wanted, plan: Plan, by: str) -> ExportSchedule:
    """Make a schedule. Raises ExportRefusedError that names what will not do."""
    if not _NAME.fullmatch(name):
        raise ExportRefusedError(
            f"name: {name!r} will not do; up to 40 of letters A to Z, digits, point, dash and underscore, as nightly"
        )
    if open_of(session, name) is not None:
        raise ExportRefusedError(
            f"name: {name} is a schedule already; remove it, or give another name"
        )
    if plan.is_incremental and wanted.profile.shifted:
        raise ExportRefusedError(
            f"profile: {wanted.profile.name} moves dates, and what came since the run before would tell how far; make the "
            "schedule without --incremental"
        )
    address = destinations.checked(plan.destination)
    destinations.credentials(plan.credentials, address.scheme)
    made = ExportSchedule(
        name=name,
        formats=list(wanted.formats),
        profile=wanted.profile.name,
        streams=list(wanted.streams),
        at=_time(plan.at),
        zone=_zone(plan.zone),
        weekdays=_weekdays(plan.on),
        destination=plan.destination,
        credentials=plan.credentials,
        is_incremental=plan.is_incremental,
        made_at=clock.now(),
        made_by=by,
    )
    session.add(made)
    session.flush()
    return made


def _time(told: str) -> time:
    try:
        found = time.fromisoformat(told)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or found.second or found.microsecond:
        raise ExportRefusedError(f"at: {told!r} is no time of day, as 02:30")
    return found


def _zone(told: str) -> str:
    try:
        return ZoneInfo(told).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ExportRefusedError(f"zone: {told!r} is none, as Europe/Berlin or UTC") from error


def _weekdays(told: tuple[str, ...]) -> list[int]:
    for each in told:
        if each not in DAYS:
            raise ExportRefusedError(f"on: {each!r} is no weekday; choose from {', '.join(DAYS)}")
    return sorted({DAYS.index(each) + 1 for each in told})


def open_of(session: Session, name: str) -> ExportSchedule | None:
    """Return a schedule by its name, None if there is none that was not ended."""
    return session.scalars(
        select(ExportSchedule).where(ExportSchedule.name == name, ExportSchedule.ended_at.is_(None))
    ).one_or_none()


def find(session: Session, name: str) -> ExportSchedule:
    """Return a schedule by its name. Raises ExportRefusedError."""
    found = open_of(session, name)
    if found is None:
        names = ", ".join(each.name for each in schedules(session)) or "none yet"
        raise ExportRefusedError(f"no schedule is called {name}; there are: {names}")
    return found


def schedules(session: Session) -> Sequence[ExportSchedule]:
    """Return the schedules that were not ended, by name."""
    return session.scalars(
        select(ExportSchedule)
        .where(ExportSchedule.ended_at.is_(None))
        .order_by(ExportSchedule.name)
    ).all()


def end(session: Session, name: str, by: str) -> None:
    """End a schedule; its runs stay on record. Raises ExportRefusedError."""
    found = find(session, name)
    found.ended_at, found.ended_by = clock.now(), by
    session.flush()


def runs(session: Session, schedule: ExportSchedule, count: int = 20) -> Sequence[ExportRun]:
    """Return the newest runs of a schedule, the newest first."""
    return session.scalars(
        select(ExportRun)
        .where(ExportRun.schedule_id == schedule.id)
        .order_by(ExportRun.started_at.desc(), ExportRun.id)
        .limit(count)
    ).all()


def due(session: Session) -> list[tuple[ExportSchedule, datetime]]:
    """Return what is due now, with the moment when it became so; of several that were missed, the last."""
    found = []
    for each in schedules(session):
        moment = last_moment(each, clock.now())
        if moment is not None and _is_to_run(runs(session, each), moment):
            found.append((each, moment))
    return found


def last_moment(schedule: ExportSchedule, now: datetime) -> datetime | None:
    """Return the last moment until now at which a schedule was due; None if it was not made then."""
    zone = ZoneInfo(schedule.zone)
    today = now.astimezone(zone).date()
    for back in range(8):
        day = today - timedelta(days=back)
        if schedule.weekdays and day.isoweekday() not in schedule.weekdays:
            continue
        moment = datetime.combine(day, schedule.at, zone).astimezone(UTC)
        if moment <= now:
            return moment if moment > schedule.made_at else None
    return None


def _is_to_run(found: Sequence[ExportRun], moment: datetime) -> bool:
    tried = [each for each in found if each.due_at >= moment]
    if any(each.state == "done" for each in tried) or len(tried) >= TRIES:
        return False
    return not tried or tried[0].finished_at + AGAIN <= clock.now()
