"""The visits that people had or missed, with the numbers and names that the standard wants of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from hometrial.exports.sdtm.planned import PlannedVisit
from hometrial.exports.source.reading import Row

_DIGITS, _MORE_DIGITS = 2, 4
_FEW = 99


@dataclass(frozen=True)
class ActualVisit:
    """A visit of a person as SV has it; `day` None: it was missed. `planned` None: nobody had planned it."""

    row: Row
    number: float
    name: str
    day: date | None
    planned: PlannedVisit | None


def visits(rows: Iterable[Row], plan: Mapping[tuple[str, int], PlannedVisit]) -> list[ActualVisit]:
    """Return what was held or missed of one person's visits, in order of their numbers.

    A visit that nobody planned has the number of the planned one before it, and decimals that count: 3.01.
    """
    decided = [row for row in rows if row["outcome"] in ("held", "missed")]
    found = [_planned(row, plan[_key(row)]) for row in decided if _key(row) in plan]
    further = [row for row in decided if _key(row) not in plan and row["day"] is not None]
    further.sort(key=lambda row: (row["day"], row["id"]))
    digits = _DIGITS if len(further) <= _FEW else _MORE_DIGITS
    for place, row in enumerate(further, start=1):
        before = [each.number for each in found if each.planned and _is_by(each, row["day"])]
        number = round(max(before, default=0.0) + place / 10**digits, digits)
        found.append(ActualVisit(row, number, f"UNSCHEDULED {number:.{digits}f}", row["day"], None))
    return sorted(found, key=lambda each: each.number)


def _key(row: Row) -> tuple[str, int]:
    return row["visit"], row["number"] or 1


def _planned(row: Row, plan: PlannedVisit) -> ActualVisit:
    return ActualVisit(row, plan.number, plan.name, row["day"], plan)


def _is_by(visit: ActualVisit, day: date) -> bool:
    return visit.day is not None and visit.day <= day
