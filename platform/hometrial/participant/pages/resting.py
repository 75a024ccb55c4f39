"""Bad days: one tap, and nothing else is needed; until when reminders rest; better again; a call."""

from datetime import datetime, time, timedelta

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse
from wtforms import RadioField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from hometrial import clock
from hometrial.models import Participant
from hometrial.participant.oneself import oneself
from hometrial.participant.pages.home import dim
from hometrial.participant.site import transaction, visit
from hometrial.participant.sources import zone
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.asking import resting
from hometrial.services.messaging import hours
from hometrial.services.trial import following

pages = Blueprint("resting", __name__)
Answer = AnyResponse | str | tuple[str, int]
_MORNING = time(10)
_LEVELS: dict[str, resting.Severity] = {"1": 1, "2": 2, "3": 3}


class RestForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """For how many mornings reminders rest."""

    mornings = RadioField(
        lazy_gettext("Until when shall reminders rest?"),
        choices=[
            SelectChoice("1", lazy_gettext("Until tomorrow, 10 in the morning")),
            SelectChoice("2", lazy_gettext("Until the day after tomorrow, 10 in the morning")),
            SelectChoice("4", lazy_gettext("Four days")),
            SelectChoice("7", lazy_gettext("A week")),
        ],
        validators=[InputRequired(lazy_gettext("Please choose one."))],
    )


class HowBadForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """How bad the day is, for who likes to say it."""

    severity = RadioField(
        lazy_gettext("How bad is it? (if you like)"),
        choices=[
            SelectChoice("1", lazy_gettext("Worse than usual")),
            SelectChoice("2", lazy_gettext("Much worse")),
            SelectChoice("3", lazy_gettext("As bad as it gets")),
        ],
        validators=[InputRequired(lazy_gettext("Please choose one."))],
    )


@pages.post("/bad-day")
def tap() -> AnyResponse:
    """Note a bad day in one tap."""
    with transaction("a bad day") as session:
        person = oneself(session)
        following.protocol_of(session, person)
        resting.tap(session, person, by=visit().code)
    return redirect(url_for("resting.page"), 303)


@pages.get("/bad-day")
def page() -> Answer:
    """Say that it is noted, and what else can be told, if anything."""
    with transaction("look at a bad day") as session:
        return _shown(session, oneself(session), RestForm(), HowBadForm())


def _shown(session: Session, person: Participant, rest: RestForm, how_bad: HowBadForm) -> Answer:
    rests = resting.rests(session, person)
    if rests is None:
        return redirect(url_for("home.page"), 303)
    dim()
    until = resting.quiet_until(session, person)
    if until is None:
        hours_of_rest = following.protocol_of(session, person).bad_days.rest_hours
        until = rests + timedelta(hours=hours_of_rest)
    text = render_template(
        "resting/bad_day.html",
        rests=rests,
        until=until,
        form=rest,
        how_bad=how_bad,
        now=clock.now(),
        zone=zone(session, person.id),
    )
    return text, 400 if rest.errors or how_bad.errors else 200


@pages.post("/bad-day/until")
def until() -> Answer:
    """Keep until when reminders rest."""
    form = RestForm()
    with transaction("until when reminders rest") as session:
        person = oneself(session)
        if not form.validate():
            return _shown(session, person, form, HowBadForm(formdata=None))
        at = _morning(session, person, int(form.mornings.data))
        resting.keep_quiet(session, person, at, by=visit().code)
    return redirect(url_for("resting.page"), 303)


def _morning(session: Session, person: Participant, ahead: int) -> datetime:
    """Return when it is morning after so many nights, on the person's own clock."""
    zones = enrolling.zones_of(session, person)
    found, today = clock.now(), local_date(clock.now(), zones)
    while (local_date(found, zones) - today).days < ahead:
        found = hours.next_at(zones, found + timedelta(minutes=1), _MORNING)
    return found


@pages.post("/bad-day/how-bad")
def how_bad() -> Answer:
    """Keep how bad the day is."""
    form = HowBadForm()
    with transaction("how bad a day is") as session:
        person = oneself(session)
        if not form.validate():
            return _shown(session, person, RestForm(formdata=None), form)
        resting.tap(session, person, by=visit().code, severity=_LEVELS[form.severity.data])
    return redirect(url_for("resting.page"), 303)


@pages.post("/bad-day/better")
def better() -> AnyResponse:
    """Note that it is over; nothing that was left out is asked for."""
    with transaction("better again") as session:
        person = oneself(session)
        if resting.rests(session, person) is not None or resting.quiet_until(session, person):
            resting.better(session, person, by=visit().code)
    return redirect(url_for("home.page"), 303)
