"""The demo's staff: an account for each role, asked for by one admin and approved by another."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.cli.stage.cast import SITES
from hometrial.models import Site, StaffAccount
from hometrial.services import delivering, enrolling
from hometrial.services.locking import wanted
from hometrial.services.staffing import accounts, acting, granting, links
from hometrial.tasks import delivering as making

_ADMINS = (("ada", "Ada Admin"), ("abel", "Abel Admin"))
_BOTH = tuple(SITES)
FIRST_LOCK = "DSMB-1"
ROLES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("carla", "Carla Coordinator", "coordinator", ("S-01",)),
    ("colin", "Colin Coordinator", "coordinator", ("S-02",)),
    ("dora", "Dora Data", "data_manager", _BOTH),
    ("ines", "Ines Investigator", "investigator", _BOTH),
    ("ivo", "Ivo Investigator", "investigator", ("S-02",)),
    ("stella", "Stella Statistician", "statistician", ()),
    ("mona", "Mona Monitor", "monitor", _BOTH),
    ("sam", "Sam Safetyboard", "dsmb", ()),
)
"""Name to log in with, whole name, role, and at which sites; none: of the whole study."""


def engage(session: Session) -> None:
    """Make the accounts that are not there, with their roles."""
    if session.scalar(select(StaffAccount.id).where(StaffAccount.name == _ADMINS[0][0])):
        return
    first, second = (accounts.add(session, *names) for names in _ADMINS)
    granting.make_first_admin(session, first, "demo")
    asked = granting.request(session, second, "admin", None, ("demo", "somebody has to approve"))
    granting.decide(session, asked, f"staff:{first.name}", approve=True)
    for name, full, role, codes in ROLES:
        account = accounts.add(session, name, full)
        where: list[Site | None] = [enrolling.find_site(session, code) for code in codes]
        for site in where or [None]:
            said = f"staff:{first.name}", "works in the demo"
            made = granting.request(session, account, role, site, said)
            granting.decide(session, made, f"staff:{second.name}", approve=True)


def ask_for_lock(session: Session) -> None:
    """Have the statistician ask for the safety board's first lock, which a worker makes and two others sign."""
    asks = acting.actor_of(session, accounts.find(session, "stella"))
    reason = "first meeting of the safety board (demo)"
    new = wanted.new_lock(FIRST_LOCK, "interim", reason, wanted.wanted())
    asked = delivering.ask_lock(session, asks, asks.sites("lock.make"), new)
    making.defer(session, asked.id)


def invite(session: Session) -> dict[str, str]:
    """Return for each account what it is and the token of a link by which it comes in."""
    told = {name: f"{role} {' and '.join(sites)}".strip() for name, _, role, sites in ROLES}
    told[_ADMINS[0][0]] = told[_ADMINS[1][0]] = "admin"
    return {
        f"{name}, {what}": links.make(
            session, accounts.find(session, name), "demo", timedelta(days=7)
        )
        for name, what in told.items()
    }
