"""Accounts of the staff with roles at sites, and browsers that are logged in as them."""

from collections.abc import Sequence

from sqlalchemy import select

from hometrial import clock
from hometrial.db import Database
from hometrial.models import ROLES, Site, StaffAccount, StaffGrant
from hometrial.models.staffing import WITHOUT_SITE
from hometrial.services import enrolling
from hometrial.services.staffing import sessions
from hometrial.staff import cookie_name

EVERY = tuple(role for role in ROLES if role != "dsmb")


def account(session, name: str, roles: Sequence[str] = EVERY, sites: Sequence[str] | None = None):
    """Return an account that holds roles at sites (None: at each that there is, by name), made if it is not there."""
    found = session.scalars(select(StaffAccount).where(StaffAccount.name == name)).one_or_none()
    if found is None:
        found = StaffAccount(name=name, full_name=name.title(), created_at=clock.now())
        session.add(found)
        session.flush()
    if session.scalar(select(Site.id).limit(1)) is None:
        enrolling.default_site(session)
    where = select(Site) if sites is None else select(Site).where(Site.code.in_(sites))
    at = session.scalars(where).all()
    held = {
        (each.role, each.site_id)
        for each in session.scalars(select(StaffGrant).where(StaffGrant.account_id == found.id))
    }
    for role in roles:
        for site_id in [None] if role in WITHOUT_SITE else [site.id for site in at]:
            if (role, site_id) not in held:
                session.add(_grant(found, role, site_id))
    session.flush()
    return found


def _grant(found: StaffAccount, role: str, site_id) -> StaffGrant:
    now = clock.now()
    return StaffGrant(
        account_id=found.id, role=role, site_id=site_id, requested_by="test:one", requested_at=now,
        reason="a test", decided_by="test:another", decided_at=now, approved=True,
    )  # fmt: skip


def token(database: Database, name: str, roles=EVERY, sites=None) -> str:
    """Return the token of a new session of an account, which is made if it is not there."""
    with database.transaction("test", "log in") as session:
        found = account(session, name, roles, sites)
        return sessions.begin(session, found.id, "test", "127.0.0.1")


def client(app, database: Database, name: str = "tests", roles=EVERY, sites=None):
    """Return a test client of the app that is logged in."""
    browser = app.test_client()
    opened = token(database, name, roles, sites)
    with browser.session_transaction() as kept:
        kept["token"] = opened
    return browser


def cookie(app, database: Database, address: str, name: str = "tests", roles=EVERY, sites=None):
    """Return the cookie of a logged-in browser, as Playwright's `context.add_cookies([...])` takes it."""
    signer = app.session_interface.get_signing_serializer(app)
    value = signer.dumps({"token": token(database, name, roles, sites)})
    return {"name": cookie_name(database, https=False), "value": value, "url": address}
