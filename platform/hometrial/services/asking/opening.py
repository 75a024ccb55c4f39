"""Forms opened: a response begun or taken up again, in a person's window and in words that are here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant, Response, Sitting, Submission
from hometrial.protocol.windows import Standing
from hometrial.questionnaires import loading
from hometrial.services.agreeing import standing
from hometrial.services.asking import definitions, occasions
from hometrial.services.asking.occasions import Occasion
from hometrial.services.trial import following

Mode = Literal["web", "interview", "import"]
Respondent = Literal["self", "self_with_scribe", "proxy"]


class NotAskedError(TrialError):
    """A form that this person is not asked on this occasion, or not now."""


class NotYoursError(TrialError):
    """A response of another person."""


@dataclass(frozen=True)
class Manner:
    """How a form is filled in: in which language, on which device, by whom.

    `because`: needed of staff, and of whoever corrects what was submitted.
    """

    by: str
    language: str
    device: Mapping[str, Any] = field(default_factory=dict)
    is_staff: bool = False
    mode: Mode = "web"
    respondent: Respondent = "self"
    because: str | None = None


def open_form(
    session: Session, person: Participant, form: str, occasion: str, manner: Manner
) -> Sitting:
    """Begin a response, or take it up again on this device.

    Raises NotAskedError if the form is not asked, not open, or submitted and no correction; WordingAbsentError.
    """
    hold(session, person.id)
    refuse_if_withdrawn(session, person, manner)
    asked = find(session, person, form, occasion)
    refuse_if_of_staff(asked, manner)
    _refuse_if_shut(asked, manner)
    response = response_of(session, person, form, occasion) or begin(session, person, asked)
    revision = revision_of(session, response.id)
    _refuse_if_submitted(session, response, revision, manner)
    return sit(session, response, manner, revision)


def sit(session: Session, response: Response, manner: Manner, revision: int) -> Sitting:
    """Begin a sitting of a response. Raises WordingAbsentError, NotAskedError if staff give no reason."""
    if manner.is_staff and not (manner.because or "").strip():
        raise NotAskedError(f"because: say why {manner.by} fills in {response.form} for somebody")
    instrument = definitions.kept(session, response.definition_sha256)
    shown = definitions.form_of(session, instrument, manner.language)
    sitting = Sitting(
        response_id=response.id,
        revision=revision,
        language=manner.language,
        wording_sha256=definitions.wording_hash(shown),
        device=dict(manner.device),
        by=manner.by,
        is_staff=manner.is_staff,
        mode=manner.mode,
        respondent=manner.respondent,
        because=manner.because,
        began_at=clock.now(),
    )
    session.add(sitting)
    session.flush()
    return sitting


def find(session: Session, person: Participant, form: str, occasion: str) -> Occasion:
    """Return what is asked of a person by its names. Raises NotAskedError."""
    calendar = occasions.calendar_of(session, person)
    for each in occasions.occasions(calendar, name=occasion):
        if each.form.id == form:
            return each
    raise NotAskedError(
        f"{person.code} is not asked {form} on {occasion}; the list of today shows what is"
    )


def response_of(session: Session, person: Participant, form: str, occasion: str) -> Response | None:
    """Return the response to a form on an occasion, None if it was never opened."""
    return session.scalars(
        select(Response).where(
            Response.participant_id == person.id,
            Response.form == form,
            Response.occasion == occasion,
        )
    ).one_or_none()


def revision_of(session: Session, response_id: UUID) -> int:
    """Return how often a response was submitted."""
    query = select(func.count()).where(Submission.response_id == response_id)
    return session.scalar(query) or 0


def refuse_if_withdrawn(session: Session, person: Participant, manner: Manner) -> None:
    """Raise NotAskedError if a person has withdrawn completely; staff may still enter what was before."""
    withdrawn = standing.withdrawn_at(session, person)
    if withdrawn is not None and not manner.is_staff:
        raise NotAskedError(
            f"{person.code} withdrew on {withdrawn:%Y-%m-%d}; nothing more is asked of them"
        )


def refuse_if_of_staff(asked: Occasion, manner: Manner) -> None:
    """Raise NotAskedError if a person opens what the staff fill in."""
    if not asked.is_of_person and not manner.is_staff:
        raise NotAskedError(f"{asked.form.label} ({asked.name}) is filled in by the study team")


def begin(session: Session, person: Participant, asked: Occasion) -> Response:
    """Begin the response to what a person is asked, as the questionnaire is declared now."""
    response = Response(
        participant_id=person.id,
        protocol_version_id=following.version_of(session, person).id,
        form=asked.form.id,
        kind=asked.kind,
        occasion=asked.name,
        due=asked.due,
        definition_sha256=definitions.keep(session, loading.named(asked.instrument)),
        opened_at=clock.now(),
    )
    session.add(response)
    session.flush()
    return response


def _refuse_if_shut(asked: Occasion, manner: Manner) -> None:
    opening = asked.opening
    stands = opening.standing(clock.now())
    if stands is Standing.UPCOMING:
        raise NotAskedError(
            f"{asked.form.label} ({asked.name}) opens at {opening.opens_at.isoformat(timespec='minutes')}"
        )
    if stands is Standing.CLOSED and not manner.is_staff:
        raise NotAskedError(closed(asked))


def closed(asked: Occasion) -> str:
    """Say that a form is closed and what is left to do."""
    at = asked.opening.closes_at.isoformat(timespec="minutes")
    return f"{asked.form.label} ({asked.name}) closed at {at}; tell the study team what you want to add"


def _refuse_if_submitted(
    session: Session, response: Response, revision: int, manner: Manner
) -> None:
    if revision == 0 or (manner.because or "").strip():
        return
    kind = session.scalar(
        select(Submission.kind).where(
            Submission.response_id == response.id, Submission.revision == revision
        )
    )
    if kind != "too_ill":
        raise NotAskedError(
            f"{response.form} ({response.occasion}) was submitted; to correct it say why"
        )


def hold(session: Session, person_id: UUID) -> None:
    """One at a time opens a form of a person: two devices at once begin one response."""
    key = {"key": f"hometrial.asking.{person_id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
