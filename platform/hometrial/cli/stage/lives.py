"""From the first word to the dose of last night: each person's past, act by act, by the services."""

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hometrial.cli import living
from hometrial.cli.stage import agreeing, records, saying
from hometrial.cli.stage.cast import Part
from hometrial.cli.stage.life import Life
from hometrial.cli.stage.playing import Stage
from hometrial.cli.stage.saying import Mood
from hometrial.models import Participant, ProtocolVersion
from hometrial.protocol.dosing.standing import Kind
from hometrial.rules import Answer
from hometrial.services import enrolling, identifying
from hometrial.services.agreeing import (
    reading,
    texts,
)
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.dosing import ordering, stepping
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.rehearsing import doses, forms
from hometrial.services.rehearsing.forms import Pen
from hometrial.services.trial import allocating, answering, calendars, screening, visiting
from hometrial.services.trial.answering import Told
from hometrial.services.trial.calendars import Status
from hometrial.services.trial.visiting import Held

RUN_IN, WAIT, ON_DRUG = 14, 56, 98
_STILL_TO_COME = 4
"""Visits that were due so few days ago are not held yet."""
_MODES = {"any": "phone"}
_STEPS = (0, 7, 14, 28, 42)
"""The day of the drug from which each step of the plan may be taken."""


def enter(stage: Stage, version: ProtocolVersion, part: Part) -> Life:
    """Open a person's screening, and keep how they are reached."""
    stage.at(stage.ago(part.asked, part.zone, 9))
    key = stage.database.settings.key("identity")

    def act(session: Session) -> str:
        site = enrolling.find_site(session, part.site)
        opened = screening.open_screening(
            session, session.merge(version, load=False), by=living.STAFF, site=site
        )
        person = session.get_one(Participant, opened.participant_id)
        enrolling.set_zone(session, person, part.zone, source="demo")
        identifying.keep(
            session,
            key,
            person.id,
            name=f"Demo Person {part.number}",
            email=f"person{part.number}@example.org",
            phone=f"+49 30 55501{part.number:02}",
        )
        return person.code

    code = stage.do("open a screening", act)
    dice = random.Random(f"{code}:{part.number}")  # noqa: S311 - plays, guards nothing
    first = stage.ago(part.asked, part.zone).date()
    bad = {"mild": 0.35, "moderate": 0.55, "severe": 0.75}[part.severity]
    return Life(part, code, Mood(dice, bad, None, saying.crashes(dice, first, part.asked + 1)))


def come_in(stage: Stage, life: Life) -> None:
    """Live what comes before an arm: as far as the person of the cast comes."""
    acts = {
        "failed": _fail,
        "declined": _decline,
        "invited": _invite,
        "reading": _read,
        "screening": _answer_some,
        "signed": _sign,
    }
    acts[life.part.end](stage, life)


def _answer_some(stage: Stage, life: Life) -> None:
    known = dict(list(_answers(life.part).items())[: 4 * (life.part.number % 4)])
    if known:
        stage.do("first answers of a screening", lambda s: _told(s, life, known))


def _answers(part: Part) -> dict[str, Answer]:
    return {**living.ELIGIBLE, "me_severity": part.severity, "age": 24 + part.number % 40}


def _told(session: Session, life: Life, answers: dict[str, Answer]) -> None:
    opened = screening.of_person(session, life.person(session))
    answering.answer(session, opened, answers, Told(living.STAFF))


def _fail(stage: Stage, life: Life) -> None:
    stage.at(stage.ago(max(life.part.asked - 1, 0), life.part.zone, 11))
    wrong: dict[str, Answer] = {"opioid_ever": True, "days_since_opioid": 3}

    def act(session: Session) -> None:
        _told(session, life, _answers(life.part) | wrong)
        screening.decide(
            session, screening.of_person(session, life.person(session)), by=living.STAFF
        )

    stage.do("a screening failure", act)


def _decline(stage: Stage, life: Life) -> None:
    stage.at(stage.ago(max(life.part.asked - 2, 0), life.part.zone, 11))

    def act(session: Session) -> None:
        opened = screening.of_person(session, life.person(session))
        screening.decline(session, opened, by=living.STAFF, because="too much just now")

    stage.do("a person says no", act)


def _invite(stage: Stage, life: Life) -> None:
    stage.at(stage.ago(max(life.part.asked - 1, 0), life.part.zone, 11))
    stage.do("the trial is talked over", lambda s: living.talk(s, life.code))


def _read(stage: Stage, life: Life) -> None:
    _invite(stage, life)

    def act(session: Session) -> None:
        person = life.person(session)
        (offer,) = texts.offered(session, person, life.part.language)
        for section in reading.progress(session, person, offer).left[:5]:
            reading.read(session, person, offer, section)

    stage.do("a person reads", act)


def _sign(stage: Stage, life: Life) -> None:
    """Tell the age, sign, answer what else the screening asks, be found eligible; two weeks later the run-in is over."""
    part = life.part
    assert part.signed is not None  # noqa: S101 - the cast says so of who signs
    keys = Keys.of(stage.database.settings)
    age = {"age": _answers(part)["age"]}
    stage.do("a person tells their age", lambda s: _told(s, life, age))
    stage.at(stage.ago(part.signed, part.zone, 10))
    stage.do("a person signs", lambda s: agreeing.consent(s, keys, life))
    stage.at(stage.ago(part.signed - 1, part.zone, 12) if part.signed else stage.today)
    if part.signed >= 2:
        stage.do("the screening ends", lambda s: _screened(s, life))
    if part.signed >= RUN_IN:
        stage.at(stage.ago(part.signed - RUN_IN, part.zone, 13))
        stage.do("the run-in is over", lambda s: living.end_run_in(s, life.code))
    if part.signed > RUN_IN:
        stage.at(stage.ago(part.signed - RUN_IN - 1, part.zone, 9))
        stage.do("the baseline", lambda s: _visit(s, life))


def _screened(session: Session, life: Life) -> None:
    _write(session, life)
    _told(session, life, _answers(life.part))
    records.at_screening(session, life)
    screening.decide(session, screening.of_person(session, life.person(session)), by=living.STAFF)
    living.hold(session, life.code)


def _visit(session: Session, life: Life) -> None:
    _write(session, life)
    records.at_baseline(session, life)
    living.hold(session, life.code)


def _write(session: Session, life: Life, share: float = 0.0) -> None:
    pen = Pen(session, life.person(session), life.part.language, life.mood.dice)
    takes = saying.fills(life.mood, share)
    life.written += forms.write(pen, saying.say_of(life.mood), takes)


def allocate(stage: Stage, life: Life) -> None:
    """Draw a person's arm on the day after the run-in."""
    stage.at(allocated_at(stage, life))
    key = stage.database.settings.key("allocation")

    def act(session: Session) -> str:
        return allocating.allocate(session, key, life.person(session), by=living.STAFF).arm

    life.arm = stage.do("an arm is drawn", act)


def allocated_at(stage: Stage, life: Life) -> datetime:
    """Return when a person is allocated, or would be."""
    return stage.ago((life.part.signed or 0) - RUN_IN - 1, life.part.zone, 14)


def take(stage: Stage, life: Life, until: int = 0) -> None:
    """Begin the drug if it is the person's turn, and take it step by step until so many days ago."""
    began = turn(life)
    if began is None:
        return
    life.began = began
    life.mood = Mood(
        life.mood.dice,
        life.mood.level,
        stage.ago(began, life.part.zone).date() if life.part.number % 3 else None,
        life.mood.crashes,
    )
    stage.do("the drug", lambda s: _course(stage, s, life, began, until))


def turn(life: Life) -> int | None:
    """Return how many days ago it was a person's turn to begin the drug, None if it is not yet."""
    waited = WAIT if life.arm == "DEL" else 0
    began = (life.part.signed or 0) - RUN_IN - 2 - waited
    return None if life.arm is None or began < 1 else began


def _course(stage: Stage, session: Session, life: Life, began: int, until: int) -> None:
    person, zone = life.person(session), life.part.zone
    doctor = Word(living.DOCTOR, Role.INVESTIGATOR, "as planned")
    last = max(until, began - ON_DRUG + 1)
    for step, day in enumerate(_STEPS):
        first = began - day
        if first < last:
            break
        stage.at(stage.ago(first, zone, 9))
        if step == 0:
            ordering.start(session, person, doctor, formulation="liq")
        else:
            _step_up(session, person, life)
        upto = max(first - (_STEPS[step + 1] - day) + 1, last) if step + 1 < len(_STEPS) else last
        upto = max(upto, 1)  # tonight is still to come
        if upto <= first:
            stage.at(stage.ago(upto, zone, 22))
            days = stage.ago(first, zone).date(), stage.ago(upto, zone).date()
            doses.evenings(session, person, *days, life.mood.dice)
    if began >= ON_DRUG and last == began - ON_DRUG + 1:
        stage.at(stage.ago(began - ON_DRUG, zone, 9))
        ordering.take_away(session, person, doctor, Kind.END)


def _step_up(session: Session, person: Participant, life: Life) -> None:
    """Take the next step unless something speaks against it."""
    if stepping.next_step(session, person):
        stepping.step_up(session, person, Word(life.code, Role.PARTICIPANT, "the next step is due"))


def catch_up(stage: Stage, life: Life) -> None:
    """Answer the forms up to now and hold the visits that were due, but for those of the last days."""
    stage.at(stage.today)

    def act(session: Session) -> None:
        person = life.person(session)
        _write(session, life, 0.5 + 0.05 * (life.part.number % 10))
        for line in calendars.agenda(session, person).of(Status.DUE, Status.OVERDUE):
            day = line.due.due + timedelta(days=life.mood.dice.randint(0, 2))
            day = min(day, line.due.window.last)
            if day + timedelta(days=_STILL_TO_COME) < stage.ago(0, life.part.zone).date():
                held = Held(day, _MODES.get(line.mode, line.mode), living.STAFF)
                visiting.hold(session, person, line.due.visit, held, line.due.number)

    stage.do("forms and visits up to now", act)
