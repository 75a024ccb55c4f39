"""A person of a trial in the database who takes the drug, for tests: acts by short words, on the person's own clock."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import enrolled

from hometrial.models import Participant
from hometrial.protocol import loading
from hometrial.services import enrolling
from hometrial.services.dosing import ordering, storing, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.trial import answering, screening
from hometrial.services.trial.answering import Told

START = date(2026, 3, 2)
ZONE = "Europe/Berlin"
ANSWERS = {
    "age": 62,
    "mecfs_diagnosed": True,
    "prescribed": True,
    "opioid_ever": False,
    "pregnant": False,
    "allergy_naltrexone": False,
}
DOCTOR = Word("dr", Role.INVESTIGATOR, "as planned")
NURSE = Word("nurse", Role.SITE, "as told")
SELF = Word("P-0001", Role.PARTICIPANT)


def why(reason, word=NURSE, corrects=None):
    return Word(word.by, word.role, reason, corrects)


def eligible(session, *edits, **answers):
    """Return a new person of the case series, consented and eligible; edits change the protocol's text."""
    body = loading.shipped_text("ldn-case-series")
    for old, new in edits:
        assert body.count(old) == 1
        body = body.replace(old, new)
    opened = screening.open_screening(session, enrolled.published(session, body), by="ann")
    person = session.get_one(Participant, opened.participant_id)
    enrolling.set_zone(session, person, ZONE, source="test")
    enrolled.consent(session, person)
    answering.answer(session, opened, ANSWERS | answers, Told("ann"))
    screening.decide(session, opened, by="ann")
    return person


@dataclass
class Dosed:
    """A person of a study, and the clock; days count from START, times are those on the person's wall."""

    study: object
    set_clock: object
    person: object
    zone: str = ZONE

    def at(self, number, hour=12, minute=0):
        """Let it be a time of day `number`."""
        moment = datetime.combine(day(number), time(hour, minute), ZoneInfo(self.zone))
        self.set_clock(moment)
        return self

    def do(self, act, *arguments, **more):
        """Run an act in a transaction of its own."""
        with self.study.database.transaction("test", "a dose") as session:
            return act(session, self.person, *arguments, **more)

    @property
    def course(self):
        with self.study.database.reading() as session:
            return storing.course_of(session, self.person)

    def start(self, formulation="liq", **more):
        return self.do(ordering.start, DOCTOR, formulation=formulation, **more)

    def order(self, dose, word=DOCTOR, **more):
        return self.do(ordering.order, word, dose, **more)

    def took(self, mg=None, word=SELF, **told):
        amount = None if mg is None else Decimal(mg)
        return self.do(telling.taken, word, telling.Told(mg=amount, **told))

    def took_each(self, numbers, hour=21):
        for number in numbers:
            self.at(number, hour).took()


def day(number):
    """Return the day `number` days after START."""
    return START + timedelta(days=number)
