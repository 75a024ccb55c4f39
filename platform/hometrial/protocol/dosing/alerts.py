"""Alerts that doses raise: too much recorded (DD1), and an opioid beside the drug (OP1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from hometrial.protocol.dosing.amounts import Milligrams, written
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.days import DoseDay
from hometrial.protocol.dosing.events import Intake
from hometrial.protocol.dosing.exposure import hours_between

_TOO_MUCH = Decimal("1.5")
_DOUBLE_DOSE_CLOCK = timedelta(hours=24)
_OPIOID_CLOCK = timedelta(hours=4)
_AFTER_DOSE = 24  # hours in which a sign of withdrawal speaks for the dose
_SIGNS = 2


@dataclass(frozen=True)
class Alert:
    """A red alert: the rule, until when somebody must have answered (UTC), what it was raised from."""

    rule: str
    due_at: datetime
    values: tuple[tuple[str, str], ...]
    is_urgent: bool = False


def double_dose(day: DoseDay, max_mg_day: Milligrams, noticed_at: datetime) -> Alert | None:
    """Return DD1 if more was recorded for a day than 1.5 x ordered, or than the most a day; due in 24 hours.

    Where nothing was ordered, anything is too much.
    """
    if day.least <= min(_TOO_MUCH * day.planned, max_mg_day):
        return None
    values = {"on": day.on.isoformat(), "recorded": written(day.least)}
    values |= {"ordered": written(day.planned), "most": written(max_mg_day)}
    return Alert("DD1", noticed_at.astimezone(UTC) + _DOUBLE_DOSE_CLOCK, tuple(values.items()))


def too_close(course: Course, least_hours: int) -> tuple[tuple[Intake, Intake], ...]:
    """Return the oral doses taken sooner after the one before than so many hours, in time, as far as times are told."""
    timed = [(each.taken_at, each) for each in course.intakes if each.taken_at and each.oral]
    timed.sort(key=lambda pair: pair[0].timestamp())
    return tuple(
        (before, after)
        for (earlier, before), (later, after) in pairwise(timed)
        if hours_between(earlier, later) < least_hours
    )


class Sign(StrEnum):
    """A sign of opioid withdrawal."""

    YAWNING = "yawning"
    SWEATING = "sweating"
    DIARRHOEA = "diarrhoea"
    GOOSEFLESH = "gooseflesh"
    RESTLESSNESS = "restlessness"


def opioid_reported(
    course: Course, reported_at: datetime, signs: Iterable[tuple[Sign, datetime]]
) -> Alert:
    """Return OP1, due in 4 hours: advise to stop the drug, ask for signs of withdrawal.

    Urgent with two different signs that began (aware, in the person's zone) within 24 hours after a dose.
    """
    soon = sorted({sign for sign, began_at in signs if _follows_a_dose(course, began_at)})
    return Alert(
        "OP1",
        reported_at.astimezone(UTC) + _OPIOID_CLOCK,
        tuple(("sign", sign) for sign in soon),
        is_urgent=len(soon) >= _SIGNS,
    )


def _follows_a_dose(course: Course, began_at: datetime) -> bool:
    return any(each.oral and _may_precede(each, began_at) for each in course.intakes)


def _may_precede(intake: Intake, began_at: datetime) -> bool:
    """Of a dose whose time nobody told: it may have been taken at any time of its day, or the night after."""
    if intake.taken_at is None:
        return 0 <= (began_at.date() - intake.on).days <= 2
    return 0 <= hours_between(intake.taken_at, began_at) <= _AFTER_DOSE
