"""The sync log: of the whole study what waits and what holds it up, of one person every read."""

import shutil

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from hometrial.services import enrolling
from hometrial.services.viewing import notices, sources, syncs
from hometrial.staff import asking
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study

pages = Blueprint("sync", __name__)


@pages.get("/sync")
@permits("data.see")
def whole() -> str:
    """Show the study: what waits, who works, and until when we have data of each source."""
    with reading() as session:
        waiting = syncs.backlog(session)
        return render_template(
            "sync.html",
            waiting=waiting,
            under_way=syncs.under_way(session),
            page=sources.newest(session, asking.start()),
            per_page=sources.PER_PAGE,
            notices=notices.notices(session, waiting, linked=notices.live_links(session)),
            told=syncs.notifications(session),
            health=syncs.health(session),
            disk=shutil.disk_usage(study().database.settings.home),
            simulated=study().database.settings.clock_file is not None,
            took=syncs.took,
        )


@pages.get("/sync/live")
@permits("data.see", by_itself=True)
def live() -> str:
    """Show what is under way now, as the part of the page that renews itself."""
    with reading() as session:
        return _live(session, None)


@pages.get("/people/<code>/sync")
@permits("data.see")
def of_person(code: str) -> str:
    """Show a person's sources and every read that was ever made of them, newest first."""
    with reading() as session:
        owner = enrolling.find_participant(session, code)
        return shown(
            session,
            owner,
            "person_sync.html",
            sources=sources.of_person(session, owner.id),
            log=syncs.log(session, owner.id, asking.start()),
            per_page=syncs.PER_PAGE,
            under_way=syncs.under_way(session, owner.id),
            took=syncs.took,
        )


@pages.get("/people/<code>/sync/live")
@permits("data.see", by_itself=True)
def live_of_person(code: str) -> str:
    """Show a person's reads that are under way now."""
    with reading() as session:
        return _live(session, code)


def _live(session: Session, code: str | None) -> str:
    owner = None if code is None else enrolling.find_participant(session, code)
    return render_template(
        "live.html",
        waiting=syncs.backlog(session),
        under_way=syncs.under_way(session, None if owner is None else owner.id),
        person=owner,
        took=syncs.took,
    )
