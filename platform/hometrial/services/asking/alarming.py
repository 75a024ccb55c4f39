"""Alerts of questionnaires: the most urgent that a word or a form sets off is raised, once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial import rules
from hometrial.models import Participant
from hometrial.protocol.analysis import Alert as DeclaredAlert
from hometrial.questionnaires.answers import Answers
from hometrial.questionnaires.instrument import Alert, Instrument
from hometrial.services import enrolling
from hometrial.services.asking import crisis
from hometrial.services.asking.crisis import Crisis
from hometrial.services.safety import alerting
from hometrial.services.safety.alerting import Level
from hometrial.services.trial import following

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
    """Raise an alert of an instrument about a person, with the values that it is about.

    Rules of the person's protocol that hold for the same answers are named at the same alert: it has one clock,
    the soonest of theirs, and the gravest level.
    """
    about: Mapping[str, int | float | str | None] = dict(values)
    response = alerting.Response(
        alert.text,
        alert.route,
        timedelta(hours=alert.sla_hours),
        f"{instrument.id} {instrument.version}",
    )
    others = [] if alert.on == "submitted" else _of_protocol(session, person, about)
    hours = min([alert.sla_hours, *(each.within_hours for _, each in others)])
    raised = alerting.raise_alert(
        session,
        person,
        rule=f"{instrument.id}.{alert.id}",
        level=min([alert.level, *map(_level, others)], key=_LEVELS.index),
        values=about,
        response=replace(response, within=timedelta(hours=hours)),
    )
    for version, each in others:
        told = alerting.Response(each.text, each.goes_to, None, version)
        alerting.found_too(session, raised, rule=each.id, response=told, values=about)


def _of_protocol(
    session: Session, person: Participant, about: Answers
) -> list[tuple[str, DeclaredAlert]]:
    """Return the rules of a person's protocol that hold for some answers and ask for nothing else."""
    protocol = following.protocol_of(session, person)
    found = [
        each
        for each in protocol.alerts
        if each.days is None and each.level != "task" and _holds(each.when, about)
    ]
    return [(f"{protocol.id} {protocol.version}", each) for each in found]


def _holds(when: str, about: Answers) -> bool:
    rule = rules.parse(when)
    known = {name: value for name, value in about.items() if value is not None}
    return set(rules.names(rule)) <= set(known) and rules.decide(rule, known).holds is True


def _level(told: tuple[str, DeclaredAlert]) -> Level:
    level = told[1].level
    assert level != "task"  # noqa: S101 - left out by `_of_protocol`
    return level


def crisis_of(
    session: Session, person: Participant, instrument: Instrument, alerts: Iterable[Alert]
) -> Crisis | None:
    """Return whom the person can call at once, if one of the alerts is of that kind; by the zone they live in."""
    if not any(crisis.is_shown_for(instrument.id, each.id) for each in alerts):
        return None
    return crisis.information(crisis.country_of(enrolling.zones_of(session, person)))
