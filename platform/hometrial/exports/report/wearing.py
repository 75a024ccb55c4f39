"""Wear and diaries: how much of what was due came, by form, by person and by week."""

from collections import Counter, defaultdict

from hometrial.exports.report import compliance, figures, saying
from hometrial.exports.report.blocks import COUNT, Section
from hometrial.exports.report.feasibility import of_days
from hometrial.exports.report.material import Frame, Material

_STATES = ("received", "missing", "excused", "open", "not_yet")
_HARD_DAY = 0.75
_FEWEST_DAYS = 14


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("wear", "Wear and diaries")
    _forms(made, material)
    worn = compliance.wear(material)
    if any(row["metric"] == "valid_day" for row in material.source.rows("daily_metric")):
        found = of_days(worn)
        made.say(f"Valid wear days from the run-in on: {found.said}.")
        made.record("valid wear days", found.said, found.n, found.values, found.by)
        weeks = _weeks(material)
        if len(weeks):
            made.figure(
                "Wear: one row a person, one cell a week, the stronger its colour the more valid days of those due",
                figures.heat_map(weeks, "Valid wear days of each person and week"),
                single=True,
            )
    else:
        made.say(
            "No day was judged for wear: there is no wearable, or none whose wear can be told."
        )
    _after_hard_days(made, material)
    return made


def _forms(made: Section, material: Material) -> None:
    labels = {each.id: each.label for each in material.protocol.forms}
    labels |= {each.id: each.label for each in material.protocol.diaries if hasattr(each, "label")}
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in material.source.rows("expected_form"):
        counted[row["form"]][row["state"]] += 1
    rows = []
    for form in sorted(counted):
        own = counted[form]
        due = own["received"] + own["missing"]
        said = saying.plain(own["received"], due)
        made.record(f"form {form}", said, due, {"k": own["received"]}, COUNT)
        rows.append((labels.get(form, form), said, *(str(own[each]) for each in _STATES[1:])))
    made.table(
        "Forms and diary days, all people together",
        ("Form", "Received of due, k/n (%)", "Missing", "Excused", "Open", "Not due yet"),
        rows,
        "Due are those received and missing. Excused: a bad day that was declared, a hospital stay or a pause.",
    )


def _weeks(material: Material) -> Frame:
    """Return the share of valid days of each person and week of the study; week 1 begins with the first dose."""
    first = {who: row["TRTSDT"] for who, row in material.persons.items()}
    days: dict[tuple[str, int], list[bool]] = defaultdict(list)
    valid = {
        (row["participant"], row["day"])
        for row in material.source.rows("daily_metric")
        if row["metric"] == "valid_day" and row["value"] == 1
    }
    for who, begin, end in compliance.spans(material):
        start = first.get(who)
        if start is None or saying.is_missing(start):
            continue
        for ordinal in range(begin.toordinal(), end.toordinal() + 1):
            day = begin.fromordinal(ordinal)
            week = (ordinal - start.toordinal()) // 7 + 1
            days[who, week].append((who, day) in valid)
    rows = [(who, week, sum(of) / len(of)) for (who, week), of in sorted(days.items())]
    return Frame(rows, columns=["person", "week", "share"])


def _after_hard_days(made: Section, material: Material) -> None:
    """Tell whether diaries are missing after days of high exertion: a crash takes the diary with it."""
    steps: dict[str, dict[object, float]] = defaultdict(dict)
    for row in material.source.rows("daily_metric"):
        if row["metric"] == "steps" and row["value"] is not None:
            steps[row["participant"]][row["day"].toordinal()] = row["value"]
    came: Counter[str] = Counter()
    due: Counter[str] = Counter()
    for row in material.source.rows("expected_form"):
        own = steps.get(row["participant"], {})
        before = own.get(row["day"].toordinal() - 1) if row["day"] else None
        if (
            row["kind"] != "diary"
            or row["state"] not in ("received", "missing")
            or before is None
            or len(own) < _FEWEST_DAYS
        ):
            continue
        limit = sorted(own.values())[int(_HARD_DAY * len(own))]
        kind = "after a hard day" if before >= limit else "after another day"
        due[kind] += 1
        came[kind] += row["state"] == "received"
    if due:
        rows = [(each, saying.plain(came[each], due[each])) for each in sorted(due)]
        for each, said in rows:
            made.record(f"diary {each}", said, due[each], {"k": came[each]}, COUNT)
        made.table(
            "Diary days after days of high exertion", ("The day before", "Received of due, k/n (%)"), rows,
            "A hard day: steps in the person's own upper quarter. Missing diaries are informative in this illness.",
        )  # fmt: skip
