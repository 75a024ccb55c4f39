"""The next step of a person's plan: whether it is due, all that speaks against it, and its order."""

from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial.models import DoseEvent, Participant
from hometrial.protocol import applying
from hometrial.protocol.dosing import titrating
from hometrial.protocol.dosing.adherence import adherence
from hometrial.protocol.dosing.refusing import OrderRefusedError
from hometrial.protocol.dosing.titrating import Against, Proposal, Readiness
from hometrial.services.dosing import opioids, ordering, recording
from hometrial.services.dosing.footing import Footing
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


def next_step(session: Session, person: Participant) -> Proposal | None:
    """Return the step that a person may take today by a tap of their own; None if there is none.

    None where the protocol leaves it to the investigator, and on a day of which a dose is recorded already: what
    was taken would be too little by the new order. Raises what `footing_of` raises.
    """
    chart = recording.chart_of(session, person)
    if not is_of_person(chart.footing) or chart.course.intakes_on(chart.today):
        return None
    held = bool(
        opioids.conflicts(opioids.told(session, person), chart.footing.protocol, chart.today)
    )
    if held or chart.footing.takes_no_drug or chart.course.gap_on(chart.today) is not None:
        return None
    if against(session, chart):
        return None
    return titrating.step_up(chart.terms.plan, chart.standing)


def is_of_person(stands_on: Footing) -> bool:
    """Whether the protocol lets people take the next step themselves."""
    rule = stands_on.titration.step_up
    return rule.approver == "automatic" and rule.actor == "participant"


def _require_may_step(chart: Chart, word: Word) -> None:
    rule = chart.footing.titration.step_up
    if rule.approver == "investigator" and word.role is not Role.INVESTIGATOR:
        raise OrderRefusedError("step up: the investigator approves each step of this protocol")
    if rule.actor == "investigator" and word.role is Role.PARTICIPANT:
        raise OrderRefusedError("step up: the investigator takes each step of this protocol")
