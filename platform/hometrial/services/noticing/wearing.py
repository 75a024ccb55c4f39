"""Watches that are not worn, or too little, and files that do not come: causes that no account tells of itself."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Bridge, Connection, DailyMetric, Gap
from hometrial.services.noticing.causes import Cause
from hometrial.services.noticing.people import Everybody
from hometrial.services.standing import LIVE
from hometrial.services.viewing.days import data_days_by_person

KINDS = ("not_worn", "bad_wear", "late_file")
LOOKED_AT = timedelta(hours=48)
NOT_WORN_HOURS = 36
"""Hours without the watch, of the last 48, that are asked about."""
WEEK = 7
LEAST_DAYS_KNOWN = 5
VALID_DAYS_ENOUGH = 4
"""Days of a week that must be worn enough; fewer are asked about."""
FILE_AFTER = timedelta(days=7)
"""From whom data come as files, one is missed when the newest day is so old."""


def find(session: Session, everybody: Everybody) -> list[Cause]:
    """Return what is to be said of watches and files: a fixed number of queries."""
    live = _linked(session)
    not_worn = [each for each in _not_worn(session) if each.person in everybody.awake & live]
    told = {each.person for each in not_worn}
    worn_little = [
        each
        for each in _bad_wear(session)
        if each.person in everybody.awake & live and each.person not in told
    ]
    late = [each for each in _late_files(session) if each.person in everybody.awake - live]
    return [*not_worn, *worn_little, *late]


def _linked(session: Session) -> frozenset[UUID]:
    """Return who has an account or a phone that delivers, or is meant to."""
    links = session.scalars(
        select(Connection.participant_id).where(Connection.status.in_(LIVE)).distinct()
    )
    phones = session.scalars(
        select(Bridge.participant_id).where(Bridge.revoked_at.is_(None)).distinct()
    )
    return frozenset((*links, *phones))


def _not_worn(session: Session) -> Iterable[Cause]:
    hours = func.sum(func.extract("epoch", Gap.end_at - Gap.start_at)) / 3600
    since = clock.now() - LOOKED_AT
    rows = session.execute(
        select(Gap.participant_id, func.min(Gap.start_at))
        .where(
            Gap.stream == "heart_rate",
            Gap.day >= (since - timedelta(days=1)).date(),
            Gap.start_at >= since,
            Gap.cause == "not_worn",
        )
        .group_by(Gap.participant_id)
        .having(hours >= NOT_WORN_HOURS)
    )
    for person, _ in rows:
        reason = (
            f"not worn for {NOT_WORN_HOURS} of the last {LOOKED_AT // timedelta(hours=1)} hours"
        )
        yield Cause(person, "not_worn", "watch", reason)


def _bad_wear(session: Session) -> Iterable[Cause]:
    today = clock.now().date()
    rows = session.execute(
        select(DailyMetric.participant_id, func.sum(DailyMetric.value), func.count())
        .where(
            DailyMetric.metric == "valid_day",
            DailyMetric.day >= today - timedelta(days=WEEK),
            DailyMetric.day < today,
        )
        .group_by(DailyMetric.participant_id)
    )
    for person, valid, known in rows:
        if known >= LEAST_DAYS_KNOWN and valid < VALID_DAYS_ENOUGH:
            reason = f"worn enough on {valid:.0f} of the last {WEEK} days"
            yield Cause(person, "bad_wear", "watch", reason)


def _late_files(session: Session) -> Iterable[Cause]:
    earliest = clock.now().date() - FILE_AFTER
    for person, days in data_days_by_person(session).items():
        if days.last < earliest:
            reason = f"no file since the one that ends on {days.last}"
            yield Cause(person, "late_file", "file", reason)
