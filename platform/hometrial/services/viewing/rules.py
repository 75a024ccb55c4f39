"""Every rule of the gate with its versions, its limits and how often it failed; changes of limits and what they move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import (
    Batch,
    Finding,
    Participant,
    RuleChange,
    RuleMove,
    RuleRehearsal,
    RuleVersion,
    Verdict,
)
from hometrial.services.rehearsing_rules import drafting, limits
from hometrial.services.rehearsing_rules.limits import Limit
from hometrial_validation import rulebook
from hometrial_validation.rulebook import ListedRule
from hometrial_validation.suites import suite_of

MOVES_SHOWN = 100


@dataclass(frozen=True)
class RuleLine:
    """One rule of one suite, its limits that can be changed, how many rows failed it, and since when it is asked."""

    rule: ListedRule
    limits: Sequence[tuple[Limit, float]]
    failed: int
    since: datetime | None


@dataclass(frozen=True)
class Book:
    """All rules, and the version of the limits that holds."""

    lines: Sequence[RuleLine]
    number: int
    versions: Sequence[tuple[RuleVersion, RuleChange]]
    changes: Sequence[tuple[RuleChange, RuleRehearsal | None]]


@dataclass(frozen=True)
class ChangeDetail:
    """A change with its limit, its runs (newest first), its version if it has one, and what a run moves."""

    change: RuleChange
    limit: Limit
    now: float
    runs: Sequence[RuleRehearsal]
    rehearsed: RuleRehearsal | None
    version: RuleVersion | None
    is_current: bool

    @property
    def under_way(self) -> RuleRehearsal | None:
        """The run that waits or goes on, if there is one."""
        return next((run for run in self.runs if run.state in drafting.UNDER_WAY), None)


@dataclass(frozen=True)
class Moves:
    """A page of what moves, by person and day, of `total`; and how many of each person."""

    lines: Sequence[tuple[RuleMove, str]]
    total: int
    start: int
    by_person: Sequence[tuple[str, str, int]]


def book(session: Session) -> Book:
    """Return every rule: five queries."""
    held = limits.in_force(session)
    failed, since = _failed(session), _since(session)
    lines = [
        RuleLine(
            rule,
            [(each, limits.value_of(held.values, each)) for each in _limits_of(rule)],
            failed.get((rule.suite, rule.id), 0),
            since.get((rule.suite, rule.version)),
        )
        for rule in rulebook.rules()
    ]
    versions = session.execute(
        select(RuleVersion, RuleChange)
        .join(RuleChange, RuleChange.id == RuleVersion.change_id)
        .order_by(RuleVersion.number.desc())
    ).all()
    return Book(lines, held.number, [(one, other) for one, other in versions], _drafts(session))


def _limits_of(rule: ListedRule) -> list[Limit]:
    """Return the limits of a rule that this suite's signals have."""
    return [
        each
        for each in limits.LIMITS.values()
        if rule.id in each.rules
        and any(suite_of(signal).name == rule.suite for signal in each.signals)
    ]


def _failed(session: Session) -> dict[tuple[str, str], int]:
    rows = session.execute(
        select(Verdict.suite, Finding.rule, func.sum(Finding.rows))
        .join(Verdict, Verdict.id == Finding.verdict_id)
        .group_by(Verdict.suite, Finding.rule)
    )
    return {(suite, rule): int(count) for suite, rule, count in rows}


def _since(session: Session) -> dict[tuple[str, int], datetime]:
    rows = session.execute(
        select(Verdict.suite, Verdict.suite_version, func.min(Batch.created_at))
        .join(Batch, Batch.id == Verdict.batch_id)
        .group_by(Verdict.suite, Verdict.suite_version)
    )
    return {(suite, version): moment for suite, version, moment in rows}


def _drafts(session: Session) -> list[tuple[RuleChange, RuleRehearsal | None]]:
    """Return changes that are not published, newest first, each with its newest run."""
    newest = (
        select(RuleRehearsal.id)
        .where(RuleRehearsal.change_id == RuleChange.id)
        .order_by(RuleRehearsal.asked_at.desc())
        .limit(1)
        .correlate(RuleChange)
        .scalar_subquery()
    )
    rows = session.execute(
        select(RuleChange, RuleRehearsal)
        .outerjoin(RuleRehearsal, RuleRehearsal.id == newest)
        .where(~select(RuleVersion.number).where(RuleVersion.change_id == RuleChange.id).exists())
        .order_by(RuleChange.drafted_at.desc())
        .limit(20)
    )
    return [(change, run) for change, run in rows]


def change(session: Session, change_id: UUID) -> ChangeDetail | None:
    """Return a change with its runs, None if there is none."""
    found = session.get(RuleChange, change_id)
    if found is None:
        return None
    limit, held = limits.named(found.parameter), limits.in_force(session)
    runs = session.scalars(
        select(RuleRehearsal)
        .where(RuleRehearsal.change_id == change_id)
        .order_by(RuleRehearsal.asked_at.desc())
    ).all()
    version = session.scalars(
        select(RuleVersion).where(RuleVersion.change_id == change_id)
    ).one_or_none()
    done = drafting.rehearsed(session, found)
    is_current = done is not None and done.base == held.number
    now = limits.value_of(held.values, limit)
    return ChangeDetail(found, limit, now, runs, done, version, is_current)


def moves(session: Session, run_id: UUID, start: int = 0) -> Moves:
    """Return a page of what a run moves, and its counts by person and direction."""
    mine = RuleMove.rehearsal_id == run_id
    rows = session.execute(
        select(RuleMove, Participant.code)
        .join(Participant, Participant.id == RuleMove.participant_id)
        .where(mine)
        .order_by(Participant.code, RuleMove.day, RuleMove.sample["at"].astext, RuleMove.id)
        .offset(start)
        .limit(MOVES_SHOWN)
    ).all()
    total = session.scalar(select(func.count()).select_from(RuleMove).where(mine)) or 0
    by_person = session.execute(
        select(Participant.code, RuleMove.direction, func.count())
        .join(Participant, Participant.id == RuleMove.participant_id)
        .where(mine)
        .group_by(Participant.code, RuleMove.direction)
        .order_by(func.count().desc(), Participant.code)
        .limit(MOVES_SHOWN)
    ).all()
    return Moves(
        [(m, code) for m, code in rows],
        total,
        start,
        [(code, direction, count) for code, direction, count in by_person],
    )


def choices() -> Mapping[str, str]:
    """Return the limits that can be changed, in words, by name."""
    return {name: f"{limit.text} ({limit.unit})" for name, limit in limits.LIMITS.items()}
