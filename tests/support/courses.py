"""A person on a titration plan for tests: short words for orders, doses taken and interruptions."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

from hometrial.protocol.dosing.amounts import (
    DayDose,
    Form,
    Formulation,
    Part,
    TimeOfDay,
    once,
)
from hometrial.protocol.dosing.course import Course, record
from hometrial.protocol.dosing.events import (
    Entry,
    Intake,
    Interruption,
    Order,
    Reason,
    Resumption,
    Source,
    Void,
)
from hometrial.protocol.dosing.plan import Plan, Step
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.dosing.terms import Split, Terms

START = date(2026, 3, 2)
CAPSULE = Formulation(
    "cap", Form.CAPSULE, tuple(map(Decimal, ("0.25", "0.5", "1.0", "1.5", "3.0", "4.5")))
)
LIQUID = Formulation("liq", Form.LIQUID, mg_per_ml=Decimal(1), measure_step_ml=Decimal("0.25"))
CREAM = Formulation("cream", Form.CREAM)
PLAN = Plan(
    (
        Step(1, Decimal("0.5"), 7, 1),
        Step(2, Decimal("1.0"), 7, 2),
        Step(3, Decimal("1.5"), 14, 3),
        Step(4, Decimal("3.0"), 14, 5),
        Step(5, Decimal("4.5"), 28, 7),
    )
)
TERMS = Terms(
    consented_at=datetime(2026, 2, 20, 15, 0, tzinfo=UTC),
    plan=PLAN,
    formulations=(CAPSULE, LIQUID, CREAM),
    resolution=Decimal("0.25"),
    max_mg_day=Decimal("4.5"),
    absolute_max_mg_day=Decimal(12),
    split=Split(Decimal(3), 8),
)


def day(number):
    """Return the day `number` days after the first dose."""
    return START + timedelta(days=number)


def noon(number):
    """Return noon of a day, aware."""
    return datetime.combine(day(number), datetime.min.time(), UTC) + timedelta(hours=12)


def night(number):
    """Return 23:00 of a day, aware."""
    return noon(number) + timedelta(hours=11)


def evening(mg, formulation="cap"):
    return once(mg, TimeOfDay.EVENING, formulation)


def split(morning, later, formulation="cap"):
    parts = (
        Part(Decimal(morning), TimeOfDay.MORNING),
        Part(Decimal(later), TimeOfDay.EVENING),
    )
    return DayDose(parts, formulation)


@dataclass
class Person:
    """A course that grows by short words; days are counted from START."""

    terms: Terms = TERMS
    course: Course = field(default_factory=Course)
    _ids: count = field(default_factory=lambda: count(1))

    def entry(self, at, corrects=None, why="as told"):
        return Entry(f"e{next(self._ids)}", "nurse", at, why, corrects)

    def add(self, event):
        self.course = record(self.course, event, self.terms)
        return event.entry.id

    def order(self, kind, number, mg=None, *, dose=None, at=None, corrects=None, **more):
        """Order from day `number` on; ordered at noon of that day unless `at` says of which."""
        chosen = evening(mg) if mg else dose
        entry = self.entry(noon(number if at is None else at), corrects)
        return self.add(Order(entry, kind, day(number), chosen, **more))

    def start(self, number=0, mg="0.5", **more):
        return self.order(Kind.START, number, mg, **more)

    def took(self, number, mg="0.5", time=TimeOfDay.EVENING, *, corrects=None, **more):
        entry = self.entry(night(number), corrects)
        amount = None if mg is None else Decimal(mg)
        given = {"formulation": "cap", "source": Source.DIARY} | more
        return self.add(Intake(entry, day(number), amount, time_of_day=time, **given))

    def took_each(self, numbers, mg="0.5"):
        for number in numbers:
            self.took(number, mg)

    def ran_out(self, number, last=None, at=None):
        """Tell of an interruption from day `number` on, over after day `last` if that is given."""
        entry = self.entry(noon(number if at is None else at))
        last_on = None if last is None else day(last)
        return self.add(Interruption(entry, day(number), Reason.RAN_OUT, last_on))

    def resumed(self, interruption, number):
        return self.add(Resumption(self.entry(noon(number)), interruption, day(number)))

    def void(self, target, number):
        return self.add(Void(self.entry(noon(number), target)))

    def on_terms(self, **changes):
        self.terms = replace(self.terms, **changes)
        return self
