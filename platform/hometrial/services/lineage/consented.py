"""The consent in force at a moment: the decision about that kind of data, and the document that was signed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import ConsentEvent, ConsentSignature
from hometrial.services.lineage.chain import Step, facts
from hometrial_ingest.data_types import DataType


def steps(
    session: Session, person: UUID, moment: datetime, data_type: DataType | None = None
) -> tuple[Step, ...]:
    """Return what allowed something of a person at a moment; what nothing on record allowed says so."""
    found = [_signature(session, person, moment)]
    if data_type is not None:
        found.append(_decision(session, person, moment, data_type))
    return tuple(found)


def _signature(session: Session, person: UUID, moment: datetime) -> Step:
    row = session.scalars(
        select(ConsentSignature)
        .where(
            ConsentSignature.participant_id == person,
            ConsentSignature.part == "participant",
            ConsentSignature.signed_at <= moment,
        )
        .order_by(ConsentSignature.signed_at.desc(), ConsentSignature.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return Step("consent", f"No signature before {moment.isoformat()}")
    beside = session.scalars(
        select(ConsentSignature).where(ConsentSignature.countersigns == row.id)
    ).one_or_none()
    known = {
        "signature": row.id,
        "document": row.document,
        "version": row.version,
        "signed": row.signed_at,
        "by": row.role,
        "way": row.kind,
        "sha256": row.sha256,
        "countersigned": None if beside is None else beside.signed_at,
    }
    return Step("consent", f"Consent {row.document} {row.version}, signed", facts(known))


def _decision(session: Session, person: UUID, moment: datetime, data_type: DataType) -> Step:
    row = session.scalars(
        select(ConsentEvent)
        .where(
            ConsentEvent.participant_id == person,
            ConsentEvent.data_type == data_type,
            ConsentEvent.effective_at <= moment,
        )
        .order_by(
            ConsentEvent.effective_at.desc(),
            ConsentEvent.recorded_at.desc(),
            ConsentEvent.id.desc(),
        )
        .limit(1)
    ).one_or_none()
    if row is None:
        return Step("consent", f"No decision about {data_type} before {moment.isoformat()}")
    known = {
        "event": row.id,
        "kind of data": row.data_type,
        "decision": row.decision,
        "in force since": row.effective_at,
        "recorded": row.recorded_at,
        "by way of": row.source,
    }
    return Step("consent", f"Consent to {row.data_type}: {row.decision}", facts(known))
