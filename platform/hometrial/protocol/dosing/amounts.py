"""Amounts: milligrams as decimals, a day's dose in its parts, and the forms that a drug comes in."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from hometrial.protocol.dosing.refusing import DoseRefusedError

Milligrams = Decimal
NOTHING = Decimal(0)
_TIMES = {1: "", 2: " twice a day", 3: " three times a day"}


class TimeOfDay(StrEnum):
    """When a part of the day's dose is taken; UNTOLD where nobody said."""

    MORNING = "morning"
    MIDDAY = "midday"
    EVENING = "evening"
    UNTOLD = "untold"


class Form(StrEnum):
    """What a drug comes in. Creams and ointments are recorded and never counted as oral milligrams."""

    CAPSULE = "capsule"
    LIQUID = "solution"
    CREAM = "cream"
    OINTMENT = "ointment"

    @property
    def is_oral(self) -> bool:
        """Whether it is swallowed."""
        return self in (Form.CAPSULE, Form.LIQUID)


def milligrams(value: str | int | Decimal) -> Milligrams:
    """Return an amount in mg, exactly. Raises DoseRefusedError of one that is negative or no number."""
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise DoseRefusedError(f"dose {value!r}: give milligrams, such as 4.5") from error
    if not amount.is_finite() or amount < 0:
        raise DoseRefusedError(f"dose {value!r}: give milligrams from 0, such as 4.5")
    return amount


def written(amount: Decimal) -> str:
    """Return an amount without idle zeros: 4.5, 10, 0.25."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class Part:
    """An amount (mg, above 0) taken at one time of the day."""

    mg: Milligrams
    time_of_day: TimeOfDay = TimeOfDay.UNTOLD

    def __post_init__(self) -> None:
        if not self.mg.is_finite() or self.mg <= 0:
            raise DoseRefusedError(f"part of {self.mg} mg: give more than 0, or leave it out")

    def __str__(self) -> str:
        told = "" if self.time_of_day is TimeOfDay.UNTOLD else f" {self.time_of_day}"
        return f"{written(self.mg)} mg{told}"


@dataclass(frozen=True)
class DayDose:
    """The oral dose of a day in its parts. `formulation`: the id of what it is made of, None if untold."""

    parts: tuple[Part, ...]
    formulation: str | None = None

    def __post_init__(self) -> None:
        told = [each.time_of_day for each in self.parts if each.time_of_day is not TimeOfDay.UNTOLD]
        if not self.parts:
            raise DoseRefusedError("a day's dose without parts: hold or stop the drug instead")
        if len(set(told)) < len(told):
            raise DoseRefusedError(f"parts {', '.join(told)}: each time of day once")

    @property
    def mg(self) -> Milligrams:
        """The day's amount."""
        return sum((each.mg for each in self.parts), NOTHING)

    def __str__(self) -> str:
        untold = all(each.time_of_day is TimeOfDay.UNTOLD for each in self.parts)
        if untold and len({each.mg for each in self.parts}) == 1 and len(self.parts) in _TIMES:
            return f"{self.parts[0]}{_TIMES[len(self.parts)]}"
        return " + ".join(map(str, self.parts))


def once(
    mg: str | Decimal, time_of_day: TimeOfDay = TimeOfDay.UNTOLD, formulation: str | None = None
) -> DayDose:
    """Return a dose taken once a day."""
    return DayDose((Part(milligrams(mg), time_of_day),), formulation)


def twice(mg: str | Decimal, formulation: str | None = None) -> DayDose:
    """Return a dose of which this amount is taken twice a day, at times that nobody told."""
    return DayDose((Part(milligrams(mg)), Part(milligrams(mg))), formulation)


@dataclass(frozen=True)
class Formulation:
    """A form of the drug.

    Capsules have strengths (mg) and may have the most that are swallowed at once; a liquid has mg per ml and the
    step (ml) in which it is measured.
    """

    id: str
    form: Form
    strengths: tuple[Milligrams, ...] = ()
    most_at_once: int | None = None
    mg_per_ml: Decimal | None = None
    measure_step_ml: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.form is Form.CAPSULE) != bool(self.strengths):
            raise DoseRefusedError(f"{self.id}: strengths belong to capsules, and only to them")
        measured = (self.mg_per_ml, self.measure_step_ml)
        if (self.form is Form.LIQUID) != all(measured) or (None in measured) != (not any(measured)):
            raise DoseRefusedError(
                f"{self.id}: mg_per_ml and measure_step_ml belong to a solution, and only to it"
            )
        if any(each is not None and each <= 0 for each in (*self.strengths, *measured)):
            raise DoseRefusedError(f"{self.id}: strengths and measures are above 0")
