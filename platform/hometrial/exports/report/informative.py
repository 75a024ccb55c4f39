"""Diaries that are missing because of a crash: those days at the person's own worst, as a sensitivity."""

from collections import defaultdict
from datetime import date, timedelta

import numpy as np

from hometrial.exports.report import saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, effects
from hometrial.exports.report.material import Material
from hometrial.exports.report.series import code
from hometrial.protocol.outcomes import AtDays, FormOutcome

_WORST = 90.0
CRASH = (
    "mean change where diary days that are missing on or beside a declared bad day hold the person's 90th percentile",
    "numpy.percentile(own days, 90), 10 where lower is worse",
)


def informative(made: Section, material: Material) -> None:
    """Print each endpoint that is a mean over diary days again, missing days beside bad days at their worst."""
    rows = []
    for effect in effects(material):
        outcome, at = effect.outcome, effect.endpoint.at
        if (
            not isinstance(outcome, FormOutcome)
            or outcome.over_days is None
            or not isinstance(at, AtDays)
        ):
            continue
        if at.anchor != "first_dose" or effect.kind != "change":
            continue
        changed, filled = _changes(material, effect, outcome, at)
        said = saying.span(changed)
        middle = float(np.median(changed)) if changed else None
        made.record(
            f"{effect.endpoint.id} crash days filled",
            said,
            len(changed),
            {"median": middle, "days": filled},
            CRASH,
        )
        rows.append(
            (f"{effect.endpoint.id} {effect.label}", f"{saying.span(effect.pairs['CHG'])}, n = {len(effect.pairs)}",
             f"{said}, n = {len(changed)}", str(filled))
        )  # fmt: skip
    if rows:
        made.table(
            "Diaries missing around declared bad days",
            ("Endpoint", "Change as observed, median (range)", "With those days at the own worst, median (range)", "Days filled"),
            rows,
            "Days without a diary on, just before or just after a declared bad day get the person's own 90th percentile for the worse.",
        )  # fmt: skip


def _changes(
    material: Material, effect: Effect, outcome: FormOutcome, at: AtDays
) -> tuple[list[float], int]:
    days = _days(material, code(material, outcome))
    beside = _beside_bad_days(material)
    least = outcome.at_least_days or 1
    worst = _WORST if effect.higher_is_worse else 100 - _WORST
    changed, filled = [], 0
    for who, base in zip(effect.rows["SUBJID"], effect.rows["BASE"], strict=True):
        own, start = days.get(who, {}), material.persons[who]["TRTSDT"]
        if saying.is_missing(base) or saying.is_missing(start) or not own:
            continue
        limit = float(np.percentile(list(own.values()), worst))
        values = []
        for apart in range(at.from_day, at.to_day + 1):
            day = start + timedelta(days=apart)
            if day in own:
                values.append(own[day])
            elif day in beside.get(who, ()):
                values.append(limit)
                filled += 1
        if len(values) >= least:
            changed.append(float(np.mean(values)) - float(base))
    return changed, filled


def _days(material: Material, parameter: str) -> dict[str, dict[date, float]]:
    """Return everybody's diary days with their value."""
    table = material.frame("ADQS")
    rows = table[(table["PARAMCD"] == parameter) & (table["DTYPE"] == "") & table["AVAL"].notna()]
    found: dict[str, dict[date, float]] = defaultdict(dict)
    for who, day, value in zip(rows["SUBJID"], rows["ADT"], rows["AVAL"], strict=True):
        if not saying.is_missing(day):
            found[who][day] = float(value)
    return found


def _beside_bad_days(material: Material) -> dict[str, set[date]]:
    """Return for everybody the days from the one before a bad stretch to the one after it."""
    found: dict[str, set[date]] = defaultdict(set)
    for who, rows in material.source.by_person("bad_day").items():
        begun: date | None = None
        for row in sorted(rows, key=lambda each: str(each["at"])):
            day = date.fromisoformat(str(row["at"])[:10])
            if row["kind"] == "begun":
                begun = begun or day
                found[who] |= {day + timedelta(days=apart) for apart in (-1, 0, 1)}
            elif begun is not None:
                lasting = (day - begun).days
                found[who] |= {begun + timedelta(days=apart) for apart in range(lasting + 2)}
                begun = None
    return found
