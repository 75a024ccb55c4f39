"""Source tables of people's health: other medicines, adverse events, symptoms before the drug, laboratory."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from hometrial.db import among
from hometrial.exports.source.reading import Row
from hometrial.models import AdverseEventVersion, BaselineSymptom, LaboratoryResult, Medication
from hometrial.services.capturing.partial import partial
from hometrial.services.capturing.people import people
from hometrial.services.safety import events
from hometrial.services.safety.coding import CODES

_AS_KNOWN = (
    "version",
    "term",
    "ongoing",
    "severity",
    "grade",
    "related",
    "who_umc",
    "expected",
    "action",
    "outcome",
    "dechallenge",
    "rechallenge",
    "source",
)
"""Columns of a version that the source table has under the same name and as they are."""


def medications(session: Session) -> Iterator[Row]:
    """Yield the medicines that stand: no other record corrects them, and they were not declared void."""
    known, later = people(session), aliased(Medication)
    rows = session.scalars(
        select(Medication).where(
            among(Medication.participant_id, known),
            Medication.is_void.is_(False),
            ~exists().where(
                later.participant_id == Medication.participant_id,
                later.corrects == Medication.number,
            ),
        )
    )
    for row in rows:
        yield {
            "id": str(row.id),
            "participant": known[row.participant_id].code,
            "number": row.number,
            "name": row.name,
            "dose": row.dose or None,
            "route": row.route or None,
            "indication": row.indication or None,
            "began": partial(row.began),
            "ended": partial(row.ended),
            "ongoing": row.ended is None,
            "substance": row.substance,
            "is_opioid": row.is_opioid,
        }


def adverse_events(session: Session) -> Iterator[Row]:
    """Yield every adverse event as its newest version tells it; a coder's words as long as they are of those words.

    When anybody first learned of it is the first version's: an amendment says when more was learned.
    """
    known = people(session)
    for state in events.states(session):
        if state.event.participant_id not in known:
            continue
        person, now = known[state.event.participant_id], state.current
        coding = state.coding if state.is_coded else None
        yield {
            "id": str(state.event.id),
            "participant": person.code,
            "number": state.event.number,
            "verbatim": now.verbatim or None,
            "start": _start(now),
            "stop": now.stop,
            "serious": None if now.serious is None else ";".join(now.serious),
            "treatment": now.treatment or None,
            "learned": person.local(state.versions[0].learned_at),
            **{name: getattr(now, name) for name in _AS_KNOWN},
            **{name: None if coding is None else getattr(coding, name) for name in CODES},
        }


def _start(now: AdverseEventVersion) -> str | None:
    """Return when it began, with the time of that day if it was told."""
    return now.start if now.start_time is None else f"{now.start}T{now.start_time}"


def baseline_symptoms(session: Session) -> Iterator[Row]:
    """Yield the newest word on each symptom of each person."""
    known = people(session)
    rows = session.scalars(
        select(BaselineSymptom)
        .where(among(BaselineSymptom.participant_id, known))
        .ext(distinct_on(BaselineSymptom.participant_id, BaselineSymptom.term))
        .order_by(
            BaselineSymptom.participant_id, BaselineSymptom.term, BaselineSymptom.number.desc()
        )
    )
    for row in rows:
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "term": row.term,
            "grade": row.grade,
            "recorded": person.local(row.recorded_at),
        }


def laboratory(session: Session) -> Iterator[Row]:
    """Yield the results that no other corrects."""
    known, later = people(session), aliased(LaboratoryResult)
    rows = session.scalars(
        select(LaboratoryResult).where(
            among(LaboratoryResult.participant_id, known),
            ~exists().where(later.corrects_id == LaboratoryResult.id),
        )
    )
    for row in rows:
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "visit": row.visit,
            "visit_number": row.visit_number,
            "form": row.form,
            "analyte": row.analyte,
            "value": _float(row.value),
            "below": _float(row.below),
            "above": _float(row.above),
            "unit": row.unit,
            "upper_limit": _float(row.upper_limit),
            "sampled": person.local(row.sampled_at),
            "laboratory": row.laboratory,
        }


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
