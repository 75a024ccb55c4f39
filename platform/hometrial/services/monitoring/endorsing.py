"""An investigator's signature over a person's record, or over one visit of it; it breaks when what it covers changes."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Endorsement, Participant
from hometrial.services.monitoring import values
from hometrial.services.monitoring.reviewing import Signer
from hometrial.services.monitoring.values import Value

CASEBOOK = "casebook"
OF_A_VISIT = ("visit", "laboratory", "form")


class EndorsementRefusedError(TrialError):
    """A signature that cannot be given like this."""


@dataclass(frozen=True)
class Endorsed:
    """A signature as it stands: `changed` names the kinds of values that differ from what was signed."""

    signature: Endorsement
    changed: tuple[str, ...]
    newer: tuple[str, ...]
    """Values recorded after the signature, by their labels."""

    @property
    def stands(self) -> bool:
        """Whether the record still is what was signed."""
        return not self.changed


def sign(
    session: Session, person: Participant, subject: str, signer: Signer, *, meaning: str
) -> Endorsement:
    """Sign for what is recorded of a person, or of a visit. Raises EndorsementRefusedError."""
    if not meaning.strip():
        raise EndorsementRefusedError("meaning: say what the signature means")
    covered = _covered(session, person, subject)
    if not covered:
        raise EndorsementRefusedError(f"{person.code} {subject}: nothing is recorded there yet")
    row = Endorsement(
        participant_id=person.id,
        subject=subject,
        meaning=meaning,
        covers=_digests(covered),
        signed_at=clock.now(),
        signed_by=signer.actor,
        signed_name=signer.full_name,
        sha256="",
    )
    row.sha256 = _checksum(person, row)
    session.add(row)
    session.flush()
    return row


def endorsed(session: Session, person: Participant) -> list[Endorsed]:
    """Return every signature over a person's record, the newest first, each with whether it stands."""
    rows = session.scalars(
        select(Endorsement)
        .where(Endorsement.participant_id == person.id)
        .order_by(Endorsement.signed_at.desc())
    ).all()
    if not rows:
        return []
    whole = _casebook(session, person)
    return [_judged(person, row, whole) for row in rows]


def subjects(session: Session, person: Participant) -> list[str]:
    """Return what can be signed for: the whole casebook, and each visit that was recorded."""
    visits = values.counted(session, [person.id], "visit")[person.id]
    return [CASEBOOK, *visits]


def _judged(person: Participant, row: Endorsement, whole: Sequence[Value]) -> Endorsed:
    covered = _of_subject(whole, row.subject)
    now, signed = _digests(covered), row.covers
    changed = sorted(kind for kind in {*now, *signed} if now.get(kind) != signed.get(kind))
    if _checksum(person, row) != row.sha256:
        changed.append("the signature itself")
    newer = tuple(each.label for each in covered if each.at > row.signed_at)
    return Endorsed(row, tuple(changed), newer if changed else ())


def _covered(session: Session, person: Participant, subject: str) -> list[Value]:
    return _of_subject(_casebook(session, person), subject)


def _casebook(session: Session, person: Participant) -> list[Value]:
    """Return all that a signature may cover: what can be verified, every form, every laboratory result."""
    found = values.of_people(session, [person.id])
    for kind, query in _MORE.items():
        rows = session.execute(text(query), {"person": person.id})
        found += [
            Value(person.id, kind, row.key, row.label, row.day, row.at, row.content) for row in rows
        ]
    return found


def _of_subject(whole: Sequence[Value], subject: str) -> list[Value]:
    if subject == CASEBOOK:
        return list(whole)
    return [
        each
        for each in whole
        if each.kind in OF_A_VISIT and (each.key == subject or each.key.endswith(f" {subject}"))
    ]


def _digests(covered: Sequence[Value]) -> dict[str, Any]:
    """Return a digest of each kind over its values, and how many there are."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for each in covered:
        by_kind[each.kind].append(f"{each.key}={each.digest()}")
    return {
        kind: {
            "values": len(lines),
            "sha256": hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest(),
        }
        for kind, lines in sorted(by_kind.items())
    }


def _checksum(person: Participant, row: Endorsement) -> str:
    said = [
        person.code,
        row.subject,
        row.meaning,
        row.covers,
        row.signed_at.isoformat(),
        row.signed_by,
        row.signed_name,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


_MORE = {
    "form": """
        SELECT r.form || ' ' || r.occasion AS key, replace(r.form, '_', ' ') || ' ' || r.occasion AS label,
          r.due AS day, a.at, a.content FROM response r JOIN LATERAL (
            SELECT max(w.received_at) AS at, jsonb_object_agg(w.item, coalesce(w.value, to_jsonb(w.skipped))) AS content
            FROM (SELECT DISTINCT ON (item) item, value, skipped, received_at FROM answer
                  WHERE response_id = r.id ORDER BY item, place DESC) w) a ON a.content IS NOT NULL
        WHERE r.participant_id = :person""",
    "laboratory": """
        SELECT l.form || '/' || l.analyte || ' ' || coalesce(l.visit || '#' || l.visit_number, l.sampled_at::text) AS key,
          'laboratory ' || l.analyte AS label, l.sampled_at::date AS day, l.recorded_at AS at, jsonb_build_object(
            'value', l.value, 'below', l.below, 'above', l.above, 'unit', l.unit, 'upper_limit', l.upper_limit,
            'sampled_at', l.sampled_at, 'laboratory', l.laboratory) AS content
        FROM laboratory_result l WHERE l.participant_id = :person
          AND NOT EXISTS (SELECT FROM laboratory_result n WHERE n.corrects_id = l.id)""",
}
