"""What was promised or is decided by somebody: contacts, reports with a clock, alerts, rows and answers set aside."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import Contact, QuarantinedRow, Query
from hometrial.services.noticing.causes import Cause
from hometrial.services.noticing.people import Everybody
from hometrial.services.safety import alerts, duties
from hometrial.services.trial import contacting, losing
from hometrial_validation.forms import FormKind

KINDS = (
    "contact_due",
    "lost_to_follow_up",
    "report_due",
    "alert",
    "answers_set_aside",
    "quarantine",
)


def find(session: Session, everybody: Everybody) -> list[Cause]:
    """Return what is due and what waits for a decision: a fixed number of queries."""
    return [
        *_contacts(session, everybody),
        *_unreached(session, everybody),
        *_reports(session, everybody),
        *_alerts(session),
        *_set_aside(session),
    ]


def _contacts(session: Session, everybody: Everybody) -> Iterable[Cause]:
    today = clock.now().date()
    for code, row in contacting.next_steps(session):
        person = everybody.by_code[code]
        if row.next_on is not None and row.next_on <= today and person in everybody.present:
            reason = f"{row.next_step}, due on {row.next_on}"
            yield Cause(person, "contact_due", "next contact", reason)


def _unreached(session: Session, everybody: Everybody) -> Iterable[Cause]:
    for person, days in _in_vain(session).items():
        if len(days) >= losing.LEAST_DAYS and person in everybody.present:
            reason = (
                f"tried in vain on {len(days)} days since {days[0]}: are they lost to follow-up?"
            )
            yield Cause(person, "lost_to_follow_up", "attempts", reason)


def _in_vain(session: Session) -> dict[UUID, list[date]]:
    """Return of everybody the days of attempts in vain since they were last heard, as `losing.attempts` counts them."""
    later = aliased(Contact)
    rows = session.execute(
        select(Contact.participant_id, Contact.at, Contact.outcome, Contact.direction)
        .outerjoin(later, later.corrects_id == Contact.id)
        .where(later.id.is_(None))
        .order_by(Contact.participant_id, Contact.at, Contact.recorded_at)
    )
    found: dict[UUID, list[date]] = {}
    for person, at, outcome, direction in rows:
        days = found.setdefault(person, [])
        if outcome == "reached" or direction == "from_person":
            days.clear()
        elif outcome in losing.IN_VAIN and at.date() not in days:
            days.append(at.date())
    return found


def _reports(session: Session, everybody: Everybody) -> Iterable[Cause]:
    for duty in duties.waiting(session):
        running = duty.running
        reason = (
            f"event {duty.number}: report {running.clock.text} by "
            f"{running.due_at:%Y-%m-%d %H:%M} UTC"
        )
        subject = f"AE/{duty.number}/{running.clock.id}"
        yield Cause(everybody.by_code[duty.code], "report_due", subject, reason)


def _alerts(session: Session) -> Iterable[Cause]:
    """A red alert opens its own work when it is raised; others wait here while they are open."""
    for state in alerts.states(session):
        alert = state.alert
        if alert.participant_id is None or alert.level == "red":
            continue
        due = "" if alert.due_at is None else f"; answer by {alert.due_at:%Y-%m-%d %H:%M} UTC"
        seen = state.acknowledged
        told = due if seen is None else f"; acknowledged by {seen.by}, not closed"
        reason = f"{alert.level} alert: {alert.text}{told}"
        yield Cause(alert.participant_id, "alert", f"{alert.rule}/{alert.id}", reason)


def _set_aside(session: Session) -> Iterable[Cause]:
    rows = session.execute(
        select(
            QuarantinedRow.participant_id,
            QuarantinedRow.signal,
            QuarantinedRow.rule,
            func.count(),
        )
        .join(Query, Query.id == QuarantinedRow.query_id)
        .where(QuarantinedRow.status == "open", Query.status == "open")
        .group_by(QuarantinedRow.participant_id, QuarantinedRow.signal, QuarantinedRow.rule)
    )
    for person, signal, rule, count in rows:
        is_answer = signal == FormKind.QUESTIONNAIRE
        kind, what = ("answers_set_aside", "answer") if is_answer else ("quarantine", "row")
        many = "" if count == 1 else "s"
        reason = f"{count} {what}{many} of {signal.replace('_', ' ')} failed the rule {rule}"
        yield Cause(person, kind, f"{signal}/{rule}", reason)
