"""Source tables of health: events, symptoms before, medicines, treatments of the past, laboratory, bad days."""

from collections.abc import Iterator
from datetime import date, timedelta

from hometrial.exports.source.reading import Row
from hometrial.exports.twin.doses import Doses
from hometrial.exports.twin.life import Life
from hometrial.exports.twin.people import first_month
from hometrial.protocol.safety.vocabulary import expected_events, shipped

_WORDS = {
    "headache": "headache, worse after getting up",
    "nausea": "nausea",
    "vivid_dreams": "very vivid dreams, woke up twice",
    "trouble_sleeping": "could not fall asleep before 3 o'clock",
    "dizziness": "dizzy when standing",
    "diarrhoea": "Durchfall, wässrig",
    "worse_fatigue": "more exhausted than usual",
}
_LONG = (
    'hospital admission: "appendicitis, operated the same night"; was seen in the emergency department after '
    "twelve hours of pain on the right side – fever 38.9 °C, C-reactive protein 145 mg/L – and discharged home "
    "on the fourth day.\nNo complications; the study drug was stopped 72 hours before, as the card says."
)
_GRADES = ("mild", "moderate", "severe", "severe", "severe")


def adverse_events(life: Life, doses: Doses | None) -> Iterator[Row]:
    """Yield the person's events in the order of their numbers."""
    if doses is not None:
        for number, row in enumerate(_events(life, doses), start=1):
            yield _event(life, number) | row


def _events(life: Life, doses: Doses) -> Iterator[Row]:
    yield from _usual(life, doses)
    yield from _of_orders(life, doses)
    span = (life.end - doses.course.first).days
    if "serious" in life.traits and span > 30:
        day = doses.course.first + timedelta(life.chance("serious").whole(20, span - 9))
        yield _told(life, day, "appendicitis", 3) | {
            "verbatim": _LONG, "term": None, "serious": "hospitalisation;medically_important", "expected": False,
            "related": False, "who_umc": "unlikely", "stop": str(day + timedelta(4)), "outcome": "recovered",
            "treatment": "appendectomy", "source": "contact", "version": 2,
        }  # fmt: skip
    if life.fate == "ongoing":
        day = life.end - timedelta(6)
        yield _told(life, day, "trouble_sleeping", 2) | {
            "ongoing": True, "outcome": "not_recovered", "related": None, "who_umc": None, "start": f"{day:%Y-%m}",
        }  # fmt: skip


def _usual(life: Life, doses: Doses) -> Iterator[Row]:
    """Yield mild events, most of them soon after a step."""
    chance = life.chance("events")
    length = (life.end - doses.course.first).days
    for _ in range(chance.whole(2, 5)):
        day = doses.course.first + timedelta(chance.whole(0, max(length - 1, 0)))
        term = chance.pick(tuple(_WORDS))
        is_related = chance.happens(0.6)
        lasts = chance.whole(0, min(7, (life.end - day).days))
        start = f"{day:%Y-%m}" if chance.happens(0.15) else str(day)
        stop = str(day + timedelta(lasts))
        yield _told(life, day, term, 1 if chance.happens(0.8) else 2) | {
            "start": start, "stop": stop, "outcome": "recovered", "related": is_related,
            "who_umc": "possible" if is_related else "unlikely",
        }  # fmt: skip


def _of_orders(life: Life, doses: Doses) -> Iterator[Row]:
    """Yield the event that led to each hold, step down and withdrawal."""
    actions = {"hold": ("nausea", 2, "held"), "step down": ("headache", 2, "dose_reduced"),
               "withdraw": ("headache", 3, "stopped_permanently")}  # fmt: skip
    for order in doses.course.orders:
        if order.kind in actions:
            term, grade, action = actions[order.kind]
            day = max(order.day - timedelta(2), doses.course.first)
            stop = min(order.day + timedelta(3), life.end)
            yield _told(life, day, term, grade) | {
                "stop": str(stop), "outcome": "recovered" if grade < 3 else "recovering", "related": True,
                "who_umc": "probable", "action": action, "dechallenge": "positive",
                "rechallenge": "negative" if action == "held" else "not_done",
            } | ({"stop": None} if grade > 2 else {})  # fmt: skip


def _event(life: Life, number: int) -> Row:
    return {"id": life.named("adverse_event", number), "participant": life.code, "number": number}


def _told(life: Life, day: date, term: str, grade: int) -> Row:
    known = {each.id for each in shipped().terms}
    return {
        "version": 1, "verbatim": _WORDS.get(term, term), "term": term if term in known else None,
        "start": str(day), "ongoing": False, "severity": _GRADES[grade - 1], "grade": grade, "serious": "",
        "expected": term in expected_events().terms, "action": "none", "dechallenge": "not_done",
        "rechallenge": "not_done", "learned": life.local(day, 1000), "source": "checklist",
    }  # fmt: skip


def baseline_symptoms(life: Life) -> Iterator[Row]:
    """Yield how bad some symptoms were in the run-in."""
    day = life.anchors.get("run_in_end")
    if day is not None:
        chance = life.chance("before")
        for term in ("headache", "nausea", "trouble_sleeping", "worse_fatigue"):
            yield {
                "id": life.named("baseline", term), "participant": life.code, "term": term,
                "grade": chance.whole(0, 2), "recorded": life.local(day, 700),
            }  # fmt: skip


def medications(life: Life) -> Iterator[Row]:
    """Yield other medicines, with dates as far as they are remembered; one is an opioid of who has it."""
    first = life.planned["consent"]
    told: list[tuple[str, str, str, str, str | None, str | None]] = [
        ("Vitamin D3", "1000 IU/d", "deficiency", str(first.year - 2), None, None),
        ("Paracetamol 500 mg", "when needed", "headache", f"{first:%Y-%m}", None, None),
        ("Ibuprofène 400 mg", "1-0-1", "mal de dos", str(first - timedelta(90)), f"{first - timedelta(40):%Y-%m}", None),
    ]  # fmt: skip
    if "opioid" in life.traits:
        day = life.end - timedelta(4)
        told.append(("Tramadol 50 mg", "one dose", "toothache", str(day), str(day), "tramadol"))
    for number, (name, dose, why, began, ended, opioid) in enumerate(told, start=1):
        yield {
            "id": life.named("medication", number), "participant": life.code, "number": number, "name": name,
            "dose": dose, "route": "oral", "indication": why, "began": began, "ended": ended,
            "ongoing": ended is None, "substance": opioid, "is_opioid": opioid is not None,
        }  # fmt: skip


def treatments_told(life: Life) -> Iterator[Row]:
    """Yield what was tried before, with the month or the year alone."""
    history, chance = life.setting.protocol.history, life.chance("told")
    year = int(first_month(life)[:4])
    first = max(year, life.planned["consent"].year - 4)
    if history.other_treatments:
        yield {
            "id": life.named("told", 1), "participant": life.code, "kind": "other", "name": "graded exercise",
            "first": str(first), "last": f"{first}-11", "outcome": 'worse: "never again"',
        }  # fmt: skip
    mg = chance.pick((0.5, 1.5, 3.0))
    if history.doses and chance.happens(0.5 if life.number > 1 else 1):
        yield {
            "id": life.named("told", 2), "participant": life.code, "kind": "start", "name": f"{mg:g} mg", "mg": mg, "first": str(first + 1),
            "outcome": "stopped: nothing was left",
        }  # fmt: skip


def bad_days(life: Life) -> Iterator[Row]:
    """Yield two declarations of bad days and their ends; of the severely ill four."""
    for number, first in enumerate(bad_stretches(life), start=1):
        chance = life.chance("bad", number)
        for kind, day, minute in (("begun", first, 720), ("over", first + timedelta(2), 660)):
            if day <= life.end:
                yield {
                    "id": life.named("bad_day", number, kind), "participant": life.code, "kind": kind,
                    "severity": chance.whole(1, 3) if kind == "begun" else None, "at": life.local(day, minute),
                }  # fmt: skip


def bad_stretches(life: Life) -> list[date]:
    """Return the first days of bad stretches, each of three days."""
    begins = life.anchors.get("run_in_start")
    if begins is None or life.end <= begins:
        return []
    chance, length = life.chance("bad_days"), (life.end - begins).days
    parts = 4 if "severe" in life.traits else 2
    size = length // parts
    return [begins + timedelta(each * size + chance.whole(0, size - 4)) for each in range(parts)] if size > 4 else []  # fmt: skip
