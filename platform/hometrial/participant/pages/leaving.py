"""Leaving a part of the study, or all of it: chosen, read back, confirmed once; and the receipts of it."""

import hashlib
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, redirect, render_template, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse
from wtforms import SelectMultipleField, TextAreaField
from wtforms.validators import DataRequired, Length

from hometrial import clock
from hometrial.models import WITHDRAWAL_CHOICES, Participant
from hometrial.participant import looks, receipts
from hometrial.participant.oneself import oneself
from hometrial.participant.receipts import CHOICES
from hometrial.participant.site import site, transaction, visit
from hometrial.participant.sources import zone
from hometrial.services.agreeing import leaving, standing
from hometrial.services.agreeing.leaving import AFTER_THE_END, FINAL, Said
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial_ingest.data_types import DataType

pages = Blueprint("leaving", __name__, url_prefix="/leaving")
LONGEST = 1500
"""Characters of a reason."""


class LeavingForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """What to stop, and why, if the person likes to say."""

    choices = SelectMultipleField(
        lazy_gettext("What would you like to stop?"),
        [DataRequired(lazy_gettext("Please choose at least one."))],
    )
    reason = TextAreaField(
        lazy_gettext("Why? You do not have to say."),
        [
            Length(
                max=LONGEST, message=lazy_gettext("That is too long. Please shorten it, or call.")
            )
        ],
    )


class BackForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """What of a watch is shared again."""

    data_types = SelectMultipleField(lazy_gettext("What do you want to share again?"))


@pages.get("")
def page() -> str:
    """Show what can be stopped, each by itself, and what was."""
    with transaction("look at what can be stopped") as session:
        person = oneself(session)
        return _page(session, person, _form(session, person))


@pages.post("/check")
def check() -> str | tuple[str, int]:
    """Read back what was chosen; nothing is stopped yet."""
    with transaction("look at what a choice stops") as session:
        person = oneself(session)
        form = _form(session, person)
        if not form.validate():
            return _page(session, person, form), 400
    chosen = _ordered(form.choices.data)
    return render_template("leaving/check.html", form=form, chosen=chosen, choices=CHOICES)


@pages.post("/confirm")
def confirm() -> AnyResponse | tuple[str, int]:
    """Stop what was chosen, all of it or nothing."""
    with transaction("chose to stop") as session:
        person = oneself(session)
        form = _form(session, person, every=True)
        if not form.validate():
            return _page(session, person, form), 400
        said = Said(visit().code, reason=form.reason.data)
        for choice in _ordered(form.choices.data):
            made = leaving.choose(session, site().clouds, person, choice, said=said)
            for account_id, _ in made.unlinked:
                site().on_unlinked(session, account_id)
    return redirect(url_for("leaving.receipt"), 303)


@pages.get("/receipt")
def receipt() -> str:
    """Show what was stopped, what is kept, and what became of each access."""
    with transaction("look at one's own receipt") as session:
        person = oneself(session)
        return render_template("leaving/receipt.html", **_receipt(session, person))


@pages.get("/receipt.pdf")
def paper() -> Response:
    """Give the receipt as a file to keep."""
    with transaction("take one's own receipt along") as session:
        found = _receipt(session, oneself(session))
    if not found["receipts"]:
        raise NotFound
    lines = [
        line.strip()
        for line in render_template("leaving/paper.html", **found).splitlines()
        if line.strip()
    ]
    seal = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    sheet = Sheet(
        title=gettext("Your receipt"),
        language=looks.current().language,
        made_at=clock.now(),
        seal=seal,
        foot=visit().code,
        warning=gettext("Rehearsal: nothing here counts.") if g.get("rehearsal") else None,
    )
    made = Paper(sheet)
    made.heading(sheet.title, level=1)
    for line in lines:
        if line.startswith("# "):
            made.heading(line.removeprefix("# "))
        else:
            made.paragraph([(line.removeprefix("- "), False)], is_item=line.startswith("- "))
    answer = Response(made.file(), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="receipt-{visit().code}.pdf"'
    return answer


@pages.route("/back/<choice>", methods=["GET", "POST"])
def take_back(choice: str) -> AnyResponse | str | tuple[str, int]:
    """Take a choice back that may be taken back."""
    with transaction("took a choice back") as session:
        person = oneself(session)
        held = {each.choice: each for each in receipts.receipts(session, person) if each.holds}
        if choice not in held or FINAL in held:
            raise NotFound
        form = BackForm()
        form.data_types.choices = [
            (each, receipts.data_type(each)) for each in held[choice].data_types
        ]
        asked = {"form": form, "choice": choice, "title": held[choice].title}
        if not form.is_submitted():
            return render_template("leaving/back.html", **asked)
        if not form.validate():
            return render_template("leaving/back.html", **asked), 400
        granted = [DataType(each) for each in form.data_types.data or ()]
        leaving.take_back(session, person, choice, said=Said(visit().code), granted=granted)
    return redirect(url_for("leaving.receipt"), 303)


def _form(session: Session, person: Participant, *, every: bool = False) -> LeavingForm:
    """Return the form with what there is left to stop; `every`: with what is stopped already, too.

    A confirmation that comes twice names what has been stopped since then: that is no fault.
    """
    form = LeavingForm()
    open_ = _open(standing.choices(session, person))
    form.choices.choices = [
        (each, CHOICES[each].title) for each in WITHDRAWAL_CHOICES if every or each in open_
    ]
    return form


def _open(held: frozenset[str]) -> list[str]:
    possible = AFTER_THE_END if FINAL in held else WITHDRAWAL_CHOICES
    return [each for each in possible if each not in held]


def _ordered(chosen: Iterable[str]) -> list[str]:
    """Return choices in the order in which they are made: what is whole comes after its parts."""
    return [each for each in WITHDRAWAL_CHOICES if each in set(chosen)]


def _page(session: Session, person: Participant, form: LeavingForm) -> str:
    held = standing.choices(session, person)
    return render_template(
        "leaving/leaving.html",
        form=form,
        choices=CHOICES,
        open=_open(held),
        has_left=FINAL in held,
        has_signed=standing.consented_at(session, person) is not None,
        receipts=receipts.receipts(session, person),
        zone=zone(session, person.id),
        now=clock.now(),
    )


def _receipt(session: Session, person: Participant) -> dict[str, object]:
    here: ZoneInfo | None = zone(session, person.id)
    found = receipts.receipts(session, person)
    has_left = any(each.holds and each.choice == FINAL for each in found)
    return {
        "receipts": found,
        "accesses": receipts.accesses(session, person) if found else [],
        "has_left": has_left,
        "zone": here,
        "now": clock.now(),
        "stamp": receipts.stamp,
    }
