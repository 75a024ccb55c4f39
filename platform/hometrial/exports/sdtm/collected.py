"""EC: doses as people told them, day after day of the same answer in one row, missed ones with the reason; and the plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.doses import FREQUENCIES, Dosing, Drug, drug
from hometrial.exports.sdtm.ordered import ordered
from hometrial.exports.sdtm.stretches import ONE_DAY, Stretch, stretches
from hometrial.exports.sdtm.study import Study

MISSED, TIME_OF_DAY = "MISSEDRS", "DOSETIME"
"""QNAMs: why a dose was missed (not ECREASOC, a variable that SDTMIG 3.4 does not give to EC), and when of the day."""

OFTEN = FREQUENCIES | {times: f"{times} TIMES PER DAY" for times in range(5, 10)}
"""CDISC's terms for how often a day; of more than nine equal doses there is none."""
HELD = "HELD BY ORDER"
"""MISSEDRS of a day between the first and the last dose for which none was ordered: nobody missed anything."""


@dataclass(frozen=True)
class Answer:
    """What was told of a day: how often what amount was taken of what, or that a dose was missed and why."""

    drug: Drug
    amount: float | None
    unit: str
    times: int
    times_of_day: tuple[str, ...]
    reason: str | None
    was_taken: bool


Day = tuple[date, Answer, tuple[str, ...]]


def ec(study: Study) -> list[Row]:
    """Return the rows of EC: what was told, and what was ordered."""
    dosing = Dosing(study)
    told, pauses = study.source.by_person("intake"), study.source.by_person("interruption")
    rows = []
    for person in study.people:
        intakes = told.get(person, [])
        days = [
            *_answers(dosing, intakes),
            *_paused(dosing, pauses.get(person, []), intakes),
        ]
        days += list(_held(dosing, person, {day for day, _, _ in days}))
        rows += [_row(study, person, stretch) for stretch in stretches(days)]
    return [*rows, *ordered(dosing)]


def is_topical(row: Row) -> bool:
    """Whether a dose told is one of a cream or an ointment, which has no milligrams and is never ordered."""
    return bool(row["taken"]) and row["mg"] is None


def _answers(dosing: Dosing, intakes: list[Row]) -> Iterator[Day]:
    """Yield each day's answers, equal ones of a day together."""
    alike: dict[tuple[object, ...], list[Row]] = {}
    for row in intakes:
        if not is_topical(row):
            key = (
                row["day"],
                row["taken"],
                row["mg"],
                row["ml"],
                row["formulation"],
                row["reason"],
            )
            alike.setdefault(key, []).append(row)
    for rows in alike.values():
        row = rows[0]
        made = _drug(dosing, row, row["day"])
        amount, unit = _amount(row, made)
        of_day = tuple(sorted({each["time_of_day"] for each in rows} - {None, "", "untold"}))
        answer = Answer(made, amount, unit, len(rows), of_day, row["reason"], bool(row["taken"]))
        yield row["day"], answer, tuple(f"intake/{each['id']}" for each in rows)


def _drug(dosing: Dosing, row: Row, day: date) -> Drug:
    """Return what a dose was made of: as told, else as ordered."""
    ordered = dosing.orders(row["participant"]).formulation(day)
    return drug(dosing.study, row.get("formulation") or ordered)


def _amount(row: Row, made: Drug) -> tuple[float | None, str]:
    if not row["taken"]:
        return None, ""
    if made.mg_per_ml is not None and row["ml"] is not None:
        return row["ml"], "mL"
    return row["mg"], "mg"


def _paused(dosing: Dosing, pauses: list[Row], intakes: list[Row]) -> Iterator[Day]:
    """Yield the days of pauses of which no dose tells, as far as anything of the person is on record."""
    told = {row["day"] for row in intakes}
    for row in pauses:
        known = dosing.study.last_contact(row["participant"]) or row["last"] or row["first"]
        day, last = row["first"], min(row["last"] or known, known)
        answer = Answer(_drug(dosing, row, day), None, "", 1, (), row["reason"], was_taken=False)
        while day <= last:
            if day not in told:
                yield day, answer, (f"interruption/{row['id']}",)
            day += ONE_DAY


def _held(dosing: Dosing, person: str, told: set[date]) -> Iterator[Day]:
    """Yield the days within treatment for which no dose was ordered, and of which nothing else is told."""
    first, last = dosing.study.first_dose(person), dosing.study.last_dose(person)
    for row in dosing.study.rows("dose_day", person):
        day = row["day"]
        if first is None or last is None or not first <= day <= last:
            continue
        if row["status"] == "not_planned" and day not in told:
            made = _drug(dosing, row, day)
            answer = Answer(made, None, "", 1, (), HELD, was_taken=False)
            yield day, answer, (f"dose_day/{row['id']}",)


def _row(study: Study, person: str, stretch: Stretch[Answer]) -> Row:
    told = stretch.what
    row: Row = {
        PERSON: person,
        SOURCE: tuple(dict.fromkeys(stretch.sources)),
        "ECTRT": f"{study.treatment} {told.drug.form}".strip(),
        "ECMOOD": "PERFORMED",
        "ECPRESP": "Y",
        "ECOCCUR": "Y" if told.was_taken else "N",
        "ECDOSFRM": told.drug.form,
        "ECROUTE": told.drug.route,
        "ECSTDTC": stretch.first.isoformat(),
        "ECENDTC": stretch.last.isoformat(),
    }
    if told.was_taken:
        row |= {
            "ECDOSE": told.amount,
            "ECDOSU": told.unit,
            "ECDOSFRQ": OFTEN.get(told.times, "UNKNOWN"),
        }
    if told.was_taken and told.unit == "mL":
        row |= {"ECPSTRG": told.drug.mg_per_ml, "ECPSTRGU": "g/L"}
    row[SUPPLEMENT] = _supplement(told)
    return row


def _supplement(told: Answer) -> dict[str, Qualifier]:
    found = {}
    if not told.was_taken and told.reason:
        words = told.reason.replace("_", " ").upper()
        found[MISSED] = Qualifier("Reason Dose Was Missed", words)
    if told.times_of_day:
        found[TIME_OF_DAY] = Qualifier("Time of Day", "; ".join(told.times_of_day).upper())
    return found
