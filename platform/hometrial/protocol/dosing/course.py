"""The course of a person's dose: append-only events, and what follows from those that stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import zip_longest

from hometrial.protocol.dosing.amounts import NOTHING, Milligrams
from hometrial.protocol.dosing.events import Event, Intake, Order, Void
from hometrial.protocol.dosing.recorded import Gap, Recorded, by_day, gaps, uncorrected
from hometrial.protocol.dosing.refusing import OrderRefusedError, RecordRefusedError
from hometrial.protocol.dosing.standing import NOT_STARTED, Kind, Standing, follow, gives
from hometrial.protocol.dosing.terms import Terms, require_allowed, require_not_beyond

_RANK = {Kind.HOLD: 1, Kind.STOP: 2, Kind.END: 3, Kind.WITHDRAW: 4}
"""An order that takes the drug away, or lowers it, replaces those of its rank or below that are still to come."""


@dataclass(frozen=True)
class Spell:
    """What stands from one day to another, both included; the last spell has no last day."""

    first_on: date
    last_on: date | None
    standing: Standing
    order: Order


@dataclass(frozen=True)
class Course:
    """All events of a person in the order in which they were recorded.

    Raises OrderRefusedError or RecordRefusedError if they cannot follow one another.
    """

    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        _ = self.spells, self.gaps, self._by_day

    @cached_property
    def _recorded(self) -> Recorded:
        return uncorrected(self.events)

    @cached_property
    def standing_events(self) -> tuple[Event, ...]:
        """The events that no other corrects, each in the place of the one that it replaces."""
        return tuple(self._recorded.events.values())

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """The standing orders that came into force or will, by day."""
        return _in_force([each for each in self.standing_events if isinstance(each, Order)])

    @cached_property
    def spells(self) -> tuple[Spell, ...]:
        """What stands from the first order on, in time."""
        return _spells(self.orders)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """The interruptions that were told, in time."""
        return gaps(self._recorded)

    @cached_property
    def intakes(self) -> tuple[Intake, ...]:
        """The standing records of doses, in the order in which they were recorded."""
        return tuple(each for each in self.standing_events if isinstance(each, Intake))

    @cached_property
    def _by_day(self) -> dict[date, tuple[Intake, ...]]:
        return by_day(self.intakes)

    def intakes_on(self, day: date) -> tuple[Intake, ...]:
        """Return the standing records of a day."""
        return self._by_day.get(day, ())

    def recorded_mg(self, day: date) -> Milligrams:
        """Return the oral amount recorded for a day."""
        return sum((each.oral for each in self.intakes_on(day)), NOTHING)

    def spell_on(self, day: date) -> Spell | None:
        """Return what stands on a day, None before the first order."""
        return next((each for each in reversed(self.spells) if each.first_on <= day), None)

    def standing_on(self, day: date) -> Standing:
        """Return the state, dose and step of a day: those of the newest order in force."""
        spell = self.spell_on(day)
        return NOT_STARTED if spell is None else spell.standing

    def gap_on(self, day: date) -> Gap | None:
        """Return the interruption that a day lies in."""
        return next((each for each in self.gaps if each.holds(day)), None)

    @cached_property
    def withdrawn_on(self) -> date | None:
        """The first day of a withdrawal."""
        found = (each.effective_on for each in self.orders if each.kind is Kind.WITHDRAW)
        return next(found, None)


def record(course: Course, event: Event, terms: Terms) -> Course:
    """Return the course with one more event.

    Raises OrderRefusedError or RecordRefusedError if it does not follow, or if the terms do not allow it.
    """
    _require_not_after_withdrawal(course, event)
    require_allowed(event, terms)
    if isinstance(event, Order):
        _require_no_gap_forgotten(course, event)
    after = Course((*course.events, event))
    if isinstance(event, Intake):
        require_not_beyond(event, after.recorded_mg(event.on), terms)
    return after


def _require_not_after_withdrawal(course: Course, event: Event) -> None:
    withdrawn_on = course.withdrawn_on
    if withdrawn_on is None or isinstance(event, Void):
        return
    if isinstance(event, Order):
        if event.entry.corrects is None:
            raise OrderRefusedError(
                f"{event.kind}: the person has withdrawn, from {withdrawn_on} on"
            )
        return
    day = event.on if isinstance(event, Intake) else event.from_on
    if day > withdrawn_on:
        raise RecordRefusedError(f"{day}: the person has withdrawn, from {withdrawn_on} on")


def _require_no_gap_forgotten(course: Course, order: Order) -> None:
    """Refuse to raise a dose in a gap, and to restart without one what stands."""
    gap = course.gap_on(order.effective_on)
    if order.kind is Kind.STEP_UP and gap is not None:
        raise OrderRefusedError(
            f"step up from {order.effective_on}: nothing is taken since {gap.first_on}; end the interruption first"
        )
    stands = course.standing_on(order.effective_on).dose is not None
    interrupted = any(each.first_on < order.effective_on for each in course.gaps)
    if order.kind is Kind.RESTART and stands and not interrupted:
        raise OrderRefusedError(
            f"restart from {order.effective_on}: no interruption is recorded before it; record that first"
        )


def _in_force(orders: Iterable[Order]) -> tuple[Order, ...]:
    """Return the orders by day, without those that a later one replaced before they came into force."""
    active: list[Order] = []
    for order in orders:
        pending = [each for each in active if each.effective_on > order.effective_on]
        replaced = [each for each in pending if _RANK.get(each.kind, 0) <= _RANK.get(order.kind, 0)]
        if replaced and gives(order.kind) and order.kind is not Kind.STEP_DOWN:
            raise OrderRefusedError(
                f"{order.kind} from {order.effective_on}: {replaced[0].kind} is ordered from"
                f" {replaced[0].effective_on}; void that first"
            )
        kept = [each for each in active if each not in replaced]
        active = sorted([*kept, order], key=lambda each: each.effective_on)
        _spells(active)
    return tuple(active)


def _spells(orders: Sequence[Order]) -> tuple[Spell, ...]:
    """Follow orders in time; of several of one day the last one stands."""
    standing, found = NOT_STARTED, []
    for order, after in zip_longest(orders, orders[1:]):
        standing = follow(standing, order.kind, order.dose, order.step)
        last_on = None if after is None else after.effective_on - timedelta(days=1)
        if last_on is None or last_on >= order.effective_on:
            found.append(Spell(order.effective_on, last_on, standing, order))
    return tuple(found)
