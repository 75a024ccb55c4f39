"""How far source-data verification has come, person by person, and what changed since the last visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.models import Participant, Site, VisitReport
from hometrial.services.monitoring import counting, sampling, verifying
from hometrial.services.monitoring.counting import Share
from hometrial.services.monitoring.sampling import Drawn
from hometrial.services.monitoring.verifying import Verified

PER_PAGE = 15


@dataclass(frozen=True)
class ProgressLine:
    """One person."""

    person: Participant
    site: str
    shares: Mapping[str, Share]

    @property
    def dropped(self) -> int:
        """How many marks dropped."""
        return sum(each.dropped for each in self.shares.values())

    @property
    def left(self) -> int:
        """How many values of the sample are to be verified."""
        return sum(each.drawn - each.verified for each in self.shares.values())


@dataclass(frozen=True)
class Progress:
    """A page of people, the plan, and when each site was visited last."""

    lines: Sequence[ProgressLine]
    total: int
    start: int
    drawn: Drawn
    visited: Mapping[str, date]


def page(session: Session, start: int, site: str | None) -> Progress:
    """Return how far people are verified, a fixed number of queries for each page."""
    query = select(Participant, Site.code).join(Site, Site.id == Participant.site_id)
    if site is not None:
        query = query.where(Site.code == site)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(func.length(Participant.code), Participant.code)
    rows = session.execute(ordered.offset(start).limit(PER_PAGE)).all()
    drawn = sampling.newest(session)
    found = counting.shares(session, {person.id: person.code for person, _ in rows}, drawn)
    lines = [ProgressLine(person, code, found[person.id]) for person, code in rows]
    return Progress(lines, total, start, drawn, visited(session))


def visited(session: Session) -> dict[str, date]:
    """Return the day of the last visit whose report is signed, by site."""
    rows = session.execute(
        select(Site.code, VisitReport.visited_on)
        .join(VisitReport, VisitReport.site_id == Site.id)
        .where(VisitReport.signed_at.is_not(None))
        .ext(distinct_on(Site.code))
        .order_by(Site.code, VisitReport.visited_on.desc())
    )
    return {code: day for code, day in rows}  # noqa: C416 - rows are no pairs to mypy


@dataclass(frozen=True)
class ValueLine:
    """A value of a person, whether it is drawn, and whether it changed since the last visit to the site."""

    verified: Verified
    drawn: bool
    is_new: bool


@dataclass(frozen=True)
class OfPerson:
    """One kind of a person's values: a page of them, and what there is of every kind."""

    lines: Sequence[ValueLine]
    total: int
    start: int
    shares: Mapping[str, Share]
    site: str
    visited_on: date | None
    drawn: Drawn


def of_person(
    session: Session, person: Participant, kind: str, start: int, *, all_of_them: bool
) -> OfPerson:
    """Return a person's values of one kind: those drawn, with dropped marks first; or all."""
    drawn = sampling.newest(session)
    site = session.get_one(Site, person.site_id)
    last = visited(session).get(site.code)
    lines = [
        ValueLine(
            each,
            drawn.holds(person.code, kind, each.key),
            each.value is not None and last is not None and each.value.at.date() > last,
        )
        for each in verifying.verified(session, [person.id], [kind])[person.id]
    ]
    shown = [each for each in lines if all_of_them or each.drawn or each.verified.is_dropped]
    shown.sort(key=lambda each: (not each.verified.is_dropped, each.verified.stands))
    counts = counting.shares(session, {person.id: person.code}, drawn)[person.id]
    part = shown[start : start + PER_VALUE_PAGE]
    return OfPerson(part, len(shown), start, counts, site.code, last, drawn)


PER_VALUE_PAGE = 50
