"""Accounts of the staff: one person each, for good; disabled, never deleted and never handed on."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ROLES, Site, StaffAccount, StaffGrant
from hometrial.models.staffing import WITHOUT_SITE
from hometrial.services import enrolling
from hometrial.services.staffing import granting, links, sessions, tokens

OWN = "machine"
_PLAIN = re.compile(r"[a-z][a-z0-9.-]{1,31}")


class AccountRefusedError(TrialError):
    """An account that cannot be made or disabled like this."""


class UnknownAccountError(TrialError):
    """A name that no account has."""


def find(session: Session, name: str) -> StaffAccount:
    """Return the account of a name. Raises UnknownAccountError."""
    found = session.scalar(select(StaffAccount).where(StaffAccount.name == name))
    if found is None:
        raise UnknownAccountError(
            f"no account {name!r}; `hometrial user list` shows those there are"
        )
    return found


def is_open(session: Session, name: str) -> bool:
    """Say whether there is an account of a name that is not disabled."""
    query = select(StaffAccount.id).where(
        StaffAccount.name == name, StaffAccount.disabled_at.is_(None)
    )
    return session.scalar(query) is not None


def add(session: Session, name: str, full_name: str) -> StaffAccount:
    """Make somebody's account, which may do nothing yet. Raises AccountRefusedError."""
    if not _PLAIN.fullmatch(name):
        raise AccountRefusedError(
            f"name {name!r} is no name to log in with; take 2 to 32 of a-z, 0-9, dot and hyphen, a letter first"
        )
    if not full_name.strip():
        raise AccountRefusedError(f"full name: say who {name} is, as it stands under a signature")
    if session.scalar(select(StaffAccount.id).where(StaffAccount.name == name)) is not None:
        raise AccountRefusedError(
            f"name {name!r} is somebody's already, and is theirs for good; take another one"
        )
    made = StaffAccount(name=name, full_name=full_name.strip(), created_at=clock.now())
    session.add(made)
    session.flush()
    return made


def disable(session: Session, account: StaffAccount, reason: str) -> None:
    """Close an account for good: its sessions end at once, its links and tokens open nothing.

    Raises AccountRefusedError without a reason, if it is closed already, or if nobody could approve roles any more.
    """
    if account.disabled_at is not None:
        raise AccountRefusedError(f"{account.name} is disabled already: {account.disabled_because}")
    if not reason.strip():
        raise AccountRefusedError(f"reason: say why {account.name} is disabled")
    granting.require_another_admin(session, account)
    account.disabled_at, account.disabled_because = clock.now(), reason.strip()
    session.flush()
    sessions.end_all(session, account.id, "account disabled")
    links.end_all(session, account.id, "account disabled")
    tokens.revoke_all(session, account.id)


def of_this_machine(session: Session) -> StaffAccount:
    """Return the account of whoever holds this machine, with every role but the safety board's at every site."""
    found = session.scalars(select(StaffAccount).where(StaffAccount.name == OWN)).one_or_none()
    now = clock.now()
    if found is None:
        found = StaffAccount(name=OWN, full_name="Whoever holds this machine", created_at=now)
        session.add(found)
        session.flush()
    held = {
        (each.role, each.site_id)
        for each in session.scalars(select(StaffGrant).where(StaffGrant.account_id == found.id))
    }
    if session.scalar(select(Site.id).limit(1)) is None:
        enrolling.default_site(session)
    sites = session.scalars(select(Site.id)).all()
    for role in ROLES:
        for site_id in [None] if role in WITHOUT_SITE else list(sites):
            if role != "dsmb" and (role, site_id) not in held:
                session.add(
                    StaffGrant(
                        account_id=found.id,
                        role=role,
                        site_id=site_id,
                        requested_by="this machine",
                        requested_at=now,
                        reason="whoever holds the machine holds the study",
                        decided_by="its owner",
                        decided_at=now,
                        approved=True,
                    )
                )
    session.flush()
    return found
