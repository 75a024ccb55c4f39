"""What is due of one person by their own protocol: visits, the next dose, diaries, consent anew, drug that runs out."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import ZoneNeededError
from hometrial.models import Participant, Pause, Response, Submission
from hometrial.protocol.calendar import Span
from hometrial.protocol.dosing import titrating
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.protocol.dosing.standing import State
from hometrial.protocol.windows import Opening, Standing, local_date
from hometrial.services.agreeing import reconsenting
from hometrial.services.agreeing.texts import TextRefusedError
from hometrial.services.asking import occasions
from hometrial.services.dosing import accounting, recording, stepping
from hometrial.services.messaging.planning import MEETINGS
from hometrial.services.noticing.causes import Cause, settle
from hometrial.services.noticing.people import AWAY
from hometrial.services.trial import calendars
from hometrial.services.trial.calendars import Status
from hometrial.services.trial.following import NotInTrialError

KINDS = ("visit_due", "visit_overdue", "dose_step", "diary_missing", "reconsent", "supply_low")
DIARIES_MISSED = 3
"""So many diaries in a row, missed, are asked about."""
DRUG_DAYS_LEFT = 7
"""Drug for so many more days, or fewer, is too little to wait."""
VISIT_BEFORE = timedelta(days=1)
"""So long before a visit is planned it is looked at; before that its window is merely open."""
CONSENT_BEFORE = timedelta(days=3)
"""So long before the time to sign anew is over somebody speaks with the person; before that their page asks them."""
_LOOKED_BACK = timedelta(days=7)


def notice(session: Session, person: Participant, *, rests: bool) -> None:
    """Bring the work about one person in line with what is due of them now; of who rests only the drug is asked."""
    found: list[Cause] = []
    if person.status not in AWAY:
        looks = (
            (_dose, _supply, _consent) if rests else (_dose, _supply, _consent, _visits, _diaries)
        )
        for look in looks:
            found += _unless_outside(look, session, person)
    settle(session, KINDS, found, of=[person.id])


_Look = Callable[[Session, Participant], Iterable[Cause]]


def _unless_outside(look: _Look, session: Session, person: Participant) -> list[Cause]:
    """Return what is found; nothing of who is in no trial, has no arm, has not signed, or lives nobody knows where."""
    try:
        return list(look(session, person))
    except (NotInTrialError, ZoneNeededError, RecordRefusedError, TextRefusedError):
        return []


def _visits(session: Session, person: Participant) -> Iterable[Cause]:
    lines = [
        each
        for each in calendars.agenda(session, person).of(Status.DUE, Status.OVERDUE)
        if each.mode in MEETINGS
    ]
    due = [each for each in lines if each.status is Status.DUE]
    for each in due:
        window = f"{each.due.window.first} to {each.due.window.last}"
        reason = f"{each.label}, by {each.mode}: {window}, planned for {each.due.due}"
        before = datetime.combine(each.due.due, time.min, UTC) - VISIT_BEFORE
        subject = f"{each.due.visit}#{each.due.number}"
        told = "its window is open, and it is planned for later"
        yield Cause(person.id, "visit_due", subject, reason, before, told)
    late = [each for each in lines if each.status is Status.OVERDUE]
    if late:
        more = "" if len(late) == 1 else f", and {len(late) - 1} more"
        last = late[-1]
        reason = f"{last.label} is neither held nor missed; its window ended on {last.due.window.last}{more}"
        yield Cause(person.id, "visit_overdue", "visits", reason)


def _dose(session: Session, person: Participant) -> Iterable[Cause]:
    chart = recording.chart_of(session, person)
    if chart.footing.takes_no_drug or stepping.is_of_person(chart.footing):
        return
    standing = chart.standing
    if standing.state is not State.ON or chart.course.gap_on(chart.today) is not None:
        return
    if stepping.against(session, chart):
        return
    proposal = titrating.step_up(chart.terms.plan, standing)
    assert proposal.dose is not None  # noqa: S101 - a step up names one
    reason = f"step from {standing.mg:f} to {proposal.dose.mg:f} mg is due: the investigator's OK"
    yield Cause(person.id, "dose_step", f"{proposal.dose.mg:f} mg", reason)


def _supply(session: Session, person: Participant) -> Iterable[Cause]:
    left = accounting.days_left(session, person)
    if left is None or left > DRUG_DAYS_LEFT:
        return
    if not accounting.stock_of(session, person).on_hand:
        return  # nothing was ever dispensed here: the drug comes from elsewhere
    last = recording.chart_of(session, person).today + timedelta(days=left)
    yield Cause(person.id, "supply_low", "drug", f"the drug lasts until {last}: send more")


def _consent(session: Session, person: Participant) -> Iterable[Cause]:
    on_drug = bool(reconsenting.on_drug(session, [person]))
    for each in reconsenting.due(session, person, is_on_drug=on_drug):
        if each.asks == "reconsent":
            reason = (
                f"consent {each.offer.document.version} is not signed yet (signed: {each.signed}), "
                f"asked since {each.since:%Y-%m-%d}, due by {each.due_by:%Y-%m-%d}"
            )
            subject, before = each.offer.document.id, each.due_by - CONSENT_BEFORE
            told = "they are asked on their own page"
            yield Cause(person.id, "reconsent", subject, reason, before, told)


def _diaries(session: Session, person: Participant) -> Iterable[Cause]:
    calendar, now = occasions.calendar_of(session, person), clock.now()
    today = local_date(now, calendar.zones)
    asked = [
        each
        for each in occasions.occasions(calendar, Span(today - _LOOKED_BACK, today))
        if each.kind == "diary" and each.is_of_person and not each.optional
        and each.asked != "excused" and each.opening.standing(now) is Standing.CLOSED
    ]  # fmt: skip
    handed = set(
        session.execute(
            select(Response.form, Response.occasion)
            .join(Submission, Submission.response_id == Response.id)
            .where(Response.participant_id == person.id, Response.due >= today - 2 * _LOOKED_BACK)
        ).all()
    )
    rests = session.scalars(select(Pause).where(Pause.participant_id == person.id)).all()
    missed = 0
    for each in sorted(asked, key=lambda found: found.opening.closes_at, reverse=True):
        if (each.form.id, each.name) in handed:
            break
        missed += not any(_covers(rest, each.opening) for rest in rests)
    if missed >= DIARIES_MISSED:
        reason = f"the last {DIARIES_MISSED} diaries or more were not filled in"
        yield Cause(person.id, "diary_missing", "diary", reason)


def _covers(rest: Pause, opening: Opening) -> bool:
    """Whether a rest excuses what could be filled in then: it lasted from its opening to its end."""
    return rest.start_at <= opening.opens_at and (
        rest.end_at is None or opening.closes_at <= rest.end_at
    )
