"""Which dose each of many people is on now: their orders alone, as `Course` follows them, in one query."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Text, cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import Session

from hometrial.models import DoseEvent
from hometrial.protocol.dosing.standing import Kind, gives

_PARTS = "$.dose.parts[*].mg"
_RANK = {Kind.HOLD: 1, Kind.STOP: 2, Kind.END: 3, Kind.WITHDRAW: 4}
_AWAY = {
    Kind.HOLD: "on hold",
    Kind.STOP: "stopped",
    Kind.END: "stopped for good",
    Kind.WITHDRAW: "withdrawn",
}


@dataclass(frozen=True)
class Ordered:
    """An order as far as it matters here; `kind` None: it voids another. `parts`: its amounts as a JSON array of texts."""

    number: int
    kind: Kind | None
    day: date | None
    step: int | None
    parts: str
    corrects: int | None


@dataclass(frozen=True)
class DoseNow:
    """What stands: the step and the milligrams of a day, or why there is none."""

    mg: Decimal
    step: int | None
    state: str

    @property
    def words(self) -> str:
        """As it stands in a table."""
        return f"{self.mg.normalize():f} mg" if self.mg else self.state


def of_people(session: Session, today: Mapping[UUID, date]) -> dict[UUID, DoseNow]:
    """Return the dose of each of these people on their own day; of whom nothing was ordered is left out."""
    rows = session.execute(
        select(
            DoseEvent.participant_id,
            DoseEvent.number,
            DoseEvent.body["order"].astext,
            DoseEvent.day,
            DoseEvent.body["step"].astext,
            cast(func.jsonb_path_query_array(DoseEvent.body, cast(_PARTS, JSONPATH)), Text),
            DoseEvent.corrects,
        )
        .where(DoseEvent.kind.in_(("order", "void")), DoseEvent.participant_id.in_(list(today)))
        .order_by(DoseEvent.participant_id, DoseEvent.number)
    )
    orders: dict[UUID, list[Ordered]] = {}
    for person, number, kind, day, step, parts, corrects in rows:
        found = Ordered(
            number,
            None if kind is None else Kind(kind),
            day,
            None if step is None else int(step),
            parts,
            corrects,
        )
        orders.setdefault(person, []).append(found)
    return {
        person: now for person, found in orders.items() if (now := standing(found, today[person]))
    }


def _total(parts: str) -> Decimal:
    """Return the sum of amounts in an array; read of the order that stands alone, for to read JSON takes long."""
    return sum(map(Decimal, re.findall(r"[0-9.]+", parts)), Decimal(0))


def standing(orders: Iterable[Ordered], day: date) -> DoseNow | None:
    """Return what stands on a day; None before the first order."""
    past = [each for each in _in_force(_uncorrected(orders)) if each.day and each.day <= day]
    if not past:
        return None
    last = past[-1]
    assert last.kind is not None  # noqa: S101 - what voids stands for nothing
    if not gives(last.kind):
        return DoseNow(Decimal(0), None, _AWAY[last.kind])
    return DoseNow(_total(last.parts), last.step, "on drug")


def _uncorrected(orders: Iterable[Ordered]) -> Sequence[Ordered]:
    """Return the orders that no other corrects, each in the place of the one that it replaces."""
    places: dict[int, Ordered] = {}
    origin: dict[int, int] = {}
    for each in orders:
        if each.corrects is None:
            first = each.number
        elif each.corrects in origin:
            first = origin[each.corrects]
        else:
            continue  # it corrects something that is no order
        origin[each.number] = first
        if each.kind is None:
            places.pop(first, None)
        else:
            places[first] = each
    return list(places.values())


def _in_force(orders: Iterable[Ordered]) -> Sequence[Ordered]:
    """Return the orders by day, without those that a later one replaced before they came into force."""
    active: list[Ordered] = []
    for order in orders:
        day, rank = order.day or date.min, _rank(order)
        active = [each for each in active if (each.day or date.min) <= day or _rank(each) > rank]
        active = sorted([*active, order], key=lambda each: each.day or date.min)
    return active


def _rank(order: Ordered) -> int:
    return 0 if order.kind is None else _RANK.get(order.kind, 0)
