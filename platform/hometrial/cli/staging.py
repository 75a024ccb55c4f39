"""People of the demo's trial, one at each stage: their past is lived by the services, on a clock of its own."""

import random
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Participant, ProtocolVersion
from hometrial.protocol import consent_text, loading
from hometrial.questionnaires import loading as instruments
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, NumberItem, ScaleItem
from hometrial.rules import Answer
from hometrial.services import enrolling
from hometrial.services.agreeing import leaving, reading, signing, texts, understanding
from hometrial.services.agreeing.acts import Act
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.asking import opening, resting, saving, submitting, today
from hometrial.services.asking.opening import Manner
from hometrial.services.asking.saving import Entry
from hometrial.services.dosing import ordering, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.syncing import invitations, pulling
from hometrial.services.trial import (
    allocating,
    answering,
    arms,
    following,
    publishing,
    schemes,
    screening,
)
from hometrial.services.trial.answering import Told
from hometrial_ingest.data_types import DataType

T = TypeVar("T")
PROTOCOL, ZONE = "ldn-mecfs", "Europe/Berlin"
STAFF, SECOND, DOCTOR = "demo-coordinator", "demo-reviewer", "demo-investigator"
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
STAGES = (
    "invited to consent",
    "in the run-in",
    "waiting for the drug",
    "on the drug",
    "on a bad day",
    "has left",
)
SHARED = (DataType.HEART_RATE, DataType.STEPS, DataType.SLEEP)
CALM = frozenset({"phq9", "phq8", "gad7", "ldn_diary", "side_effects"})
"""Instruments whose first answers are those of somebody whom nothing troubles."""
LONG = 20  # questions
RUN_IN, ON_DRUG = 14, 12
"""Days between consent and allocation, and days of drug before today."""


@dataclass
class Stage:
    """The demo's trial while it is played: its study and clock, and dice for what people answer."""

    database: Database
    board: Path
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - plays, guards nothing

    def at(self, moment: datetime) -> None:
        """Let it be a moment of the past."""
        self.board.write_bytes(clock.microseconds(moment).to_bytes(8, "little", signed=True))
        clock.follow(self.board)

    def do(self, why: str, act: Callable[[Session], T]) -> T:
        """Do something in a transaction of its own, as the demo."""
        with self.database.transaction("demo", why) as session:
            return act(session)


def set_up(database: Database) -> dict[str, str]:
    """Put the demo's trial into force with a person at every stage; return each stage's code.

    A study that has the trial already is left as it is.
    """
    with database.reading() as session:
        if publishing.in_force(session, PROTOCOL) is not None:
            known = enrolling.accounts(session, "demo-trial", STAGES)
            return {stage: known[stage].code for stage in STAGES if stage in known}
    now = clock.now()
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / "clock"
        board.write_bytes(bytes(8))
        stage = Stage(database, board)
        try:
            stage.at(now - timedelta(days=RUN_IN + ON_DRUG + 6))
            version = stage.do("put the demo's trial into force", lambda s: _publish(s, database))
            found = _people(stage, version, now)
        finally:
            clock.unfollow()
    stage.do("name the people of the demo's trial", lambda s: _name(s, found))
    return found


def _name(session: Session, found: Mapping[str, str]) -> None:
    for stage, code in found.items():
        person = _person(session, code)
        enrolling.link_account(session, person.id, provider="demo-trial", external_id=stage)


def _publish(session: Session, database: Database) -> ProtocolVersion:
    body = (
        loading.shipped_text(PROTOCOL)
        .replace("{registry: null, id: null}", "{registry: demo, id: DEMO-0001}")
        .replace("ethics_reference: null", 'ethics_reference: "demo, no committee has seen this"')
    )
    version = publishing.load(session, body, "demo.yaml", by=STAFF)
    publishing.approve(session, version, by=SECOND, because="the demo's trial")
    publishing.publish(session, version)
    for document in publishing.of(version).consent.documents:
        words, quiz = consent_text.shipped(document)
        whole = re.sub(r"\[\[(.+?)\]\]", r"\1 (demo)", words)
        texts.keep(session, version, document, body=whole, quiz=quiz, by=STAFF)
    schemes.open_scheme(session, database.settings.key("allocation"), version, by=STAFF)
    return version


def _people(stage: Stage, version: ProtocolVersion, now: datetime) -> dict[str, str]:
    """Play each person from screening to their stage; those on the drug are who were drawn to begin with it."""
    consented = now - timedelta(days=RUN_IN + ON_DRUG + 1)
    found: dict[str, str] = {}
    for _ in range(2):
        code, began = _treated(stage, version, consented)
        found.setdefault("on the drug" if began else "waiting for the drug", code)
    stage.at(now - timedelta(days=5))
    found["in the run-in"] = _consented(stage, version)
    resting_one, leaver = _consented(stage, version), _consented(stage, version)
    stage.at(now - timedelta(days=3))
    _declined(stage, version)
    stage.do("a person leaves", lambda s: _leave(s, leaver))
    found["has left"] = leaver
    stage.at(now - timedelta(hours=2))
    stage.do("a bad day", lambda s: resting.tap(s, _person(s, resting_one), by=resting_one))
    found["on a bad day"] = resting_one
    found["invited to consent"] = _screened(stage, version)
    return found


def _screened(stage: Stage, version: ProtocolVersion) -> str:
    def act(session: Session) -> str:
        opened = screening.open_screening(session, session.merge(version), by=STAFF)
        person = session.get_one(Participant, opened.participant_id)
        enrolling.set_zone(session, person, ZONE, source="demo")
        return person.code

    return stage.do("open a screening", act)


def _declined(stage: Stage, version: ProtocolVersion) -> None:
    code = _screened(stage, version)

    def act(session: Session) -> None:
        opened = screening.of_person(session, _person(session, code))
        screening.decline(session, opened, by=STAFF, because="too much just now")

    stage.do("a person says no", act)


def _consented(stage: Stage, version: ProtocolVersion) -> str:
    code = _screened(stage, version)
    keys = Keys.of(stage.database.settings)

    def act(session: Session) -> None:
        person = _person(session, code)
        (offer,) = texts.offered(session, person, "en")
        for section in reading.progress(session, person, offer).left:
            reading.read(session, person, offer, section)
        right = {each.id: each.right for each in offer.quiz.questions}
        understanding.answer(session, person, offer, right)
        signed = signing.sign(session, keys, person, offer, _act("Demo Participant", "I agree"))
        signing.countersign(
            session, keys, signed, _act("Demo Investigator", "I led the talk", ()), by=DOCTOR
        )

    stage.do("a person signs", act)
    return code


def _act(name: str, meaning: str, granted: tuple[DataType, ...] = SHARED) -> Act:
    return Act(
        name=name,
        zone=ZONE,
        meaning=meaning,
        reauthentication="demo",
        identity_check="demo",
        discussed_with=DOCTOR,
        granted=granted,
    )


def _treated(stage: Stage, version: ProtocolVersion, consented: datetime) -> tuple[str, bool]:
    """Play a person through run-in and allocation; say whether they took the drug until today."""
    stage.at(consented)
    code = _consented(stage, version)
    fill = lambda session: _fill(stage, session, code)  # noqa: E731 - done again on each day
    stage.do("forms of the screening", fill)
    stage.do("answers of the screening", lambda s: _decide(s, code))
    stage.at(consented + timedelta(days=RUN_IN))
    stage.do("the run-in is over", lambda s: _anchor(s, code))
    stage.do("forms of the baseline", fill)
    stage.at(consented + timedelta(days=RUN_IN + 1))
    stage.do("an arm is drawn", lambda s: _allocate(stage, s, code))
    with stage.database.reading() as session:
        if arms.arm_of(session, _person(session, code)) != "IMM":
            return code, False
    doctor = Word(DOCTOR, Role.INVESTIGATOR, "as planned")
    stage.do(
        "the drug begins",
        lambda s: ordering.start(s, _person(s, code), doctor, formulation="liq"),
    )
    for day in range(ON_DRUG):
        stage.at(_evening(consented + timedelta(days=RUN_IN + 1 + day)))
        if day != ON_DRUG // 2:  # one evening is forgotten
            word = Word(code, Role.PARTICIPANT)
            stage.do("a dose", lambda s: telling.taken(s, _person(s, code), word))  # noqa: B023 - done at once
        stage.do("forms of the day", fill)
    return code, True


def _evening(moment: datetime) -> datetime:
    return moment.replace(hour=20, minute=0, second=0, microsecond=0)


def _decide(session: Session, code: str) -> None:
    opened = screening.of_person(session, _person(session, code))
    answering.answer(session, opened, ELIGIBLE, Told(STAFF))
    screening.decide(session, opened, by=STAFF)


def _anchor(session: Session, code: str) -> None:
    person = _person(session, code)
    day = pulling.today(enrolling.zones_of(session, person), clock.now())
    following.anchor(session, person, "run_in_end", day, because="two weeks are over")


def _allocate(stage: Stage, session: Session, code: str) -> None:
    key = stage.database.settings.key("allocation")
    allocating.allocate(session, key, _person(session, code), by=STAFF)


def _leave(session: Session, code: str) -> None:
    person = _person(session, code)
    leaving.choose(session, {}, person, "withdraw_completely", said=leaving.Said(by=code))


def _fill(stage: Stage, session: Session, code: str) -> None:
    """Answer every form that is open and short, on the person's own page; long ones stay unanswered."""
    person = _person(session, code)
    for due in today.today(session, person, "en"):
        form, occasion = due.occasion.form.id, due.occasion.name
        manner = Manner(by=code, language="en", device={"screen": "390x844"})
        sitting = opening.open_form(session, person, form, occasion, manner)
        instrument = instruments.named(due.occasion.instrument)
        if len(instrument.items) > LONG:
            continue
        for place, item in enumerate(instrument.items):
            value = _answered(stage.dice, instrument, item)
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


def _person(session: Session, code: str) -> Participant:
    return enrolling.find_participant(session, code)


def invite(session: Session, code: str) -> str:
    """Return a new link's token for a person of the demo's trial."""
    return invitations.invite(session, _person(session, code), "demo", timedelta(days=7))
