"""What doses are made of, the order in force on a day, and which order an adverse event led to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hometrial.declarations import read
from hometrial.errors import ExportRefusedError
from hometrial.exports.sdtm import dates
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Row
from hometrial.protocol.formulations import Formulation, Solution
from hometrial.protocol.model import Protocol

FREQUENCIES = {1: "QD", 2: "BID", 3: "TID", 4: "QID"}
FORMS = {"capsule": "CAPSULE", "solution": "SOLUTION", "cream": "CREAM", "ointment": "OINTMENT"}
ROUTES = {"oral": "ORAL", "topical": "TOPICAL"}
_LED_TO = {
    "dose_reduced": ("step_down",),
    "held": ("hold", "stop"),
    "stopped_permanently": ("stop", "stop_for_good", "withdraw"),
}
"""Which orders answer to what was done about an adverse event."""


@dataclass(frozen=True)
class Drug:
    """What the drug came in, in the words of CDISC; `mg_per_ml` of a solution."""

    form: str
    route: str
    mg_per_ml: float | None = None


def drug(study: Study, formulation: str | None) -> Drug:
    """Return what a formulation is; of one that nobody named, what it can only have been.

    Raises ExportRefusedError for a formulation that no version of the protocol has.
    """
    if not formulation:
        swallowed = [each for each in study.protocol.formulations if each.enabled]
        return _of(swallowed[0]) if len(swallowed) == 1 else Drug("", "ORAL")
    for offered in _offered(study):
        for each in offered:
            if formulation == each.id:
                return _of(each)
    known = ", ".join(each.id for each in study.protocol.formulations)
    raise ExportRefusedError(
        f"formulation {formulation}: no version of the protocol has it, the one in force has {known}; "
        "correct the record"
    )


def _offered(study: Study) -> Iterator[Sequence[Formulation]]:
    """Yield what the drug comes in by the version in force, and then by the others, which some people still follow."""
    yield study.protocol.formulations
    for row in study.source.rows("protocol_version"):
        if not row["in_force"]:
            yield read(row["body"], str(row["id"]), Protocol).formulations


def _of(formulation: Formulation) -> Drug:
    strength = formulation.mg_per_ml if isinstance(formulation, Solution) else None
    return Drug(FORMS[formulation.form], ROUTES[formulation.route], strength)


def kind(order: Row) -> str:
    """Return what an order does, in one spelling."""
    return str(order["kind"]).replace(" ", "_")


@dataclass(frozen=True)
class Orders:
    """A person's orders."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Orders":
        """Return orders in time."""
        return cls(tuple(sorted(rows, key=_in_time)))

    def on(self, day: date) -> Row | None:
        """Return the order in force on a day: the last that began; of several of one day the last one given."""
        found = None
        for row in self.rows:
            if row["day"] > day:
                break
            found = row
        return found

    def formulation(self, day: date) -> str | None:
        """Return what was ordered last up to a day (a hold names nothing), None if nobody named it."""
        named = [row["formulation"] for row in self.rows if row["day"] <= day]
        return next((each for each in reversed(named) if each), None)

    def first(self, kinds: tuple[str, ...], day: date) -> Row | None:
        """Return the first order of one of these kinds from a day on."""
        return next((row for row in self.rows if kind(row) in kinds and row["day"] >= day), None)

    def led_to(self, event: Row) -> Row | None:
        """Return the first order from an event's start on that does what was done about it."""
        kinds, began = _LED_TO.get(event["action"] or ""), dates.bounds(event["start"])
        return None if kinds is None or began is None else self.first(kinds, began[0])


@dataclass(frozen=True)
class Dosing:
    """The orders of everybody."""

    study: Study

    @cached_property
    def _orders(self) -> dict[str, Orders]:
        found = self.study.source.by_person("dose_order")
        return {person: Orders.of(rows) for person, rows in found.items()}

    def orders(self, person: str) -> Orders:
        """Return a person's orders in time."""
        return self._orders.get(person, Orders(()))

    def led_to(self, event: Row) -> Row | None:
        """Return the first order from the event's start on that does what was done about it."""
        return self.orders(event["participant"]).led_to(event)

    @cached_property
    def answers(self) -> dict[str, str]:
        """Which adverse event (`adverse_event/ID`) each order (by its id) answers to, if one."""
        found: dict[str, str] = {}
        for event in self.study.source.rows("adverse_event"):
            order = self.led_to(event)
            if order is not None:
                found.setdefault(order["id"], f"adverse_event/{event['id']}")
        return found


def _in_time(row: Row) -> tuple[date, int]:
    return row["day"], row["number"] or 0
