"""What stands of the events recorded: corrections in their place, interruptions whole, no dose counted twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.events import (
    Event,
    Intake,
    Interruption,
    Reason,
    Resumption,
    Void,
)
from hometrial.protocol.dosing.refusing import RecordRefusedError


@dataclass
class _Record:
    """Events by the id of the first that each goes back to; `origin` of every id, `newest` of each origin."""

    standing: dict[str, Event] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        entry = event.entry
        if entry.id in self.origin:
            raise RecordRefusedError(f"{entry.id}: it is recorded already")
        origin = entry.id
        if entry.corrects is not None:
            origin = self._corrected(event, entry.corrects)
        self.origin[entry.id], self.newest[origin] = origin, entry.id
        if isinstance(event, Void):
            del self.standing[origin]
        else:
            self.standing[origin] = event

    def _corrected(self, event: Event, target: str) -> str:
        origin = self.origin.get(target, target)
        if origin not in self.standing:
            raise RecordRefusedError(f"{event.entry.id} corrects {target}, which does not stand")
        if self.newest[origin] != target:
            raise RecordRefusedError(
                f"{event.entry.id} corrects {target}, which {self.newest[origin]} replaced: correct that"
            )
        if not isinstance(event, Void) and type(self.standing[origin]) is not type(event):
            raise RecordRefusedError(
                f"{event.entry.id} corrects {target}, which is another kind of event: void it instead"
            )
        return origin


@dataclass(frozen=True)
class Recorded:
    """The events that no other corrects, in the places of those they replace, and which event each id goes back to."""

    events: Mapping[str, Event]
    origin: Mapping[str, str]


def uncorrected(events: Iterable[Event]) -> Recorded:
    """Return what stands. Raises RecordRefusedError of an id twice, or of a correction of what does not stand."""
    found = _Record()
    for event in events:
        found.add(event)
    return Recorded(found.standing, found.origin)


@dataclass(frozen=True)
class Gap:
    """Days of an interruption that was told, both included; no last day while it is open."""

    first_on: date
    last_on: date | None
    reason: Reason

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first_on <= day and (self.last_on is None or day <= self.last_on)

    def days_before(self, day: date) -> int:
        """Return for how many days before one the drug was not taken, as restart rules count them."""
        end = day if self.last_on is None else min(day, self.last_on + timedelta(days=1))
        return max(0, (end - self.first_on).days)


def gaps(recorded: Recorded) -> tuple[Gap, ...]:
    """Return the interruptions in time. Raises RecordRefusedError if two overlap, or one ends before it begins."""
    ends: dict[str, Resumption] = {}
    for event in recorded.events.values():
        if isinstance(event, Resumption):
            origin = recorded.origin.get(event.interruption, event.interruption)
            if not _is_open(recorded.events.get(origin)) or origin in ends:
                raise RecordRefusedError(
                    f"{event.entry.id} ends {event.interruption}, which is no open interruption"
                )
            ends[origin] = event
    found = [
        _gap(event, ends.get(origin))
        for origin, event in recorded.events.items()
        if isinstance(event, Interruption)
    ]
    found.sort(key=lambda gap: gap.first_on)
    for gap, after in pairwise(found):
        if gap.holds(after.first_on):
            raise RecordRefusedError(
                f"interruption from {after.first_on}: the one from {gap.first_on} is not over by then"
            )
    return tuple(found)


def _is_open(event: Event | None) -> bool:
    return isinstance(event, Interruption) and event.last_on is None


def _gap(interruption: Interruption, end: Resumption | None) -> Gap:
    if end is None:
        return Gap(interruption.from_on, interruption.last_on, interruption.reason)
    if end.from_on <= interruption.from_on:
        raise RecordRefusedError(
            f"drug again from {end.from_on}: the interruption began on {interruption.from_on}"
        )
    return Gap(interruption.from_on, end.from_on - timedelta(days=1), interruption.reason)


def by_day(intakes: Iterable[Intake]) -> dict[date, tuple[Intake, ...]]:
    """Return the records of each day. Raises RecordRefusedError if one dose is there twice."""
    days: dict[date, tuple[Intake, ...]] = {}
    for intake in intakes:
        days[intake.on] = (*days.get(intake.on, ()), intake)
    for records in days.values():
        _require_each_once(records)
    return days


def _require_each_once(records: Sequence[Intake]) -> None:
    known: dict[TimeOfDay, Intake] = {}
    for intake in records:
        if intake.mg is None:
            continue
        before = known.setdefault(intake.time_of_day, intake)
        told = f"{intake.time_of_day} dose of {intake.on}"
        if before is not intake and not intake.additional:
            raise RecordRefusedError(
                f"{told}: recorded already as {before.entry.id}; correct that, or say that this was additional"
            )
        if before is intake and intake.additional:
            raise RecordRefusedError(f"{told}: there is no other that it could be additional to")
