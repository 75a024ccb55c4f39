"""Source tables of the drug: orders, doses told, pauses, each day's dose, supply."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hometrial.exports.source.reading import Row
from hometrial.exports.twin.course import ENDS, Course, Order, units
from hometrial.exports.twin.life import Life
from hometrial.protocol.formulations import Solution

_EVENING, _MORNING = 21 * 60, 8 * 60
_MISSED, _UNTOLD = 0.05, 0.03
_WHY = ("forgot", "forgot", "crash", "travel", "other")


@dataclass(frozen=True)
class DoseDay:
    """A day: the order that holds, and what became of its doses."""

    day: date
    order: Order
    status: str
    reason: str | None
    told: int

    @property
    def mg(self) -> float:
        """The planned milligrams."""
        return 0.0 if self.order.step is None else self.order.step.mg


@dataclass(frozen=True)
class Doses:
    """The drug of one person."""

    life: Life
    course: Course

    @cached_property
    def days(self) -> tuple[DoseDay, ...]:
        """Each day from the first order to the person's last day, or to the day before the order that ends the drug."""
        return tuple(self._days())

    @cached_property
    def by_day(self) -> dict[date, DoseDay]:
        """The days by date."""
        return {each.day: each for each in self.days}

    def _days(self) -> Iterator[DoseDay]:
        chance = self.life.chance("taken")
        orders = list(self.course.orders)
        held = orders.pop(0)
        for day in self.life.days(self.course.first, self.life.end):
            while orders and orders[0].day <= day:
                held = orders.pop(0)
            if held.kind in ENDS:
                return
            told, kind = chance.unit(), chance.pick(_WHY)
            yield self._day(day, held, told, kind)

    def _day(self, day: date, order: Order, told: float, why: str) -> DoseDay:
        out = self.course.out
        if order.step is None:
            return DoseDay(day, order, "not_planned", None, 0)
        if out is not None and day in out:
            return DoseDay(day, order, "missed", "ran_out", 0)
        if day == self.course.first or told >= _MISSED + _UNTOLD:
            return DoseDay(day, order, "taken", None, order.times)
        reasons = self.life.setting.protocol.interruption.reasons
        if told < _MISSED:
            return DoseDay(day, order, "missed", why if why in reasons else "other", order.times)
        return DoseDay(day, order, "unknown", None, 0)

    def formulation(self, order: Order) -> str | None:
        """Return what an order's dose comes in, None if it gives none."""
        return None if order.step is None else self.course.formulation(order.step, order.times).id


def dose_orders(doses: Doses) -> Iterator[Row]:
    """Yield every order."""
    life = doses.life
    for number, each in enumerate(doses.course.orders, start=1):
        step = each.step
        yield {
            "id": life.named("dose_order", number), "participant": life.code, "number": number, "kind": each.kind,
            "day": each.day, "mg": step and step.mg, "step": step and step.step,
            "times_a_day": each.times if step else None, "formulation": doses.formulation(each),
            "route": "oral" if step else None, "actor": each.actor,
            "ordered": life.local(each.day, 9 * 60 + number % 50), "why": each.why,
        }  # fmt: skip


def intakes(doses: Doses) -> Iterator[Row]:
    """Yield what was told of each dose: taken, or missed."""
    life, number = doses.life, len(doses.course.orders)
    chance = life.chance("intake")
    for each in doses.days:
        for part in range(each.told):
            number += 1
            minute = _MORNING if part else _EVENING
            at = life.local(each.day, minute + chance.whole(0, 90))
            yield _intake(doses, each, (number, part), at if each.status == "taken" else None)


def _intake(doses: Doses, day: DoseDay, place: tuple[int, int], at: str | None) -> Row:
    step = day.order.step
    assert step is not None  # noqa: S101 - who is told of a dose has one
    form = doses.course.formulation(step, day.order.times)
    mg = step.mg / day.order.times if at else 0.0
    number, part = place
    return {
        "id": doses.life.named("intake", day.day, part), "participant": doses.life.code, "number": number,
        "day": day.day, "at": at, "mg": mg, "ml": mg / form.mg_per_ml if isinstance(form, Solution) else None,
        "formulation": form.id, "time_of_day": "morning" if part else "evening", "taken": at is not None,
        "reason": day.reason, "source": "diary" if number % 5 else "app_tap",
    }  # fmt: skip


def interruptions(doses: Doses) -> Iterator[Row]:
    """Yield the pause of who ran out."""
    out = doses.course.out
    if out is not None:
        yield {
            "id": doses.life.named("interruption", 1), "participant": doses.life.code, "number": 1,
            "first": out.first, "last": out.last, "reason": "ran_out",
        }  # fmt: skip


def dose_days(doses: Doses) -> Iterator[Row]:
    """Yield each day's dose as planned, and between which bounds it was taken."""
    for each in doses.days:
        step = each.order.step
        taken = each.mg if each.status == "taken" else 0.0
        yield {
            "id": f"{doses.life.code}/{each.day}", "participant": doses.life.code, "day": each.day,
            "mg_planned": each.mg, "mg_least": taken, "mg_most": each.mg if each.status == "unknown" else taken,
            "step": step and step.step, "formulation": doses.formulation(each.order),
            "status": each.status, "reason": each.reason,
        }  # fmt: skip


def supplies(doses: Doses) -> Iterator[Row]:
    """Yield what was dispensed for each stretch of one dose, and what came back when the drug ended."""
    life, rule = doses.life, doses.life.setting.protocol.supply
    number = 0
    chance = life.chance("supply")
    given = [each for each in doses.days if each.order.step is not None]
    for first in range(0, len(given), rule.dispense_days):
        stretch = given[first : first + rule.dispense_days]
        for (form, strength), count in sorted(_needed(doses, stretch).items()):
            number += 1
            spare = max(round(count * rule.overage_percent / 100), 1)
            row = _supply(doses, number, (form, strength), f"L{chance.whole(100, 999)}")
            yield row | {"move": "dispensed", "day": stretch[0].day, "units": count + spare}
            if stretch[-1].day < life.end and "last_dose" in life.anchors:
                number += 1
                back = _supply(doses, number, (form, strength), row["lot"])
                yield back | {"move": "returned", "day": stretch[-1].day, "units": float(spare)}


def _needed(doses: Doses, days: list[DoseDay]) -> dict[tuple[str, float], float]:
    found: dict[tuple[str, float], float] = {}
    for each in days:
        step = each.order.step
        assert step is not None  # noqa: S101 - only such days are asked for
        form = doses.course.formulation(step, each.order.times)
        for count, strength in units(form, step.mg / each.order.times):
            key = (form.id, strength)
            found[key] = found.get(key, 0.0) + count * each.order.times
    return found


def _supply(doses: Doses, number: int, goods: tuple[str, float], lot: str) -> Row:
    return {
        "id": doses.life.named("supply", number), "participant": doses.life.code, "number": number,
        "lot": lot, "formulation": goods[0], "strength_mg": goods[1],
    }  # fmt: skip
