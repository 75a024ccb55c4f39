"""Source tables of visits: held, missed and to come; deviations; samples that a laboratory measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from hometrial.exports.source.reading import Row
from hometrial.exports.twin.life import Life
from hometrial.protocol.calendar import DueVisit, visits_due
from hometrial.protocol.outcomes import LaboratoryOutcome

_MISSED = 0.06
_LATE = 0.05
_DEVIATION = (
    "The tube of the blood sample broke in the post; a second one was taken at the family doctor's – the person was "
    'told by telephone and wrote: "kein Problem, ich komme nächste Woche noch einmal".\nThe courier was informed, and '
    "the box for the samples is now padded."
)
_LIVER = (
    ("alt", "U/L", 10.0, 60.0, 45.0),
    ("ast", "U/L", 10.0, 50.0, 40.0),
    ("bilirubin", "umol/L", 4.0, 18.0, 21.0),
)
_FULL = (
    *_LIVER,
    ("creatinine", "umol/L", 50.0, 100.0, 106.0),
    ("haemoglobin", "g/L", 118.0, 160.0, None),
    ("crp", "mg/L", 0.0, 12.0, 5.0),
)
_DETECTION = 1.0  # of C-reactive protein, mg/L


@dataclass(frozen=True)
class Held:
    """A visit of the calendar, and what became of it; `day` None: missed, or to come."""

    due: DueVisit
    outcome: str
    day: date | None

    @property
    def occasion(self) -> str:
        """The visit's name among the person's occasions."""
        return f"{self.due.visit}#{self.due.number}"


def calendar(life: Life) -> list[Held]:
    """Return every visit that the calendar has for a person."""
    due = visits_due(life.setting.protocol, life.arm_or_first, life.anchors)
    return [_held(life, each) for each in due if life.fate != "screen_failure" or each.visit == due[0].visit]  # fmt: skip


def _held(life: Life, due: DueVisit) -> Held:
    day = _day(life, due)
    if day > life.setting.until:
        return Held(due, "upcoming", None)
    if life.left is not None and due.due > life.left - timedelta(life.fate == "lost"):
        return Held(due, "missed", None)
    is_first = due.due <= life.baseline
    is_missed = life.chance("missed", due.visit, due.number).happens(_MISSED)
    if is_missed and not is_first and due.visit != life.allocated_at:
        return Held(due, "missed", None)
    return Held(due, "held", day)


def _day(life: Life, due: DueVisit) -> date:
    """Return when a visit is held: a little late, now and then too late; before the drug if it is about that."""
    if due.visit == life.allocated_at:
        return due.due
    chance = life.chance("visit", due.visit, due.number)
    day = min(due.due + timedelta(chance.whole(0, 2)), due.window.last)
    if chance.happens(_LATE):
        day = due.window.last + timedelta(2)
    first = life.anchors.get("first_dose")
    if first is not None and due.due <= first <= day:
        day = max(first - timedelta(1), due.window.first)
    return day if life.left is None else min(day, life.left)


def visits(life: Life, held: list[Held]) -> Iterator[Row]:
    """Yield each visit, and an unscheduled one of who had a hold."""
    protocol = life.setting.protocol
    for each in held:
        mode = protocol.visit(each.due.visit).mode
        yield {
            "id": f"{life.code}/{each.due.visit}/{each.due.number}" if each.outcome == "upcoming"
            else life.named("visit", each.occasion),
            "participant": life.code, "visit": each.due.visit, "number": each.due.number, "due": each.due.due,
            "first": each.due.window.first, "last": each.due.window.last, "outcome": each.outcome, "day": each.day,
            "days_outside": each.due.outside(each.day) if each.day else None,
            "mode": None if each.day is None else "phone" if mode == "any" else mode,
            "reason": "Too ill; could not be reached" if each.outcome == "missed" else None,
        }  # fmt: skip
    if "hold" in life.traits and protocol.unscheduled_visits:
        first = life.anchors.get("first_dose")
        if first is not None:
            yield {
                "id": life.named("visit", "U"), "participant": life.code,
                "visit": protocol.unscheduled_visits[0].id, "number": 1, "outcome": "held",
                "day": min(first + timedelta(12), life.end), "mode": "phone",
            }  # fmt: skip


def deviations(life: Life, held: list[Held]) -> Iterator[Row]:
    """Yield a deviation for each visit out of its window, and one of the first person about a sample."""
    late = [each for each in held if each.day is not None and each.due.outside(each.day)]
    for number, each in enumerate(late, start=1):
        assert each.day is not None  # noqa: S101 - as picked above
        yield _deviation(life, number, each.day) | {
            "category": "visit_window", "impact": "minor", "closed": True,
            "description": f"{each.due.visit} was held {each.due.outside(each.day)} days outside its window",
        }  # fmt: skip
    if "hold" in life.traits:
        yield _deviation(life, len(late) + 1, life.baseline) | {
            "category": "procedure_missed", "impact": "important", "closed": False, "description": _DEVIATION,
            "reported": life.baseline + timedelta(5),
        }  # fmt: skip


def _deviation(life: Life, number: int, day: date) -> Row:
    return {
        "id": life.named("deviation", number), "participant": life.code, "number": number, "happened": day,
        "found": day + timedelta(1),
    }  # fmt: skip


def laboratory(life: Life, held: list[Held]) -> Iterator[Row]:
    """Yield what was measured in the samples of visits: liver and blood, or what an outcome names."""
    forms = {each.id for each in life.setting.protocol.forms if each.filled_by == "laboratory"}
    for each in held:
        for form in each.due.forms:
            if each.day is not None and form in forms:
                yield from _samples(life, each, form)


def _samples(life: Life, held: Held, form: str) -> Iterator[Row]:
    assert held.day is not None  # noqa: S101 - only visits that were held
    chance = life.chance("laboratory", held.occasion, form)
    for analyte, unit, low, high, limit in _analytes(life, form):
        value = chance.between(low, high)
        is_below = analyte == "crp" and value < _DETECTION
        yield {
            "id": life.named("laboratory", held.occasion, form, analyte), "participant": life.code,
            "visit": held.due.visit, "visit_number": held.due.number, "form": form, "analyte": analyte,
            "value": None if is_below else value, "below": _DETECTION if is_below else None, "unit": unit,
            "upper_limit": limit, "sampled": life.local(held.day, 8 * 60 + 20), "laboratory": "Central laboratory",
        }  # fmt: skip


def _analytes(life: Life, form: str) -> tuple[tuple[str, str, float, float, float | None], ...]:
    named = [
        (each.analyte, each.unit, 5.0, 40.0, None)
        for each in life.setting.protocol.outcomes
        if isinstance(each, LaboratoryOutcome) and each.form == form
    ]
    return tuple(named) or (_LIVER if form.endswith("lft") else _FULL)
