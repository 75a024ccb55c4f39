"""Questions of comprehension: every one must be right, wrong ones show their section again, then somebody calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ConsentText, Participant, QuizCall, QuizTry
from hometrial.protocol import comprehension
from hometrial.protocol.comprehension import Question
from hometrial.services import working
from hometrial.services.agreeing import reading
from hometrial.services.agreeing.texts import Offer

CALL = "consent_call"
"""The kind of the work item: somebody has to talk a document over."""


class QuizRefusedError(TrialError):
    """A try that cannot be made now, or a call that nobody needs."""


@dataclass(frozen=True)
class Tries:
    """How a person stands with the questions of a document; without tries `left` somebody calls first."""

    made: int
    left: int
    is_passed: bool
    wrong: tuple[Question, ...] = ()

    @property
    def needs_call(self) -> bool:
        """Whether the tries are used up."""
        return not self.is_passed and self.left == 0


def tries(session: Session, person: Participant, offer: Offer) -> Tries:
    """Return how a person stands; `wrong` is of the last try."""
    rows = session.scalars(
        select(QuizTry)
        .where(QuizTry.participant_id == person.id, QuizTry.text_id == offer.text.id)
        .order_by(QuizTry.number)
    ).all()
    calls = session.scalar(
        select(func.count())
        .select_from(QuizCall)
        .where(QuizCall.participant_id == person.id, QuizCall.text_id == offer.text.id)
    )
    last = set(rows[-1].wrong) if rows else set()
    return Tries(
        len(rows),
        max(0, offer.protocol.consent.quiz.tries + (calls or 0) - len(rows)),
        passed(session, person, offer),
        tuple(each for each in offer.quiz.questions if each.id in last),
    )


def passed(session: Session, person: Participant, offer: Offer) -> bool:
    """Say whether a person answered these very questions all right, though it was with an earlier text."""
    found = exists().where(
        QuizTry.participant_id == person.id,
        QuizTry.is_passed.is_(True),
        ConsentText.id == QuizTry.text_id,
        ConsentText.quiz_sha256 == offer.text.quiz_sha256,
    )
    return bool(session.scalar(select(found)))


def answer(
    session: Session, person: Participant, offer: Offer, answers: Mapping[str, str]
) -> Tries:
    """Judge and keep a try; the last one that fails opens work for somebody to call.

    Raises AnswersRefusedError for answers that cannot be judged (no try is used up), QuizRefusedError before
    everything is read, after all is right, and when the tries are used up.
    """
    reading.hold(session, person)
    reading.require_present(session, person)
    before = tries(session, person, offer)
    if before.is_passed:
        raise QuizRefusedError(f"{offer.named}: every answer was right already; go on to sign")
    if before.needs_call:
        raise QuizRefusedError(
            f"{offer.named}: {before.made} tries are used up; somebody of the team calls first"
        )
    if left := reading.progress(session, person, offer).left:
        raise QuizRefusedError(f"{offer.named}: read {', '.join(left)} first")
    wrong = comprehension.wrong(offer.quiz, answers)
    session.add(
        QuizTry(
            participant_id=person.id,
            text_id=offer.text.id,
            number=before.made + 1,
            answers=dict(answers),
            wrong=[each.id for each in wrong],
            is_passed=not wrong,
            answered_at=clock.now(),
        )
    )
    session.flush()
    after = tries(session, person, offer)
    if after.needs_call:
        said = f"{offer.named}: {after.made} tries, not understood: {', '.join(q.id for q in wrong)}; call and explain"
        working.open_item(session, person.id, CALL, _subject(offer), said)
    return after


def record_call(
    session: Session, person: Participant, offer: Offer, *, by: str, note: str
) -> Tries:
    """Record that somebody talked a document over: one more try is open, the work is done.

    Raises QuizRefusedError without a note, and where no call is needed.
    """
    reading.hold(session, person)
    reading.require_present(session, person)
    before = tries(session, person, offer)
    if not note.strip():
        raise QuizRefusedError(f"{offer.named}: say what was talked over, for the trail")
    if not before.needs_call:
        raise QuizRefusedError(
            f"{offer.named}: {person.code} needs no call; "
            + ("all is understood" if before.is_passed else f"{before.left} tries are left")
        )
    session.add(
        QuizCall(
            participant_id=person.id,
            text_id=offer.text.id,
            after_try=before.made,
            called_at=clock.now(),
            called_by=by,
            note=note,
        )
    )
    session.flush()
    working.close_items(session, person.id, CALL, _subject(offer), because=f"called by {by}")
    return tries(session, person, offer)


def _subject(offer: Offer) -> str:
    return f"{offer.document.id}/{offer.document.version}"
