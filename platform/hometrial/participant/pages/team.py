"""How to reach the study team, from any screen; whom to call in an emergency stands there for everybody."""

import re
from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext, lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from hometrial import clock
from hometrial.models import Participant
from hometrial.participant import sources
from hometrial.participant.site import transaction, visit, visit_if_any
from hometrial.services import enrolling, owning, reaching
from hometrial.services.asking import crisis
from hometrial.services.reaching import LONGEST, Ask, AskRefusedError

pages = Blueprint("team", __name__, url_prefix="/team")
_WRITTEN = re.compile(r"(?:asks to be called|writes)(?:: )?", re.DOTALL)
_SHOWN = 5
_TOO_MUCH = lazy_gettext("That is too long. Please shorten it, or call.")
_REFUSED = {
    "empty": lazy_gettext("Please write something first."),
    "long": _TOO_MUCH,
    "often": lazy_gettext(
        "You have already asked several times today. Nothing was sent. Please call, or wait until tomorrow."
    ),
    "left": lazy_gettext("You have left the study. Nothing was sent. You can still call."),
}


class CallForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A wish to be called."""

    words = TextAreaField(
        lazy_gettext("When is it good for you, and what is it about? You can leave this empty."),
        [Length(max=LONGEST, message=_TOO_MUCH)],
    )


class MessageForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A few lines to the team."""

    words = TextAreaField(
        lazy_gettext("Your message"),
        [
            DataRequired(lazy_gettext("Please write something first.")),
            Length(max=LONGEST, message=_TOO_MUCH),
        ],
    )


FORMS: Mapping[Ask, type[FlaskForm]] = {"call_wanted": CallForm, "message": MessageForm}


@pages.get("")
def page() -> str:
    """Tell how to reach the team; without a visit, what everybody may know."""
    found = visit_if_any()
    if found is None:
        return render_template("team/no_visit.html", **_everywhere())
    return render_template("team/team.html", sent=request.args.get("sent"), **_here())


@pages.route("/call", methods=["GET", "POST"])
def call() -> AnyResponse | str | tuple[str, int]:
    """Take in a wish to be called."""
    return _take_in("call_wanted")


@pages.route("/message", methods=["GET", "POST"])
def message() -> AnyResponse | str | tuple[str, int]:
    """Take in a message to the team."""
    return _take_in("message")


def _take_in(what: Ask) -> AnyResponse | str | tuple[str, int]:
    form = FORMS[what]()
    if not form.is_submitted():
        return render_template("team/ask.html", form=form, what=what, **_here())
    if not form.validate():
        return render_template("team/ask.html", form=form, what=what, **_here()), 400
    try:
        with transaction("ask the team for something") as session:
            owning.show_own(session, visit().participant_id)
            person = session.get_one(Participant, visit().participant_id)
            reaching.ask(session, person, what, form.words.data or "")
    except AskRefusedError as refused:
        form.words.errors = [_REFUSED[refused.why]]
        status = 400 if refused.why in ("empty", "long") else 409
        return render_template("team/ask.html", form=form, what=what, **_here()), status
    return redirect(url_for("team.page", sent=what), 303)


def _here() -> dict[str, object]:
    """Return what the page of somebody who is there shows."""
    with transaction("look at how to reach the team") as session:
        owning.show_own(session, visit().participant_id)
        person = session.get_one(Participant, visit().participant_id)
        zone = sources.zone(session, person.id)
        return {
            "team": reaching.site_of(session, person),
            "crisis": crisis.information(_country(session, person) if zone else None),
            "asked": [
                (row.at, _WRITTEN.sub("", row.note or "", count=1))
                for row in reaching.asked(session, person)[:_SHOWN]
            ],
            "zone": zone,
            "now": clock.now(),
        }


def _country(session: Session, person: Participant) -> str | None:
    return crisis.country_of(enrolling.zones_of(session, person))


def _everywhere() -> dict[str, object]:
    """Return the emergency numbers of every country that is known, by its name in the reader's language."""
    locale = get_locale()
    names = {} if locale is None else locale.territories
    numbers = {names.get(code, code): lines for code, lines in crisis.shipped().countries.items()}
    return {"numbers": dict(sorted(numbers.items())), "elsewhere": crisis.shipped().elsewhere}


@pages.app_template_filter("dialled")
def dialled(number: str) -> str | None:
    """Return what a telephone dials for a number as it is written; None for what is no number."""
    digits = re.sub(r"[^0-9+]", "", number)
    return digits if re.fullmatch(r"\+?[0-9]{2,}", digits) and "/" not in number[:8] else None


@pages.app_template_filter("asked_for")
def asked_for(what: str) -> str:
    """Say what was sent."""
    if what == "call_wanted":
        return str(gettext("We have your wish to be called."))
    return str(gettext("We have your message."))
