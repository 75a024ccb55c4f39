"""What delivers a person's data: linked accounts and phones, until when we have data, what holds it up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, column, exists, func, literal, or_, select, true
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import (
    Bridge,
    Connection,
    PairedDevice,
    Participant,
    ParticipantZone,
    StreamState,
    WearableAccount,
)
from hometrial.services import enrolling

PER_PAGE = 100
QUIET_AFTER = timedelta(days=1)
OUTAGE_SHARE = 0.5
"""From this share of a provider's accounts on, failures are the provider's, not one account's."""


@dataclass(frozen=True)
class Source:
    """One account that delivers by itself: read from a cloud (`connection`) or pushed by a phone (`bridge`)."""

    code: str
    account: WearableAccount
    connection: Connection | None
    bridge: Bridge | None
    zones: Sequence[ParticipantZone]
    streams: Sequence[StreamState]
    devices: Sequence[PairedDevice]

    @property
    def status(self) -> str:
        """The connection's state; of a phone `pushing` or `revoked`."""
        if self.connection is not None:
            return self.connection.status
        return (
            "pushing" if self.bridge is not None and self.bridge.revoked_at is None else "revoked"
        )

    @property
    def data_until(self) -> datetime | None:
        """The end of the newest sample of any stream."""
        return max((each.data_until for each in self.streams if each.data_until), default=None)

    @property
    def read_at(self) -> datetime | None:
        """When a read last went well."""
        return max((each.read_at for each in self.streams if each.read_at), default=None)

    @property
    def handed_over_at(self) -> datetime | None:
        """When a worn device last gave its data to the provider; a scale is no worn device."""
        worn = (each.last_sync_at for each in self.devices if each.kind != "scale")
        return max((moment for moment in worn if moment), default=None)

    @property
    def held_up(self) -> Sequence[StreamState]:
        """The streams whose last read failed."""
        return [each for each in self.streams if each.obstacle]

    @property
    def is_quiet(self) -> bool:
        """Whether an account that should deliver has given no sign for a day."""
        heard = [moment for moment in (self.data_until, self.handed_over_at) if moment]
        return self.status in ("active", "pushing") and (
            not heard or clock.now() - max(heard) > QUIET_AFTER
        )


@dataclass(frozen=True)
class SourceList:
    """One page of sources, those in trouble first, of `total`."""

    sources: Sequence[Source]
    total: int
    start: int


@dataclass(frozen=True)
class Outage:
    """How many of a provider's active accounts cannot be read just now, and since when."""

    provider: str
    accounts: int
    failing: int
    since: datetime | None

    @property
    def is_one(self) -> bool:
        """Whether so many fail that it is the provider."""
        return self.failing > 0 and self.failing >= OUTAGE_SHARE * self.accounts


@dataclass(frozen=True)
class Latest:
    """A person's newest data and newest hand-over of a worn device, and the states of the links."""

    data_until: datetime | None = None
    handed_over_at: datetime | None = None
    statuses: tuple[str, ...] = ()


NEVER = Latest()


def at_home(moment: datetime, zones: Sequence[ParticipantZone]) -> datetime:
    """Return an instant on the wall clock of a zone history (in order of time); UTC without one."""
    lived = [row.zone for row in zones if row.valid_from is None or row.valid_from <= moment]
    name = lived[-1] if lived else zones[0].zone if zones else "UTC"
    return moment.astimezone(ZoneInfo(name))


def of_person(session: Session, person: UUID) -> list[Source]:
    """Return a person's sources, those that were unlinked last."""
    found = _all().where(WearableAccount.participant_id == person)
    return _filled(session, found.order_by(*_in_trouble_first()))


def newest(session: Session, start: int = 0) -> SourceList:
    """Return a page of all sources that are meant to deliver: six queries, however many there are."""
    living = or_(
        Connection.status != "unlinked", Bridge.revoked_at.is_(None) & Bridge.id.is_not(None)
    )
    found = _all().where(living)
    total = session.scalar(select(func.count()).select_from(found.subquery()))
    page = found.order_by(*_in_trouble_first()).offset(start).limit(PER_PAGE)
    return SourceList(_filled(session, page), total or 0, start)


def _all() -> Any:
    """Return every source, `blocked` if a stream of it meets an obstacle."""
    blocked = exists().where(
        StreamState.account_id == WearableAccount.id, StreamState.obstacle.is_not(None)
    )
    phone = aliased(Bridge)
    newest_bridge = (
        select(phone.id)
        .where(phone.account_id == WearableAccount.id)
        .order_by(phone.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            WearableAccount,
            Connection,
            Bridge,
            Participant.code.label("code"),
            blocked.label("blocked"),
        )
        .join(Participant, Participant.id == WearableAccount.participant_id)
        .outerjoin(Connection, Connection.account_id == WearableAccount.id)
        .outerjoin(Bridge, Bridge.id == newest_bridge)
        .where(or_(Connection.id.is_not(None), Bridge.id.is_not(None)))
    )


def _in_trouble_first() -> list[Any]:
    status = func.coalesce(Connection.status, "active")
    return [
        status == "unlinked",
        status == "active",
        column("blocked").desc(),
        func.coalesce(Connection.status_since, Bridge.created_at).desc().nulls_last(),
        Participant.code,
        WearableAccount.id,
    ]


def _filled(session: Session, found: Select[Any]) -> list[Source]:
    rows = session.execute(found).all()
    accounts = [row[0].id for row in rows]
    zones = enrolling.zone_rows(session, {row[0].participant_id for row in rows})
    streams = _by_account(session.scalars(_of(StreamState, accounts, StreamState.stream)))
    devices = _by_account(session.scalars(_of(PairedDevice, accounts, PairedDevice.key)))
    return [
        Source(
            row.code,
            account,
            connection,
            bridge,
            zones.get(account.participant_id, []),
            streams.get(account.id, []),
            devices.get(account.id, []),
        )
        for row in rows
        for account, connection, bridge in [row[:3]]
    ]


def _of(table: Any, accounts: Sequence[UUID], order: Any) -> Select[Any]:
    return select(table).where(table.account_id.in_(accounts)).order_by(order)


def _by_account(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.account_id, []).append(row)
    return found


def outages(session: Session) -> dict[str, Outage]:
    """Return, of each provider with active accounts, how many of them meet `try_later` now."""
    failing = StreamState.obstacle == "try_later"
    rows = session.execute(
        select(
            WearableAccount.provider,
            func.count(Connection.account_id.distinct()),
            func.count(StreamState.account_id.distinct()).filter(failing),
            func.min(StreamState.obstacle_since).filter(failing),
        )
        .join(Connection, Connection.account_id == WearableAccount.id)
        .outerjoin(StreamState, StreamState.account_id == WearableAccount.id)
        .where(Connection.status == "active")
        .group_by(WearableAccount.provider)
    )
    return {row[0]: Outage(*row) for row in rows}


def latest(session: Session) -> dict[UUID, Latest]:
    """Return of everyone with a link how new the data are: four queries, however many people."""
    data = _newest_by_person(session, StreamState, StreamState.data_until, true())
    devices = _newest_by_person(
        session, PairedDevice, PairedDevice.last_sync_at, PairedDevice.kind != "scale"
    )
    statuses: dict[UUID, tuple[str, ...]] = {}
    links = select(Connection.participant_id, Connection.status).order_by(
        Connection.status_since.desc()
    )
    phones = select(Bridge.participant_id, literal("pushing")).where(Bridge.revoked_at.is_(None))
    for person, status in (*session.execute(links), *session.execute(phones.distinct())):
        statuses[person] = (*statuses.get(person, ()), status)
    return {
        person: Latest(data.get(person), devices.get(person), statuses.get(person, ()))
        for person in {*data, *devices, *statuses}
    }


def _newest_by_person(
    session: Session, table: Any, moment: Any, chosen: ColumnElement[bool]
) -> dict[UUID, datetime]:
    rows = session.execute(
        select(WearableAccount.participant_id, func.max(moment))
        .join(table, table.account_id == WearableAccount.id)
        .where(moment.is_not(None), chosen)
        .group_by(WearableAccount.participant_id)
    )
    return {person: newest for person, newest in rows}  # noqa: C416
