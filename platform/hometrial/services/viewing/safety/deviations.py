"""The log of deviations, each as it is known now."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from hometrial.models import Deviation, Participant, Site

PER_PAGE = 50
_NOW = aliased(
    Deviation,
    select(Deviation)
    .ext(distinct_on(Deviation.participant_id, Deviation.number))
    .order_by(Deviation.participant_id, Deviation.number, Deviation.version.desc())
    .subquery(),
)


@dataclass(frozen=True)
class Wanted:
    """Which deviations are asked for; `state` is all, open or closed."""

    category: str | None = None
    impact: str | None = None
    state: str = "all"
    participant: str | None = None


@dataclass(frozen=True)
class DeviationLine:
    """A deviation of whom, at which site."""

    row: Deviation
    code: str
    site: str


@dataclass(frozen=True)
class DeviationPage:
    """A page of the log."""

    lines: Sequence[DeviationLine]
    total: int
    start: int


def page(
    session: Session, wanted: Wanted, start: int, count: int | None = PER_PAGE
) -> DeviationPage:
    """Return the deviations asked for, the newest first; `count` None: all of them."""
    query = _query(wanted)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(_NOW.happened_on.desc(), Participant.code, _NOW.number)
    rows = session.execute(ordered.offset(start).limit(count))
    return DeviationPage([DeviationLine(row, code, site) for row, code, site in rows], total, start)


def counts(session: Session) -> list[tuple[str, str, int, int]]:
    """Return by category and impact how many there are, and how many are open."""
    rows = session.execute(
        select(
            _NOW.category,
            _NOW.impact,
            func.count(),
            func.count().filter(_NOW.is_closed.is_(False)),
        )
        .group_by(_NOW.category, _NOW.impact)
        .order_by(func.count().desc(), _NOW.category, _NOW.impact)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _query(wanted: Wanted) -> Select[Deviation, str, str]:
    query = (
        select(_NOW, Participant.code, Site.code)
        .join(Participant, Participant.id == _NOW.participant_id)
        .join(Site, Site.id == Participant.site_id)
    )
    if wanted.category is not None:
        query = query.where(_NOW.category == wanted.category)
    if wanted.impact is not None:
        query = query.where(_NOW.impact == wanted.impact)
    if wanted.state != "all":
        query = query.where(_NOW.is_closed.is_(wanted.state == "closed"))
    if wanted.participant is not None:
        query = query.where(Participant.code == wanted.participant)
    return query
