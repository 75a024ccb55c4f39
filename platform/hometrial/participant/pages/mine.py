"""Everything that is held about oneself: what there is, and all of it as one file."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template
from flask_babel import format_date, format_decimal, gettext
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Participant
from hometrial.participant import held, looks, receipts
from hometrial.participant.oneself import oneself
from hometrial.participant.site import site, visit
from hometrial.participant.sources import zone
from hometrial.services import owning
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.holding import archive, rows
from hometrial.services.holding.archive import ArchiveRefusedError
from hometrial.services.holding.rows import Count

pages = Blueprint("mine", __name__, url_prefix="/mine")


@dataclass(frozen=True)
class Part:
    """How much of a kind is held, from when to when."""

    title: object
    lines: int
    first: datetime | None
    last: datetime | None


@pages.get("")
def page() -> str:
    """Show what there is, in numbers and dates."""
    with site().database.reading(role=PARTICIPANT_ROLE) as session:
        person = _shown(session)
        counted = rows.counts(session, person)
        return render_template(
            "mine/mine.html",
            parts=[_part(folder, counted) for folder in held.FOLDERS],
            samples=archive.sample_counts(session, person),
            number=format_decimal,
            span=partial(_span, zone(session, person.id)),
        )


def _span(here: ZoneInfo | None, first: datetime | date, last: datetime | date) -> str:
    """Return from which day to which, where the person lives."""
    days = [
        each.astimezone(here or UTC).date() if isinstance(each, datetime) else each
        for each in (first, last)
    ]
    begins, ends = (str(format_date(each, gettext("d MMMM y"))) for each in days)
    return begins if begins == ends else gettext("%(first)s to %(last)s", first=begins, last=ends)


@pages.get("/everything.zip")
def everything() -> Response | tuple[str, int]:
    """Give all of it as one file, sent while it is made."""
    with ExitStack() as open_:
        session = open_.enter_context(site().database.reading(role=PARTICIPANT_ROLE))
        person = _shown(session)
        try:
            archive.hold(session, person)
        except ArchiveRefusedError:
            return _wait(), 409
        made = receipts.stamp(clock.now(), zone(session, person.id))
        texts = {gettext("READ-ME-FIRST.txt"): held.readme(person.code, made)}
        whole = archive.archive(
            session, Keys.of(site().database.settings), person, texts, looks.current().language
        )
        answer = Response(_sent(open_.pop_all(), whole), mimetype="application/zip")
    name = f"everything-{visit().code}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _sent(open_: ExitStack, whole: Iterator[bytes]) -> Iterator[bytes]:
    """Send a file to its end; the snapshot that it is made of closes with it, or when nobody takes it any more."""
    with open_:
        yield from whole


def _shown(session: Session) -> Participant:
    owning.show_own(session, visit().participant_id)
    return oneself(session)


def _part(folder: str, counted: list[Count]) -> Part:
    found = [each for each in counted if each.file.startswith(f"{folder}/") and each.lines]
    first = [each.first for each in found if each.first is not None]
    last = [each.last for each in found if each.last is not None]
    return Part(
        held.FOLDERS[folder],
        sum(each.lines for each in found),
        min(first, default=None),
        max(last, default=None),
    )


def _wait() -> str:
    title = gettext("Your file is being made already")
    text = gettext("Please wait until it has come. Then you can ask for it once more.")
    return render_template("message.html", title=title, text=text)
