"""Doses of earlier years as people tell them: coarse dates stay coarse, and bounds follow from what was told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hometrial.protocol.dosing.amounts import DayDose, Milligrams
from hometrial.protocol.dosing.bounding import Bounds, Distance, bounded
from hometrial.protocol.dosing.coarse import CoarseDate, Span
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.refusing import (
    HistoryContradictedError,
    OrderRefusedError,
    RecordRefusedError,
)
from hometrial.protocol.dosing.standing import NOT_STARTED, Kind, Standing, follow


@dataclass(frozen=True)
class Told:
    """A change of dose as it was told, after those told before it.

    `when`: when it began, None if nobody said. `gradually`: by steps of which nobody told, from the dose before.
    `since_start`: how long after the first dose this one was reached; `lasted`: how long it then stood, up to the
    next change or to the telling. `missed`: why the drug was stopped, such as that nothing was left.
    """

    id: str
    kind: Kind
    when: CoarseDate | None = None
    dose: DayDose | None = None
    why: str = ""
    gradually: bool = False
    since_start: Span | None = None
    lasted: Span | None = None
    missed: Reason | None = None

    def __post_init__(self) -> None:
        if self.gradually and self.kind not in (Kind.STEP_UP, Kind.STEP_DOWN):
            raise HistoryContradictedError(
                f"{self.id}: only a dose that rises or falls does so gradually"
            )


@dataclass(frozen=True)
class Effect:
    """An effect or side effect as it was told; `during`: the change whose dose stood then, or was being reached."""

    what: str
    during: str
    when: CoarseDate | None = None


@dataclass(frozen=True)
class OtherTreatment:
    """Another treatment, or a cream: its dates as told, its amount in words. It is never counted in oral milligrams."""

    what: str
    began: CoarseDate | None = None
    ended: CoarseDate | None = None
    why_ended: str = ""


@dataclass(frozen=True)
class DoseRange:
    """The lowest and the highest dose (mg a day) that can be; `is_certain` if they are one."""

    lowest: Milligrams
    highest: Milligrams

    @property
    def is_certain(self) -> bool:
        """Whether the dose is known."""
        return self.lowest == self.highest


@dataclass(frozen=True)
class History:
    """What a person told, in the order of time, on a date. Raises HistoryContradictedError if it cannot all be so."""

    told_on: CoarseDate
    told: tuple[Told, ...]
    effects: tuple[Effect, ...] = ()
    others: tuple[OtherTreatment, ...] = ()

    def __post_init__(self) -> None:
        ids = [each.id for each in self.told]
        if len(set(ids)) < len(ids):
            raise HistoryContradictedError(f"events {ids}: one id is there twice")
        if unknown := [each.what for each in self.effects if each.during not in ids]:
            raise HistoryContradictedError(
                f"effects {unknown}: tie them to an event of the history"
            )
        _ = self.standing, self._bounds

    @cached_property
    def standing(self) -> tuple[Standing, ...]:
        """What stood after each event."""
        found, stood = [], NOT_STARTED
        for each in self.told:
            try:
                stood = follow(stood, each.kind, each.dose, None)
            except OrderRefusedError as error:
                raise HistoryContradictedError(f"{each.id}: {error}") from error
            found.append(stood)
        return tuple(found)

    @cached_property
    def _bounds(self) -> tuple[Bounds, ...]:
        """When each change began and when its dose was reached, in turn; last, when all was told."""
        whenever: Bounds = (date.min, self.told_on.last)
        points: list[Bounds] = []
        for each in self.told:
            points += [whenever if each.when is None else _days(each.when), whenever]
        return bounded([*points, _days(self.told_on)], list(self._distances()))

    def _distances(self) -> Iterator[Distance]:
        """Yield how far apart points are, in months: told lengths, and that one thing came after another."""
        for place in range(2 * len(self.told)):
            yield Distance(place, place + 1, 0, None)
        for number, each in enumerate(self.told):
            began, reached = 2 * number, 2 * number + 1
            if not each.gradually:
                yield Distance(began, reached, 0, 0)
            if each.since_start is not None:
                yield Distance(0, reached, each.since_start.shortest, each.since_start.longest)
            if each.lasted is not None:
                yield Distance(reached, reached + 1, each.lasted.shortest, each.lasted.longest)

    def began(self, event: str) -> Bounds:
        """Return the first and the last day on which a change can have begun."""
        return self._bounds[2 * self._place(event)]

    def reached(self, event: str) -> Bounds:
        """Return the first and the last day on which its dose can have been reached."""
        return self._bounds[2 * self._place(event) + 1]

    def _place(self, event: str) -> int:
        return [each.id for each in self.told].index(event)

    def dose_between(self, first: date, last: date) -> DoseRange:
        """Return every dose that can have stood on some day from first to last.

        Raises RecordRefusedError of days after the telling, of which nothing is told.
        """
        if last > self.told_on.last:
            raise RecordRefusedError(f"dose on {last}: this was told on {self.told_on}, ask again")
        possible = [
            mg for each in range(-1, len(self.told)) for mg in self._possible(each, first, last)
        ]
        return DoseRange(min(possible), max(possible))

    def dose_on(self, day: date) -> DoseRange:
        """Return the doses that can have stood on a day."""
        return self.dose_between(day, day)

    def dose_at(self, effect: Effect) -> DoseRange:
        """Return the doses that can have stood when an effect was felt: those of its event."""
        place = self._place(effect.during)
        low, high = sorted((self._mg_before(place), self.standing[place].mg))
        gradual = self.told[place].gradually
        return DoseRange(
            low if gradual else self.standing[place].mg,
            high if gradual else self.standing[place].mg,
        )

    def _possible(self, place: int, first: date, last: date) -> list[Milligrams]:
        """Return the doses of one event that can have stood between two days; those of -1 stood before all."""
        doses = []
        if place >= 0 and self.told[place].gradually and self._meets(2 * place, first, last):
            doses += [self._mg_before(place), self.standing[place].mg]
        if self._meets(2 * place + 1, first, last):
            doses.append(self.standing[place].mg if place >= 0 else NOT_STARTED.mg)
        return doses

    def _meets(self, point: int, first: date, last: date) -> bool:
        """Whether some day from first to last can lie between a point in time and the one after it."""
        begins = self._bounds[point][0] if point >= 0 else date.min
        is_last = point + 2 >= len(self._bounds)
        return begins <= last and (is_last or self._bounds[point + 1][1] > first)

    def _mg_before(self, place: int) -> Milligrams:
        return self.standing[place - 1].mg if place else NOT_STARTED.mg

    @property
    def run_outs(self) -> tuple[Told, ...]:
        """The times at which nothing was left."""
        return tuple(each for each in self.told if each.missed is Reason.RAN_OUT)

    @property
    def highest(self) -> DayDose | None:
        """The highest dose that was told."""
        doses = [each.dose for each in self.told if each.dose is not None]
        return max(doses, key=lambda dose: dose.mg, default=None)


def _days(when: CoarseDate) -> Bounds:
    return when.first, when.last
