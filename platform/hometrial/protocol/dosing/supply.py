"""Accountability: where each unit of each lot is, from movements that are only ever added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from hometrial.protocol.dosing.amounts import NOTHING, Milligrams, written
from hometrial.protocol.dosing.events import Intake
from hometrial.protocol.dosing.refusing import SupplyRefusedError


class Move(StrEnum):
    """What happened to units. Those between a place and a person name both."""

    RECEIVED = "received"
    DISPENSED = "dispensed"
    QUARANTINED = "quarantined"
    RELEASED = "released from quarantine"
    DESTROYED = "destroyed"
    QUARANTINE_DESTROYED = "destroyed in quarantine"
    TRANSFERRED = "transferred to another place"
    RETURNED = "returned by the person"
    RETURNS_DESTROYED = "destroyed after return"
    LOST = "lost by the person"


_OF_PEOPLE = (Move.DISPENSED, Move.RETURNED, Move.LOST)


@dataclass(frozen=True)
class Lot:
    """A lot: `strength` in mg per unit (a capsule, a millilitre), `use_by` its last day, opened or not."""

    id: str
    formulation: str
    strength: Milligrams
    use_by: date


@dataclass(frozen=True)
class Movement:
    """Units of a lot that moved; `place` is where they were, or where they came to."""

    id: str
    move: Move
    lot: str
    units: Decimal
    on: date
    place: str
    by: str
    participant: str | None = None

    def __post_init__(self) -> None:
        told = f"{self.id}, {self.move}"
        if not self.units.is_finite() or self.units <= 0:
            raise SupplyRefusedError(f"{told}: {self.units} units, give more than 0")
        if (self.participant is not None) != (self.move in _OF_PEOPLE):
            raise SupplyRefusedError(
                f"{told}: a person is named if it was dispensed, returned or lost"
            )


@dataclass(frozen=True)
class PlaceBalance:
    """Units of a lot at a place. received = dispensed + on hand + destroyed + quarantined + transferred.

    `quarantined`: in quarantine now. `returned`: given back and kept apart; they are never on hand again.
    """

    received: Decimal
    dispensed: Decimal
    destroyed: Decimal
    quarantined: Decimal
    transferred: Decimal
    returned: Decimal

    @property
    def on_hand(self) -> Decimal:
        """Units that ought to be on the shelf."""
        gone = self.dispensed + self.destroyed + self.quarantined + self.transferred
        return self.received - gone

    def discrepancy(self, counted: Decimal) -> Decimal:
        """Return counted minus expected units: below 0 if some are missing."""
        return counted - self.on_hand


def place_balance(movements: Iterable[Movement], place: str, lot: str) -> PlaceBalance:
    """Return the balance of a lot at a place."""
    of = _Sums([each for each in movements if (each.place, each.lot) == (place, lot)])
    return PlaceBalance(
        of[Move.RECEIVED],
        of[Move.DISPENSED],
        of[Move.DESTROYED] + of[Move.QUARANTINE_DESTROYED],
        of[Move.QUARANTINED] - of[Move.RELEASED] - of[Move.QUARANTINE_DESTROYED],
        of[Move.TRANSFERRED],
        of[Move.RETURNED] - of[Move.RETURNS_DESTROYED],
    )


class _Sums:
    def __init__(self, movements: Sequence[Movement]) -> None:
        self._movements = movements

    def __getitem__(self, move: Move) -> Decimal:
        return sum((each.units for each in self._movements if each.move is move), NOTHING)


@dataclass(frozen=True)
class ParticipantBalance:
    """Units of a lot with a person. dispensed = taken + on hand + returned + lost."""

    dispensed: Decimal
    taken: Decimal
    returned: Decimal
    lost: Decimal

    @property
    def on_hand(self) -> Decimal:
        """Units that ought to be left; below 0 if more was told than was dispensed."""
        return self.dispensed - self.taken - self.returned - self.lost

    def discrepancy(self, counted: Decimal) -> Decimal:
        """Return counted minus expected units: above 0 if fewer were taken than told."""
        return counted - self.on_hand


@dataclass(frozen=True)
class Use:
    """Units of a lot that a person took on a day."""

    participant: str
    lot: str
    units: Decimal
    on: date


def use_of(participant: str, intake: Intake, lot: Lot) -> Use:
    """Return the units that a dose taken used up. Raises SupplyRefusedError if they are not of this lot."""
    if intake.lot != lot.id or intake.formulation != lot.formulation:
        raise SupplyRefusedError(
            f"dose {intake.entry.id} of {intake.on}: it was not of lot {lot.id}"
        )
    if intake.mg is None:
        raise SupplyRefusedError(
            f"dose {intake.entry.id}: a cream has no milligrams to count units by"
        )
    return Use(participant, lot.id, intake.mg / lot.strength, intake.on)


def participant_balance(
    movements: Iterable[Movement], uses: Iterable[Use], participant: str, lot: str
) -> ParticipantBalance:
    """Return the balance of a lot with a person."""
    key = (participant, lot)
    of = _Sums([each for each in movements if (each.participant, each.lot) == key])
    taken = (each.units for each in uses if (each.participant, each.lot) == key)
    return ParticipantBalance(
        of[Move.DISPENSED], sum(taken, NOTHING), of[Move.RETURNED], of[Move.LOST]
    )


def remaining_mg(
    movements: Iterable[Movement], lots: Iterable[Lot], participant: str, taken_mg: Milligrams
) -> Milligrams:
    """Return the milligrams that ought to be left with a person, whatever lot each dose was of."""
    strength = {lot.id: lot.strength for lot in lots}
    sign = {Move.DISPENSED: 1, Move.RETURNED: -1, Move.LOST: -1}
    held = (
        sign[each.move] * each.units * strength[each.lot]
        for each in movements
        if each.participant == participant
    )
    return sum(held, NOTHING) - taken_mg


def moved(movements: Sequence[Movement], movement: Movement) -> tuple[Movement, ...]:
    """Return the movements with one more. Raises SupplyRefusedError of units that are not where it takes them from."""
    if any(each.id == movement.id for each in movements):
        raise SupplyRefusedError(f"{movement.id}: it is recorded already")
    after = (*movements, movement)
    left = place_balance(after, movement.place, movement.lot)
    short = min(left.on_hand, left.quarantined, left.returned)
    if movement.participant is not None:
        held = participant_balance(after, (), movement.participant, movement.lot)
        short = min(short, held.on_hand)
    if short < 0:
        raise SupplyRefusedError(
            f"{movement.id}: {written(movement.units)} units of {movement.lot} {movement.move} at {movement.place},"
            f" {written(-short)} more than there are"
        )
    return after


@dataclass(frozen=True)
class Recalled:
    """A person who was given a lot: units given, those that may still be there, and the last day of giving."""

    participant: str
    dispensed: Decimal
    on_hand: Decimal
    last_on: date


def recall(movements: Iterable[Movement], uses: Iterable[Use], lot: str) -> tuple[Recalled, ...]:
    """Return everybody who was ever given a lot, whether or not any is left."""
    movements, uses = tuple(movements), tuple(uses)
    given: dict[str, date] = {}
    for each in movements:
        if each.move is Move.DISPENSED and each.lot == lot and each.participant is not None:
            given[each.participant] = max(each.on, given.get(each.participant, each.on))
    found = []
    for participant, last_on in sorted(given.items()):
        balance = participant_balance(movements, uses, participant, lot)
        found.append(Recalled(participant, balance.dispensed, balance.on_hand, last_on))
    return tuple(found)


def places_with(movements: Iterable[Movement], lot: str) -> tuple[str, ...]:
    """Return the places that have units of a lot, on the shelf, in quarantine or returned."""
    movements = tuple(movements)
    places = sorted({each.place for each in movements if each.lot == lot})
    return tuple(place for place in places if _has_any(place_balance(movements, place, lot)))


def _has_any(balance: PlaceBalance) -> bool:
    return bool(balance.on_hand or balance.quarantined or balance.returned)
