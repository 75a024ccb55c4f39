"""Whether the trial could be done: the protocol's measures against its criteria, as a traffic light with words."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats
from statsmodels.stats.power import TTestPower

from hometrial.exports.estimates.numbers import is_constant
from hometrial.exports.estimates.proportions import proportion, without_events
from hometrial.exports.report import compliance, saying
from hometrial.exports.report.blocks import CLOPPER_PEARSON, Light, Section, Value
from hometrial.exports.report.compliance import Due
from hometrial.exports.report.flow import flow
from hometrial.exports.report.material import Material
from hometrial.protocol.outcomes import Feasibility, FormOutcome

_DAYS_A_MONTH = 365.25 / 12
_EFFECT = 0.5
LIGHTS: dict[Light, str] = {
    "met": "met",
    "open": "below it, but within its interval",
    "missed": "not met: the interval lies below",
    "unknown": "not judged",
}


@dataclass(frozen=True)
class Measured:
    """A measure: as it is said, and what it is held to the criterion by."""

    said: str
    share: float | None
    high: float | None
    n: int
    values: dict[str, Value]
    by: tuple[str, str]


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("feasibility", "Feasibility")
    measures = material.protocol.endpoints.feasibility
    if not measures:
        made.say("The protocol declares no measure of feasibility.")
    rows, lights = [], []
    for each in measures:
        found = measure(material, each)
        light = _light(each, found)
        criterion = "none" if each.at_least is None else f"{100 * each.at_least:g} % or more"
        said = "no rule is known for these words; judge it by hand" if found is None else found.said
        rows.append(
            (
                each.id,
                each.text,
                said,
                criterion,
                LIGHTS[light] if each.at_least else "no criterion",
            )
        )
        lights.append(light)
        if found is not None:
            made.record(f"{each.id} {each.text}", said, found.n, found.values, found.by)
    if rows:
        made.table(
            "Measures of feasibility against the protocol's criteria",
            ("", "Measure", "Found", "Criterion", "Judged"),
            rows,
            "Days are not independent within people: of days the mean of the persons' shares is held to the criterion, "
            "with Student's interval over persons.",
            lights,
        )
    planned = material.protocol.design.planned
    made.say(_precision(planned), "note")
    return made


def _precision(planned: int) -> str:
    size = TTestPower().solve_power(effect_size=_EFFECT, alpha=0.05, power=0.8)
    said = (
        f"The trial is sized for precision, not for a test: a standardised change d_z of {_EFFECT:g} would need n = {size:.1f}, so "
        f"{math.ceil(size)} pairs, for 80 % power at a two-sided 0.05."
    )  # fmt: skip
    if not planned:
        return said
    half = proportion(planned // 2, planned)
    return (
        f"{said} With {planned} people the exact 95 % interval around {half.k}/{half.n} reaches from {100 * half.low:.1f} to "
        f"{100 * half.high:.1f} %, and no related serious event in all {planned} would exclude a true rate above "
        f"{100 * without_events(planned):.1f} % (one-sided 95 %)."
    )  # fmt: skip


def _light(measured: Feasibility, found: Measured | None) -> Light:
    if measured.at_least is None or found is None or found.share is None:
        return "unknown"
    if found.share >= measured.at_least:
        return "met"
    return "open" if found.high is None or found.high >= measured.at_least else "missed"


def measure(material: Material, asked: Feasibility) -> Measured | None:
    """Return what a measure of the protocol amounts to, by its words; None where no rule is known for them."""
    for pattern, rule in _RULES:
        found = re.search(pattern, asked.text, re.IGNORECASE)
        if found:
            return rule(material, found)
    return None


def _recruited(material: Material, _found: re.Match[str]) -> Measured:
    days = sorted(day for day in material.people["RFICDT"] if day is not None)
    if not days:
        return Measured("0 consented", None, None, 0, {"people": 0}, _RATE)
    last = max(material.standing.cut.date(), days[-1])
    months = max(
        1.0,
        ((last if len(days) < material.protocol.design.planned else days[-1]) - days[0]).days
        / _DAYS_A_MONTH,
    )
    rate = len(days) / months
    said = f"{len(days)} in {months:.1f} months: {rate:.2f} a month"
    return Measured(said, None, None, len(days), {"rate": rate, "months": months}, _RATE)


_RATE = (
    "people consented / months from the first consent to the last, or to the data cut while it recruits",
    "n / months",
)


def _retained(material: Material, found: re.Match[str]) -> Measured | None:
    wanted = found["visit"].strip().lower()
    for each in flow(material).assessed:
        if not re.match(rf"{re.escape(wanted)}\b", each.visit.label.lower()):
            continue
        due = {name: people for name, people in each.states.items() if name != "not due yet"}
        n = sum(map(len, due.values()))
        k = sum(len(people) for name, people in due.items() if name.startswith("assessed"))
        return _of_people(k, n, "started the drug and are due")
    return None


def _of_people(k: int, n: int, of_whom: str) -> Measured:
    if not n:
        return Measured(f"0/0 (nobody: {of_whom})", None, None, 0, {"k": 0}, CLOPPER_PEARSON)
    found = proportion(k, n)
    return Measured(
        f"{saying.share(found)}, of those who {of_whom}", k / n, found.high, n,
        {"k": k, "low": found.low, "high": found.high}, CLOPPER_PEARSON,
    )  # fmt: skip


def _reached(material: Material, found: re.Match[str]) -> Measured:
    mg = float(found["mg"])
    treated = material.population("SAF")
    k = int((material.people.loc[treated, "DOSMAX"] >= mg).sum())
    return _of_people(k, len(treated), "started the drug")


def _worn(material: Material, _found: re.Match[str]) -> Measured:
    return of_days(compliance.wear(material))


def _diary(material: Material, _found: re.Match[str]) -> Measured:
    return of_days(compliance.diaries(material))


def _diary_before(material: Material, found: re.Match[str]) -> Measured:
    forms = {each.form for each in material.protocol.outcomes if isinstance(each, FormOutcome)}
    wanted = found["form"].lower()
    form = next((each for each in sorted(forms) if each.lower() == wanted), wanted)
    return of_days(compliance.diary_before(material, form, 7))


def of_days(due: Due) -> Measured:
    """Return days that came of days due: the sum, and the mean of the persons' shares with Student's interval."""
    came, of = sum(each[0] for each in due.values()), sum(each[1] for each in due.values())
    shares = [k / n for k, n in due.values() if n]
    if not shares:
        return Measured("0/0 (nothing due)", None, None, 0, {"k": 0}, _MEAN)
    mean = float(np.mean(shares))
    values: dict[str, Value] = {"days": came, "due": of, "mean": mean}
    if len(shares) == 1:
        return Measured(f"{saying.plain(came, of)} days of 1 person", mean, None, 1, values, _MEAN)
    if is_constant(np.asarray(shares)):
        said = f"{saying.plain(came, of)} days; each of {len(shares)} persons' shares is {100 * mean:.1f} %: no spread, no interval"
        return Measured(said, mean, None, len(shares), values, _MEAN)
    half = float(
        stats.t.ppf(0.975, len(shares) - 1) * np.std(shares, ddof=1) / np.sqrt(len(shares))
    )
    low, high = max(0.0, mean - half), min(1.0, mean + half)
    said = (
        f"{saying.plain(came, of)} days; mean of {len(shares)} persons' shares "
        f"{100 * mean:.1f} % (95 % CI {100 * low:.1f} to {100 * high:.1f})"
    )
    return Measured(said, mean, high, len(shares), values | {"low": low, "high": high}, _MEAN)


_MEAN = (
    "mean of the persons' shares, Student 95 % interval, kept within 0 and 1",
    "mean ± t(0.975, n-1)·s/√n",
)
_RULES: tuple[tuple[str, Callable[[Material, re.Match[str]], Measured | None]], ...] = (
    (r"recruit", _recruited),
    (r"retention at (?P<visit>.+)$", _retained),
    (r"reached.*?(?P<mg>\d+(\.\d+)?) ?mg", _reached),
    (r"wear days", _worn),
    (r"diary days in the week before each (?P<form>\w+)", _diary_before),
    (r"diary", _diary),
)
