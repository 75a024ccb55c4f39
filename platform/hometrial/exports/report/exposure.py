"""Exposure: how long, how much, how soon, with which breaks, and how much of it is known."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

import numpy as np

from hometrial.exports.estimates.models import survival
from hometrial.exports.report import adhering, figures, saying
from hometrial.exports.report.blocks import MEDIAN, Section
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.retaining import retention

_SUMMARISED = (
    "TRTDUR", "EXPDAYS", "MISSDAYS", "UNKDAYS", "MAXDOSE", "LASTDOSE", "AVGDOSE", "CUMDOSE", "ADHERE",
)  # fmt: skip
_GOOD_ADHERENCE = 80.0
KAPLAN_MEIER = (
    "Kaplan-Meier; who had not reached it is censored on the last day with a dose",
    "statsmodels.duration.survfunc.SurvfuncRight(time, status)",
)


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("exposure", "Exposure and adherence")
    treated = material.population("SAF")
    if not treated:
        made.say("Nobody has taken a dose.")
        return made
    _summary(made, material, treated)
    _steps(made, material, treated)
    adhering.dose_reached(made, material, treated)
    retention(made, material)
    _adherence(made, material, treated)
    _interruptions(made, material, treated)
    made.figure(
        "Doses: one lane a person from the first dose on, the stronger its colour the more mg; a gap is a missed day, a thin line one of which nobody told. "
        "A bar at the end: stopped for good; an arrow: goes on.",
        figures.swimlane(material),
        single=True,
    )
    return made


def _summary(made: Section, material: Material, treated: list[str]) -> None:
    rows, table = [], material.frame("ADEX")
    for code in _SUMMARISED:
        of_code = table[table["PARAMCD"] == code]
        values = saying.known(of_code["AVAL"])
        if values:
            said = saying.spread(values)
            label = str(of_code["PARAM"].iloc[0])
            rows.append(
                (
                    label,
                    str(len(values)),
                    said,
                    f"{saying.number(min(values))} to {saying.number(max(values))}",
                )
            )
            made.record(label, said, len(values), {"median": float(np.median(values))}, MEDIAN)
    made.table(
        f"Exposure of the {len(treated)} people who started (SAF)",
        ("", "n", "Median [quartiles]", "Smallest to largest"), rows,
    )  # fmt: skip


def doses(material: Material) -> list[float]:
    """Return the daily doses of the plans, in order."""
    steps = {
        float(step.mg)
        for arm in material.protocol.arms
        for step in material.protocol.titration_of(arm.id).steps
    }
    return sorted(steps)


def first_reached(material: Material, mg: float) -> dict[str, date]:
    """Return the first day on which each person is known to have taken so much."""
    found: dict[str, date] = {}
    for row in material.source.rows("dose_day"):
        if row["status"] == "taken" and (row["mg_least"] or 0) >= mg:
            found[row["participant"]] = min(found.get(row["participant"], row["day"]), row["day"])
    return found


def _steps(made: Section, material: Material, treated: list[str]) -> None:
    rows = []
    for mg in doses(material):
        reached = first_reached(material, mg)
        times, happened = [], []
        for who in treated:
            first, last = material.persons[who]["TRTSDT"], material.persons[who]["TRTEDT"]
            times.append((reached.get(who, last) - first).days + 1)
            happened.append(who in reached)
        share = made.share(f"reached {mg:g} mg", sum(happened), len(treated))
        middle = median_time(times, happened)
        said = "not reached by half" if middle is None else f"day {middle:g}"
        own = saying.span([time for time, has in zip(times, happened, strict=True) if has])
        made.record(f"time to {mg:g} mg", said, len(treated), {"median": middle}, KAPLAN_MEIER)
        reached_said = _by_the_end(made, mg, times, happened)
        rows.append((f"{mg:g} mg a day", share, reached_said, said, own))
    made.table(
        "Dose reached, and how soon",
        ("Step", f"k/n of {len(treated)} (%; exact 95 % CI)", "Share (Kaplan-Meier)", "Median day (Kaplan-Meier)",
         "Day of those who reached it, median (range)"),
        rows, "Day 1 is the day of the first dose. Share: who stopped or goes on below the step is censored; without a standard error "
        "nobody had reached it, or everybody.",
    )  # fmt: skip


def _by_the_end(made: Section, mg: float, times: list[int], happened: list[bool]) -> str:
    """Return the share that has reached a dose in the end, with Greenwood's standard error."""
    found = survival(times, happened)
    share, error = (1 - found.shares[-1], found.errors[-1]) if any(happened) else (0.0, None)
    said = f"{share:.3f} (SE {error:.3f})" if error else f"{share:.3g}"
    values = {"share": share, "se": error}
    made.record(f"share at {mg:g} mg", said, len(times), values, KAPLAN_MEIER)
    return said


def median_time(times: list[int], happened: list[bool]) -> float | None:
    """Return when half have had the event, by Kaplan and Meier; None if half never had."""
    found = survival(times, happened)
    return next(
        (time for time, left in zip(found.times, found.shares, strict=True) if left <= 0.5 + 1e-9),
        None,
    )


def _days(material: Material) -> Frame:
    rows = [row for row in material.source.rows("dose_day") if row["status"] != "not_planned"]
    return Frame(
        rows, columns=["participant", "day", "status", "mg_planned", "mg_least", "mg_most"]
    )


def _adherence(made: Section, material: Material, treated: list[str]) -> None:
    """Tell what is known of planned days: taken, missed, and of which nobody told; and the bounds that this leaves."""
    days = _days(material)
    days = days[days["participant"].isin(treated)]
    counted = Counter(days["status"])
    n = sum(counted.values())
    rows = [
        (f"Days {each}", saying.plain(counted[each], n)) for each in ("taken", "missed", "unknown")
    ]
    for each in ("taken", "missed", "unknown"):
        made.record(f"days {each}", saying.plain(counted[each], n), n, {"k": counted[each]}, _DAYS)
    if n:
        planned = days["mg_planned"].sum()
        low, high = (100 * days[name].sum() / planned for name in ("mg_least", "mg_most"))
        rows += [
            (
                "Days, between",
                f"{counted['taken']}/{n} and {counted['taken'] + counted['unknown']}/{n}",
            ),
            (
                "mg taken of mg planned, between",
                f"{low:.1f} and {high:.1f} % of {saying.number(planned)} mg",
            ),
        ]
        made.record("mg taken of planned", rows[-1][1], n, {"low": low, "high": high}, _MG)
    told = material.people.loc[treated, "TRCMP"].dropna()
    good = made.share("adherence 80 % or more", int((told >= _GOOD_ADHERENCE).sum()), len(told))
    rows.append(("People who took 80 % or more of the doses that were told", good))
    rows += adhering.rows(made, material, treated)
    made.table(
        "Adherence: known, and not known",
        ("", "Found"),
        rows,
        "Days planned, all people together. A day without a word is not a missed dose: it stands as unknown, and the "
        "bounds count it as missed and as taken. By units: (dispensed - returned - lost) of planned, in mg, of who no longer takes the "
        "drug and gave units back or lost some.",
    )


_DAYS = ("planned days by what is known of them", "value_counts")
_MG = (
    "mg taken / mg planned, unknown days as 0 and as taken in full",
    "sum(mg_least)/sum(mg_planned), sum(mg_most)/sum(mg_planned)",
)


def _interruptions(made: Section, material: Material, treated: list[str]) -> None:
    rows = list(_by_reason(made, material, treated))
    made.table(
        "Interruptions that were told, by reason",
        (
            "Reason",
            f"People, k/n of {len(treated)} (%; exact 95 % CI)",
            "Interruptions",
            "Days, median (range)",
        ),
        rows,
        "A break that still goes on is counted; its days are not, as they are not over."
        if rows
        else "",
    )


def _by_reason(made: Section, material: Material, treated: list[str]) -> Iterator[tuple[str, ...]]:
    rows = [
        row for row in material.source.rows("interruption") if row["participant"] in set(treated)
    ]
    for reason in sorted({row["reason"] or "not told" for row in rows}):
        these = [row for row in rows if (row["reason"] or "not told") == reason]
        people = {row["participant"] for row in these}
        lasting = [
            (row["last"] - row["first"]).days + 1 for row in these if row["first"] and row["last"]
        ]
        share = made.share(f"interruption: {reason}", len(people), len(treated))
        yield (saying.words(reason), share, str(len(these)), saying.span(lasting))
