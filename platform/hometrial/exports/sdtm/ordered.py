"""EC as it was ordered: the plan of each person, one row for each interval of one dose, as long as it was in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from hometrial.exports.sdtm.assembling import PERSON, SOURCE, Row
from hometrial.exports.sdtm.doses import FREQUENCIES, Dosing, Drug, drug
from hometrial.exports.sdtm.exposure import adjustment
from hometrial.exports.sdtm.stretches import Stretch, stretches


@dataclass(frozen=True)
class _Planned:
    """What was to be taken at once, how often a day, of what."""

    mg: float
    often: str
    drug: Drug


def ordered(dosing: Dosing) -> Iterator[Row]:
    """Yield the rows of EC that tell the plan, in the order of people and time."""
    days = dosing.study.source.by_person("dose_day")
    for person in dosing.study.people:
        before: Row | None = None
        for place, stretch in enumerate(stretches(_days(dosing, days.get(person, [])))):
            order = dosing.orders(person).on(stretch.first)
            why = adjustment(dosing, order, before) if place else ""
            yield _row(dosing, person, stretch) | {"ECADJ": why}
            before = order


def _days(dosing: Dosing, rows: list[Row]) -> Iterator[tuple[date, _Planned, tuple[str, ...]]]:
    """Yield each day for which a dose was ordered, with the order in force; a hold and the end of the drug have none.

    The plan ends with the last day of which anything of the person is on record: nobody follows one later (FB3407).
    """
    for row in rows:
        planned, day = row["mg_planned"], row["day"]
        last = dosing.study.last_contact(row["participant"])
        if planned and (last is None or day <= last):
            orders = dosing.orders(row["participant"])
            order = orders.on(day)
            times = (order and order["times_a_day"]) or 1
            at_once = times if times in FREQUENCIES else 1
            made = drug(dosing.study, row["formulation"] or orders.formulation(day))
            source = f"dose_day/{row['id']}" if order is None else f"dose_order/{order['id']}"
            what = _Planned(round(planned / at_once, 6), FREQUENCIES[at_once], made)
            yield day, what, (source,)


def _row(dosing: Dosing, person: str, stretch: Stretch[_Planned]) -> Row:
    what = stretch.what
    return {
        PERSON: person,
        SOURCE: tuple(dict.fromkeys(stretch.sources)),
        "ECTRT": f"{dosing.study.treatment} {what.drug.form}".strip(),
        "ECMOOD": "SCHEDULED",
        "ECDOSE": what.mg,
        "ECDOSU": "mg",
        "ECDOSFRQ": what.often,
        "ECDOSFRM": what.drug.form,
        "ECROUTE": what.drug.route,
        "ECSTDTC": stretch.first.isoformat(),
        "ECENDTC": stretch.last.isoformat(),
    }
