"""What the people of the demo's trial and their site do: sign, answer, come to visits, leave."""

import random
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.questionnaires import loading as instruments
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, NumberItem, ScaleItem
from hometrial.rules import Answer
from hometrial.services import enrolling
from hometrial.services.agreeing import discussing, leaving
from hometrial.services.agreeing.acts import Act
from hometrial.services.agreeing.discussing import Talk
from hometrial.services.asking import opening, saving, submitting, today
from hometrial.services.asking.opening import Manner
from hometrial.services.asking.saving import Entry
from hometrial.services.syncing import pulling
from hometrial.services.trial import (
    allocating,
    answering,
    calendars,
    following,
    screening,
    visiting,
)
from hometrial.services.trial.answering import Told
from hometrial.services.trial.calendars import Status
from hometrial.services.trial.visiting import Held
from hometrial_ingest.data_types import DataType

ZONE = "Europe/Berlin"
STAFF, SECOND, DOCTOR = "demo-coordinator", "demo-reviewer", "demo-investigator"
SHARED = (DataType.HEART_RATE, DataType.STEPS, DataType.SLEEP)
LONG = 20  # questions
CALM = frozenset({"phq9", "phq8", "gad7", "ldn_diary", "side_effects"})
"""Instruments whose first answers are those of somebody whom nothing troubles."""
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


def decide(session: Session, code: str) -> None:
    """Answer a screening so that the person may take part, and decide it."""
    opened = screening.of_person(session, person_of(session, code))
    answering.answer(session, opened, ELIGIBLE, Told(STAFF))
    screening.decide(session, opened, by=STAFF)


def end_run_in(session: Session, code: str) -> None:
    """End a person's run-in today."""
    person = person_of(session, code)
    day = pulling.today(enrolling.zones_of(session, person), clock.now())
    following.anchor(session, person, "run_in_end", day, because="two weeks are over")


def allocate(session: Session, key: bytes, code: str) -> None:
    """Draw a person's arm."""
    allocating.allocate(session, key, person_of(session, code), by=STAFF)


def talk(session: Session, code: str) -> None:
    """Talk the trial over with a person, who may sign after it."""
    held = Talk("video", DOCTOR, "demo", clock.now())
    discussing.record(session, person_of(session, code), held, by=DOCTOR)


def leave(session: Session, code: str) -> None:
    """Have a person leave whole."""
    person = person_of(session, code)
    leaving.choose(session, {}, person, "withdraw_completely", said=leaving.Said(by=code))


def fill(session: Session, dice: random.Random, code: str) -> None:
    """Answer every form that is open and short, on the person's own page; long ones stay unanswered."""
    person = person_of(session, code)
    for due in today.today(session, person, "en"):
        form, occasion = due.occasion.form.id, due.occasion.name
        manner = Manner(by=code, language="en", device={"screen": "390x844"})
        sitting = opening.open_form(session, person, form, occasion, manner)
        instrument = instruments.named(due.occasion.instrument)
        if len(instrument.items) > LONG:
            continue
        for place, item in enumerate(instrument.items):
            value = _answered(dice, instrument, item)
            entry = Entry(item.id, value, None if value is not None else "unstated", place, 4.0)
            saving.save(session, person, sitting.id, entry)
        submitting.submit(session, person, sitting.id)


def _answered(dice: random.Random, instrument: Instrument, item: Item) -> Any:
    """Return a mild answer, so that nothing in the demo is an alarm."""
    if isinstance(item, ChoiceItem):
        options = instrument.option_sets[item.options]
        return options[0 if instrument.id in CALM else len(options) // 2].value
    if isinstance(item, ScaleItem):
        return dice.randint(item.low, (item.low + item.high) // 2)
    return item.low if isinstance(item, NumberItem) else None


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
