"""What can be held against its source, each value under a key that outlives its corrections, as it is now.

Every kind is one query that gives person, key, label, day, when it was recorded, and the value itself as JSON.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial.models import VERIFIABLE, ProtocolVersion
from hometrial.protocol.outcomes import AtVisit, FormOutcome
from hometrial.services.trial import publishing

_QUERIES: Mapping[str, str] = {
    "consent": """
        SELECT s.participant_id, s.id::text AS key, s.document || ' ' || s.version AS label,
          s.signed_at::date AS day, greatest(s.signed_at, c.signed_at) AS at, jsonb_build_object(
            'document', s.document, 'version', s.version, 'signed_at', s.signed_at, 'role', s.role,
            'kind', s.kind, 'identity_check', s.identity_check, 'discussed_with', s.discussed_with,
            'granted', s.granted, 'sha256', s.sha256, 'countersigned_at', c.signed_at,
            'countersigned_by', c.signer, 'countersignature_sha256', c.sha256) AS content
        FROM consent_signature s LEFT JOIN consent_signature c ON c.countersigns = s.id
        WHERE s.part = 'participant' AND s.participant_id = ANY (:people)""",
    "eligibility": """
        SELECT s.participant_id, s.number || '/' || a.variable AS key,
          'screening ' || s.number || ': ' || replace(a.variable, '_', ' ') AS label,
          a.recorded_at::date AS day, a.recorded_at AS at,
          jsonb_build_object('answer', a.value, 'source', a.source) AS content
        FROM screening_answer a JOIN screening s ON s.id = a.screening_id
        WHERE NOT EXISTS (SELECT FROM screening_answer l WHERE l.corrects_id = a.id)
          AND s.participant_id = ANY (:people)""",
    "dose": """
        WITH RECURSIVE chain AS (
          SELECT participant_id, number AS root, number FROM dose_event
          WHERE corrects IS NULL AND participant_id = ANY (:people)
          UNION ALL
          SELECT e.participant_id, c.root, e.number FROM dose_event e JOIN chain c
            ON c.participant_id = e.participant_id AND e.corrects = c.number)
        SELECT n.participant_id, n.root::text AS key, 'dose event ' || n.root || ': ' || e.kind AS label,
          coalesce(e.day, e.at::date) AS day, e.at,
          jsonb_build_object('kind', e.kind, 'day', e.day, 'said', e.body, 'ends', e.ends) AS content
        FROM (SELECT participant_id, root, max(number) AS number FROM chain GROUP BY 1, 2) n
        JOIN dose_event e USING (participant_id, number)""",
    "adverse_event": """
        SELECT e.participant_id, e.number::text AS key, 'adverse event ' || e.number AS label,
          e.recorded_at::date AS day, v.recorded_at AS at,
          to_jsonb(v) - ARRAY['id', 'adverse_event_id', 'version', 'recorded_at', 'recorded_by', 'because',
            'vocabulary', 'reporter', 'source'] AS content
        FROM adverse_event e JOIN LATERAL (
          SELECT * FROM adverse_event_version v WHERE v.adverse_event_id = e.id
          ORDER BY v.version DESC LIMIT 1) v ON true
        WHERE e.participant_id = ANY (:people)""",
    "questionnaire": """
        SELECT r.participant_id, r.form || ' ' || r.occasion AS key,
          replace(r.form, '_', ' ') || ' ' || r.occasion AS label, r.due AS day, a.at, a.content
        FROM response r JOIN LATERAL (
          SELECT max(w.received_at) AS at, jsonb_object_agg(w.item, coalesce(w.value, to_jsonb(w.skipped))) AS content
          FROM (SELECT DISTINCT ON (item) item, value, skipped, received_at FROM answer
                WHERE response_id = r.id ORDER BY item, place DESC) w) a ON a.content IS NOT NULL
        WHERE r.form || ' ' || split_part(r.occasion, '#', 1) = ANY (:primary_forms)
          AND r.participant_id = ANY (:people)""",
    "visit": """
        SELECT v.participant_id, v.visit || '#' || v.number AS key, 'visit ' || v.visit || '#' || v.number AS label,
          coalesce(v.day, v.due, v.recorded_at::date) AS day, v.recorded_at AS at, jsonb_build_object(
            'outcome', v.outcome, 'day', v.day, 'due', v.due, 'mode', v.mode, 'reason', v.reason) AS content
        FROM visit_record v
        WHERE NOT EXISTS (SELECT FROM visit_record l WHERE l.corrects_id = v.id)
          AND v.participant_id = ANY (:people)""",
    "wearable_day": """
        SELECT c.participant_id, c.day::text AS key, 'wearable day ' || c.day AS label, c.day,
          max(c.created_at) AS at, jsonb_object_agg(c.stream, c.content_sha256) AS content
        FROM day_chunk c WHERE c.is_current AND c.participant_id = ANY (:people) GROUP BY 1, c.day""",
}
assert set(_QUERIES) == set(VERIFIABLE)  # noqa: S101 - a kind without a query could never be verified


@dataclass(frozen=True)
class Value:
    """One value of a person as it is now."""

    participant_id: UUID
    kind: str
    key: str
    label: str
    day: Any
    at: datetime
    content: dict[str, Any]

    @property
    def fields(self) -> tuple[str, ...]:
        """What it is made of."""
        return tuple(sorted(self.content))

    def digest(self, fields: Iterable[str] | None = None) -> str:
        """Return the SHA-256 of the value, or of these parts of it; a part that is not there counts as such."""
        named = self.fields if fields is None else sorted(fields)
        said = {each: self.content.get(each, "<gone>") for each in named}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def of_people(
    session: Session, people: Sequence[UUID], kinds: Iterable[str] = VERIFIABLE
) -> list[Value]:
    """Return every value of these kinds of some people: one query a kind."""
    found: list[Value] = []
    for kind in kinds:
        rows = session.execute(text(_QUERIES[kind]), _binds(session, kind, people))
        found += [
            Value(row.participant_id, kind, row.key, row.label, row.day, row.at, row.content)
            for row in rows
        ]
    return sorted(
        found,
        key=lambda each: (
            str(each.participant_id),
            VERIFIABLE.index(each.kind),
            each.day,
            each.key,
        ),
    )


def of_keys(session: Session, person: UUID, kind: str, keys: Sequence[str]) -> dict[str, Value]:
    """Return some values of a person by their keys."""
    wanted = set(keys)
    return {each.key: each for each in of_people(session, [person], [kind]) if each.key in wanted}


def counted(session: Session, people: Sequence[UUID], kind: str) -> dict[UUID, list[str]]:
    """Return the keys of a kind by person, without the values."""
    query = text(f"SELECT participant_id, key FROM ({_QUERIES[kind]}) v ORDER BY 1, 2")  # noqa: S608
    found: dict[UUID, list[str]] = {each: [] for each in people}
    for row in session.execute(query, _binds(session, kind, people)):
        found[row.participant_id].append(row.key)
    return found


def primary_forms(session: Session) -> list[str]:
    """Return the forms of primary end points with the visits at which they count, as `funcap W12`."""
    found: set[str] = set()
    versions = session.scalars(
        select(ProtocolVersion).where(ProtocolVersion.state == "published")
    ).all()
    for protocol in map(publishing.of, versions):
        outcomes = {each.id: each for each in protocol.outcomes}
        for endpoint in protocol.endpoints.primary:
            outcome = outcomes.get(endpoint.outcome)
            if not isinstance(outcome, FormOutcome):
                continue
            for when in (endpoint.at, endpoint.against):
                if isinstance(when, AtVisit):
                    found |= {f"{outcome.form} {visit}" for visit in when.visits}
    return sorted(found)


def _binds(session: Session, kind: str, people: Sequence[UUID]) -> dict[str, Any]:
    binds: dict[str, Any] = {"people": list(people)}
    if kind == "questionnaire":
        binds["primary_forms"] = primary_forms(session)
    return binds
