"""A person's timeline as a page holds it: which days it shows, which are loaded with them, what was told before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial.errors import ZoneNeededError
from hometrial.models import Participant
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.timeline import reading
from hometrial.staff import asking

DAYS = 90
"""Days that are shown where nobody asks for others."""
ZOOMS = (7, 30, 90)


@dataclass(frozen=True)
class Zoom:
    """A way to show more or fewer days: what it is called, and which days they are."""

    label: str
    length: int
    days: Days
    is_current: bool


@dataclass(frozen=True)
class Figure:
    """What the figure's frame needs. `days` are shown first, `loaded` with them, `known` on record at all.

    `days` is None of somebody of whom nothing is on record, or whose days cannot be told: `problem` says why.
    """

    code: str
    days: Days | None
    loaded: Days | None
    known: Days | None
    zooms: Sequence[Zoom]
    before: Sequence[str]
    problem: str


def timeline_figure(session: Session, person: Participant, days: Days | None = None) -> Figure:
    """Return the frame of a person's timeline; `days` None: those asked for, else the last DAYS on record."""
    before = reading.told_before(session, person)
    try:
        known = reading.known_days(session, person)
    except ZoneNeededError as error:
        return Figure(person.code, None, None, None, (), before, str(error))
    shown = days or asking.days(known, DAYS)
    if shown is None:
        problem = f"Nothing of {person.code} is on record yet: no dose, no day of a watch."
        return Figure(person.code, None, None, None, (), before, problem)
    return Figure(
        person.code, shown, _loaded(known, shown), known, _zooms(known, shown), before, ""
    )


def _loaded(known: Days | None, shown: Days) -> Days:
    """Return the days around those shown that one drawing can hold, so that one can move about in it."""
    if known is None:
        return shown
    first, last = min(known.first, shown.first), max(known.last, shown.last)
    longest = timedelta(asking.LONGEST - 1)
    whole = Days(max(first, last - longest), last)
    return whole if whole.first <= shown.first else shown


def _zooms(known: Days | None, shown: Days) -> Sequence[Zoom]:
    """Return the lengths to choose from, each ending where the days shown end; and all that are on record."""
    found = [
        Zoom(f"{length} days", length, Days.ending(shown.last, length), shown.length == length)
        for length in ZOOMS
    ]
    if known is not None:
        whole = Days(max(known.first, known.last - timedelta(asking.LONGEST - 1)), known.last)
        found.append(Zoom("all", 0, whole, shown == whole))
    return found
