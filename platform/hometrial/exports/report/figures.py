"""Figures of everybody together: doses in lanes, own lines from the own baseline, wear by week."""

from datetime import date
from itertools import pairwise

from hometrial.exports.report.drawing import Box, Drawing, Ink, Scale, axis, levels, ticks
from hometrial.exports.report.material import Frame, Material, records
from hometrial.exports.source.reading import Row

WIDE = 700.0
_LANE, _NAMES = 15.0, 66.0
_MOST_DAYS = 1500
_UNTOLD: Ink = "soft"
_FEWEST_OF_A_MEDIAN = 3
"""A median of one or two people would be somebody's own line."""
_SHADES: tuple[tuple[float, Ink], ...] = ((1 / 3, "low"), (2 / 3, "mid"), (1.0, "high"))


def swimlane(material: Material) -> Drawing:
    """Draw for everybody treated each day's dose, from the first dose on."""
    people = material.population("SAF")
    rows = material.source.by_person("dose_day")
    first = {who: material.persons[who]["TRTSDT"] for who in people}
    lasting = [
        (row["day"] - first[who]).days + 1
        for who in people
        for row in rows.get(who, ())
        if row["day"] >= first[who]
    ]
    last = min(max(lasting, default=1), _MOST_DAYS)
    top = max((row["mg_most"] or 0 for who in people for row in rows.get(who, ())), default=1) or 1
    height = _LANE * len(people) + 62
    drawing = Drawing(
        WIDE, height, f"Daily doses of {len(people)} people over {last} days, up to {top:g} mg"
    )
    across = Scale(1, last + 1, _NAMES, WIDE - 30)
    for place, who in enumerate(people):
        y = 20 + _LANE * place
        drawing.words(_NAMES - 6, y + 10, who, size=9.5, anchor="end")
        _lane(
            drawing,
            across,
            y,
            [row for row in rows.get(who, ()) if row["day"] >= first[who]],
            first[who],
            top,
        )
        _end(drawing, material, who, across, y, first[who])
    _legend(drawing, top)
    axis(
        drawing,
        across,
        [each for each in ticks(0, last, 8) if 1 <= each <= last],
        height - 40,
        "Day on the drug",
    )
    return drawing


def _lane(
    drawing: Drawing, across: Scale, y: float, rows: list[Row], first: date, top: float
) -> None:
    """Draw one person's days, those of one shade together."""
    run: tuple[float, float, Ink] | None = None
    for row in rows:
        at = float((row["day"] - first).days + 1)
        ink = _shade(row, top)
        if run and run[1] == at and run[2] == ink:
            run = (run[0], at + 1, ink)
            continue
        _drawn(drawing, across, y, run)
        run = (at, at + 1, ink)
    _drawn(drawing, across, y, run)


def _drawn(drawing: Drawing, across: Scale, y: float, run: tuple[float, float, Ink] | None) -> None:
    if run and run[2] != "none" and run[0] < across.high:
        start, end = across(run[0]), across(min(run[1], across.high))
        down, tall = _band(run[2])
        drawing.box(start, y + down, (round(end - start, 2), tall), run[2])


def _band(ink: Ink) -> tuple[float, float]:
    """Return where a day lies in its lane and how tall it is: one that nobody told of is a thin line, no dose."""
    return (_LANE / 2 - 1.5, 3.0) if ink == _UNTOLD else (2.0, _LANE - 4)


def _shade(row: Row, top: float) -> Ink:
    if row["status"] == "unknown":
        return _UNTOLD
    if row["status"] != "taken":
        return "none"
    share = (row["mg_least"] or 0) / top
    return next(ink for most, ink in _SHADES if share <= most + 1e-9)


def _end(
    drawing: Drawing, material: Material, who: str, across: Scale, y: float, first: date
) -> None:
    row = material.persons[who]
    at = across(min((row["TRTEDT"] - first).days + 2, across.high)) + 3
    if row["EOTSTT"] == "DISCONTINUED":
        drawing.line((at, y + 1), (at, y + _LANE - 2), ink="one", width=2.5)
    elif row["EOTSTT"] == "ONGOING":
        drawing.line(
            (at, y + 3), (at + 6, y + _LANE / 2), (at, y + _LANE - 3), ink="soft", width=1.5
        )


def _legend(drawing: Drawing, top: float) -> None:
    """Name the shades that are drawn."""
    left = _NAMES
    drawn = {each.fill for each in drawing.shapes if isinstance(each, Box)}
    said: list[tuple[Ink, str]] = [
        ("low", f"to {top / 3:.2g} mg"), ("mid", f"to {2 * top / 3:.2g} mg"),
        ("high", f"to {top:.2g} mg"), (_UNTOLD, "not told"),
    ]  # fmt: skip
    for ink, text in said:
        if ink not in drawn:
            continue
        down, tall = _band(ink)
        drawing.box(left, 2 + down, (12, tall), ink)
        drawing.words(left + 17, 12.5, text, size=9.5, ink="soft")
        left += 92
    drawing.line((left + 4, 3), (left + 4, 14), ink="one", width=2.5)
    drawing.words(left + 11, 12.5, "stopped for good", size=9.5, ink="soft")
    left += 116
    drawing.line((left, 4), (left + 6, 8.5), (left, 13), ink="soft", width=1.5)
    drawing.words(left + 12, 12.5, "goes on", size=9.5, ink="soft")


def spaghetti(values: Frame, title: str, arms: tuple[str, ...]) -> Drawing:
    """Draw everybody's line from the own baseline on, and the median of each visit.

    `values`: person, place (0 the baseline), label of the place, change, arm.
    """
    height = 270.0
    drawing = Drawing(WIDE, height, f"{title}: change from the own baseline, one line a person")
    places = sorted(set(values["place"]))
    labels = values.drop_duplicates("place").set_index("place")["label"]
    low, high = min(0.0, values["change"].min()), max(0.0, values["change"].max())
    margin = (high - low or 1) * 0.06
    up = Scale(low - margin, high + margin, height - 44, 26)
    across = Scale(min(places), max(places) or 1, 66, WIDE - 30)
    levels(drawing, up, 60, WIDE - 20)
    drawing.line((60, up(0)), (WIDE - 20, up(0)), ink="soft", dashed=True)
    inks: tuple[Ink, ...] = ("two", "three", "four", "five")
    for _, own in values.sort_values(["person", "place"]).groupby("person"):
        ink = (
            inks[arms.index(own["arm"].iloc[0]) % len(inks)]
            if own["arm"].iloc[0] in arms
            else "two"
        )
        points = [(across(row["place"]), up(row["change"])) for row in records(own)]
        drawing.line(*points, ink=ink, width=0.8)
        for x, y in points:
            drawing.dot(x, y, ink, 1.8)
    groups = values.groupby("place")
    medians = groups["change"].median()[groups["person"].nunique() >= _FEWEST_OF_A_MEDIAN]
    drawing.line(
        *[(across(float(str(at))), up(each)) for at, each in medians.items()], ink="one", width=3
    )
    _labels(drawing, [(across(at), str(labels[at])) for at in places], height - 24)
    drawing.words(60, 14, "Change from the own baseline", size=10, ink="soft")
    _arms(drawing, arms if len(arms) > 1 else (), inks)
    return drawing


def _labels(drawing: Drawing, places: list[tuple[float, str]], y: float) -> None:
    """Write every label below an axis, or every second, third ... so that none touches another."""
    kept = places
    for stride in range(1, len(places) + 1):
        kept = places[::stride]
        if all(b[0] - a[0] > _wide(a[1]) + _wide(b[1]) for a, b in pairwise(kept)):
            break
    for at, text in kept:
        drawing.words(at, y, text, size=10, ink="soft", anchor="middle")


def _wide(text: str) -> float:
    """Return about half the width of a label of size 10, with a gap."""
    return 3.2 * len(text) + 3


def _arms(drawing: Drawing, arms: tuple[str, ...], inks: tuple[Ink, ...]) -> None:
    left = 270.0
    named: list[tuple[Ink, str]] = [("one", "median"), *zip(inks, arms, strict=False)]
    for ink, text in named:
        drawing.line((left, 10), (left + 16, 10), ink=ink, width=3 if ink == "one" else 1.5)
        drawing.words(left + 21, 14, text, size=10, ink="soft")
        left += 130


def heat_map(weeks: Frame, title: str) -> Drawing:
    """Draw for everybody the share of days with enough wear, week by week; `weeks`: person, week, share."""
    people = sorted(set(weeks["person"]))
    first, last = int(weeks["week"].min()), int(weeks["week"].max())
    height = _LANE * len(people) + 62
    drawing = Drawing(WIDE, height, title)
    across = Scale(first, last + 1, _NAMES, WIDE - 20)
    size = (max(1.0, round(across(first + 1) - across(first) - 1, 2)), _LANE - 2)
    for place, who in enumerate(people):
        y = 20 + _LANE * place
        drawing.words(_NAMES - 6, y + 10, who, size=9.5, anchor="end")
        for row in records(weeks[weeks["person"] == who]):
            drawing.box(across(row["week"]), y, size, _worn(row["share"]), "grid")
    legend: list[tuple[Ink, str]] = [
        ("none", "no valid day"), ("low", "fewer than half"), ("mid", "half and more"), ("high", "all or all but one"),
    ]  # fmt: skip
    for number, (ink, text) in enumerate(legend):
        drawing.box(_NAMES + 130 * number, 4, (12, 9), ink, "grid")
        drawing.words(_NAMES + 17 + 130 * number, 12.5, text, size=9.5, ink="soft")
    values = [
        each for each in ticks(first, last, 8) if first <= each <= last and float(each).is_integer()
    ]
    axis(drawing, across, values, height - 40, "Week; 0 is the last week before the first dose")
    return drawing


def _worn(share: float) -> Ink:
    if share == 0:
        return "none"
    return "low" if share < 0.5 else "mid" if share < 0.85 else "high"
