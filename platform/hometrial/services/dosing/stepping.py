"""The next step of a person's plan: whether it is due, all that speaks against it, and its order."""

from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial.models import DoseEvent, Participant
from hometrial.protocol import applying
from hometrial.protocol.dosing import titrating
from hometrial.protocol.dosing.adherence import adherence
from hometrial.protocol.dosing.refusing import OrderRefusedError
from hometrial.protocol.dosing.titrating import Against, Readiness
from hometrial.services.dosing import ordering, recording
from hometrial.services.dosing.recording import Chart, Role, Word
from hometrial.services.safety import alerting, judged

_DAYS = 7
"""The adherence of so many days before today counts."""


def against(session: Session, chart: Chart) -> tuple[Against, ...]:
    """Return everything that speaks against the next step today; nothing if it is due."""
    rule = applying.step_up_of(chart.footing.titration)
    plan, today = chart.terms.plan, chart.today
    return titrating.against_step_up(plan, chart.course, today, rule, _readiness(session, chart))


def _readiness(session: Session, chart: Chart) -> Readiness:
    grade = chart.footing.titration.step_up.no_related_grade
    first, last = chart.today - timedelta(days=_DAYS), chart.today - timedelta(days=1)
    bounds = adherence(chart.course, first, last).of_days
    return Readiness(
        judged.days_clear(session, chart.person, grade, chart.today),
        None if bounds is None else bounds[0] / 100,
        alerting.red_alert_is_open(session, chart.person),
    )


def step_up(session: Session, person: Participant, word: Word) -> DoseEvent:
    """Order the next step from today on.

    Raises OrderRefusedError with everything that speaks against it, and of somebody who may not order it by the
    protocol; the investigator may order the dose beside the plan instead.
    """
    chart = recording.open_chart(session, person)
    _require_may_step(chart, word)
    reasons = against(session, chart)
    if reasons:
        raise OrderRefusedError(f"step up on {chart.today}: {', '.join(reasons)}")
    proposal = titrating.step_up(chart.terms.plan, chart.standing)
    return ordering.place(session, chart, word, proposal)


def _require_may_step(chart: Chart, word: Word) -> None:
    rule = chart.footing.titration.step_up
    if rule.approver == "investigator" and word.role is not Role.INVESTIGATOR:
        raise OrderRefusedError("step up: the investigator approves each step of this protocol")
    if rule.actor == "investigator" and word.role is Role.PARTICIPANT:
        raise OrderRefusedError("step up: the investigator takes each step of this protocol")
