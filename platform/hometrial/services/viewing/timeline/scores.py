"""The scores that the trial is judged by, as they were handed in: its endpoints' questionnaires, primary first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.models import Answer, FormScore, Response, Submission
from hometrial.protocol.model import Protocol
from hometrial.protocol.outcomes import FormOutcome
from hometrial.questionnaires import loading as instruments
from hometrial.questionnaires.instrument import Instrument, ScaleItem

CRASH = "crash_severity"
"""The score of a diary that says how bad a crash after exertion was, 0 to 3."""
CRASH_FROM = 2  # moderate: protocol 6.2


@dataclass(frozen=True)
class Point:
    """One value: of which day, when it was handed in, and on which occasion."""

    day: date
    at: datetime
    value: float
    occasion: str


@dataclass(frozen=True)
class KeyScore:
    """One outcome of the protocol that people answer. `role`: primary or secondary; `limits` of its scale if declared.

    `daily`: it is asked in a diary, so that a value belongs to its day and not to the minute of handing in.
    """

    id: str
    label: str
    role: str
    direction: str
    limits: tuple[float, float] | None
    daily: bool
    points: Sequence[Point]


@dataclass(frozen=True)
class Said:
    """What the questionnaires of some days say: the key scores, and on which days diaries tell of a crash."""

    scores: Sequence[KeyScore]
    crashes: Mapping[date, int]


@dataclass(frozen=True)
class _Handed:
    """A form that was handed in, its scores and the answers that are outcomes themselves."""

    form: str
    is_diary: bool
    point: tuple[date, datetime, str]
    values: dict[str, float]


class _Word(NamedTuple):
    """What was said to an item, before which submission."""

    item: str
    revision: int
    value: Any


def said(
    session: Session, person: UUID, protocol: Protocol | None, start: datetime, end: datetime
) -> Said:
    """Return the key scores of forms that are due or were handed in between two instants."""
    outcomes = () if protocol is None else _outcomes(protocol)
    handed = list(_handed(session, person, outcomes, start, end))
    return Said(
        tuple(_score(protocol, each, role, handed) for each, role in outcomes if protocol),
        {
            each.point[0]: int(each.values[CRASH])
            for each in handed
            if each.values.get(CRASH, 0) >= CRASH_FROM
        },
    )


def _outcomes(protocol: Protocol) -> tuple[tuple[FormOutcome, str], ...]:
    """Return the outcomes of forms that an endpoint is about, itself or by its responders, each once."""
    known = {each.id: each for each in protocol.outcomes}
    marks = {each.id: [mark.outcome for mark in each.marks] for each in protocol.responders}
    roles: dict[str, str] = {}
    for role, endpoints in (
        ("primary", protocol.endpoints.primary),
        ("secondary", protocol.endpoints.secondary),
    ):
        for endpoint in endpoints:
            for name in marks.get(endpoint.outcome, [endpoint.outcome]):
                roles.setdefault(name, role)
    found = ((known[name], role) for name, role in roles.items() if name in known)
    return tuple((each, role) for each, role in found if isinstance(each, FormOutcome))


def _handed(
    session: Session,
    person: UUID,
    outcomes: Iterable[tuple[FormOutcome, str]],
    start: datetime,
    end: datetime,
) -> Iterator[_Handed]:
    """Yield each response by its newest submission and score; who was too ill for a form gave none."""
    newest = (
        select(
            Response.id,
            Response.form,
            Response.kind,
            Response.due,
            Response.occasion,
            Submission.revision,
            Submission.submitted_at,
            FormScore.scores,
            FormScore.without,
        )
        .join(Submission, Submission.response_id == Response.id)
        .join(FormScore, FormScore.submission_id == Submission.id)
        .where(
            Response.participant_id == person,
            Submission.kind != "too_ill",
            Submission.submitted_at >= start,
        )
        .ext(distinct_on(Response.id))
        .order_by(Response.id, Submission.revision.desc(), FormScore.number.desc())
    )
    rows = session.execute(newest).all()
    answers = _answers(session, person, {each.score for each, _ in outcomes}, start)
    for row in rows:
        if row.submitted_at >= end:
            continue
        values = {
            word.item: float(word.value)
            for word in answers.get(row.id, ())
            if word.revision < row.revision and word.item not in row.without and _counts(word.value)
        }
        values |= {name: float(each) for name, each in row.scores.items() if each is not None}
        point = (row.due, row.submitted_at, row.occasion)
        yield _Handed(row.form, row.kind == "diary", point, values)


def _counts(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _answers(
    session: Session, person: UUID, items: Iterable[str], start: datetime
) -> dict[UUID, list[_Word]]:
    """Return every word on some items in order of time, where an outcome is an item and no score."""
    rows = session.execute(
        select(Answer.response_id, Answer.item, Answer.revision, Answer.value)
        .join(Response, Response.id == Answer.response_id)
        .where(
            Response.participant_id == person,
            Answer.item.in_(sorted(items)),
            Answer.received_at >= start,
        )
        .order_by(Answer.revision, Answer.answered_at, Answer.place)
    )
    found: dict[UUID, list[_Word]] = {}
    for response, item, revision, value in rows:
        found.setdefault(response, []).append(_Word(item, revision, value))
    return found


def _score(
    protocol: Protocol, outcome: FormOutcome, role: str, handed: Iterable[_Handed]
) -> KeyScore:
    mine = [each for each in handed if each.form == outcome.form and outcome.score in each.values]
    points = [
        Point(each.point[0], each.point[1], each.values[outcome.score], each.point[2])
        for each in mine
    ]
    return KeyScore(
        outcome.id,
        outcome.label,
        role,
        outcome.direction,
        _limits(protocol, outcome),
        any(each.is_diary for each in mine),
        tuple(sorted(points, key=lambda point: (point.day, point.at))),
    )


def _limits(protocol: Protocol, outcome: FormOutcome) -> tuple[float, float] | None:
    """Return the least and the highest value of a score or item, None where none is declared."""
    named = next((e.instrument for e in protocol.forms if e.id == outcome.form), None)
    if named is None or named not in instruments.ids():
        return None
    instrument: Instrument = instruments.named(named)
    for score in instrument.scores:
        if score.id == outcome.score and score.range is not None:
            return score.range[0], score.range[1]
    for item in instrument.items:
        if item.id == outcome.score and isinstance(item, ScaleItem):
            return float(item.low), float(item.high)
    return None
