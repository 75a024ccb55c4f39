"""The dose people came to, and adherence by what was told, without breaks, and by the units that came back."""

from collections import defaultdict
from datetime import date, timedelta
from statistics import median

import numpy as np

from hometrial.exports.report import saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.material import Material
from hometrial.exports.source.reading import Row

_LAST_DAYS = 14
_LOW, _HIGH = 80.0, 110.0
ACHIEVED = (
    f"median daily mg over the last {_LAST_DAYS} days on the drug, days taken alone; over persons the median with quartiles",
    "statistics.median(mg), numpy.percentile(values, [25, 50, 75])",
)
WITHOUT_BREAKS = (
    "days taken / planned days outside breaks that were told and last longer than the protocol's shortest",
    "taken / planned",
)
COUNTED = ("100 * (dispensed - returned - lost) / planned, in mg", "100 * used / planned")


def achieved(material: Material, treated: list[str]) -> dict[str, float]:
    """Return the median daily dose of each person over the last days on the drug."""
    rows = material.source.by_person("dose_day")
    found = {}
    for who in treated:
        last = material.persons[who]["TRTEDT"]
        if saying.is_missing(last):
            continue
        first = last - timedelta(days=_LAST_DAYS - 1)
        taken = [
            row["mg_least"]
            for row in rows.get(who, ())
            if first <= row["day"] <= last and row["status"] == "taken"
        ]
        if taken:
            found[who] = float(median(taken))
    return found


def without_breaks(material: Material, treated: list[str]) -> tuple[int, int]:
    """Return days taken and days planned outside of breaks that last longer than the protocol's shortest."""
    longer = material.protocol.interruption.from_days
    breaks: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for row in material.source.rows("interruption"):
        last = row["last"] or date.max
        if row["first"] and (last - row["first"]).days + 1 > longer:
            breaks[row["participant"]].append((row["first"], last))
    days = [
        row
        for row in material.source.rows("dose_day")
        if row["participant"] in set(treated)
        and row["status"] != "not_planned"
        and not any(first <= row["day"] <= last for first, last in breaks[row["participant"]])
    ]
    return sum(row["status"] == "taken" for row in days), len(days)


def counted(material: Material, treated: list[str]) -> dict[str, float]:
    """Return adherence in per cent by the units of who no longer takes the drug and gave units back or lost them."""
    moved = material.source.by_person("supply")
    planned = material.source.by_person("dose_day")
    found = {}
    for who in treated:
        rows = [row for row in moved.get(who, ()) if row["strength_mg"] is not None]
        came_back = {row["move"] for row in rows} & {"returned", "lost"}
        total = sum(row["mg_planned"] or 0 for row in planned.get(who, ()))
        if material.persons[who]["EOTSTT"] != "ONGOING" and came_back and total:
            found[who] = 100 * sum(_mg(row) for row in rows) / total
    return found


def _mg(row: Row) -> float:
    sign = {"dispensed": 1, "returned": -1, "lost": -1}.get(row["move"], 0)
    return float(sign * row["units"] * row["strength_mg"])


def rows(made: Section, material: Material, treated: list[str]) -> list[tuple[str, str]]:
    """Return what the table of adherence says beside the days."""
    taken, n = without_breaks(material, treated)
    said = saying.plain(taken, n)
    made.record("days taken without breaks", said, n, {"k": taken}, WITHOUT_BREAKS)
    by_units = counted(material, treated)
    told = saying.spread(by_units.values())
    middle = float(np.median(list(by_units.values()))) if by_units else None
    made.record("adherence by units", told, len(by_units), {"median": middle}, COUNTED)
    far = sum(not _LOW <= each <= _HIGH for each in by_units.values())
    longer = material.protocol.interruption.from_days
    return [
        (f"Days taken, breaks of more than {longer} days left out", said),
        (
            "By units dispensed and given back, median % [quartiles] of persons",
            f"{told}, n = {len(by_units)}",
        ),
        (
            f"Below {_LOW:g} or above {_HIGH:g} of 100 by units",
            made.share("adherence by units is far", far, len(by_units)),
        ),
    ]


def dose_reached(made: Section, material: Material, treated: list[str]) -> None:
    """Say which dose people came to."""
    found = achieved(material, treated)
    said = saying.spread(found.values())
    middle = float(np.median(list(found.values()))) if found else None
    made.record("dose achieved", said, len(found), {"median": middle}, ACHIEVED)
    made.say(
        f"Dose achieved: median mg a day over the last {_LAST_DAYS} days on the drug, median [quartiles] of persons {said}, "
        f"n = {len(found)}.",
    )  # fmt: skip
