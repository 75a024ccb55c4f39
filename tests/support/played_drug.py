"""What one person was to take and took, kept by the player beside the services, and what follows from it by the file."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

DAY = timedelta(days=1)
ENOUGH = Decimal("0.8")
Parts = tuple[tuple[str, Decimal], ...]
"""A day's dose: at which time how many milligrams."""


@dataclass
class Gap:
    """Days without the drug, told as an interruption; `last` None while it goes on."""

    first: date
    last: date | None
    reason: str


@dataclass
class Drug:
    """Orders by day (the later one of a day holds), doses told by day and time, interruptions, opioids."""

    titration: dict[str, Any]
    interruption: dict[str, Any]
    orders: list[tuple[date, str, Parts]] = field(default_factory=list)
    told: dict[date, dict[str, Decimal]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    effects: list[list[date | None]] = field(default_factory=list)
    """The last day of each related event of grade 2 or more; None while it goes on."""
    opioid_free: date | None = date.min
    """The first day on which an opioid told of is no reason to wait; None while one is taken."""
    red: int = 0
    """Red alerts that are open."""

    @property
    def steps(self) -> list[Decimal]:
        return [Decimal(str(each["mg"])) for each in self.titration["steps"]]

    def order(self, day: date, state: str, parts: Parts = ()) -> None:
        self.orders.append((day, state, parts))

    def stands(self, day: date) -> tuple[str, Parts]:
        """Return the state and the dose of a day."""
        found = [each for each in self.orders if each[0] <= day]
        return found[-1][1:] if found else ("not started", ())

    def parts(self, day: date) -> Parts:
        state, parts = self.stands(day)
        return parts if state == "on drug" else ()

    def mg(self, day: date) -> Decimal:
        return sum((mg for _, mg in self.parts(day)), Decimal(0))

    def gap(self, day: date) -> Gap | None:
        return next((g for g in self.gaps if g.first <= day and (g.last is None or day <= g.last)), None)  # fmt: skip

    def open_gap(self) -> Gap | None:
        return next((each for each in self.gaps if each.last is None), None)

    def tell(self, day: date, time_of_day: str, mg: Decimal) -> None:
        self.told.setdefault(day, {})[time_of_day] = mg

    def left(self, day: date) -> Parts:
        """Return the parts of a day of which nobody told."""
        return tuple(each for each in self.parts(day) if each[0] not in self.told.get(day, {}))

    def due(self, day: date) -> Parts:
        """Return what is still to be taken: nothing in an interruption."""
        return () if self.gap(day) else self.left(day)

    def amount(self, day: date) -> tuple[Decimal, Decimal]:
        """Return the least and the most that was taken."""
        least = sum(self.told.get(day, {}).values(), Decimal(0))
        left = () if self.gap(day) else self.left(day)
        return least, least + sum((mg for _, mg in left), Decimal(0))

    def status(self, day: date) -> str:
        planned, (least, most) = self.mg(day), self.amount(day)
        if not planned:
            return "not planned"
        if least >= ENOUGH * planned:
            return "taken"
        return "missed" if most < ENOUGH * planned else "unknown"

    def counted(self, first: date, last: date) -> dict[str, int]:
        """Return on how many days of these the dose was taken, missed, unknown or not planned."""
        found = dict.fromkeys(("taken", "missed", "unknown", "not planned"), 0)
        for number in range((last - first).days + 1):
            found[self.status(first + number * DAY)] += 1
        return found

    def total(self, first: date, last: date) -> tuple[Decimal, Decimal, Decimal]:
        """Return the milligrams planned, and the least and the most taken."""
        days = [first + number * DAY for number in range((last - first).days + 1)]
        amounts = [self.amount(day) for day in days]
        return (
            sum((self.mg(day) for day in days), Decimal(0)),
            sum((least for least, _ in amounts), Decimal(0)),
            sum((most for _, most in amounts), Decimal(0)),
        )

    @property
    def first_taken(self) -> date | None:
        return min((day for day, each in self.told.items() if sum(each.values())), default=None)

    @property
    def last_taken(self) -> date | None:
        return max((day for day, each in self.told.items() if sum(each.values())), default=None)

    def since(self, day: date) -> int:
        """Return for how many days before this one its dose has stood without a break."""
        mg, back = self.mg(day), 0
        while self.mg(day - (back + 1) * DAY) == mg:
            back += 1
        return back

    def may_step_up(self, day: date) -> bool:
        """Whether the plan's conditions for the next step hold."""
        state, _ = self.stands(day)
        mg = self.mg(day)
        if state != "on drug" or self.gap(day) or not any(each > mg for each in self.steps):
            return False
        below = [each for each in self.titration["steps"] if Decimal(str(each["mg"])) <= mg]
        rule = self.titration["step_up"]
        clear = [(day - (day if last is None else min(last, day))).days for (last,) in self.effects]
        counts = self.counted(day - 7 * DAY, day - DAY)
        planned = counts["taken"] + counts["missed"] + counts["unknown"]
        return (
            self.since(day) >= (below or self.titration["steps"][:1])[-1]["min_days"]
            and all(each >= rule["clear_days"] for each in clear)
            and planned > 0
            and counts["taken"] / planned >= rule["adherence_at_least"]
            and not self.red
        )

    def reshaped(self, mg: Decimal, parts: Parts) -> Parts:
        """Return another amount at the same times, in the same shares."""
        whole = sum((each for _, each in parts), Decimal(0))
        return tuple((at, each * mg / whole) for at, each in parts)

    def above(self, mg: Decimal) -> Decimal:
        return min(each for each in self.steps if each > mg)

    def below(self, mg: Decimal, steps: int = 1) -> Decimal | None:
        under = [each for each in self.steps if each < mg]
        return under[-steps] if len(under) >= steps else None

    def after_gap(self, mg: Decimal, gap_days: int) -> tuple[Decimal, bool]:
        """Return the dose that the file restarts with after so many days, and whether somebody calls first."""
        for each in self.interruption["restart"]:
            if each["gap_days_max"] is None or gap_days <= each["gap_days_max"]:
                break
        down = {"same_dose": 0, "down_one_step": 1, "down_two_steps": 2}.get(each["action"])
        if down is None:
            return self.steps[0], True
        return (mg if down == 0 else self.below(mg, down) or self.steps[0]), False
