"""What a study's database says, without the ids and clock times of the run that wrote it.

Two databases with equal content are the same study: the same people, payload bytes, batches with their
counts, verdicts, findings, quarantine, queries, metrics, gaps, and every version of every day chunk with
its samples and their lineage. GX's HTML pages are left out: they show when they were made.
"""

# ruff: noqa: S608 - queries made of this module's own words

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.models import DayChunk, Participant, Payload
from hometrial.services import chunks, receiving, storing
from hometrial_ingest.signals import Signal

Hashes = npt.NDArray[np.uint64]

_OF_BATCH = " JOIN batch b ON b.id = t.batch_id JOIN payload f ON f.id = b.payload_id"
_OF_PERSON = " JOIN participant p ON p.id = t.participant_id"
_BATCH_KEY = "f.sha256, b.kind, b.scope, b.reader_revision"

_OF_PEOPLE = (
    "board_decision", "bulk_act", "data_lock", "data_request", "export_run", "export_schedule", "lock_signature", "lock_source", "protocol_draft", "protocol_draft_revision", "protocol_draft_submission", "saved_view", "staff_account",
    "staff_grant",
    "adverse_event", "adverse_event_coding", "adverse_event_version", "alert", "alert_event", "allocation",
    "allocation_in_error", "allocation_reveal", "allocation_scheme", "anchor_day", "answer", "answer_upload",
    "bad_day", "baseline_symptom", "consent_copy", "consent_signature", "consent_talk", "consent_text", "contact", "deviation", "dose_event", "endorsement", "entry_address",
    "entry_code", "expected_form", "form_score",
    "instrument_version", "laboratory_result", "lot", "medication", "message", "message_state", "message_topic", "participation", "passkey", "passkey_challenge", "passkey_removal", "passkey_use", "product", "protocol_version", "quiz_call",
    "quiz_try", "reminder_choice", "reminder_rest", "response", "rule_change", "rule_move", "rule_rehearsal", "rule_version", "safety_report", "sampling_plan", "screening", "screening_answer", "section_read", "shipment", "signature_refusal",
    "sitting", "submission", "supply_count", "supply_movement", "text_pack", "told_history", "trail_review", "verdict_limits", "verification_drop", "verification_mark", "visit_confirmation", "visit_record",
    "visit_report", "withdrawal_choice",
)  # fmt: skip
"""Tables of the trial and its people: an import writes nothing there, so that any row differs."""
TABLES = {
    "site": "SELECT code, name FROM site t",
    "participant": "SELECT t.code, t.status, s.code AS site FROM participant t"
    " JOIN site s ON s.id = t.site_id",
    "participant_zone": "SELECT p.code, t.zone, t.valid_from, t.source FROM participant_zone t"
    + _OF_PERSON,
    "wearable_account": "SELECT p.code, t.provider, t.external_id FROM wearable_account t"
    + _OF_PERSON,
    "device": "SELECT p.code, t.provider, t.source, t.model, t.firmware, t.first_seen_at,"
    " t.last_seen_at FROM device t" + _OF_PERSON,
    "payload": "SELECT t.provider, t.sha256, t.size FROM payload t",
    "payload_part": "SELECT f.sha256, t.part, t.size, sha256(t.body) AS body FROM payload_part t"
    " JOIN payload f ON f.id = t.payload_id",
    "batch": "SELECT to_jsonb(t) - '{id,payload_id,created_at}'::text[] AS batch, f.sha256"
    " FROM batch t JOIN payload f ON f.id = t.payload_id",
    "verdict": f"SELECT {_BATCH_KEY}, t.segment, t.signal, t.suite, t.suite_version, t.success,"
    f" t.evaluated FROM verdict t{_OF_BATCH}",
    "finding": f"SELECT {_BATCH_KEY}, v.segment, v.signal, t.rule, t.severity, t.rows, t.message,"
    " t.examples FROM finding t JOIN verdict v ON v.id = t.verdict_id"
    + _OF_BATCH.replace("t.batch_id", "v.batch_id"),
    "query": f"SELECT {_BATCH_KEY}, p.code, t.signal, t.rule, t.question, t.status, t.closed_by,"
    f" t.close_reason FROM query t{_OF_BATCH} LEFT{_OF_PERSON}",
    "query_event": f"SELECT {_BATCH_KEY}, p.code, q.signal, q.rule, t.kind, t.by, t.text, t.assignee FROM query_event t"
    f" JOIN query q ON q.id = t.query_id{_OF_BATCH.replace('t.batch_id', 'q.batch_id')}"
    " LEFT JOIN participant p ON p.id = q.participant_id",
    "quarantined_row": f"SELECT {_BATCH_KEY}, p.code, t.signal, t.row, t.day, t.rule, t.suite,"
    " t.suite_version, t.reason, t.sample, t.sample_sha256, t.status, t.decided_by,"
    f" t.decision_reason FROM quarantined_row t{_OF_BATCH}{_OF_PERSON}",
    "day_chunk": f"SELECT {_BATCH_KEY}, p.code, t.stream, t.day, t.version, t.is_current, t.state,"
    " t.samples, t.added, t.revised, t.as_of, t.content_sha256, sha256(t.body) AS body"
    f" FROM day_chunk t{_OF_BATCH}{_OF_PERSON}",
    "daily_metric": "SELECT p.code, t.day, t.metric, t.value, t.rule, t.rule_version"
    " FROM daily_metric t" + _OF_PERSON,
    "gap": "SELECT p.code, t.stream, t.day, t.start_at, t.end_at, t.cause, t.rule_version"
    " FROM gap t" + _OF_PERSON,
    "identity": "SELECT p.code FROM identity.identity t" + _OF_PERSON,
    "consent_event": "SELECT p.code, t.data_type, t.decision, t.effective_at, t.keep_late, t.source"
    " FROM consent_event t" + _OF_PERSON,
    "pause": "SELECT p.code, t.start_at, t.end_at, t.reason FROM pause t" + _OF_PERSON,
    "connection": "SELECT p.code, a.provider, a.external_id, t.status, t.streams FROM connection t"
    " JOIN wearable_account a ON a.id = t.account_id JOIN participant p ON p.id = t.participant_id",
    "link_invitation": "SELECT p.code, t.reason, t.used_at FROM link_invitation t" + _OF_PERSON,
    "bridge": "SELECT p.code, t.token_sha256, t.revoked_at FROM bridge t" + _OF_PERSON,
    "work_item": "SELECT p.code, t.kind, t.subject, t.closed_at IS NULL AS open FROM work_item t"
    f" LEFT{_OF_PERSON}",
    "provider_end": "SELECT t.provider, t.ends_on, t.note FROM provider_end t",
    **{name: f"SELECT to_jsonb(t) AS row FROM {name} t" for name in _OF_PEOPLE},
}
"""How each table is told by natural keys."""


@dataclass(frozen=True)
class Content:
    """Rows of each table with how often each stands there, and a hash of every current sample."""

    tables: dict[str, Counter[str]]
    samples: Hashes

    def digest(self) -> str:
        """Return one SHA-256 of everything."""
        digest = hashlib.sha256(self.samples.tobytes())
        for name in sorted(self.tables):
            rows = sorted(self.tables[name].items())
            digest.update(f"{name} {rows}".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Difference:
    """How a database differs from a clean run's: samples lost and doubled, and differing tables."""

    lost: int
    doubled: int
    tables: dict[str, str]

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.tables)


def content_digest(database: Database) -> str:
    """Return a digest of all that a study's database says; equal for equal content."""
    return content(database).digest()


def content(database: Database) -> Content:
    """Read all that a study's database says.

    Raises AssertionError if there is a table that is not told of here, or a payload or chunk whose
    bytes are not what its row says of them.
    """
    with Session(database.engine) as session:
        _refuse_unknown_tables(session)
        tables = {name: _rows(session, query) for name, query in TABLES.items()}
        tables["payload bytes"] = _payload_bytes(session)
        versions, current = _samples(session)
        tables["samples of every version"] = versions
        return Content(tables, current)


def compare(clean: Content, other: Content) -> Difference:
    """Return how another database differs from a clean run's."""
    known, times = np.unique(clean.samples, return_counts=True)
    found, again = np.unique(other.samples, return_counts=True)
    place = np.searchsorted(found, known).clip(max=max(len(found) - 1, 0))
    there = found[place] == known if len(found) else np.zeros(len(known), bool)
    lost = int(times[~there].sum())
    doubled = int((again[place][there] - times[there]).clip(min=0).sum()) if len(found) else 0
    tables = {
        name: _told(clean.tables[name], other.tables[name])
        for name in clean.tables
        if clean.tables[name] != other.tables[name]
    }
    return Difference(lost, doubled, tables)


def _told(clean: Counter[str], other: Counter[str]) -> str:
    missing, extra = clean - other, other - clean
    example = next(iter([*missing, *extra]))
    return f"{missing.total()} rows missing, {extra.total()} too many, for instance {example[:300]}"


def _refuse_unknown_tables(session: Session) -> None:
    there = session.scalars(
        text(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE relkind = 'r' AND nspname IN ('public', 'identity')"
        )
    )
    unknown = set(there) - set(TABLES) - {"alembic_version"}
    if unknown:
        raise AssertionError(f"add {sorted(unknown)} to TABLES: nothing compares their content")


def _rows(session: Session, query: str) -> Counter[str]:
    return Counter(session.scalars(text(f"SELECT to_jsonb(row)::text FROM ({query}) row")))


def _payload_bytes(session: Session) -> Counter[str]:
    found: Counter[str] = Counter()
    for payload in session.scalars(select(Payload)):
        body = receiving.read(session, payload).read()
        digest = hashlib.sha256(body).hexdigest()
        if (digest, len(body)) != (payload.sha256, payload.size):
            raise AssertionError(f"payload {payload.sha256} gives back {len(body)} other bytes")
        found[digest] += 1
    return found


def _samples(session: Session) -> tuple[Counter[str], Hashes]:
    """Return a hash of the samples of each chunk version, and of each current sample."""
    versions: Counter[str] = Counter()
    current = [np.empty(0, np.uint64)]
    rows = session.execute(
        select(Participant.code, DayChunk).join(
            Participant, DayChunk.participant_id == Participant.id
        )
    )
    for code, chunk in rows:
        hashes = _hashes(code, chunk)
        if len(hashes) != chunk.samples:
            raise AssertionError(f"{storing.chunk_name(code, chunk)} holds {len(hashes)} samples")
        name = storing.chunk_name(code, chunk)
        versions[f"{name} {hashlib.sha256(hashes.tobytes()).hexdigest()}"] += 1
        if chunk.is_current:
            current.append(hashes)
    return versions, np.sort(np.concatenate(current))


def _hashes(code: str, chunk: DayChunk) -> Hashes:
    table = chunks.decode(chunk.body, Signal(chunk.stream))
    frame = table.to_pandas().assign(person=code, stream=chunk.stream, day=str(chunk.day))
    words = frame.select_dtypes("category").columns
    plain = frame.astype(dict.fromkeys(words, object))
    return pd.util.hash_pandas_object(plain, index=False).to_numpy()
