"""The four things that a new person has to come to: consent, profile, watch, first data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import (
    Bridge,
    Connection,
    ConsentSignature,
    DayChunk,
    EntryAddress,
    Participant,
)


@dataclass(frozen=True)
class Tick:
    """One of the four, when it was come to, and what is to be done while it was not."""

    label: str
    is_done: bool
    at: datetime | None
    otherwise: str


def ticks(session: Session, person: Participant) -> Sequence[Tick]:
    """Return the four of a person in one query each."""
    signed = session.scalar(
        select(func.min(ConsentSignature.signed_at)).where(
            ConsentSignature.participant_id == person.id, ConsentSignature.part == "participant"
        )
    )
    known = session.scalar(
        select(EntryAddress.recorded_at).where(EntryAddress.participant_id == person.id)
    )
    linked = session.scalar(
        select(func.min(Connection.linked_at)).where(Connection.participant_id == person.id)
    )
    pushing = session.scalar(
        select(func.min(Bridge.created_at)).where(Bridge.participant_id == person.id)
    )
    first = session.scalar(
        select(func.min(DayChunk.as_of)).where(
            DayChunk.participant_id == person.id, DayChunk.samples > 0
        )
    )
    watch = min((each for each in (linked, pushing) if each is not None), default=None)
    return (
        Tick("consent", signed is not None, signed, "they sign on their page, or on paper"),
        Tick("profile", known is not None, known, "keep how they are reached"),
        Tick("watch", watch is not None or first is not None, watch, "send them a link"),
        Tick("first data", first is not None, first, "they come within minutes of the link"),
    )
