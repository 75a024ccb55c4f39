"""Submissions as FHIR R4 QuestionnaireResponses, out and in."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hometrial.models import Participant, Response, Sitting, Submission
from hometrial.questionnaires.answers import visible
from hometrial.questionnaires.fhir.responses import Filled, read_response, response
from hometrial.questionnaires.fhir.terms import FhirError, Resource
from hometrial.questionnaires.instrument import SkipReason
from hometrial.services import enrolling
from hometrial.services.asking import (
    crisis,
    definitions,
    opening,
    saving,
    submitting,
    words,
    writing,
)
from hometrial.services.asking.opening import Manner, NotAskedError
from hometrial.services.asking.saving import AnswerRefusedError, Entry
from hometrial.services.asking.submitting import HandedIn
from hometrial.services.asking.writing import Writing


def written(session: Session, submission: Submission, base: str) -> Resource:
    """Return a submission as a resource, in the language in which it was answered.

    Raises FhirError for a form that somebody was too ill for: FHIR has no response without any answer.
    """
    if submission.kind == "too_ill":
        raise FhirError("the person was too ill for the form; there is no response to write")
    held = session.get_one(Response, submission.response_id)
    person = session.get_one(Participant, held.participant_id)
    sitting = session.get_one(Sitting, submission.sitting_id)
    instrument = definitions.kept(session, held.definition_sha256)
    said = words.last(words.spoken(session, held.id, submission.revision))
    shown = visible(instrument, words.values(said))
    skipped = {
        name: cast(SkipReason, row.skipped)
        for name, row in said.items()
        if row.skipped is not None and row.skipped != "unstated"
    }
    moment = submission.submitted_at
    zone = ZoneInfo(crisis.zone_at(enrolling.zones_of(session, person), moment))
    subject = f"Patient/{person.code}"
    author = subject if not sitting.is_staff and sitting.respondent == "self" else None
    filled = Filled(subject, moment.astimezone(zone), shown, skipped, author)
    form = definitions.form_of(session, instrument, sitting.language)
    resource = response(form, filled, base)
    return resource | ({"status": "amended"} if submission.kind == "corrected" else {})


def taken(
    session: Session,
    person: Participant,
    resource: Mapping[str, Any],
    asked: tuple[str, str],
    manner: Manner,
    base: str,
) -> HandedIn:
    """Take a resource in as the submission of a form on an occasion (`asked`); staff do that, with a reason.

    Its answers were given when it was authored; a blank without a reason stays one. Raises FhirError,
    ScoringError, NotAskedError, AnswerRefusedError: then nothing is to be committed.
    """
    form, occasion = asked
    if not manner.is_staff or manner.mode != "import":
        raise NotAskedError("a response from elsewhere is taken in by staff, as mode import")
    opening.hold(session, person.id)
    found = opening.find(session, person, form, occasion)
    held = opening.response_of(session, person, form, occasion)
    if held is None:
        held = opening.begin(session, person, found)
    instrument = definitions.kept(session, held.definition_sha256)
    filled = read_response(instrument, dict(resource), base)
    if filled.subject != f"Patient/{person.code}":
        raise FhirError(f"subject is {filled.subject}, not Patient/{person.code}")
    sitting = opening.sit(session, held, manner, opening.revision_of(session, held.id))
    at = writing.of(session, person, held, sitting)
    _keep(at, _entries(filled))
    blank = submitting.left_with(at, ())
    _keep(at, [Entry(name, skipped="unstated", answered_at=filled.authored) for name in blank])
    return submitting.hand_in(at, filled.authored)


def _entries(filled: Filled) -> list[Entry]:
    given = {name: value for name, value in filled.answers.items() if value is not None}
    return [
        *(Entry(name, value, answered_at=filled.authored) for name, value in given.items()),
        *(
            Entry(name, skipped=reason, answered_at=filled.authored)
            for name, reason in filled.skipped.items()
        ),
    ]


def _keep(at: Writing, entries: Sequence[Entry]) -> None:
    saved = saving.weigh(at, entries)
    if saved.refused:
        told = "; ".join(f"{each.item}: {each.reason}" for each in saved.refused)
        raise AnswerRefusedError(told)
    saving.store(at.session, saved)
