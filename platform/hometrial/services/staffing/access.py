"""What was looked at, taken away, tried or refused: one line each, only ever added (features.md E19, D25)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import AccessRecord, StaffAccount


@dataclass(frozen=True)
class Looked:
    """What somebody looked at, took, tried or was refused.

    `who` as in the audit trail; `kind` one of models.ACCESS_KINDS; `what` the page or the file; `action` of the
    permission table; `subject` the pseudonym of whom it was about; `address` where the request came from.
    """

    who: str
    kind: str
    what: str
    action: str = ""
    subject: str | None = None
    address: str = ""


def note(session: Session, looked: Looked) -> None:
    """Keep it, at the time of now."""
    session.execute(insert(AccessRecord).values(at=clock.now(), **asdict(looked)))


@dataclass(frozen=True)
class Page:
    """Some lines of the record, the newest first, from the `start`-th of `total` on."""

    lines: Sequence[AccessRecord]
    start: int
    total: int


def of_kind(session: Session, kind: str, start: int, count: int) -> Page:
    """Return the records of one kind."""
    found = select(AccessRecord).where(AccessRecord.kind == kind)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    lines = session.scalars(found.order_by(AccessRecord.id.desc()).offset(start).limit(count)).all()
    return Page(lines, start, total)


def known(session: Session, name: str) -> str | None:
    """Return a name if an account has it."""
    return session.scalar(
        select(StaffAccount.name).where(StaffAccount.name == name.strip().lower())
    )


def refusals_since_log_in(session: Session, who: str) -> int:
    """Return how many log-ins of somebody were refused since the last one that was not."""
    last = select(func.max(AccessRecord.id)).where(
        AccessRecord.who == who, AccessRecord.kind == "log_in"
    )
    query = select(func.count()).where(
        AccessRecord.who == who,
        AccessRecord.kind == "refused_log_in",
        AccessRecord.id > func.coalesce(last.scalar_subquery(), 0),
    )
    return session.scalar(query) or 0


def log_ins(session: Session, who: str, limit: int) -> Sequence[AccessRecord]:
    """Return the newest log-ins of somebody, with those that were refused."""
    query = select(AccessRecord).where(
        AccessRecord.who == who, AccessRecord.kind.in_(("log_in", "refused_log_in"))
    )
    return session.scalars(query.order_by(AccessRecord.id.desc()).limit(limit)).all()
