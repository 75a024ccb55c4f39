"""Carries a change out: rows that newly fail are set aside in new versions of their days, those that pass are let in."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Participant, Query
from hometrial.services import comparing, measuring, reviewing, storing, versioning
from hometrial.services.comparing import Origin, day_number
from hometrial.services.gating import Failure, Quarantine
from hometrial.services.querying import steps
from hometrial.services.rehearsing_rules.trying import BY_LIMITS, Move, key_of, standing
from hometrial.services.reviewing import Decision
from hometrial_ingest.signals import Signal

Day = tuple[Signal, str, int]


def carry_out(session: Session, moves: Sequence[Move], decision: Decision, number: int) -> None:
    """Move the rows; `number` is the version of the limits that moves them."""
    because = f"{BY_LIMITS}{number}"
    failing: dict[Day, list[Move]] = {}
    for move in moves:
        if move.direction == "failing":
            failing.setdefault((move.signal, move.code, day_number(move.day)), []).append(move)
    people = _people(session, {code for _, code, _ in failing})
    for day, mine in sorted(failing.items()):
        _set_aside(session, day, mine, people, because)
    measuring.measure(session, people)
    passing = [move.row_id for move in moves if move.direction == "passing" and move.row_id]
    if passing:
        reason = f"{because}: {decision.reason}"
        reviewing.release(session, passing, Decision(decision.actor, reason))


def _people(session: Session, codes: set[str]) -> dict[str, UUID]:
    found = session.execute(
        select(Participant.code, Participant.id).where(Participant.code.in_(codes))
    )
    return {code: person for code, person in found}  # noqa: C416


def _set_aside(
    session: Session, day: Day, moves: Sequence[Move], people: Mapping[str, UUID], because: str
) -> None:
    """Make a version of a day without some of its samples, and keep these beside a query."""
    signal, code, number = day
    before = storing.of_days(session, signal, [(code, number)])
    chunk = before.chunks[code, number]
    gone = _places(before.samples, moves, signal)
    origin = Origin(chunk.batch_id, "", chunk.as_of, because)
    store = versioning.ChunkStore(session, dict(people), grow=False)
    absent = np.zeros(len(before.samples), bool)
    absent[gone] = True
    nothing = before.samples.iloc[:0]
    store.merge(nothing, np.empty(0, np.int8), before, signal, origin, absent)
    quarantine = Quarantine(session, chunk.batch_id, dict(people))
    quarantine.queries |= _known_queries(session, chunk.batch_id, people[code], code)
    failures = [Failure(m.rule, m.reason, m.suite, m.suite_version) for m in moves]
    quarantine.add(standing(before.samples.iloc[gone]), signal, failures)
    _reopen(session, {quarantine.queries[code, str(signal), m.rule] for m in moves}, because)


def _places(samples: pd.DataFrame, moves: Sequence[Move], signal: Signal) -> list[int]:
    """Return where the samples that move stand, in the order of the moves."""
    wanted = pd.DataFrame([move.sample for move in moves])
    found = comparing.match(wanted, samples, key_of(signal))
    assert (found >= 0).all()  # noqa: S101 - they were read from there in this very transaction
    return [int(place) for place in found]


def _known_queries(
    session: Session, batch_id: UUID, person: UUID, code: str
) -> dict[tuple[str, str, str], UUID]:
    """Return the queries that this batch has about a person: one for each rule, also if it is closed."""
    rows = session.scalars(
        select(Query).where(Query.batch_id == batch_id, Query.participant_id == person)
    )
    return {(code, query.signal, query.rule): query.id for query in rows}


def _reopen(session: Session, queries: set[UUID], because: str) -> None:
    """Open queries again whose rows had all been decided."""
    closed = select(Query).where(Query.id.in_(queries), Query.status == "closed")
    for query in session.scalars(closed):
        steps.note(session, query, "reopened", f"rule:{query.rule}", because)
        query.status, query.closed_at = "open", None
        query.closed_by, query.close_reason = None, None
    session.flush()
