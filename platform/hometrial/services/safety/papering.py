"""The report of an adverse event as a PDF: what a sponsor asks for of a serious one, from the record, by pseudonym alone."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from hometrial.models import AdverseEvent, AdverseEventVersion, Medication, Participant, Site
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.model import Protocol
from hometrial.protocol.safety import vocabulary
from hometrial.protocol.safety.details import Details
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial.services.dosing import opioids, storing
from hometrial.services.safety import duties, events, judged
from hometrial.services.safety.events import EventState
from hometrial.services.safety.judged import Judged
from hometrial.services.trial import following
from hometrial.services.trial.following import NotInTrialError

Facts = Mapping[str, str]
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Report:
    """A file, and the checksum of it."""

    name: str
    body: bytes
    sha256: str


def report(session: Session, event: AdverseEvent, *, compressed: bool = True) -> Report:
    """Return the report of an event as it is known now: the same bytes as long as the record is the same."""
    person = session.get_one(Participant, event.participant_id)
    state = events.state_of(session, event)
    sections = _sections(session, person, state)
    seal = hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()
    title = "Serious adverse event" if state.details.is_serious else "Adverse event"
    paper = Paper(
        Sheet(
            title=f"{title} report, {person.code} event {event.number}",
            language="en",
            made_at=state.current.recorded_at,
            seal=seal,
            foot=f"{person.code} event {event.number} version {state.current.version}",
        ),
        compressed=compressed,
    )
    paper.heading(f"{title} report", level=1)
    for name, facts in sections:
        paper.heading(name)
        paper.facts(facts)
    if paper.lacked:
        paper.paragraph([("Signs that this font lacks stand as their number.", False)])
    body = paper.file()
    name = f"event-{person.code}-{event.number}-v{state.current.version}.pdf"
    return Report(name, body, hashlib.sha256(body).hexdigest())


def _sections(
    session: Session, person: Participant, state: EventState
) -> list[tuple[str, dict[str, str]]]:
    protocol = _protocol(session, person)
    course, follows = storing.course_of(session, person), judged.judge(session, person, state)
    site = session.get_one(Site, person.site_id)
    medicines = opioids.told(session, person)
    return [
        ("Identification", dict(_identified(person, site, protocol, state))),
        ("Reaction", dict(_reaction(state.details))),
        ("Assessment", dict(_assessment(state, follows))),
        ("Suspect drug", dict(_drug(course, follows, state.details))),
        ("Other medicines", dict(_medicines(medicines)) or {"Told of": "none"}),
        ("Reports", dict(_reports(session, state)) or {"Due": "none"}),
        ("History of this report", dict(_history(state.versions))),
    ]


def _protocol(session: Session, person: Participant) -> Protocol | None:
    try:
        return following.protocol_of(session, person)
    except NotInTrialError:
        return None


def _identified(
    person: Participant, site: Site, protocol: Protocol | None, state: EventState
) -> Iterable[tuple[str, str]]:
    yield "Participant", person.code
    yield "Site", f"{site.code} {site.name}"
    yield (
        "Trial",
        NOT_KNOWN if protocol is None else f"{protocol.title} ({protocol.id} {protocol.version})",
    )
    yield "Event", f"{state.event.number}, version {state.current.version}"
    yield "Kind of report", "first" if len(state.versions) == 1 else "follow-up"
    yield "First learned", _instant(state.versions[0].learned_at)
    yield "Source", f"{state.versions[0].source}, told by {state.versions[0].reporter}"


def _reaction(known: Details) -> Iterable[tuple[str, str]]:
    term = known.term and vocabulary.shipped().of(known.term)
    yield "In the words told", known.verbatim or NOT_KNOWN
    yield "Term", NOT_KNOWN if not term else f"{term.label['en']} ({term.organ_class})"
    yield "Onset", _said(known.start, known.start_time)
    yield "End", "goes on" if known.ongoing else _said(known.stop)
    yield "Serious because of", _criteria(known.serious)
    yield "Severity as told", _said(known.severity)
    yield "Grade", _said(known.grade)
    yield "Outcome", _said(known.outcome)
    yield "Treated with", _said(known.treatment)
    yield "Pregnancy", "yes" if known.pregnancy else "no"


def _assessment(state: EventState, follows: Judged) -> Iterable[tuple[str, str]]:
    known, now = state.details, state.current
    yield "Reasonable possibility that the drug did it", _yes_no(known.related)
    yield "WHO-UMC", _said(known.who_umc)
    yield "Naranjo score", _said(now.naranjo_score)
    yield "Expected", _said(_yes_no(known.expected), now.expectedness and f"by {now.expectedness}")
    yield "Against the run-in", _said(follows.adjusted)
    yield "Better off the drug", _said(known.dechallenge)
    yield "Back with the drug", _said(known.rechallenge)
    yield "Liver injury by Hy's law", _yes_no(known.hys_law)
    if state.coding is not None:
        coding = state.coding
        yield (
            "Coded as",
            f"{coding.pt_name} ({coding.pt_code}), {coding.soc_name}, MedDRA {coding.meddra_version}",
        )


def _drug(course: Course, follows: Judged, known: Details) -> Iterable[tuple[str, str]]:
    yield "Drug", vocabulary.expected_events().drug
    planned = follows.onset.planned_mg
    yield "Dose at onset", NOT_KNOWN if planned is None else f"{planned} mg a day"
    days = follows.onset.days_since_step
    yield "Days on this dose at onset", _said(days)
    yield (
        "Orders",
        "; ".join(f"{each.kind} from {each.effective_on}" for each in course.orders) or "none",
    )
    taken = [each.on for each in course.intakes if each.oral]
    yield "First and last dose recorded", _span(taken)
    yield "What was done with the drug", _said(known.action)


def _medicines(told: Sequence[Medication]) -> Iterable[tuple[str, str]]:
    for each in told:
        span = f"{each.began or 'not known when'} to {each.ended or 'now'}"
        parts = [each.dose, each.route, each.indication, span]
        yield f"{each.number}. {each.name}", ", ".join(part for part in parts if part)


def _reports(session: Session, state: EventState) -> Iterable[tuple[str, str]]:
    for each in duties.duties(session, [state]):
        run = each.running
        sent = "not sent yet" if run.reported_at is None else f"sent {_instant(run.reported_at)}"
        yield run.clock.text, f"due {_instant(run.due_at)}, {sent}"


def _history(versions: Sequence[AdverseEventVersion]) -> Iterable[tuple[str, str]]:
    for each in versions:
        yield (
            f"Version {each.version}",
            f"{_instant(each.recorded_at)} by {each.recorded_by}: {each.because}",
        )


def _criteria(serious: Sequence[str] | None) -> str:
    if serious is None:
        return NOT_KNOWN
    return ", ".join(each.replace("_", " ") for each in serious) or "not serious"


def _span(days: Sequence[date]) -> str:
    return f"{min(days)} to {max(days)}" if days else NOT_KNOWN


def _yes_no(answer: bool | None) -> str:  # noqa: FBT001 - an answer
    return NOT_KNOWN if answer is None else "yes" if answer else "no"


def _instant(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"


def _said(*parts: object) -> str:
    found = " ".join(str(each).replace("_", " ") for each in parts if each not in (None, ""))
    return found or NOT_KNOWN
