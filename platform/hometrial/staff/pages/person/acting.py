"""An act about one person: a form on a page of its own, refused with what was typed kept, or done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import flash, redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hometrial import clock
from hometrial.errors import TrialError, UnknownParticipantError
from hometrial.models import Participant
from hometrial.services import enrolling
from hometrial.staff.pages.person.fields import ActForm
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.study import reading, writing

Answer = str | Response | tuple[str, int]
Done = Callable[[Session, Participant], str]
"""Does it and says what was done."""
Prepare = Callable[[Session, Participant], Mapping[str, object]]
"""Fills in what may be chosen of this person, and returns what the page shows beside the form."""


@dataclass(frozen=True)
class Deed:
    """An act as its page shows it; `back` is the endpoint of the page that one came from."""

    code: str
    title: str
    button: str
    back: str
    lead: str = ""
    look: str = "btn-primary"
    template: str = "person/act.html"


def perform(deed: Deed, form: ActForm, do: Done, prepare: Prepare | None = None) -> Answer:
    """Show the form of an act, or do what was sent: done, one is back where one came from.

    What a service refuses stands on the form, beside its field where the refusal names one.
    """
    beside: Mapping[str, object] = {}
    with reading() as session:
        person = enrolling.find_participant(session, deed.code)
        form.zone = zone_of(session, person)
        if prepare is not None:
            beside = prepare(session, person)
    if form.validate_on_submit() and _is_done(deed, form, do):
        return redirect(url_for(deed.back, code=deed.code), 303)
    with reading() as session:
        person = enrolling.find_participant(session, deed.code)
        page = shown(
            session, person, deed.template, deed=deed, form=form, clock_of=form.zone.key, **beside
        )
    return (page, 422) if form.is_submitted() else page


def _is_done(deed: Deed, form: ActForm, do: Done) -> bool:
    try:
        with writing(form.why or deed.title.lower()) as session:
            said = do(session, enrolling.find_participant(session, deed.code))
    except UnknownParticipantError:
        raise
    except TrialError as error:
        form.refuse(str(error))
        return False
    flash(said)
    return True


def zone_of(session: Session, person: Participant) -> ZoneInfo:
    """Return the zone that a person lives in now; UTC of whom none is on record."""
    rows = enrolling.zone_rows(session, [person.id]).get(person.id, [])
    begun = [row for row in rows if row.valid_from is None or row.valid_from <= clock.now()]
    return ZoneInfo(begun[-1].zone if begun else "UTC")
