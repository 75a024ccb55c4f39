"""One rehearsal, or one publication, from the queue to its end. Loads GX, so that the worker alone uses it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    DayChunk,
    Participant,
    RuleChange,
    RuleMove,
    RuleRehearsal,
    RuleVersion,
)
from hometrial.services.rehearsing_rules import drafting, limits, moving, trying
from hometrial.services.rehearsing_rules.trying import Tried
from hometrial.services.reviewing import Decision

STALE = (
    "the stored data changed since the rehearsal, so that other rows would move; rehearse it again"
)


def begin(session: Session, rehearsal_id: UUID) -> None:
    """Mark a run as begun, with how many people it bears on."""
    asked = session.get_one(RuleRehearsal, rehearsal_id)
    change = session.get_one(RuleChange, asked.change_id)
    signals = [str(signal) for signal in limits.named(change.parameter).signals]
    people = select(func.count(DayChunk.participant_id.distinct())).where(
        DayChunk.stream.in_(signals), DayChunk.is_current
    )
    asked.state, asked.people, asked.people_done = "running", session.scalar(people) or 0, 0
    session.flush()


def judge(session: Session, rehearsal_id: UUID) -> Iterator[Tried]:
    """Judge all that is stored by the limits that hold and by the changed ones; gives what is known so far."""
    asked = session.get_one(RuleRehearsal, rehearsal_id)
    change = session.get_one(RuleChange, asked.change_id)
    now = limits.in_force(session)
    if now.number != asked.base:
        raise limits.LimitRefusedError(
            f"version {now.number} was published meanwhile; rehearse the change against it"
        )
    after = {**now.values, change.parameter: change.value}
    yield from trying.run(session, limits.named(change.parameter), now.values, after)


def progress(session: Session, rehearsal_id: UUID, done: int) -> None:
    """Keep how many people are judged."""
    asked = session.get_one(RuleRehearsal, rehearsal_id)
    asked.people_done = min(done, asked.people)
    session.flush()


def finish(session: Session, rehearsal_id: UUID, found: Tried) -> None:
    """Keep what a run found, and that it is over."""
    asked = session.get_one(RuleRehearsal, rehearsal_id)
    _keep(session, asked, found)
    asked.people_done = asked.people
    asked.judged = found.judged
    for direction in ("failing", "passing", "flagged", "unflagged"):
        setattr(asked, direction, found.count(direction))
    asked.digest, asked.state, asked.ended_at = found.digest(), "done", clock.now()
    session.flush()


def publish(session: Session, rehearsal_id: UUID) -> RuleVersion:
    """Judge once more, move the rows, and let the version hold: all in this transaction.

    Raises LimitRefusedError if other rows would move than were rehearsed.
    """
    asked = session.get_one(RuleRehearsal, rehearsal_id)
    change = session.get_one(RuleChange, asked.change_id)
    rehearsed = drafting.rehearsed(session, change)
    *_, found = judge(session, rehearsal_id)
    if rehearsed is None or rehearsed.digest != found.digest():
        raise limits.LimitRefusedError(STALE)
    now = limits.in_force(session)
    version = RuleVersion(
        number=now.number + 1,
        change_id=change.id,
        publication_id=asked.id,
        limits={**now.values, change.parameter: change.value},
        approved_by=asked.asked_by,
        published_at=clock.now(),
    )
    session.add(version)
    session.flush()
    moving.carry_out(session, found.moves, Decision(asked.asked_by, asked.reason), version.number)
    finish(session, rehearsal_id, found)
    return version


def fail(session: Session, rehearsal_id: UUID, why: str) -> None:
    """Keep that a run could not come to its end, and why."""
    asked = session.get_one(RuleRehearsal, rehearsal_id)
    asked.state, asked.failure, asked.ended_at = "failed", why, clock.now()
    session.flush()


def _keep(session: Session, asked: RuleRehearsal, found: Tried) -> None:
    codes = {move.code for move in found.moves}
    known = session.execute(
        select(Participant.code, Participant.id).where(Participant.code.in_(codes))
    )
    people = {code: person for code, person in known}  # noqa: C416
    rows: list[dict[str, Any]] = [
        {
            "id": uuid4(),
            "rehearsal_id": asked.id,
            "participant_id": people[move.code],
            "signal": str(move.signal),
            "day": move.day,
            "direction": move.direction,
            "rule": move.rule,
            "reason": move.reason,
            "sample": move.sample,
            "row_id": move.row_id,
        }
        for move in found.moves
    ]
    if rows:
        session.execute(insert(RuleMove), rows)
