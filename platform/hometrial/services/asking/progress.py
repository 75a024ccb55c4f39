"""How far a person is with one form: what is asked after what they said, and what of it is left."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from hometrial.models import Answer, Participant, Response, Submission
from hometrial.questionnaires import loading
from hometrial.questionnaires.instrument import Instrument
from hometrial.services.asking import definitions, opening, submitting, words
from hometrial.services.asking.occasions import Occasion


@dataclass(frozen=True)
class Progress:
    """One form of a person on one occasion; `response` and `submission` are None before there is one.

    `said`: the last word on each item. `definition_sha256`: what is asked, as it was when it was begun.
    """

    occasion: Occasion
    instrument: Instrument
    definition_sha256: str
    response: Response | None
    submission: Submission | None
    said: Mapping[str, Answer]

    @property
    def asked(self) -> tuple[str, ...]:
        """The items that are asked after what was said, in order."""
        brief = self.occasion.asked == "short"
        return submitting.asked_items(self.instrument, self.said, brief=brief)

    @property
    def left(self) -> tuple[str, ...]:
        """The items that are asked and have no word yet, in order."""
        return tuple(name for name in self.asked if name not in self.said)

    @property
    def revision(self) -> int:
        """How often it was handed in."""
        return 0 if self.submission is None else self.submission.revision

    @property
    def is_done(self) -> bool:
        """Whether it was handed in with answers, and can only be corrected."""
        return self.submission is not None and self.submission.kind != "too_ill"

    @property
    def minutes(self) -> float:
        """About how many minutes what is left takes: its share of the whole form."""
        share = len(self.left) / len(self.instrument.items)
        return self.occasion.form.minutes * share


def of(session: Session, person: Participant, form: str, occasion: str) -> Progress:
    """Return how far a person is with a form. Raises NotAskedError, NotInTrialError, ZoneNeededError."""
    asked = opening.find(session, person, form, occasion)
    response = opening.response_of(session, person, form, occasion)
    if response is None:
        instrument = loading.named(asked.instrument)
        return Progress(asked, instrument, loading.definition_hash(instrument), None, None, {})
    return Progress(
        asked,
        definitions.kept(session, response.definition_sha256),
        response.definition_sha256,
        response,
        submitting.of_response(session, response.id),
        words.last(words.spoken(session, response.id)),
    )


def has_begun_any(session: Session, person: Participant) -> bool:
    """Say whether a person ever began a form."""
    begun = exists().where(Response.participant_id == person.id)
    return bool(session.scalar(select(begun)))
