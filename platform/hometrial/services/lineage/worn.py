"""The chain of what a wearable told: figure, rule, chunks, batches with verdicts, the bytes sent, device, consent."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import Source
from hometrial.models import Batch, DailyMetric, DayChunk, Device, Participant, QuarantinedRow
from hometrial.services import storing
from hometrial.services.comparing import day_number
from hometrial.services.lineage import bytes_sent, consented, judged
from hometrial.services.lineage.chain import Chain, Facts, Step, facts
from hometrial.services.lineage.judged import Sent
from hometrial.services.lineage.resting import STREAMS, Kept, Piece, pieces
from hometrial.services.metrics import DEFAULT, RULES
from hometrial.services.viewing import snippets
from hometrial_ingest.data_types import DATA_TYPE_OF
from hometrial_ingest.signals import Signal


@dataclass(frozen=True)
class Told:
    """A source record by its table and id, with its row where it was locked; `person`: whom it is about."""

    session: Session
    record: str
    person: Participant
    taken: Source | None
    row: Mapping[str, Any]


def metric(told: Told, day: date, name: str) -> Chain:
    """Return the chain of a daily figure. Raises ExportRefusedError for a figure that there is not."""
    if name not in RULES:
        raise ExportRefusedError(f"{told.record}: no rule is called {name}")
    made = pieces(Kept(told.session, told.person, told.taken), name, day_number(day))
    value = _figure(told, day, name)
    steps = (value, _rule(name, value), *chunk_steps(told, made), *_consents(told, made))
    return Chain(told.record, told.person.code, steps)


def _figure(told: Told, day: date, name: str) -> Step:
    row = told.session.scalars(
        select(DailyMetric).where(
            DailyMetric.participant_id == told.person.id,
            DailyMetric.day == day,
            DailyMetric.metric == name,
        )
    ).one_or_none()
    if row is None and not told.row:
        raise ExportRefusedError(f"{told.record}: there is no such figure")
    known = {
        "value": told.row.get("value", None if row is None else row.value),
        "unit": RULES[name].unit,
        "day": day,
        "rule version": told.row.get("rule_version", None if row is None else row.rule_version),
        "computed": None if row is None else row.computed_at,
        "stands now": _differs(told.row, row),
    }
    return Step("value", f"{RULES[name].label} of {day}", facts(known))


def _differs(row: Mapping[str, Any], now: DailyMetric | None) -> str | None:
    """Say what a figure is now, if it is another than what was locked."""
    if not row or (now is not None and now.value == row["value"]):
        return None
    return (
        "no figure" if now is None else f"{now.value:.15g}, computed {now.computed_at.isoformat()}"
    )


def _rule(name: str, value: Step) -> Step:
    rule = RULES[name]
    made_by = dict(value.facts).get("rule version")
    known = {
        "rule": rule.name,
        "version": rule.version,
        "formula": rule.text,
        "after": rule.origin,
        "settings": f"non-wear {DEFAULT.non_wear_minutes} min, pause in an episode {DEFAULT.merge_minutes} min",
        "made of": ", ".join(STREAMS[name]),
        "note": None
        if made_by == str(rule.version)
        else f"the figure was made by version {made_by}; this is the text of version {rule.version}",
    }
    return Step("rule", f"Rule {rule.name}, version {rule.version}", facts(known))


def chunk_steps(told: Told, made: Sequence[Piece]) -> Iterator[Step]:
    """Yield each chunk with what it rests on."""
    digests = {each for piece in made for each in _payloads(piece)}
    sent = judged.sent(told.session, told.person.id, told.person.code, digests)
    for piece in made:
        yield _chunk(told, piece, sent)


def _payloads(piece: Piece) -> list[str]:
    names: list[str] = pc.unique(piece.samples["payload"].combine_chunks()).to_pylist()
    return names


def _chunk(told: Told, piece: Piece, sent: Mapping[str, Sent]) -> Step:
    chunk = piece.chunk
    known = {
        "chunk": chunk.id,
        "name": storing.chunk_name(told.person.code, chunk),
        "version": chunk.version,
        "stands now": chunk.is_current,
        "state": chunk.state,
        "samples": chunk.samples,
        "samples of it that count here": piece.samples.num_rows,
        "sha256 of its bytes": hashlib.sha256(chunk.body).hexdigest(),
        "sha256 of what it says": chunk.content_sha256 or None,
        "made": chunk.created_at,
        "because": chunk.because,
    }
    below = (*_batches(told, piece, sent), *_devices(told, piece))
    return Step("chunk", f"Chunk {known['name']}", facts(known), below=below)


def _batches(told: Told, piece: Piece, sent: Mapping[str, Sent]) -> Iterator[Step]:
    """Yield the batches that took in the payloads of a piece, each with those payloads."""
    batches: dict[UUID, list[Step]] = {}
    known: dict[UUID, Batch] = {}
    for digest in _payloads(piece):
        each = sent.get(digest)
        if each is None:
            yield Step("payload", f"Payload {digest}: not on record", facts({"sha256": digest}))
            continue
        known[each.batch.id] = each.batch
        batches.setdefault(each.batch.id, []).append(_payload(told, piece, each))
    for batch_id, payloads in batches.items():
        step = judged.batch_step(told.session, known[batch_id], str(piece.signal))
        yield replace(step, below=(*step.below, *payloads))


def _payload(told: Told, piece: Piece, sent: Sent) -> Step:
    mine = piece.samples.filter(pc.equal(piece.samples["payload"], sent.payload.sha256))
    rows = mine["row"].to_pylist()
    raw = bytes_sent.row_of(told.session, sent.payload, sent.path, min(rows))
    known = {
        "payload": sent.payload.id,
        "sha256": sent.payload.sha256,
        "size": f"{sent.payload.size} bytes",
        "received": sent.payload.received_at,
        "path": sent.path,
        "samples of it that count here": len(rows),
        "source rows": f"{min(rows)} to {max(rows)}",
    }
    return Step("payload", f"Payload of {sent.payload.provider}: {sent.path}", facts(known), raw)


def _devices(told: Told, piece: Piece) -> Iterator[Step]:
    counted = piece.samples.group_by(["source", "device"]).aggregate([([], "count_all")])
    for each in sorted(counted.to_pylist(), key=lambda row: (-row["count_all"], str(row))):
        row = told.session.scalars(
            select(Device).where(
                Device.participant_id == told.person.id,
                Device.source == each["source"],
                Device.model == each["device"],
            )
        ).first()
        known = {"source": each["source"], "samples": each["count_all"], **_device_facts(row)}
        model = each["device"] or "its source names no model"
        yield Step("device", f"Device: {model}", facts(known))


def _device_facts(row: Device | None) -> dict[str, object]:
    if row is None:
        return {}
    return {
        "device": row.id,
        "model": row.model,
        "firmware": row.firmware,
        "first seen": row.first_seen_at,
        "last seen": row.last_seen_at,
    }


def _consents(told: Told, made: Sequence[Piece]) -> Iterator[Step]:
    """Yield the consent in force when the last of the samples was observed, once for each kind of data."""
    last: dict[Any, datetime] = {}
    for piece in made:
        at = clock.instant(int(pc.max(piece.samples["at"]).as_py()))
        kind = DATA_TYPE_OF[piece.signal]
        last[kind] = max(at, last.get(kind, at))
    shown: set[Facts] = set()
    for kind, moment in last.items():
        for step in consented.steps(told.session, told.person.id, moment, kind):
            if step.facts not in shown:
                yield step
            shown.add(step.facts)


def day(told: Told, on: date) -> Chain:
    """Return the chain of a day of a wearable: every chunk of it."""
    return _of_chunks(told, f"Day {on}", _on(told, on))


def chunk(told: Told, stream: str, on: date) -> Chain:
    """Return the chain of a chunk."""
    made = [each for each in _on(told, on) if each.signal == stream]
    return _of_chunks(told, f"{stream} of {on}", made)


def sample(told: Told, stream: str, on: date, at: int) -> Chain:
    """Return the chain of what a stream says of one instant, in microseconds. Raises ExportRefusedError if that is nothing."""
    made = [
        replace(each, samples=each.samples.filter(pc.equal(each.samples["at"], at)))
        for each in _on(told, on)
        if each.signal == stream
    ]
    made = [each for each in made if each.samples.num_rows]
    if not made:
        raise ExportRefusedError(f"{told.record}: {stream} has no sample of then")
    return _of_chunks(told, f"{stream} at {clock.instant(at).isoformat()}", made)


def _on(told: Told, on: date) -> list[Piece]:
    kept = Kept(told.session, told.person, told.taken)
    streams = told.session.scalars(
        select(DayChunk.stream)
        .where(DayChunk.participant_id == told.person.id, DayChunk.day == on)
        .distinct()
        .order_by(DayChunk.stream)
    )
    found = [kept.piece(Signal(stream), day_number(on)) for stream in streams]
    return [each for each in found if each is not None]


def _of_chunks(told: Told, title: str, made: Sequence[Piece]) -> Chain:
    value = Step("value", title, facts(told.row))
    return Chain(
        told.record, told.person.code, (value, *chunk_steps(told, made), *_consents(told, made))
    )


def set_aside(told: Told, row: QuarantinedRow) -> Chain:
    """Return the chain of a sample that was set aside."""
    batch = told.session.get_one(Batch, row.batch_id)
    place = snippets.place_of(told.session, row, batch)
    known = {
        "rule": row.rule,
        "suite": f"{row.suite}:{row.suite_version}",
        "reason": row.reason,
        "status": row.status,
        "decided": row.decided_at,
        "decided by": row.decided_by,
        "because": row.decision_reason,
    }
    step = judged.batch_step(told.session, batch, row.signal)
    if place.payload is not None:
        raw = bytes_sent.row_of(told.session, place.payload, place.path, place.row)
        sent = facts({"sha256": place.payload.sha256, "path": place.path})
        step = replace(step, below=(*step.below, Step("payload", f"Payload of {place.payload.provider}: {place.path}", sent, raw)))  # fmt: skip
    value = Step("value", f"A sample of {row.signal} that was set aside", facts(known))
    return Chain(told.record, told.person.code, (value, step))
