"""What was looked at, taken away, tried or refused: one line each, only ever added (features.md E19, D25)."""

from dataclasses import asdict, dataclass

from sqlalchemy import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import AccessRecord


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
