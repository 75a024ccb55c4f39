"""The first page: what is to be done today, in a few lines; the watch for who is in no trial."""

from dataclasses import replace

from flask import Blueprint, g, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.errors import ZoneNeededError
from hometrial.models import Participant
from hometrial.participant import doses, entrance, looks, stages, todays
from hometrial.participant.oneself import oneself
from hometrial.participant.site import transaction
from hometrial.participant.sources import Source, sources, zone
from hometrial.participant.stages import Stage
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services import standing as syncing
from hometrial.services.agreeing import standing
from hometrial.services.asking import resting
from hometrial.services.trial import following
from hometrial.services.trial.following import NotInTrialError

pages = Blueprint("home", __name__)


@pages.get("/")
def page() -> AnyResponse | str:
    """Show today."""
    with transaction("look at one's own day") as session:
        person = oneself(session)
        try:
            stage = stages.stage_of(session, person, looks.current().language)
        except NotInTrialError:
            return redirect(url_for("watch.page"), 303)
        except ZoneNeededError:
            return render_template("home/no_zone.html")
        return _shown(session, person, stage)


def _shown(session: Session, person: Participant, stage: Stage) -> str:
    rests = None if stage is Stage.WITHDRAWN else resting.rests(session, person)
    if rests is not None:
        dim()
    return render_template(
        "home/today.html",
        stage=stage.name,
        forms=todays.forms_of(session, person),
        visit=todays.next_visit(session, person),
        has_signed=standing.consented_at(session, person) is not None,
        chosen=standing.choices(session, person),
        signs_anew=stage in _SIGNED and stages.is_to_sign_anew(session, person),
        rests=rests,
        quiet_until=resting.quiet_until(session, person),
        is_paused=syncing.is_paused(session, person.id),
        doses=doses.shown(session, person),
        watch=_watch(sources(session, person.id)),
        shows_days=following.protocol_of(session, person).own_charts.shown,
        has_passkeys=entrance.has_passkeys(),
        greeting=_greeting(clock.now().astimezone(zone(session, person.id)).hour),
        today=local_date(clock.now(), enrolling.zones_of(session, person)),
        now=clock.now(),
        zone=zone(session, person.id),
    )


def _greeting(hour: int) -> str:
    """Return how a person is greeted at an hour of theirs: without a name, for others may look on."""
    if _NIGHT_ENDS <= hour < _NOON:
        return str(gettext("Good morning"))
    return str(gettext("Good day") if _NOON <= hour < _EVENING else gettext("Good evening"))


_NIGHT_ENDS, _NOON, _EVENING = 4, 12, 18
_SIGNED = frozenset(Stage) - {Stage.SCREENING, Stage.INVITED, Stage.WITHDRAWN}


def _watch(found: list[Source]) -> Source | None:
    """Return the source that a person's page tells of: one that needs something first."""
    live = [each for each in found if each.is_live]
    return min(live, key=lambda each: each.status == "active", default=None)


def dim() -> None:
    """Show this page dim, whatever the device usually has: it is for a bad day."""
    g.look = replace(looks.current(), theme="dim")
