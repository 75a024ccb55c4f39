"""What people take besides the drug, as they tell it; an opioid calls for a clinician at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Medication, Participant
from hometrial.protocol import medicines
from hometrial.protocol.dosing import alerts
from hometrial.protocol.dosing.alerts import Sign
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.services import enrolling, working
from hometrial.services.agreeing import standing
from hometrial.services.dosing import footing, opioids, storing
from hometrial.services.dosing.recording import Word
from hometrial.services.safety import alerting
from hometrial.services.trial import following

PROHIBITED = "prohibited_medicine"
"""Work: a medicine that is no opioid, and that nobody may take while on drug."""
OPIOID_ADVICE = (
    "do not take the next dose of the study drug; a clinician calls within hours. With trouble breathing, a severe"
    " headache or feeling very ill, call the emergency number now"
)


class MedicationRefusedError(TrialError):
    """A medicine that cannot be recorded like this."""


@dataclass(frozen=True)
class Told:
    """A medicine as a person tells of it; dates as coarse as they are known (2010, 2010-07, 2010-07-03).

    `began` None: nobody knows; `ended` None: it is still taken.
    """

    name: str
    dose: str = ""
    route: str = ""
    indication: str = ""
    began: str | None = None
    ended: str | None = None


@dataclass(frozen=True)
class Added:
    """A medicine that was recorded, and what is to be done at once because of it, None if nothing."""

    medication: Medication
    advice: str | None


def add(
    session: Session,
    person: Participant,
    word: Word,
    told: Told,
    *,
    signs: Sequence[tuple[Sign, datetime]] = (),
    key: str | None = None,
) -> Added:
    """Record a medicine, or a correction of one; what was sent under a `key` before is not recorded twice.

    An opioid raises OP1 in the same transaction, urgent by its signs of withdrawal (with when each began), unless
    it was over so long ago that the drug may be started today, or a correction only tells that it ended sooner
    than was known. Raises MedicationRefusedError, RecordRefusedError.
    """
    _hold(session, person)
    before = _sent_before(session, person, key)
    if before is not None:
        is_alarm = before.is_opioid and opioids.is_taken_anew(before, _before(session, before))
        return Added(before, OPIOID_ADVICE if is_alarm else None)
    now = _now(session, person)
    _require_in(session, person, word)
    began, ended = _dates(told, now.date())
    row = _row(session, person, word, told, now)
    row.began = None if began is None else began.told
    if ended is not None:
        row.ended, row.last_on = ended.told, ended.last
    row.key = key
    session.add(row)
    session.flush()
    return Added(row, _answer(session, person, row, signs))


def void(session: Session, person: Participant, word: Word) -> Medication:
    """Record that the medicine which the word corrects was never taken; an alert that it raised stays open.

    Raises MedicationRefusedError.
    """
    _hold(session, person)
    now = _now(session, person)
    wrong = _corrected(session, person, word)
    if wrong is None:
        raise MedicationRefusedError("medicine: name the one that was never taken, by its number")
    row = _row(session, person, word, Told(wrong.name), now)
    row.is_void = True
    session.add(row)
    session.flush()
    return row


def medications(session: Session, person: Participant) -> tuple[Medication, ...]:
    """Return the medicines of a person that no other record corrects, oldest first."""
    return opioids.told(session, person)


def highest_number(session: Session, person: Participant) -> int:
    """Return the number of the newest record of a person's medicines, also of one that was corrected; 0 if none is."""
    newest = session.scalar(
        select(func.max(Medication.number)).where(Medication.participant_id == person.id)
    )
    return newest or 0


def _hold(session: Session, person: Participant) -> None:
    key = {"key": f"hometrial.medication.{person.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)


def _now(session: Session, person: Participant) -> datetime:
    return footing.local(enrolling.zones_of(session, person), clock.now())


def _sent_before(session: Session, person: Participant, key: str | None) -> Medication | None:
    if key is None:
        return None
    return session.scalars(
        select(Medication).where(Medication.participant_id == person.id, Medication.key == key)
    ).one_or_none()


def _require_in(session: Session, person: Participant, word: Word) -> None:
    if standing.consented_at(session, person) is None:
        raise MedicationRefusedError(
            f"{person.code} has signed no consent; nothing is recorded before that"
        )
    if standing.withdrawn_at(session, person) is not None and word.corrects is None:
        raise MedicationRefusedError(
            f"{person.code} withdrew from everything; nothing new is recorded, only corrected"
        )


def _dates(told: Told, today: date) -> tuple[CoarseDate | None, CoarseDate | None]:
    began = None if told.began is None else CoarseDate.of(told.began)
    ended = None if told.ended is None else CoarseDate.of(told.ended)
    for which, when in (("began", began), ("ended", ended)):
        if when is not None and when.first > today:
            raise MedicationRefusedError(
                f"{told.name}: {which} {when}, which is still to come; tell it then"
            )
    if began is not None and ended is not None and ended.last < began.first:
        raise MedicationRefusedError(
            f"{told.name}: it cannot have ended ({ended}) before it began ({began})"
        )
    return began, ended


def _row(
    session: Session, person: Participant, word: Word, told: Told, now: datetime
) -> Medication:
    name = told.name.strip()
    if not name:
        raise MedicationRefusedError("medicine: give its name, as it stands on the package")
    wrong = _corrected(session, person, word)
    found = medicines.found_in(name)
    return Medication(
        participant_id=person.id,
        number=highest_number(session, person) + 1,
        name=name,
        dose=told.dose,
        route=told.route,
        indication=told.indication,
        substance=found and found.substance,
        kinship=found and found.kinship,
        is_opioid=found is not None and found.kinship.is_opioid,
        is_void=False,
        by=word.by,
        at=now,
        zone=storing.zone_name(now),
        why=word.why,
        corrects=wrong and wrong.number,
    )


def _corrected(session: Session, person: Participant, word: Word) -> Medication | None:
    if word.corrects is None:
        return None
    if not word.why.strip():
        raise MedicationRefusedError(f"medicine {word.corrects}: say why it was wrong")
    for each in opioids.told(session, person):
        if each.number == word.corrects:
            return each
    raise MedicationRefusedError(
        f"medicine {word.corrects} of {person.code}: there is none that stands;"
        f" `hometrial medication list {person.code}` shows them"
    )


def _before(session: Session, row: Medication) -> Medication | None:
    """Return the record that this one corrects, None if it corrects none."""
    return session.scalars(
        select(Medication).where(
            Medication.participant_id == row.participant_id, Medication.number == row.corrects
        )
    ).one_or_none()


def _answer(
    session: Session,
    person: Participant,
    row: Medication,
    signs: Sequence[tuple[Sign, datetime]],
) -> str | None:
    if row.kinship is None or not medicines.Kinship(row.kinship).is_prohibited:
        return None
    if not row.is_opioid:
        reason = f"{row.name} ({row.substance}): not to be taken besides the drug; call the person"
        working.open_item(session, person.id, PROHIBITED, f"medicine {row.number}", reason)
        return None
    protocol = following.protocol_of(session, person)
    if not signs and not (
        opioids.conflicts([row], protocol, footing.local_day(row.at, row.zone))
        and opioids.is_taken_anew(row, _before(session, row))
    ):
        return None
    _raise_op1(session, person, row, signs)
    return OPIOID_ADVICE


def _raise_op1(
    session: Session,
    person: Participant,
    row: Medication,
    signs: Sequence[tuple[Sign, datetime]],
) -> None:
    found = alerts.opioid_reported(storing.course_of(session, person), row.at, signs)
    values: dict[str, str | int | float | bool | None] = {
        "medicine": row.number,
        "name": row.name,
        "substance": row.substance,
        "began": row.began,
        "ended": row.ended,
        "is_urgent": found.is_urgent,
    }
    values |= {f"sign_{place}": sign for place, (_, sign) in enumerate(found.values, 1)}
    alerting.raise_alert(
        session,
        person,
        rule=found.rule,
        level="red",
        values=values,
        response=alerting.response_of(found.rule, urgent=found.is_urgent),
    )
