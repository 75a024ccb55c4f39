"""Proof anew that it is still the same person, asked for before they sign; a link alone is no proof."""

from datetime import timedelta
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import VisitConfirmation, Visitor
from hometrial.services.syncing import invitations
from hometrial.services.syncing.invitations import Visit, hashed

Means = Literal["passkey", "e-mail code"]
WITHIN = timedelta(minutes=10)
"""So long a confirmation counts for what is signed."""


class NotConfirmedError(TrialError):
    """Something that only a person who has just proved who they are may do."""


class VisitEndedError(TrialError):
    """A visit that ended while it was being confirmed."""


def open_visit(session: Session, participant_id: UUID, means: Means, former: str) -> str:
    """Open a visit for who proved who they are, end the one of the former cookie, return the new cookie."""
    invitations.leave(session, former)
    cookie = invitations.open_visit(session, participant_id)
    _note(session, participant_id, cookie, means)
    return cookie


def confirm(session: Session, visit: Visit, means: Means) -> str:
    """Note that the person of a visit proved who they are; return the cookie that it has from now on.

    The visit began when it began: to confirm does not make it longer. Raises VisitEndedError.
    """
    began = session.scalar(
        update(Visitor)
        .where(Visitor.cookie_sha256 == visit.cookie_sha256, Visitor.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(Visitor.opened_at)
    )
    if began is None:
        raise VisitEndedError("this visit has ended; enter again at /enter")
    cookie = invitations.open_visit(session, visit.participant_id, since=began)
    _note(session, visit.participant_id, cookie, means)
    return cookie


def _note(session: Session, participant_id: UUID, cookie: str, means: Means) -> None:
    session.add(
        VisitConfirmation(
            participant_id=participant_id,
            visit_sha256=hashed(cookie),
            means=means,
            confirmed_at=clock.now(),
        )
    )
    session.flush()


def confirmed(session: Session, visit: Visit, within: timedelta = WITHIN) -> Means | None:
    """Return by what the person of a visit proved, not long ago, who they are; None if they did not."""
    found = session.scalar(
        select(VisitConfirmation.means)
        .where(
            VisitConfirmation.visit_sha256 == visit.cookie_sha256,
            VisitConfirmation.participant_id == visit.participant_id,
            VisitConfirmation.confirmed_at > clock.now() - within,
        )
        .order_by(VisitConfirmation.confirmed_at.desc())
        .limit(1)
    )
    return cast(Means | None, found)


def require_fresh(session: Session, visit: Visit, within: timedelta = WITHIN) -> Means:
    """Return by what the person of a visit proved who they are. Raises NotConfirmedError if too long ago."""
    means = confirmed(session, visit, within)
    if means is None:
        raise NotConfirmedError(
            f"{visit.code} has not proved within {within} who they are; confirm it at /confirm"
        )
    return means
