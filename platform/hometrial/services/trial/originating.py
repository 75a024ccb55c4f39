"""What a screening takes from where it was said, and never has typed: consent, and forms that were handed in."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Participant, Response, Submission
from hometrial.protocol.model import Protocol
from hometrial.rules import Answer
from hometrial.services.agreeing import standing
from hometrial.services.asking import scores

Taken = tuple[Answer | None, str]
"""A value, and its source as the answers of a screening name it."""


def taken(session: Session, person: Participant, protocol: Protocol) -> dict[str, Taken]:
    """Return of each variable that is known from elsewhere its value and its source."""
    return {**_of_consent(session, person, protocol), **dict(_of_forms(session, person, protocol))}


def _of_consent(session: Session, person: Participant, protocol: Protocol) -> dict[str, Taken]:
    """Yes, or unknown while it may still become so; no once the person has withdrawn."""
    withdrawn = standing.withdrawn_at(session, person) is not None
    signed = standing.consented_at(session, person) is not None
    found: dict[str, Answer | None] = {
        "consent_signed": False if withdrawn else signed or None,
        "quiz_passed": standing.quiz_passed(session, person) or None,
    }
    return {each.id: (found[each.id], "consent") for each in protocol.variables if each.id in found}


def _of_forms(
    session: Session, person: Participant, protocol: Protocol
) -> Iterator[tuple[str, Taken]]:
    """Yield the variables of forms that the person handed in; the newest of each form counts."""
    handed_in: dict[str, dict[str, Answer | None]] = {}
    for variable in protocol.variables:
        if variable.origin is None:
            continue
        form = variable.origin.form
        if form not in handed_in:
            handed_in[form] = _said(session, person, form)
        if variable.origin.score in handed_in[form]:
            yield variable.id, (handed_in[form][variable.origin.score], "form")


def _said(session: Session, person: Participant, form: str) -> dict[str, Answer | None]:
    """Return the items and scores of the newest submission of a form, nothing if there is none."""
    newest = session.scalars(
        select(Submission)
        .join(Response, Response.id == Submission.response_id)
        .where(
            Response.participant_id == person.id,
            Response.form == form,
            Submission.kind != "too_ill",
        )
        .order_by(Submission.received_at.desc(), Submission.revision.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return {}
    _, answers = scores.answers_of(session, newest)
    scored = scores.newest(session, newest)
    items = {
        name: value
        for name, value in answers.items()
        if isinstance(value, bool | int | float | str)
    }
    return {**items, **({} if scored is None else scored.scores)}
