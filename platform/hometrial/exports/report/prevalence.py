"""How many have a known side effect in each week on the drug: curves of headache, sleep and dreams."""

from hometrial.exports.report.adverse import WEEK, Events
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.drawing import Drawing, Ink, Scale, axis, levels, ticks
from hometrial.exports.report.figures import WIDE
from hometrial.exports.report.saying import is_missing

_TERMS: dict[str, tuple[str, Ink]] = {
    "headache": ("headache", "one"),
    "trouble_sleeping": ("trouble sleeping", "two"),
    "vivid_dreams": ("vivid dreams", "four"),
}
"""What low-dose naltrexone is known for."""
_LONGEST = 60
_DAYS = int(WEEK)
PREVALENCE = (
    "people with an emergent event in the week / people with that week under observation",
    "k / n of each week",
)
Weeks = dict[int, tuple[int, int]]


def curves(made: Section, events: Events) -> None:
    """Draw the curves of the terms that occurred."""
    found = {
        term: weekly(events, term) for term in _TERMS if (events.emergent["term"] == term).any()
    }
    if not found:
        return
    for term, weeks in found.items():
        told = {str(week): f"{k}/{n}" for week, (k, n) in weeks.items()}
        made.record(
            f"weekly {term}", "; ".join(told.values()), len(events.treated), told, PREVALENCE
        )
    made.figure(
        "Share of people with the event in each week on the drug, of those then under observation",
        _drawn(found),
        single=True,
    )
    watched = {week: n for weeks in found.values() for week, (_, n) in weeks.items()}
    some = sorted({1, *range(4, max(watched), 4), max(watched)})
    watching = ", ".join(f"{watched[week]} in week {week}" for week in some)
    made.say(f"Under observation: {watching}. With few people left one event moves a curve far.", "note", single=True)  # fmt: skip


def weekly(events: Events, term: str) -> Weeks:
    """Return of each week how many had an event of a term, and how many were under observation."""
    starts = {who: row["TRTSDT"] for who, row in events.material.persons.items()}
    having: dict[int, set[str]] = {}
    for row in events.emergent[events.emergent["term"] == term].to_dict("records"):
        who = str(row["SUBJID"])
        last = events.ends[who] if is_missing(row["AENDT"]) else min(row["AENDT"], events.ends[who])
        first_week = (row["ASTDT"] - starts[who]).days // _DAYS + 1
        for week in range(first_week, (last - starts[who]).days // _DAYS + 2):
            having.setdefault(week, set()).add(who)
    lasting = {who: (end - starts[who]).days // _DAYS + 1 for who, end in events.ends.items()}
    return {
        week: (len(having.get(week, ())), sum(each >= week for each in lasting.values()))
        for week in range(1, min(max(lasting.values()), _LONGEST) + 1)
    }


def _drawn(found: dict[str, Weeks]) -> Drawing:
    last = max(max(weeks) for weeks in found.values())
    top = (
        max((k / n for weeks in found.values() for k, n in weeks.values() if n), default=0.1) or 0.1
    )
    drawing = Drawing(
        WIDE, 230, "Weekly prevalence of headache, trouble sleeping and vivid dreams on the drug"
    )
    across, up = Scale(1, max(last, 2), 62, WIDE - 20), Scale(0, 100 * top * 1.1, 180, 24)
    levels(drawing, up, 60, WIDE - 20)
    drawing.words(60, 14, "% of people", size=10, ink="soft")
    left = 220.0
    for term, weeks in found.items():
        label, ink = _TERMS[term]
        drawing.line((left, 10), (left + 16, 10), ink=ink, width=2)
        drawing.words(left + 21, 14, label, size=10, ink="soft")
        left += 130
        drawing.line(
            *[(across(week), up(100 * k / n)) for week, (k, n) in weeks.items() if n],
            ink=ink,
            width=2,
        )
    values = [each for each in ticks(0, last, 8) if 1 <= each <= last and float(each).is_integer()]
    axis(drawing, across, values, 182, "Week on the drug")
    return drawing
