"""The events of a person's dose, append-only: orders, doses taken, interruptions, corrections."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from hometrial.protocol.dosing.amounts import DayDose, Milligrams, TimeOfDay
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.protocol.dosing.standing import Kind


class Source(StrEnum):
    """Who or what told of a dose that was taken."""

    DIARY = "diary"
    APP_TAP = "app_tap"
    SITE = "site"
    RECALL = "recall"


class Reason(StrEnum):
    """Why doses were not taken; RAN_OUT: nothing was left."""

    RAN_OUT = "ran_out"
    PHARMACY_DELAY = "pharmacy_delay"
    COURIER = "courier"
    TRAVEL = "travel"
    SIDE_EFFECT = "side_effect"
    SURGERY_OR_OPIOID = "surgery_or_opioid"
    FORGOT = "forgot"
    CRASH = "crash"
    PREGNANCY = "pregnancy"
    CHOICE = "choice"
    OTHER = "other"


@dataclass(frozen=True)
class Entry:
    """Who made an event, when (aware, in the person's zone), and why; `corrects`: the id of the event it replaces."""

    id: str
    by: str
    at: datetime
    why: str = ""
    corrects: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise RecordRefusedError(
                f"{self.id}: its time {self.at} has no zone, give the person's"
            )
        if not self.by:
            raise RecordRefusedError(f"{self.id}: say who made it")
        if self.corrects is not None and not self.why:
            raise RecordRefusedError(f"{self.id}: say why {self.corrects} was wrong")


@dataclass(frozen=True)
class Order:
    """What is to be taken from a day on, in the person's own dates; `rule`: the id of the rule that led to it."""

    entry: Entry
    kind: Kind
    effective_on: date
    dose: DayDose | None = None
    step: int | None = None
    rule: str | None = None

    def __post_init__(self) -> None:
        if not self.entry.why:
            raise RecordRefusedError(f"{self.kind} {self.entry.id}: say why")


@dataclass(frozen=True)
class Intake:
    """A dose that was taken for a day, or not taken if `mg` is 0; None of a cream or ointment, which has none.

    `on`: the day it counts for, so that a dose after midnight belongs to the evening before. `additional`: taken
    besides another that is recorded for the same time of day. `missed`: why nothing was taken.
    """

    entry: Entry
    on: date
    mg: Milligrams | None
    formulation: str
    source: Source
    time_of_day: TimeOfDay = TimeOfDay.UNTOLD
    taken_at: datetime | None = None
    lot: str | None = None
    additional: bool = False
    missed: Reason | None = None

    def __post_init__(self) -> None:
        told = f"dose {self.entry.id} of {self.on}"
        if self.mg is not None and not (self.mg.is_finite() and self.mg >= 0):
            raise RecordRefusedError(f"{told}: {self.mg} mg, give 0 or more")
        if self.missed is not None and self.mg != 0:
            raise RecordRefusedError(
                f"{told}: it was taken, or it was missed for a reason, not both"
            )
        if self.taken_at is not None and (self.mg == 0 or self.taken_at.tzinfo is None):
            raise RecordRefusedError(
                f"{told}: a time belongs to a dose that was taken, with its zone"
            )
        if self.taken_at is not None and not 0 <= (self.taken_at.date() - self.on).days <= 1:
            raise RecordRefusedError(
                f"{told}: taken at {self.taken_at}, give that day or the night after"
            )

    @property
    def oral(self) -> Decimal:
        """The oral amount (mg), 0 of a cream."""
        return Decimal(0) if self.mg is None else self.mg

    @property
    def was_taken(self) -> bool:
        """Whether the drug was taken, in whatever form."""
        return self.mg is None or self.mg > 0


@dataclass(frozen=True)
class Interruption:
    """From a day on nothing was taken, though it was planned, for a reason.

    `last_on`: its last day, if it is over when it is told; else it is open until a Resumption names it.
    """

    entry: Entry
    from_on: date
    reason: Reason
    last_on: date | None = None

    def __post_init__(self) -> None:
        if self.last_on is not None and self.last_on < self.from_on:
            raise RecordRefusedError(
                f"interruption from {self.from_on}: it cannot have ended on {self.last_on}, before it began"
            )


@dataclass(frozen=True)
class Resumption:
    """An interruption is over: from a day on the drug is taken again."""

    entry: Entry
    interruption: str
    from_on: date


@dataclass(frozen=True)
class Void:
    """The event that it corrects never was."""

    entry: Entry

    def __post_init__(self) -> None:
        if self.entry.corrects is None:
            raise RecordRefusedError(f"void {self.entry.id}: name the event that never was")


Event = Order | Intake | Interruption | Resumption | Void
