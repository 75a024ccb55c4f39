"""Accounts of the staff with what they hold, and who could do what on a day, replayed from what was decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.engine import Row
from sqlalchemy.orm import InstrumentedAttribute, Session

from hometrial.db import among
from hometrial.models import (
    AccessRecord,
    Site,
    StaffAccount,
    StaffGrant,
    StaffPasskey,
    StaffPassword,
)
from hometrial.services.staffing import granting


@dataclass(frozen=True)
class Role:
    """A role that was asked for, and what became of it."""

    grant: StaffGrant
    site: Site | None

    @property
    def told(self) -> str:
        """The role and where it is held, in words."""
        return granting.told(self.grant.role, self.site)

    @property
    def state(self) -> str:
        """How far it has come, in a word."""
        if self.grant.decided_at is None:
            return "waiting"
        if not self.grant.approved:
            return "declined"
        return "held" if self.grant.ended_at is None else "ended"


@dataclass(frozen=True)
class Known:
    """An account as a page shows it."""

    account: StaffAccount
    roles: tuple[Role, ...]
    by_passkey: bool
    by_password: bool
    entered_at: datetime | None

    @property
    def name(self) -> str:
        """What they log in with."""
        return self.account.name

    @property
    def full_name(self) -> str:
        """Who they are."""
        return self.account.full_name

    @property
    def disabled_because(self) -> str | None:
        """Why the account is closed, if it is."""
        return self.account.disabled_because

    @property
    def held(self) -> tuple[Role, ...]:
        """What they hold now; nothing if the account is closed."""
        closed = self.account.disabled_at is not None
        return () if closed else tuple(each for each in self.roles if each.state == "held")

    @property
    def waiting(self) -> tuple[Role, ...]:
        """What waits for a decision; nothing if the account is closed."""
        closed = self.account.disabled_at is not None
        return () if closed else tuple(each for each in self.roles if each.state == "waiting")


@dataclass(frozen=True)
class Could:
    """A role that somebody held on a day: from when, and until when if it ended on that very day."""

    account: StaffAccount
    role: Role
    since: datetime
    until: datetime | None


def accounts(session: Session, name: str | None = None) -> list[Known]:
    """Return all accounts in order of their names, or the one of a name, in as many queries however many there are."""
    query = select(StaffAccount).order_by(StaffAccount.name)
    found = session.scalars(query if name is None else query.where(StaffAccount.name == name)).all()
    ids = [each.id for each in found]
    roles = _roles(session, ids)
    passkeys = set(session.scalars(select(StaffPasskey.account_id).where(StaffPasskey.removed_at.is_(None))))  # fmt: skip
    passwords = set(session.scalars(select(StaffPassword.account_id)))
    entered = _entered(session, [f"staff:{each.name}" for each in found])
    return [
        Known(
            account=each,
            roles=tuple(roles.get(each.id, ())),
            by_passkey=each.id in passkeys,
            by_password=each.id in passwords,
            entered_at=entered.get(f"staff:{each.name}"),
        )
        for each in found
    ]


def _roles(session: Session, ids: Iterable[UUID]) -> dict[UUID, list[Role]]:
    rows = session.execute(
        select(StaffGrant, Site)
        .outerjoin(Site, Site.id == StaffGrant.site_id)
        .where(among(StaffGrant.account_id, ids))
        .order_by(StaffGrant.requested_at, StaffGrant.id)
    )
    found: dict[UUID, list[Role]] = {}
    for grant, site in rows:
        found.setdefault(grant.account_id, []).append(Role(grant, site))
    return found


def _entered(session: Session, who: Sequence[str]) -> dict[str, datetime]:
    rows = session.execute(
        select(AccessRecord.who, func.max(AccessRecord.at))
        .where(AccessRecord.kind == "log_in", among(AccessRecord.who, who))
        .group_by(AccessRecord.who)
    )
    return {row[0]: row[1] for row in rows}


def waiting(session: Session) -> list[tuple[StaffAccount, Role]]:
    """Return the roles that wait for a decision, the oldest first; not of closed accounts."""
    rows = session.execute(
        _of_everybody()
        .where(StaffGrant.decided_at.is_(None), StaffAccount.disabled_at.is_(None))
        .order_by(StaffGrant.requested_at, StaffGrant.id)
    )
    return [(account, Role(grant, site)) for account, grant, site in rows]


def role(session: Session, grant_id: UUID) -> tuple[StaffAccount, Role] | None:
    """Return one role that was asked for, with its account."""
    row = session.execute(_of_everybody().where(StaffGrant.id == grant_id)).one_or_none()
    return None if row is None else (row[0], Role(row[1], row[2]))


def _of_everybody() -> Select[StaffAccount, StaffGrant, Site]:
    return (
        select(StaffAccount, StaffGrant, Site)
        .join(StaffGrant, StaffGrant.account_id == StaffAccount.id)
        .outerjoin(Site, Site.id == StaffGrant.site_id)
    )


def on(session: Session, day: date) -> list[Could]:
    """Return what was held at any moment of a day in UTC, in order of names."""
    begin = datetime.combine(day, time(), UTC)
    end = begin + timedelta(days=1)
    rows = session.execute(
        _of_everybody()
        .where(
            StaffGrant.approved.is_(True),
            StaffGrant.decided_at < end,
            _not_over(StaffGrant.ended_at, begin),
            _not_over(StaffAccount.disabled_at, begin),
        )
        .order_by(StaffAccount.name, StaffGrant.role, Site.code)
    )
    return [_could(row, end) for row in rows]


def _not_over(
    ended: InstrumentedAttribute[datetime | None], begin: datetime
) -> ColumnElement[bool]:
    return or_(ended.is_(None), ended > begin)


def _could(row: Row[StaffAccount, StaffGrant, Site], end: datetime) -> Could:
    account, grant, site = row
    ends = [each for each in (grant.ended_at, account.disabled_at) if each is not None]
    until = min(ends, default=None)
    assert grant.decided_at is not None  # noqa: S101  # it is approved
    return Could(
        account, Role(grant, site), grant.decided_at, until if until and until < end else None
    )
