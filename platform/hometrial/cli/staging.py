"""People of the demo's trial, one at each stage: their past is lived by the services, on a clock of its own."""

import random
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.cli import living
from hometrial.db import Database
from hometrial.models import Participant, ProtocolVersion
from hometrial.protocol import consent_text, loading
from hometrial.services import enrolling
from hometrial.services.agreeing import reading, signing, texts, understanding
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.asking import resting
from hometrial.services.dosing import ordering, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.syncing import invitations
from hometrial.services.trial import (
    arms,
    publishing,
    schemes,
    screening,
)

T = TypeVar("T")
PROTOCOL = "ldn-mecfs"
STAGES = (
    "invited to consent",
    "in the run-in",
    "waiting for the drug",
    "on the drug",
    "on a bad day",
    "has left",
)
ARMS = ("immediate", "delayed")
"""People are allocated until somebody is in each; a block of the list ends before long."""
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
        person = living.person_of(session, code)
        enrolling.link_account(session, person.id, provider="demo-trial", external_id=stage)


def _publish(session: Session, database: Database) -> ProtocolVersion:
    body = (
        loading.shipped_text(PROTOCOL)
        .replace("{registry: null, id: null}", "{registry: demo, id: DEMO-0001}")
        .replace("ethics_reference: null", 'ethics_reference: "demo, no committee has seen this"')
    )
    version = publishing.load(session, body, "demo.yaml", by=living.STAFF)
    publishing.approve(session, version, by=living.SECOND, because="the demo's trial")
    publishing.publish(session, version)
    for document in publishing.of(version).consent.documents:
        words, quiz = consent_text.shipped(document)
        whole = re.sub(r"\[\[(.+?)\]\]", r"\1 (demo)", words)
        texts.keep(session, version, document, body=whole, quiz=quiz, by=living.STAFF)
    schemes.open_scheme(session, database.settings.key("allocation"), version, by=living.STAFF)
    return version


def _people(stage: Stage, version: ProtocolVersion, now: datetime) -> dict[str, str]:
    """Play each person from screening to their stage; those on the drug are who were drawn to begin with it."""
    consented = now - timedelta(days=RUN_IN + ON_DRUG + 1)
    found: dict[str, str] = {}
    while len(found) < len(ARMS):
        code, began = _treated(stage, version, consented)
        found.setdefault("on the drug" if began else "waiting for the drug", code)
    stage.at(now - timedelta(days=5))
    found["in the run-in"] = _consented(stage, version)
    resting_one, leaver = _consented(stage, version), _consented(stage, version)
    stage.at(now - timedelta(days=3))
    _declined(stage, version)
    stage.do("a person leaves", lambda s: living.leave(s, leaver))
    found["has left"] = leaver
    stage.at(now - timedelta(hours=2))
    stage.do(
        "a bad day", lambda s: resting.tap(s, living.person_of(s, resting_one), by=resting_one)
    )
    found["on a bad day"] = resting_one
    invited = _screened(stage, version)
    stage.do("the trial is talked over", lambda s: living.talk(s, invited))
    found["invited to consent"] = invited
    return found


def _screened(stage: Stage, version: ProtocolVersion) -> str:
    def act(session: Session) -> str:
        opened = screening.open_screening(session, session.merge(version), by=living.STAFF)
        person = session.get_one(Participant, opened.participant_id)
        enrolling.set_zone(session, person, living.ZONE, source="demo")
        return person.code

    return stage.do("open a screening", act)


def _declined(stage: Stage, version: ProtocolVersion) -> None:
    code = _screened(stage, version)

    def act(session: Session) -> None:
        opened = screening.of_person(session, living.person_of(session, code))
        screening.decline(session, opened, by=living.STAFF, because="too much just now")

    stage.do("a person says no", act)


def _consented(stage: Stage, version: ProtocolVersion) -> str:
    code = _screened(stage, version)
    keys = Keys.of(stage.database.settings)

    def act(session: Session) -> None:
        person = living.person_of(session, code)
        (offer,) = texts.offered(session, person, "en")
        for section in reading.progress(session, person, offer).left:
            reading.read(session, person, offer, section)
        right = {each.id: each.right for each in offer.quiz.questions}
        understanding.answer(session, person, offer, right)
        signed = signing.sign(
            session, keys, person, offer, living.signature("Demo Participant", "I agree")
        )
        signing.countersign(
            session,
            keys,
            signed,
            living.signature("Demo Investigator", "I led the talk", ()),
            by=living.DOCTOR,
        )

    stage.do("a person signs", act)
    return code


def _treated(stage: Stage, version: ProtocolVersion, consented: datetime) -> tuple[str, bool]:
    """Play a person through run-in and allocation; say whether they took the drug until today."""
    stage.at(consented)
    code = _consented(stage, version)
    fill = lambda session: living.fill(session, stage.dice, code)  # noqa: E731 - done again on each day
    stage.do("forms of the screening", fill)
    stage.do("answers of the screening", lambda s: living.decide(s, code))
    hold = lambda session: living.hold(session, code)  # noqa: E731 - done again and again
    stage.do("the screening visit", hold)
    stage.at(consented + timedelta(days=RUN_IN))
    stage.do("the run-in is over", lambda s: living.end_run_in(s, code))
    stage.do("forms of the baseline", fill)
    stage.do("the baseline visit", hold)
    stage.at(consented + timedelta(days=RUN_IN + 1))
    stage.do(
        "an arm is drawn",
        lambda s: living.allocate(s, stage.database.settings.key("allocation"), code),
    )
    with stage.database.reading() as session:
        if arms.arm_of(session, living.person_of(session, code)) != "IMM":
            return code, False
    doctor = Word(living.DOCTOR, Role.INVESTIGATOR, "as planned")
    stage.do(
        "the drug begins",
        lambda s: ordering.start(s, living.person_of(s, code), doctor, formulation="liq"),
    )
    for day in range(ON_DRUG):
        stage.at(_evening(consented + timedelta(days=RUN_IN + 1 + day)))
        if day != ON_DRUG // 2:  # one evening is forgotten
            word = Word(code, Role.PARTICIPANT)
            stage.do("a dose", lambda s: telling.taken(s, living.person_of(s, code), word))  # noqa: B023 - done at once
        stage.do("forms of the day", fill)
        stage.do("visits of the day", hold)
    return code, True


def _evening(moment: datetime) -> datetime:
    return moment.replace(hour=20, minute=0, second=0, microsecond=0)


def invite(session: Session, code: str) -> str:
    """Return a new link's token for a person of the demo's trial."""
    return invitations.invite(session, living.person_of(session, code), "demo", timedelta(days=7))
