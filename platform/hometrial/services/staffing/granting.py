"""Roles are asked for by one person and decided by another; the tables hold this, too (trust.md TM5).

Who acts is named as in the audit trail: `staff:NAME` of an account, `cli:USER` of whoever holds the machine.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ANYWHERE, ROLES, WITHOUT_SITE, Site, StaffAccount, StaffGrant
from hometrial.services.staffing import sessions

FIRST = "system:first-admin"
"""Who decides while there is no admin: nobody else is there."""
MACHINE = "cli:"
_ADMIN = "admin"


class GrantRefusedError(TrialError):
    """A role that cannot be asked for, decided or ended like this."""


def request(
    session: Session, account: StaffAccount, role: str, site: Site | None, said: tuple[str, str]
) -> StaffGrant:
    """Ask for a role at a site (None: of the whole study, or at all sites). `said`: by whom, and why.

    Raises GrantRefusedError with the way out.
    """
    by, reason = said
    _require_sense(account, role, site, reason)
    _lock(session)
    same = _same(session, account.id, role, None if site is None else site.id)
    if same is not None:
        how = "holds it" if same.approved else f"it was asked for by {same.requested_by}"
        raise GrantRefusedError(f"{told(role, site)} of {account.name}: {how} already")
    made = StaffGrant(
        account_id=account.id,
        role=role,
        site_id=None if site is None else site.id,
        requested_by=by,
        requested_at=clock.now(),
        reason=reason.strip(),
    )
    session.add(made)
    session.flush()
    return made


def _require_sense(account: StaffAccount, role: str, site: Site | None, reason: str) -> None:
    if role not in ROLES:
        raise GrantRefusedError(f"role {role!r} is none; there are {', '.join(ROLES)}")
    if account.disabled_at is not None:
        raise GrantRefusedError(f"{account.name} is disabled for good; make another account")
    if site is None and role not in ANYWHERE:
        raise GrantRefusedError(
            f"role {role} writes about people, so it is held at a site that is named: give one"
        )
    if site is not None and role in WITHOUT_SITE:
        raise GrantRefusedError(f"role {role} serves the whole study; give no site")
    if not reason.strip():
        raise GrantRefusedError(f"reason: say why {account.name} needs the role")


def find(session: Session, account: StaffAccount, role: str, site: Site | None) -> StaffGrant:
    """Return a role that somebody holds or that waits for a decision. Raises GrantRefusedError if there is none."""
    found = _same(session, account.id, role, None if site is None else site.id)
    if found is None:
        raise GrantRefusedError(
            f"{told(role, site)} of {account.name}: neither held nor asked for; `hometrial user list` shows what is"
        )
    return found


def decide(session: Session, grant: StaffGrant, by: str, *, approve: bool) -> None:
    """Approve or decline a role that another person asked for. Raises GrantRefusedError."""
    _lock(session)
    session.refresh(grant)
    account = session.get_one(StaffAccount, grant.account_id)
    if grant.decided_by is not None:
        raise GrantRefusedError(
            f"{grant.role} of {account.name} was decided by {grant.decided_by} already"
        )
    if approve and account.disabled_at is not None:
        raise GrantRefusedError(f"{account.name} is disabled for good; decline this")
    if by == f"staff:{account.name}":
        raise GrantRefusedError(
            f"{grant.role} of {account.name}: nobody decides about their own role; another admin does"
        )
    if grant.requested_by == by or (approve and _both_machine(grant.requested_by, by)):
        raise GrantRefusedError(
            f"{grant.role} of {account.name}: {grant.requested_by} asked for it, so another person decides; "
            + ("an admin does so on the site" if by.startswith(MACHINE) else "another admin does")
        )
    grant.decided_by, grant.decided_at, grant.approved = by, clock.now(), approve
    session.flush()
    if approve:
        sessions.end_all(session, account.id, "roles changed")


def _both_machine(one: str, other: str) -> bool:
    return one.startswith(MACHINE) and other.startswith(MACHINE)


def end(session: Session, grant: StaffGrant, by: str, reason: str) -> None:
    """End a role that somebody holds; one person is enough to take away. Raises GrantRefusedError."""
    _lock(session)
    session.refresh(grant)
    account = session.get_one(StaffAccount, grant.account_id)
    if not grant.approved or grant.ended_at is not None:
        raise GrantRefusedError(
            f"{grant.role} of {account.name} is not held, so it cannot be ended"
        )
    if not reason.strip():
        raise GrantRefusedError(f"reason: say why {account.name} no longer is {grant.role}")
    if grant.role == _ADMIN:
        require_another_admin(session, account)
    grant.ended_by, grant.ended_at, grant.end_reason = by, clock.now(), reason.strip()
    session.flush()
    sessions.end_all(session, account.id, "roles changed")


def make_first_admin(session: Session, account: StaffAccount, by: str) -> StaffGrant:
    """Make an account the first admin: whoever holds the machine holds the study. Raises GrantRefusedError."""
    _lock(session)
    if admins(session):
        raise GrantRefusedError(
            "there is an admin already: ask for the role, and an admin decides on the site"
        )
    made = request(session, account, _ADMIN, None, (by, "the first admin of this study"))
    made.decided_by, made.decided_at, made.approved = FIRST, clock.now(), True
    session.flush()
    return made


def admins(session: Session) -> Sequence[UUID]:
    """Return the accounts that are admins now."""
    return session.scalars(
        select(StaffAccount.id)
        .join(StaffGrant, StaffGrant.account_id == StaffAccount.id)
        .where(StaffGrant.role == _ADMIN, StaffAccount.disabled_at.is_(None), *_HELD)
    ).all()


def require_another_admin(session: Session, account: StaffAccount) -> None:
    """Refuse to take away the last admin. Raises GrantRefusedError."""
    if list(admins(session)) == [account.id]:
        raise GrantRefusedError(
            f"{account.name} is the only admin: make another one first, or nobody decides about roles"
        )


_HELD: tuple[ColumnElement[bool], ...] = (
    StaffGrant.approved.is_(True),
    StaffGrant.ended_at.is_(None),
)


def told(role: str, site: Site | None) -> str:
    """Return a role and where it is held, in words."""
    where = "of the whole study" if role in WITHOUT_SITE else "at all sites"
    return f"{role.replace('_', ' ')} {where if site is None else f'at {site.code}'}"


def _same(session: Session, account_id: UUID, role: str, site_id: UUID | None) -> StaffGrant | None:
    return session.scalar(
        select(StaffGrant).where(
            StaffGrant.account_id == account_id,
            StaffGrant.role == role,
            StaffGrant.site_id.is_not_distinct_from(site_id),
            func.coalesce(StaffGrant.approved, True).is_(True),
            StaffGrant.ended_at.is_(None),
        )
    )


def _lock(session: Session) -> None:
    """Have changes of roles wait for one another: two of them must not both find that an admin is left."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.granting'))"))
