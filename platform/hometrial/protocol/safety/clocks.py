"""By when who must be told of an event: clocks in UTC that are never reset, with their reminders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from pydantic import Field, PositiveInt

from hometrial.protocol.declared import Declaration, Distinct, Line, Name, Several, Version
from hometrial.protocol.safety.details import Details
from hometrial.protocol.safety.vocabulary import declared


@dataclass(frozen=True)
class Learned:
    """What any person of the study knew of an event, from an instant on."""

    at: datetime
    details: Details


class Clock(Declaration):
    """One duty to report: from when on, within how many hours, and when to remind of it."""

    id: Name
    when: Literal["serious", "unexpected", "unexpected_fatal", "pregnancy"]
    hours: PositiveInt
    remind_after_hours: Distinct[PositiveInt] = ()
    text: Line

    @property
    def within(self) -> timedelta:
        """The time from learning to the report."""
        return timedelta(hours=self.hours)


class Clocks(Declaration):
    """All duties to report."""

    schema_: Literal["report-clocks/1"] = Field(alias="schema")
    version: Version
    clocks: Several[Clock] = Field(min_length=1)


@dataclass(frozen=True)
class Running:
    """A clock of an event: since when, by when, when it was reported.

    `is_provisional`: cause or expectedness is not judged, which counts as related and unexpected.
    `still_holds`: whether what is known now would start it too; if not, it runs on until it is reported or
    answered for.
    """

    clock: Clock
    started_at: datetime
    due_at: datetime
    reported_at: datetime | None
    is_provisional: bool
    still_holds: bool

    def time_left(self, now: datetime) -> timedelta | None:
        """Return how long there is, less than nothing if late; None once it was reported."""
        return self.due_at - now if self.reported_at is None else None

    def is_late(self, now: datetime) -> bool:
        """Whether the report came after its time, or has not come by then."""
        return (self.reported_at or now) > self.due_at

    def reminders_due(self, now: datetime) -> tuple[datetime, ...]:
        """Return the instants by now at which somebody must be reminded, none after the report."""
        moments = (self.started_at + timedelta(hours=n) for n in self.clock.remind_after_hours)
        until = now if self.reported_at is None else min(now, self.reported_at)
        return tuple(each for each in moments if each <= until)


def _unexpected(details: Details) -> bool:
    return details.is_serious and details.related is not False and details.expected is not True


_HOLDS: Mapping[str, Callable[[Details], bool]] = {
    "serious": lambda details: details.is_serious,
    "unexpected": _unexpected,
    "unexpected_fatal": lambda details: _unexpected(details) and details.is_gravest,
    "pregnancy": lambda details: details.pregnancy,
}


@cache
def shipped() -> Clocks:
    """Return the clocks that come with the product."""
    return declared("report-clocks.yaml", Clocks)


def running(versions: Sequence[Learned], reported: Mapping[str, datetime]) -> tuple[Running, ...]:
    """Return every clock that an event has started, by what was known of it in each of its versions.

    A clock starts when it was first known that it should, and no later version resets it. `reported`: when
    each was answered for, by the clock's id. A report to the regulator within 7 days makes that of 15 days
    needless where both begin at once.
    """
    found = [each for clock in shipped().clocks if (each := _run(clock, versions, reported))]
    begun = {each.clock.when: each.started_at for each in found}
    if "unexpected_fatal" not in begun or begun["unexpected_fatal"] > begun["unexpected"]:
        return tuple(found)
    return tuple(each for each in found if each.clock.when != "unexpected")


def _run(
    clock: Clock, versions: Sequence[Learned], reported: Mapping[str, datetime]
) -> Running | None:
    holds = _HOLDS[clock.when]
    starts = [each.at for each in versions if holds(each.details)]
    if not starts:
        return None
    last = versions[-1].details
    return Running(
        clock=clock,
        started_at=min(starts),
        due_at=min(starts) + clock.within,
        reported_at=reported.get(clock.id),
        is_provisional=clock.when.startswith("unexpected")
        and None in (last.related, last.expected),
        still_holds=holds(last),
    )
