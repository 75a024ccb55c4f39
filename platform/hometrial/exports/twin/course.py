"""How an invented dose goes: orders by the protocol's steps, and what was planned on each day."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations_with_replacement

from hometrial.exports.twin.life import Life
from hometrial.protocol.calendar import Span
from hometrial.protocol.declared import micrograms
from hometrial.protocol.formulations import Capsule, Formulation, Solution
from hometrial.protocol.titration import DoseStep, Titration

_WEEK = 7
_RUN_OUT = 9  # days without drug of somebody who ran out

ENDS = frozenset({"withdraw", "stop for good"})
"""Orders after which no day has a dose, planned or taken."""


@dataclass(frozen=True)
class Order:
    """An order, or the end of one: `step` None where no dose is planned from then on."""

    day: date
    kind: str
    step: DoseStep | None
    times: int
    why: str
    actor: str


@dataclass(frozen=True)
class Course:
    """The orders of a person, from the first dose to the last."""

    life: Life
    first: date
    last: date

    @cached_property
    def titration(self) -> Titration:
        """The dose plan."""
        return self.life.setting.protocol.titration_of(self.life.arm_or_first)

    @cached_property
    def out(self) -> Span | None:
        """The days on which nothing was left, if there were any."""
        if "run_out" not in self.life.traits or (self.last - self.first).days < 4 * _RUN_OUT:
            return None
        begins = self.first + timedelta((self.last - self.first).days // 2)
        return Span(begins, begins + timedelta(_RUN_OUT - 1))

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """Every order in turn, the last one ends the drug if it has ended."""
        return tuple(_Walk(self).orders())

    def formulation(self, step: DoseStep, times: int) -> Formulation:
        """Return what a dose is made of: the person's own kind if it can make it, else the first that can.

        Raises StopIteration for a dose that nothing makes; no checked protocol has one.
        """
        enabled = [each for each in self.life.setting.protocol.formulations if each.enabled]
        wanted = "solution" if "liquid" in self.life.traits else "capsule"
        enabled.sort(key=lambda each: each.form != wanted)
        return next(each for each in enabled if each.makes(step.mg / times))

    def times(self, step: DoseStep) -> int:
        """Return how many times a day a step is taken: twice where it must or may be, once else."""
        split = self.titration.split
        if split is None or step.mg < split.from_mg_day:
            return 1
        enabled = [each for each in self.life.setting.protocol.formulations if each.enabled]
        halves = any(each.makes(step.mg / 2) for each in enabled)
        whole = any(each.makes(step.mg) for each in enabled)
        wanted = "twice" in self.life.traits or len(self.titration.steps) > _WEEK
        return 2 if halves and (wanted or not whole) else 1


class _Walk:
    """Goes from step to step, day by day."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.steps = course.titration.steps
        self.chance = course.life.chance("orders")
        self.level = 0
        self.day = course.first
        self.made: list[Order] = []

    def orders(self) -> list[Order]:
        """Return the orders, and the end of the last."""
        self._order("start", "First dose, by the protocol", "staff")
        self._climb()
        life = self.course.life
        ended = [each for each in self.made if each.day <= self.course.last]
        if "last_dose" in life.anchors:
            early = life.fate == "withdrawn"
            kind = "withdraw" if early else "stop for good"
            why = "Side effect: leaves the study" if early else "End of the drug by the plan"
            after = self.course.last + timedelta(1)
            ended.append(Order(after, kind, None, 0, why, "staff"))
        return ended

    def _climb(self) -> None:
        traits = self.course.life.traits
        is_held = False
        out = self.course.out
        while self.day <= self.course.last:
            stay = self._stay()
            if out is not None and self.day <= out.first <= self.day + timedelta(stay):
                self._restart(out)
                out = None
                continue
            if "hold" in traits and not is_held and (self.level or len(self.steps) == 1):
                is_held = True
                self._hold()
                continue
            self.day += timedelta(stay)
            if self.level + 1 == len(self.steps):
                return
            self.level += 1
            self._order("step up", "Tolerated, and taken regularly", self._actor)

    @property
    def _actor(self) -> str:
        return "participant" if self.course.titration.step_up.actor == "participant" else "staff"

    def _stay(self) -> int:
        """Return for how many days the step is kept: its least, and until the next one's week has come."""
        step = self.steps[self.level]
        if self.level + 1 == len(self.steps):
            return (self.course.last - self.day).days + 1
        week = self.course.first + timedelta(weeks=self.steps[self.level + 1].from_week - 1)
        return max(step.min_days, (week - self.day).days) + self.chance.whole(0, 2)

    def _hold(self) -> None:
        """Nothing for some days after a related event; then the dose again, and a step down if there is one."""
        self.day += timedelta(self.chance.whole(3, 5))
        self._order("hold", "Related event of grade 2 (H1)", "rule", gives=False)
        self.day += timedelta(self.chance.whole(3, 6))
        self._order("resume", "The event is over", "staff")
        if "step_down" in self.course.life.traits and self.level:
            self.day += timedelta(self.chance.whole(4, 6))
            self.level -= 1
            self._order("step down", "Headache on 3 of 7 days (D1)", "rule")
        self.day += timedelta(1)

    def _restart(self, out: Span) -> None:
        rules = self.course.life.setting.protocol.interruption.restart
        gap = (out.last - out.first).days + 1
        rule = next(each for each in rules if each.gap_days_max is None or gap <= each.gap_days_max)
        down = {"same_dose": 0, "down_one_step": 1, "down_two_steps": 2}.get(
            rule.action, self.level
        )
        self.level = max(self.level - down, 0)
        self.day = out.last + timedelta(1)
        self._order("restart", f"After {gap} days without drug", "staff")

    def _order(self, kind: str, why: str, actor: str, *, gives: bool = True) -> None:
        step = self.steps[self.level]
        times = self.course.times(step) if gives else 0
        self.made.append(Order(self.day, kind, step if gives else None, times, why, actor))


def course_of(life: Life) -> Course | None:
    """Return the course of a person, None for who never took the drug."""
    first = life.anchors.get("first_dose")
    if first is None:
        return None
    return Course(life, first, min(life.anchors.get("last_dose", life.end), life.end))


def units(formulation: Formulation, mg: float) -> tuple[tuple[float, float], ...]:
    """Return how many units of which strength (mg) one dose is: capsules, or millilitres of a solution."""
    if isinstance(formulation, Solution):
        return ((mg / formulation.mg_per_ml, formulation.mg_per_ml),)
    if not isinstance(formulation, Capsule):
        return ()
    wanted = micrograms(mg)
    for count in range(1, formulation.most_at_once + 1):
        for made in combinations_with_replacement(formulation.strengths_mg, count):
            if sum(map(micrograms, made)) == wanted:
                return tuple((float(made.count(each)), each) for each in sorted(set(made)))
    return ()
