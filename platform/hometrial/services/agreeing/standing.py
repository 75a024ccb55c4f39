"""What other services ask of a person's consent: since when, understood or not, and what was withdrawn."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from hometrial.models import ConsentSignature, Participant, QuizTry, WithdrawalChoice


def consented_at(session: Session, person: Participant) -> datetime | None:
    """Return when a person first signed; None if they never did."""
    return session.scalar(
        select(func.min(ConsentSignature.signed_at)).where(
            ConsentSignature.participant_id == person.id, ConsentSignature.part == "participant"
        )
    )


def countersigned_at(session: Session, person: Participant) -> datetime | None:
    """Return when an investigator first countersigned; None if none did."""
    return session.scalar(
        select(func.min(ConsentSignature.signed_at)).where(
            ConsentSignature.participant_id == person.id, ConsentSignature.part == "investigator"
        )
    )


def quiz_passed(session: Session, person: Participant) -> bool:
    """Say whether a person answered every question of comprehension right, at some try."""
    passed = select(
        exists().where(QuizTry.participant_id == person.id, QuizTry.is_passed.is_(True))
    )
    return bool(session.scalar(passed))


def choices(session: Session, person: Participant) -> frozenset[str]:
    """Return the choices of withdrawal in force: those made and not taken back."""
    return frozenset(row.choice for row in in_force(session, person))


def withdrawn_at(session: Session, person: Participant) -> datetime | None:
    """Return when a person withdrew completely; None if they did not."""
    rows = in_force(session, person)
    return next((row.decided_at for row in rows if row.choice == "withdraw_completely"), None)


def first_of(
    session: Session, people: Iterable[UUID], wanted: Collection[str]
) -> dict[UUID, datetime]:
    """Return since when the first of the wanted choices holds, of those of these people who made one."""
    found: dict[UUID, datetime] = {}
    for row in _in_force(session, people):
        if row.choice in wanted:
            found.setdefault(row.participant_id, row.decided_at)
    return found


def in_force(session: Session, person: Participant) -> list[WithdrawalChoice]:
    """Return the rows of the choices in force, oldest first."""
    return _in_force(session, [person.id])


def in_force_of(session: Session, people: Iterable[UUID]) -> dict[UUID, list[WithdrawalChoice]]:
    """Return the rows of the choices in force of each of these people, oldest first; who made none is left out."""
    found: dict[UUID, list[WithdrawalChoice]] = {}
    for row in _in_force(session, list(people)):
        found.setdefault(row.participant_id, []).append(row)
    return found


def _in_force(session: Session, people: Iterable[UUID]) -> list[WithdrawalChoice]:
    later = aliased(WithdrawalChoice)
    return list(
        session.scalars(
            select(WithdrawalChoice)
            .where(
                WithdrawalChoice.participant_id.in_(people),
                WithdrawalChoice.takes_back.is_(None),
                ~exists().where(later.takes_back == WithdrawalChoice.id),
            )
            .order_by(WithdrawalChoice.decided_at, WithdrawalChoice.id)
        )
    )
