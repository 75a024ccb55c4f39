"""Alerts of questionnaires: the most urgent that a word or a form sets off is raised, once."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.questionnaires.answers import Answers
from hometrial.questionnaires.instrument import Alert, Instrument
from hometrial.services import enrolling
from hometrial.services.asking import crisis
from hometrial.services.asking.crisis import Crisis
from hometrial.services.safety import alerting

_LEVELS = ("red", "amber", "blue")


def most_urgent(alerts: Iterable[Alert]) -> Alert | None:
    """Return the gravest alert, of equally grave ones the one that is to be answered first."""
    return min(
        alerts, key=lambda each: (_LEVELS.index(each.level), each.sla_hours, each.id), default=None
    )


def is_news(alert: Alert, before: Iterable[Alert]) -> bool:
    """Say whether an alert is more urgent than all that this response has raised before."""
    known = most_urgent(before)
    return known is None or most_urgent([known, alert]) is not known


def sound(
    session: Session, person: Participant, instrument: Instrument, alert: Alert, values: Answers
) -> None:
    """Raise an alert of an instrument about a person, with the values that it is about."""
    about: Mapping[str, int | float | str | None] = dict(values)
    alerting.raise_alert(
        session,
        person,
        rule=f"{instrument.id}.{alert.id}",
        level=alert.level,
        values=about,
        response=alerting.Response(
            alert.text,
            alert.route,
            timedelta(hours=alert.sla_hours),
            f"{instrument.id} {instrument.version}",
        ),
    )


def crisis_of(
    session: Session, person: Participant, instrument: Instrument, alerts: Iterable[Alert]
) -> Crisis | None:
    """Return whom the person can call at once, if one of the alerts is of that kind; by the zone they live in."""
    if not any(crisis.is_shown_for(instrument.id, each.id) for each in alerts):
        return None
    return crisis.information(crisis.country_of(enrolling.zones_of(session, person)))
