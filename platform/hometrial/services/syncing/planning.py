"""What is to be read next, and when: decided from what is known, so that nothing that was missed is forgotten.

Each hour the last three local days, each night the last fourteen; after nights without a good read as many
days more, so that each day is read once more after its fourteenth night. Further back, newest first, to
the first consent, once after each (re-)link. A failing stream waits for its own next try, longer each time.
Before the first consent begins nothing is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import AccountPlan, Connection, PairedDevice, StreamState
from hometrial.services import consenting, enrolling
from hometrial.services.syncing.pulling import Span, today
from hometrial_ingest.local_time import ZoneHistory

HOURLY_DAYS, NIGHTLY_DAYS, BACKFILL_DAYS = 3, 14, 14
HOUR = timedelta(hours=1)
NIGHT_HOUR = 3
"""The local hour from which the nightly read is due: the night's sleep is mostly over at the provider."""
TRANSIENT = ("try_later", "rate_limited")
"""Obstacles that go by themselves; the others wait for a person."""
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), HOUR


@dataclass(frozen=True)
class Due:
    """A round of reads that is to be made now."""

    account_id: UUID
    kind: str
    span: Span


@dataclass(frozen=True)
class Standing:
    """What the plan of one account depends on. `retry_at`: when a failed stream may be tried again."""

    account_id: UUID
    zones: ZoneHistory
    first_day: date
    hourly_at: datetime | None = None
    nightly_on: date | None = None
    whole_since: date | None = None
    retry_at: datetime | None = None


def decide(standing: Standing, now: datetime) -> list[Due]:
    """Return the rounds that an account is due, the most urgent first. Pure."""
    if standing.retry_at is not None and standing.retry_at > now:
        return []
    present = today(standing.zones, now)
    if present < standing.first_day:
        return []
    if _night_is_due(standing, present, now):
        back = NIGHTLY_DAYS - 1 + _nights_missed(standing, present)
        return [_due(standing, "nightly", present - timedelta(days=back), present)]
    found = []
    if standing.hourly_at is None or now - standing.hourly_at >= HOUR:
        found.append(_due(standing, "hourly", present - timedelta(days=HOURLY_DAYS - 1), present))
    if standing.whole_since is not None and standing.whole_since > standing.first_day:
        last = standing.whole_since - timedelta(days=1)
        first = last - timedelta(days=BACKFILL_DAYS - 1)
        found.append(_due(standing, "backfill", first, last))
    return found


def _due(standing: Standing, kind: str, first: date, last: date) -> Due:
    return Due(standing.account_id, kind, Span(max(first, standing.first_day), last))


def _night_is_due(standing: Standing, present: date, now: datetime) -> bool:
    """The first read of all is a nightly one, whatever the hour."""
    if standing.nightly_on is None:
        return True
    moment = np.array([clock.microseconds(now)], np.int64)
    local = int(standing.zones.place_instant(moment)[1][0])
    return standing.nightly_on < present and local // 3_600_000_000 % 24 >= NIGHT_HOUR


def _nights_missed(standing: Standing, present: date) -> int:
    """Return how many nights in a row, up to last night, nobody could read."""
    if standing.nightly_on is None:
        return 0  # the backfill reads what lies before
    return (present - standing.nightly_on).days - 1


def due(session: Session, now: datetime, account_ids: Iterable[UUID] = ()) -> list[Due]:
    """Return every round that is due, in four queries however many accounts there are."""
    return [
        found for standing in _standings(session, account_ids) for found in decide(standing, now)
    ]


def _standings(session: Session, account_ids: Iterable[UUID]) -> list[Standing]:
    plan = (AccountPlan.hourly_at, AccountPlan.nightly_on, AccountPlan.whole_since)
    query = (
        select(Connection.account_id, Connection.participant_id, *plan)
        .outerjoin(AccountPlan, AccountPlan.account_id == Connection.account_id)
        .where(Connection.status == "active")
        .order_by(Connection.account_id)
    )
    chosen = list(account_ids)
    rows = session.execute(
        query.where(Connection.account_id.in_(chosen)) if chosen else query
    ).all()
    people = {row.participant_id for row in rows}
    zones = enrolling.zone_rows(session, people)
    consents = consenting.of_people(session, people)
    retries = _retries(session)
    found = []
    for row in rows:
        first = consents[row.participant_id].first()
        if first is None or row.participant_id not in zones:
            continue
        history = enrolling.zone_history(zones[row.participant_id])
        found.append(
            Standing(
                row.account_id,
                history,
                today(history, first),
                row.hourly_at,
                row.nightly_on,
                row.whole_since,
                retries.get(row.account_id),
            )
        )
    return found


def _retries(session: Session) -> dict[UUID, datetime]:
    rows = session.execute(
        select(StreamState.account_id, func.min(StreamState.retry_at))
        .where(StreamState.obstacle.in_(TRANSIENT), StreamState.retry_at.is_not(None))
        .group_by(StreamState.account_id)
    )
    return {account: moment for account, moment in rows if moment is not None}


def note(session: Session, done: Due, now: datetime, zones: ZoneHistory) -> None:
    """Note that a round was made without a failure that goes by itself."""
    values: dict[str, object] = {}
    if done.kind in ("hourly", "nightly"):
        values["hourly_at"] = now
    if done.kind == "nightly":
        values["nightly_on"] = today(zones, now)
    session.execute(
        upsert(AccountPlan)
        .values(account_id=done.account_id, **values)
        .on_conflict_do_update(
            index_elements=["account_id"], set_=values or {"hourly_at": AccountPlan.hourly_at}
        )
    )
    if done.kind in ("nightly", "backfill"):
        session.execute(
            update(AccountPlan)
            .where(AccountPlan.account_id == done.account_id)
            .values(whole_since=func.least(AccountPlan.whole_since, done.span.first_day))
        )


def begin_anew(session: Session, account_ids: Iterable[UUID]) -> None:
    """Read everything back to the first consent again: after a link, a re-link or a new consent."""
    session.execute(
        update(AccountPlan)
        .where(AccountPlan.account_id.in_(list(account_ids)))
        .values(hourly_at=None, nightly_on=None, whole_since=None)
    )


def settled_until(session: Session, account_id: UUID, streams: Sequence[str]) -> datetime | None:
    """Return up to when every one of some streams is known; what a device hands over late lies behind it."""
    found: datetime | None = session.scalar(
        select(func.min(func.upper(StreamState.known))).where(
            StreamState.account_id == account_id,
            StreamState.stream.in_(streams),
            ~func.isempty(StreamState.known),
        )
    )
    return found


def nothing_new(session: Session, account_id: UUID, streams: Sequence[str]) -> bool:
    """Say whether no device handed anything over since an hour before the last reads.

    For an hour after a hand-over the provider still works on it (stages of a night). An account that
    shows no device may always have something new.
    """
    handed = session.scalar(
        select(func.max(PairedDevice.last_sync_at)).where(PairedDevice.account_id == account_id)
    )
    oldest, count = session.execute(
        select(func.min(StreamState.read_at), func.count(StreamState.read_at)).where(
            StreamState.account_id == account_id, StreamState.stream.in_(streams)
        )
    ).one()
    if handed is None or oldest is None or count < len(streams):
        return False
    return bool(oldest >= handed + HOUR)


def retry_after(failures: int, asked: float | None) -> timedelta:
    """Return how long a stream waits after so many failures in a row: 1, 2, 4 ... minutes, up to an hour."""
    doubled: timedelta = FIRST_RETRY * (1 << min(failures, 6))
    return min(max(doubled, timedelta(seconds=asked or 0)), LONGEST_RETRY)
