"""Answers of a screening, judged live: typed once with their source, or taken from where they come from."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import (
    ANSWER_SOURCES,
    Participant,
    ProtocolVersion,
    Screening,
    ScreeningAnswer,
)
from hometrial.protocol import arms, eligibility, variables
from hometrial.protocol.eligibility import Decision
from hometrial.protocol.model import Protocol
from hometrial.rules import Answer, Answers
from hometrial.services.agreeing import reading, standing
from hometrial.services.trial import originating, publishing

TYPED = tuple(each for each in ANSWER_SOURCES if each not in ("form", "consent"))


class ScreeningRefusedError(TrialError):
    """A screening that cannot be opened, answered or decided like this."""


@dataclass(frozen=True)
class Told:
    """Who recorded an answer, whom or what it comes from, and why it corrects an earlier one."""

    by: str
    source: str = "staff"
    because: str | None = None

    def __post_init__(self) -> None:
        if self.source not in TYPED:
            raise ScreeningRefusedError(
                f"source {self.source!r}: an answer that is typed comes from {', '.join(TYPED)}"
            )


@dataclass(frozen=True)
class Judged:
    """What the answers say by now. `needed`: variables that must be known before it can be decided as eligible."""

    answers: Answers
    taken: Answers
    decision: Decision
    needed: tuple[str, ...]


def protocol_of(session: Session, screening: Screening) -> Protocol:
    """Return the protocol that a screening is held under."""
    return publishing.of(session.get_one(ProtocolVersion, screening.protocol_version_id))


def hold(session: Session, screening: Screening) -> Participant:
    """Lock an open screening against whoever else decides it, and return its person.

    Raises ScreeningRefusedError if it is decided, or if the person has withdrawn.
    """
    person = session.get_one(Participant, screening.participant_id)
    reading.hold(session, person)  # nobody withdraws meanwhile
    session.refresh(screening, with_for_update=True)
    if screening.outcome is not None:
        raise ScreeningRefusedError(
            f"screening {screening.number} of {person.code} is decided ({screening.outcome}) and locked;"
            f" open another: hometrial screening open --participant {person.code}"
        )
    return person


def require_present(session: Session, person: Participant) -> None:
    """Raise ScreeningRefusedError of a person who has withdrawn completely."""
    if (since := standing.withdrawn_at(session, person)) is not None:
        raise ScreeningRefusedError(
            f"{person.code} withdrew completely at {since:%Y-%m-%d %H:%M} UTC; nothing more is recorded"
        )


def answer(
    session: Session, screening: Screening, answers: Answers, told: Told
) -> list[ScreeningAnswer]:
    """Keep answers, all or none, and return the new rows; what is said already is not kept twice.

    None says that it is unknown. Raises AnswerRefusedError for what a variable cannot hold, and
    ScreeningRefusedError for one that is taken from elsewhere, or corrected without a reason.
    """
    person = hold(session, screening)
    require_present(session, person)
    protocol = protocol_of(session, screening)
    variables.require_possible(answers, {each.id: each for each in protocol.variables})
    for name, (_, source) in originating.taken(session, person, protocol).items():
        if name in answers:
            raise ScreeningRefusedError(
                f"{name} is not typed: it is taken from the person's {source}; correct it there"
            )
    present = {row.variable: row for row in _last(session, screening)}
    kept = [
        _row(screening, name, value, _corrected(present.get(name), told))
        for name, value in answers.items()
        if name not in present or present[name].value != value
    ]
    session.add_all(kept)
    session.flush()
    return kept


@dataclass(frozen=True)
class _Said:
    told_by: str
    source: str
    corrects: ScreeningAnswer | None
    because: str | None


def _corrected(before: ScreeningAnswer | None, told: Told) -> _Said:
    if before is None:
        return _Said(told.by, told.source, None, None)
    if not (told.because or "").strip():
        raise ScreeningRefusedError(
            f"{before.variable} was answered with {before.value!r} by {before.recorded_by};"
            " say why that is corrected: --because"
        )
    return _Said(told.by, told.source, before, told.because)


def _row(screening: Screening, name: str, value: Answer | None, said: _Said) -> ScreeningAnswer:
    return ScreeningAnswer(
        screening_id=screening.id,
        variable=name,
        value=value,
        source=said.source,
        recorded_at=clock.now(),
        recorded_by=said.told_by,
        corrects_id=None if said.corrects is None else said.corrects.id,
        because=said.because,
    )


def freeze(session: Session, screening: Screening, person: Participant, by: str) -> None:
    """Keep what is taken from elsewhere as answers, so that a decision stands on what was known then."""
    present = {row.variable: row for row in _last(session, screening)}
    for name, (value, source) in originating.taken(
        session, person, protocol_of(session, screening)
    ).items():
        before = present.get(name)
        if before is None:
            session.add(_row(screening, name, value, _Said(by, source, None, None)))
        elif before.value != value:
            said = _Said(by, source, before, f"the {source} says otherwise")
            session.add(_row(screening, name, value, said))
    session.flush()


def judge(session: Session, screening: Screening) -> Judged:
    """Return what the answers say by now; of a decided screening, what they said then."""
    protocol = protocol_of(session, screening)
    person = session.get_one(Participant, screening.participant_id)
    stored = known(session, screening)
    elsewhere = originating.taken(session, person, protocol) if screening.outcome is None else {}
    fresh = {name: value for name, (value, _) in elsewhere.items()}
    answers = {**stored, **fresh}
    decision = eligibility.judge(protocol.eligibility, protocol.variables, answers)
    blank = {name for name in factors(protocol).values() if answers.get(name) is None}
    return Judged(answers, fresh, decision, tuple(sorted({*decision.unknown, *blank})))


def is_allocated_in(session: Session, screening: Screening) -> bool:
    """Say whether people are allocated to arms in the trial of a screening."""
    declared = protocol_of(session, screening).allocation
    return not isinstance(declared, arms.NotAllocated)


def factors(protocol: Protocol) -> dict[str, str]:
    """Return of each factor of the allocation the variable that gives its level."""
    declared = protocol.allocation
    if isinstance(declared, arms.NotAllocated):
        return {}
    return {each.id: each.variable for each in declared.factors}


def known(session: Session, screening: Screening) -> dict[str, Answer | None]:
    """Return the last answer to each variable that is kept."""
    return {row.variable: row.value for row in _last(session, screening)}


def rows(session: Session, screening: Screening) -> list[ScreeningAnswer]:
    """Return every answer that was ever given, corrected ones included, in order."""
    found = session.scalars(
        select(ScreeningAnswer)
        .where(ScreeningAnswer.screening_id == screening.id)
        .order_by(ScreeningAnswer.recorded_at, ScreeningAnswer.corrects_id.is_not(None))
        .execution_options(populate_existing=True)
    )
    return list(found)


def _last(session: Session, screening: Screening) -> Iterable[ScreeningAnswer]:
    found = rows(session, screening)
    corrected = {row.corrects_id for row in found}
    return [row for row in found if row.id not in corrected]


def answers_hash(answers: Mapping[str, Answer | None]) -> str:
    """Return the SHA-256, in hex, of answers as they are kept."""
    canonical = json.dumps(answers, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
