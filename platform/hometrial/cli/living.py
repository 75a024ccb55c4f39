"""What the people of the demo's trial and their site do: talk, sign, come to visits."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.rules import Answer
from hometrial.services import enrolling
from hometrial.services.agreeing import discussing
from hometrial.services.agreeing.acts import Act
from hometrial.services.agreeing.discussing import Talk
from hometrial.services.syncing import pulling
from hometrial.services.trial import calendars, running_in, visiting
from hometrial.services.trial.calendars import Status
from hometrial.services.trial.visiting import Held
from hometrial_ingest.data_types import DataType

ZONE = "Europe/Berlin"
STAFF, SECOND, DOCTOR = "demo-coordinator", "demo-reviewer", "demo-investigator"
SHARED = (DataType.HEART_RATE, DataType.STEPS, DataType.SLEEP)
ELIGIBLE: Mapping[str, Answer] = {
    "age": 41, "mecfs_criteria": "CCC2003", "illness_months": 60, "stable_medicine_days": 90,
    "mode_ok": True, "wear_ok": True, "can_become_pregnant": False, "opioid_ever": False,
    "opioid_expected": False, "maintenance_opioid_ever": False, "opioid_dependence": False,
    "surgery_planned": False, "alt_xuln": 0.8, "ast_xuln": 0.9, "liver_disease_severe": False, "egfr": 95,
    "pregnant": False, "planning_pregnancy": False, "breastfeeding": False, "naltrexone_ever": False,
    "allergy_naltrexone": False, "attempt_12_months": False, "psychosis": False, "other_trial_30_days": False,
    "substance_use_disorder": False, "excluding_condition": False, "me_severity": "moderate",
}  # fmt: skip
"""What a screening asks of staff, answered so that a person may take part."""


def hold(session: Session, code: str) -> None:
    """Have the visits that are due take place today."""
    person = person_of(session, code)
    on = pulling.today(enrolling.zones_of(session, person), clock.now())
    for line in calendars.agenda(session, person).of(Status.DUE):
        held = Held(on, line.mode, STAFF)
        visiting.hold(session, person, line.due.visit, held, line.due.number)


def end_run_in(session: Session, code: str) -> None:
    """End a person's run-in today."""
    person = person_of(session, code)
    day = pulling.today(enrolling.zones_of(session, person), clock.now())
    running_in.end(session, person, day, because="two weeks are over")


def talk(session: Session, code: str) -> None:
    """Talk the trial over with a person, who may sign after it."""
    held = Talk("video", DOCTOR, "demo", clock.now())
    discussing.record(session, person_of(session, code), held, by=DOCTOR)


def person_of(session: Session, code: str) -> Participant:
    """Return a person of the demo."""
    return enrolling.find_participant(session, code)


def signature(name: str, meaning: str, granted: tuple[DataType, ...] = SHARED) -> Act:
    """Return what whoever signs in the demo brings along."""
    return Act(
        name=name,
        zone=ZONE,
        meaning=meaning,
        reauthentication="demo",
        identity_check="demo",
        discussed_with=DOCTOR,
        granted=granted,
    )
