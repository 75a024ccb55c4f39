"""The way to one form: whose it is, how far it is, in which words; or why it cannot be filled in now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.participant import looks
from hometrial.participant.site import transaction, visit
from hometrial.protocol.windows import Standing
from hometrial.questionnaires.rendering import Form, WordingAbsentError
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.asking import crisis, definitions, progress
from hometrial.services.asking.opening import NotAskedError
from hometrial.services.asking.progress import Progress

pages = Blueprint("asking", __name__)
FORM = "/ask/<form>/<occasion>"
"""The address of a form on one occasion; that of an item follows it."""
Why = Literal["not_asked", "early", "closed", "no_words", "over", "handed_in"]


class ShutError(TrialError):
    """A form that cannot be filled in now; `kept` answers of it are safe, `typed` was not added to them."""

    def __init__(
        self, why: Why, at: datetime | None = None, kept: int = 0, typed: str = ""
    ) -> None:
        super().__init__(f"a form cannot be filled in: {why}")
        self.why, self.at, self.kept, self.typed = why, at, kept, typed


@dataclass(frozen=True)
class Here:
    """A person at one form."""

    session: Session
    person: Participant
    progress: Progress
    zone: ZoneInfo

    @property
    def form(self) -> str:
        """The form's name in the protocol."""
        return self.progress.occasion.form.id

    @property
    def occasion(self) -> str:
        """The occasion's name among the person's own."""
        return self.progress.occasion.name

    def shown(self) -> Form:
        """Return the form in the reader's language. Raises WordingAbsentError."""
        return definitions.form_of(self.session, self.progress.instrument, looks.current().language)

    def where(self) -> dict[str, str]:
        """Return what every address of this form has."""
        return {"form": self.form, "occasion": self.occasion}

    def to(self, page: str, item: str | None = None, *, called: str | None = None) -> str:
        """Return the address of a page of this form."""
        return url_for(
            f"asking.{page}", form=self.form, occasion=self.occasion, item=item, called=called
        )

    def again(self) -> Self:
        """Return the form as it is after what was just saved."""
        found = progress.of(self.session, self.person, self.form, self.occasion)
        return replace(self, progress=found)

    def shut(self, typed: str = "", *, correcting: bool = False) -> ShutError | None:
        """Return why nothing can be filled in now, None if something can; `typed` is told back to its author."""
        occasion, handed = self.progress.occasion, self.progress.submission
        kept = len(self.progress.said)
        stands = occasion.opening.standing(clock.now())
        if not occasion.is_of_person:
            return ShutError("not_asked")
        if standing.withdrawn_at(self.session, self.person) is not None or occasion.stopped:
            return ShutError("over", None, kept, typed)
        if handed is not None and self.progress.is_done and not correcting:
            return ShutError("handed_in", handed.received_at.astimezone(self.zone), kept, typed)
        if stands is Standing.UPCOMING:
            return ShutError("early", occasion.opening.opens_at.astimezone(self.zone))
        if stands is Standing.CLOSED:
            closed = occasion.opening.closes_at.astimezone(self.zone)
            return ShutError("closed", closed, kept, typed)
        return None

    def require_open(self, *, correcting: bool = False) -> None:
        """Raise ShutError if nothing can be filled in now."""
        shut = self.shut(correcting=correcting)
        if shut is not None:
            raise shut


def person_of(session: Session) -> Participant:
    """Return the person of this visit."""
    return session.get_one(Participant, visit().participant_id)


def zone_of(session: Session, person: Participant) -> ZoneInfo:
    """Return the zone that a person lives in now."""
    return ZoneInfo(crisis.zone_at(enrolling.zones_of(session, person), clock.now()))


@contextmanager
def here(form: str, occasion: str, why: str) -> Iterator[Here]:
    """Open a transaction at a form of this visit's person. Raises ShutError if there is no such form."""
    with transaction(why) as session:
        person = person_of(session)
        try:
            found = progress.of(session, person, form, occasion)
        except NotAskedError as error:
            raise ShutError("not_asked") from error
        yield Here(session, person, found, zone_of(session, person))


@pages.errorhandler(ShutError)
def shut(error: ShutError) -> ResponseReturnValue:
    """Say kindly why a form cannot be filled in, and what is kept of it."""
    status = 404 if error.why == "not_asked" else 409
    return render_template("asking/shut.html", shut=error, now=clock.now(), **_asked()), status


def _asked() -> dict[str, str]:
    """Return the form and occasion that the address names."""
    return {name: str(value) for name, value in (request.view_args or {}).items() if name != "item"}


@pages.errorhandler(WordingAbsentError)
def no_words(_error: WordingAbsentError) -> ResponseReturnValue:
    """Say that a form is not ready; there is nothing that a person can do about it."""
    return shut(ShutError("no_words"))
