"""What a person stopped, what of it holds, what became of each source, and when they rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import WITHDRAWAL_CHOICES, BadDay, Participant, Pause, WithdrawalChoice
from hometrial.services.agreeing import copying, leaving, standing
from hometrial.services.agreeing.leaving import AFTER_THE_END, FINAL
from hometrial.services.asking import resting
from hometrial.services.viewing import sources
from hometrial.services.viewing.sources import Source


@dataclass(frozen=True)
class Choice:
    """A choice or its taking back; `lines`: its receipt in words. `holds`: nobody took it back."""

    row: WithdrawalChoice
    lines: Sequence[str]
    holds: bool


@dataclass(frozen=True)
class Departures:
    """All that a person stopped and when they rest; `open`: what could still be stopped, `has_left`: all of it."""

    choices: Sequence[Choice]
    open: Sequence[str]
    has_signed: bool
    has_left: bool
    sources: Sequence[Source]
    pauses: Sequence[Pause]
    bad_days: Sequence[BadDay]


def departures(session: Session, person: Participant, zone: str) -> Departures:
    """Return all that a person stopped, the newest first, with the times of their own clock."""
    held = standing.choices(session, person)
    possible = AFTER_THE_END if FINAL in held else WITHDRAWAL_CHOICES
    pauses = session.scalars(
        select(Pause).where(Pause.participant_id == person.id).order_by(Pause.start_at.desc())
    ).all()
    return Departures(
        choices(session, person, zone),
        [each for each in possible if each not in held],
        standing.consented_at(session, person) is not None,
        FINAL in held,
        sources.of_person(session, person.id),
        pauses,
        tuple(reversed(resting.taps(session, person))),
    )


def choices(session: Session, person: Participant, zone: str) -> Sequence[Choice]:
    """Return every choice of a person with its receipt, the newest first."""
    rows = leaving.history(session, person)
    undone = {row.takes_back for row in rows}
    return [
        Choice(
            row,
            copying.receipt(row, "en", zone),
            row.id not in undone and row.takes_back is None,
        )
        for row in reversed(rows)
    ]
