"""Interruptions of the drug and the way back, and its supply."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from hometrial.protocol.declared import (
    Days,
    Declaration,
    Distinct,
    Several,
)

InterruptionReason = Literal[
    "ran_out",
    "pharmacy_delay",
    "courier",
    "travel",
    "side_effect",
    "surgery_or_opioid",
    "forgot",
    "crash",
    "pregnancy",
    "choice",
    "other",
]
RestartAction = Literal[
    "same_dose", "down_one_step", "down_two_steps", "restart_at_first_step_after_call"
]


class Restart(Declaration):
    """How to go on after a gap of at most so many days; None: however long."""

    gap_days_max: Days | None
    action: RestartAction


class OpioidGap(Declaration):
    """Days free of opioids before the drug is started again."""

    short_acting: Days
    buprenorphine_methadone: Days


class Interruption(Declaration):
    """From `from_days` planned days without a dose on it is an interruption, with one of the reasons."""

    from_days: Days
    reasons: Distinct[InterruptionReason] = Field(min_length=1)
    restart: Several[Restart] = Field(min_length=1)
    opioid_gap_days: OpioidGap
    surgery_hold_hours: PositiveInt


class Supply(Declaration):
    """How much is dispensed at once, and at how many days left somebody orders and somebody worries."""

    dispense_days: Days
    reorder_when_days_left: Days
    alert_when_days_left: Days
    overage_percent: Annotated[int, Field(ge=0, le=100)]


class History(Declaration):
    """What people may tell of the time before the trial, and how coarse a date may stay."""

    doses: bool
    other_treatments: bool
    coarsest_date: Literal["day", "month", "year"]
