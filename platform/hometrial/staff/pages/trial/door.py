"""The blueprint of the trial's pages, and which trial a page is about."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flask import Blueprint, g, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hometrial.models import ProtocolVersion
from hometrial.services import enrolling
from hometrial.services.trial import publishing
from hometrial.staff.pages.trial.sections import SECTIONS as DRAFT
from hometrial.staff.study import me, reading, study

pages = Blueprint("trial", __name__)

Answer = str | Response | tuple[str, int]

SECTIONS = (
    ("Protocol", "trial.page", "trial.see", ("/trial/versions", "/trial/compare", "/trial/drafts")),
    ("Recruitment", "trial.recruitment", "recruitment.see", ()),
    ("Burden", "trial.burden", "recruitment.see", ()),
    ("New participant", "trial.enrol", "people.enrol", ("/enrol/P-",)),
    ("Screening log", "trial.screening_log", "recruitment.see", ()),
)
"""The pages beside each other: label, endpoint, action, and where the pages below it begin."""


@pages.context_processor
def _sections() -> dict[str, object]:
    """Return the pages beside each other, those that may be opened; who is not logged in sees none."""
    if "actor" not in g:
        return {}
    return {"sections": [each for each in SECTIONS if me().may(each[2])], "sections_": DRAFT}


def name_of(version: ProtocolVersion) -> str:
    """Return how a trial in force is chosen in addresses: its id, and whether it is a rehearsal."""
    return f"{version.protocol}{' rehearsal' if version.is_test else ''}"


def trials(session: Session) -> Sequence[ProtocolVersion]:
    """Return the versions in force, the trial before its rehearsal."""
    found = [each for each in publishing.versions(session) if each.state == "published"]
    return sorted(found, key=lambda each: (each.is_test, each.protocol))


def asked(found: Sequence[ProtocolVersion]) -> ProtocolVersion | None:
    """Return the trial that the address asks for by `trial`, or the first; None if none is in force."""
    wanted = request.args.get("trial")
    if wanted is None:
        return found[0] if found else None
    for each in found:
        if name_of(each) == wanted:
            return each
    raise NotFound(f"No trial {wanted} is in force.")


@contextmanager
def drawing(code: str, reason: str) -> Iterator[Session]:
    """Open a transaction for an act about one person that needs to see everybody; the person is at one's own site.

    Pseudonyms, addresses and places in the list of allocation are one row for all sites: counted on what one
    site sees, they would be given twice.
    """
    with reading() as session:
        enrolling.find_participant(session, code)
    with study().database.transaction(me().actor, reason) as session:
        yield session
