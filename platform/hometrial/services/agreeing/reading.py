"""A document is read in pieces: each section that was read to its end is kept, on whatever device."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant, QuizTry, SectionRead
from hometrial.services.agreeing import standing
from hometrial.services.agreeing.texts import Offer


class ReadingRefusedError(TrialError):
    """A section that the document has not, or a person who has left."""


@dataclass(frozen=True)
class Progress:
    """How far a person is: sections to read yet, in their order, those shown again after a wrong answer too."""

    done: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def resume_at(self) -> str | None:
        """Where to read on; None if everything is read."""
        return self.left[0] if self.left else None


def progress(session: Session, person: Participant, offer: Offer) -> Progress:
    """Return how far a person has read a document."""
    reads = Counter(
        session.scalars(
            select(SectionRead.section).where(
                SectionRead.participant_id == person.id, SectionRead.text_id == offer.text.id
            )
        )
    )
    wanted = {each.id: 1 for each in offer.document.sections}
    for section in _shown_again(session, person, offer):
        wanted[section] += 1
    left = [each for each, times in wanted.items() if reads[each] < times]
    return Progress(tuple(each for each in wanted if each not in left), tuple(left))


def _shown_again(session: Session, person: Participant, offer: Offer) -> list[str]:
    """Return a section once for each try that got a question of it wrong."""
    shown = {each.id: each.section for each in offer.quiz.questions}
    tries = session.scalars(
        select(QuizTry.wrong).where(
            QuizTry.participant_id == person.id, QuizTry.text_id == offer.text.id
        )
    )
    return [section for wrong in tries for section in {shown[each] for each in wrong}]


def read(session: Session, person: Participant, offer: Offer, section: str) -> Progress:
    """Record that a person read a section to its end; one that is read already changes nothing.

    Raises ReadingRefusedError for a section that is not there, and of who has withdrawn completely.
    """
    hold(session, person)
    require_present(session, person)
    if section not in [each.id for each in offer.document.sections]:
        listed = ", ".join(each.id for each in offer.document.sections)
        raise ReadingRefusedError(f"{offer.named}: there is no section {section}; it has {listed}")
    if section in progress(session, person, offer).left:
        session.add(
            SectionRead(
                participant_id=person.id,
                text_id=offer.text.id,
                section=section,
                read_at=clock.now(),
            )
        )
        session.flush()
    return progress(session, person, offer)


def require_present(session: Session, person: Participant) -> None:
    """Raise ReadingRefusedError of a person who has withdrawn completely."""
    if (since := standing.withdrawn_at(session, person)) is not None:
        raise ReadingRefusedError(
            f"{person.code} withdrew completely on {since:%Y-%m-%d}; nothing more is recorded of them"
        )


def hold(session: Session, person: Participant) -> None:
    """One act of consent of a person at a time."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:key))"),
        {"key": f"hometrial.agreeing.{person.id}"},
    )
