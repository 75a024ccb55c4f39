"""Submissions through the gate like any other data: a batch each, flags kept, what cannot be right set aside."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Answer,
    Batch,
    Participant,
    QuarantinedRow,
    Query,
    Response,
    Submission,
)
from hometrial.services import enrolling, gating
from hometrial.services.asking import framing, settling, submitting, words
from hometrial.services.asking.settling import KIND
from hometrial.services.gating import BatchVerdict
from hometrial.services.querying import steps
from hometrial_ingest.local_time import ZoneHistory
from hometrial_validation import gate
from hometrial_validation.verdict import Verdict as GateVerdict

_REVISION = 1


def pending(session: Session) -> Sequence[Submission]:
    """Return the submissions that the gate has not judged yet, oldest first."""
    judged = exists().where(Batch.payload_id == Submission.payload_id, Batch.kind == KIND)
    query = select(Submission).where(~judged).order_by(Submission.received_at, Submission.id)
    return session.scalars(query).all()


def judge(session: Session, submission: Submission) -> Batch:
    """Judge a submission once and return its batch; judging it again changes nothing.

    What is set aside is left out of the scores, which are computed anew. Raises GateError.
    """
    key = {"key": f"hometrial.judging.{submission.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    known = settling.batch_of(session, submission)
    if known is not None:
        return known
    response = session.get_one(Response, submission.response_id)
    person = session.get_one(Participant, response.participant_id)
    said = list(words.last(words.spoken(session, response.id, submission.revision)).values())
    batch = _batch(session, submission, response, person, said)
    if said:
        verdict = gate.check_form(*framing.frame(session, submission, response, said))
        told = BatchVerdict()
        told.add(0, KIND, verdict)
        gating.store(session, batch.id, told)
        _set_aside(session, batch, response, said, verdict)
    settling.settle(session, submission)
    return batch


def _batch(
    session: Session,
    submission: Submission,
    response: Response,
    person: Participant,
    said: Sequence[Answer],
) -> Batch:
    moments = [row.answered_at for row in said]
    batch = Batch(
        payload_id=submission.payload_id,
        provider=submitting.PROVIDER,
        kind=str(KIND),
        path=f"{person.code}/{response.form}/{response.occasion}/{submission.revision}",
        scope=person.code,
        reader_revision=_REVISION,
        status="accepted",
        rows_read=len(said),
        rows_accepted=len(said),
        participants=[person.code],
        first_day=response.due,
        last_day=response.due,
        observed_from=min(moments, default=None),
        observed_until=max(moments, default=None),
        created_at=clock.now(),
    )
    session.add(batch)
    session.flush()
    return batch


def _set_aside(
    session: Session,
    batch: Batch,
    response: Response,
    said: Sequence[Answer],
    verdict: GateVerdict,
) -> None:
    """Set failing answers aside, a query for each rule, and count them."""
    rules, reasons = verdict.failing(), verdict.reasons()
    person = session.get_one(Participant, response.participant_id)
    zones = enrolling.zones_of(session, person)
    queries: dict[str, UUID] = {}
    for row_id, rule in sorted(rules.items()):
        if rule not in queries:
            queries[rule] = _query(session, batch, response, rule, reasons[row_id])
        where = _where(batch, response, queries[rule], row_id)
        sample = _sample(said[row_id], zones)
        session.add(_aside(where, sample, rule, reasons[row_id], verdict))
    batch.rows_quarantined = len(rules)
    batch.rows_accepted = len(said) - len(rules)
    batch.quarantined_by_rule = {
        rule: list(rules.values()).count(rule) for rule in sorted(set(rules.values()))
    }
    batch.status = "partly" if rules else "accepted"
    session.flush()


def _query(session: Session, batch: Batch, response: Response, rule: str, reason: str) -> UUID:
    query = Query(
        batch_id=batch.id,
        participant_id=response.participant_id,
        signal=str(KIND),
        rule=rule,
        question=f"{response.form} of {batch.scope}: {reason}",
        status="open",
        opened_at=clock.now(),
    )
    session.add(query)
    session.flush()
    steps.opened_by_rule(session, query)
    return query.id


def _where(batch: Batch, response: Response, query_id: UUID, row: int) -> dict[str, Any]:
    return {
        "batch_id": batch.id,
        "query_id": query_id,
        "participant_id": response.participant_id,
        "row": row,
        "day": response.due,
    }


def _sample(word: Answer, zones: ZoneHistory) -> dict[str, Any]:
    """Return a word as quarantined samples are kept, the item in the place of a code."""
    at = clock.microseconds(word.answered_at)
    offset, local = zones.place_instant(np.array([at], np.int64))
    number = word.value if isinstance(word.value, int | float) else None
    return {
        "placement": "placed",
        "at": at,
        "local": int(local[0]),
        "offset": int(offset[0]),
        "value": number,
        "code": word.item,
        "item": word.item,
        "said": word.value,
        "skipped": word.skipped,
        "seconds": word.seconds,
        "answer": str(word.id),
    }


def _aside(
    where: Mapping[str, Any], sample: dict[str, Any], rule: str, reason: str, verdict: GateVerdict
) -> QuarantinedRow:
    digest = hashlib.sha256(json.dumps([str(KIND), sample], sort_keys=True).encode()).hexdigest()
    return QuarantinedRow(
        signal=str(KIND),
        rule=rule,
        suite=verdict.suite,
        suite_version=verdict.version,
        reason=reason,
        sample=sample,
        sample_sha256=digest,
        status="open",
        **where,
    )
