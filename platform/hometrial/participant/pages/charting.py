"""A person's own days in figures and tables, where the trial's protocol shows them."""

from datetime import date, timedelta

from flask import Blueprint, render_template
from flask_babel import format_date, format_decimal, gettext, lazy_gettext
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Participant
from hometrial.participant import figures
from hometrial.participant.oneself import oneself
from hometrial.participant.site import site
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling, owning
from hometrial.services.holding import days
from hometrial.services.holding.days import Measured
from hometrial.services.trial import following
from hometrial.services.trial.following import NotInTrialError

pages = Blueprint("charts", __name__, url_prefix="/charts")
WEEKS = 4
_TITLES = {
    "steps": lazy_gettext("Steps"),
    "rhr_sleep": lazy_gettext("Pulse at rest, while asleep"),
    "sleep_minutes": lazy_gettext("Time asleep"),
}
_UNITS = {"sleep_minutes": 60}
_CAUSES = {
    "not_worn": lazy_gettext("the watch was not worn"),
    "not_synced": lazy_gettext("the watch has not sent it yet"),
    "token_dead": lazy_gettext("the connection was broken"),
    "scope_missing": lazy_gettext("not shared"),
    "not_consented": lazy_gettext("not agreed to"),
    "paused": lazy_gettext("you rested from the study"),
    "provider_outage": lazy_gettext("the watch's service did not answer"),
    "retired": lazy_gettext("the watch's service has closed"),
    "quarantined": lazy_gettext("being checked"),
    "not_in_source": lazy_gettext("your watch does not measure this"),
}


@pages.get("")
def page() -> str:
    """Show the last weeks, or say why they are not shown."""
    with site().database.reading(role=PARTICIPANT_ROLE) as session:
        person = oneself(session)
        owning.show_own(session, person.id)
        if not _is_shown(session, person):
            return render_template("charting/hidden.html")
        today = local_date(clock.now(), enrolling.zones_of(session, person))
        first = today - timedelta(days=7 * WEEKS)
        found = days.measured(session, person, first, today - timedelta(days=1))
    return render_template(
        "charting/charts.html",
        charts=[
            (metric, _TITLES[metric], figures.figure(each, _UNITS.get(metric, 1)), each)
            for metric, each in found.items()
        ],
        said=_said,
        why=_why,
        on_scale=_on_scale,
        size=(figures.WIDTH, figures.HEIGHT),
        short=_short,
        named=_named,
    )


def _is_shown(session: Session, person: Participant) -> bool:
    try:
        return following.protocol_of(session, person).own_charts.shown
    except NotInTrialError:
        return False


def _said(metric: str, value: float) -> str:
    """Return a number as a person reads it."""
    if metric == "sleep_minutes":
        hours, minutes = divmod(round(value), 60)
        return str(gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes))
    if metric == "rhr_sleep":
        return str(gettext("%(count)s beats a minute", count=format_decimal(round(value))))
    return str(format_decimal(round(value)))


def _on_scale(metric: str, value: float) -> str:
    if metric == "sleep_minutes":
        return str(gettext("%(hours)s h", hours=format_decimal(round(value / 60, 1))))
    return str(format_decimal(round(value)))


def _why(day: Measured) -> str:
    """Return why a day has no number."""
    if day.cause in _CAUSES:
        return str(_CAUSES[day.cause])
    return str(gettext("no data; we do not know why"))


def _named(on: date) -> str:
    return str(format_date(on, gettext("EEE d MMM")))


def _short(on: date) -> str:
    return f"{on.day}.{on.month}."
