"""Rest and leaving: bad days and pauses told by telephone, what a person stops, and the receipt of it."""

import hashlib
from collections.abc import Iterable

from flask import Response, flash, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from wtforms import BooleanField, SelectMultipleField
from wtforms.validators import DataRequired

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import WITHDRAWAL_CHOICES, Participant
from hometrial.services import enrolling
from hometrial.services.agreeing import leaving as service
from hometrial.services.agreeing.leaving import FINAL, Said
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial.services.viewing.person import departures as viewing
from hometrial.services.viewing.person.departures import Departures
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform, zone_of
from hometrial.staff.pages.person.fields import ActForm, options, reason
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.pages.person.scopes import PLAIN, SCOPES
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study, writing
from hometrial.tasks import linking
from hometrial_ingest.data_types import DataType


class ScopeForm(ActForm):
    """What a person stops, in their own words, and that it was read back to them."""

    choices = SelectMultipleField("What they stop", [DataRequired("Choose at least one.")])
    keep_late = BooleanField(
        "What the watch recorded until now may still come in",
        description="Of the watch alone; after leaving completely nothing comes in any more.",
    )
    reason = reason("What they said", hint="They need no reason; then write: none given.")


class BackForm(ActForm):
    """A choice that is taken back."""

    granted = SelectMultipleField(
        "What of the watch is shared again",
        choices=options((each.value, each.value.replace("_", " ")) for each in DataType),
        validate_choice=True,
        description="Only if they stopped the watch.",
    )
    reason = reason("What they said")


@pages.get("/<code>/leaving")
@permits("people.see")
def leaving(code: str) -> str:
    """Show when a person rests, what they stopped and what became of each source."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        return shown(
            session,
            person,
            "person/leaving.html",
            found=_found(session, person),
            scopes=SCOPES,
        )


def _found(session: Session, person: Participant) -> Departures:
    return viewing.departures(session, person, zone_of(session, person).key)


@pages.route("/<code>/leaving/stop", methods=["GET", "POST"])
@permits("people.withdraw")
def stop(code: str) -> Answer:
    """Record what a person stops: chosen, read back to them, confirmed once."""
    form = ScopeForm()
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = _found(session, person)
    form.choices.choices = options(
        (each, SCOPES[each].title) for each in SCOPES if each in found.open
    )
    is_good = form.validate_on_submit()
    if is_good and request.form.get("confirmed"):
        try:
            return _stopped(form, code)
        except TrialError as error:
            form.refuse(str(error))
            is_good = False
    deed = Deed(code, "What they stop", "Read it back", "people.leaving")
    with reading() as session:
        person = enrolling.find_participant(session, code)
        page = shown(
            session, person, "person/stop.html",
            deed=deed, form=form, scopes=SCOPES, plain_ones=PLAIN, plain=list(SCOPES)[:PLAIN],
            chosen=_ordered(form.choices.data or ()) if is_good else [],
        )  # fmt: skip
    return page if is_good or not form.is_submitted() else (page, 422)


def _ordered(chosen: Iterable[str]) -> list[str]:
    """Return choices in the order in which they are made: what is whole comes after its parts."""
    return [each for each in WITHDRAWAL_CHOICES if each in set(chosen)]


def _stopped(form: ScopeForm, code: str) -> Answer:
    """Stop what was chosen, all of it or nothing."""
    told = Said(me().actor, "staff", form.why)
    with writing(form.why) as session:
        person = enrolling.find_participant(session, code)
        for choice in _ordered(form.choices.data):
            made = service.choose(
                session,
                study().clouds,
                person,
                choice,
                said=told,
                keep_late=form.keep_late.data,
            )
            for account_id, _ in made.unlinked:
                linking.revoke_soon(session, account_id)
    flash("It is stopped. The receipt stands below, and on their own page.")
    return redirect(url_for("people.leaving", code=code), 303)


@pages.route("/<code>/leaving/back/<choice>", methods=["GET", "POST"])
@permits("people.withdraw")
def take_back(code: str, choice: str) -> Answer:
    """Record that a person takes a choice back; nothing is filled in for the time between."""
    if choice not in SCOPES or choice == FINAL:
        raise NotFound(f"There is no choice {choice} that is taken back.")
    form = BackForm()
    deed = Deed(code, f"Taken back: {SCOPES[choice].title}", "Record it", "people.leaving")

    def act(session: Session, person: Participant) -> str:
        told = Said(me().actor, "staff", form.why)
        granted = [DataType(each) for each in form.granted.data or ()]
        service.take_back(session, person, choice, said=told, granted=granted)
        return "It is taken back; what comes again begins now."

    return perform(deed, form, act)


@pages.get("/<code>/leaving/receipt.pdf")
@permits("people.see", logs="exported")
def receipt(code: str) -> Response:
    """Give the receipt of all that a person stopped, to be sent or handed to them."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = _found(session, person)
    if not found.choices:
        raise NotFound(f"{code} has stopped nothing; there is no receipt.")
    lines = [line for each in found.choices for line in each.lines]
    lines += [_of_source(each.account.provider, each.status) for each in found.sources]
    seal = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    paper = Paper(Sheet("What you stopped", "en", clock.now(), seal, code))
    paper.heading("What you stopped", level=1)
    for each in found.choices:
        paper.heading(each.lines[0])
        for line in each.lines[1:]:
            paper.paragraph([(line, False)], is_item=True)
    paper.heading("Your sources")
    for source in found.sources:
        told = _of_source(source.account.provider, source.status)
        paper.paragraph([(told, False)], is_item=True)
    paper.heading("What is kept, and why")
    paper.paragraph([(KEPT, False)])
    answer = Response(paper.file(), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="receipt-{code}.pdf"'
    return answer


KEPT = (
    "What the study has collected until now stays in it: if data went missing, its result would be less "
    "true, and the law asks us to keep them. Your consent and this receipt are kept as well."
)


def _of_source(provider: str, status: str) -> str:
    ended = {
        "unlinked": "our access has ended",
        "unlinking": "we read nothing more; the provider has yet to confirm that our access ended",
    }
    return f"{provider}: {ended.get(status, status.replace('_', ' '))}"
