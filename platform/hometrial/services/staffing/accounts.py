"""Accounts of the staff."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import ROLES, Site, StaffAccount, StaffGrant
from hometrial.models.staffing import WITHOUT_SITE
from hometrial.services import enrolling

OWN = "machine"


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
    enrolling.default_site(session)
    session.flush()
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
