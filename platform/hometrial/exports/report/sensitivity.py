"""What the missing could change: who is counted, what is carried forward or drawn, and the point at which a finding tips.

Everything is reckoned of the rows of ADEFF alone, made rows by their DTYPE.
"""

import pandas as pd

from hometrial.exports.adam.imputed import BOCF, LOCF, MI, NRI
from hometrial.exports.estimates import change, imputing
from hometrial.exports.report import saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect
from hometrial.exports.report.material import Frame, Material, records
from hometrial.protocol.outcomes import AtVisit

RUBIN = (
    "multiple imputation by chained equations, m = 20 (rows of ADEFF with DTYPE MI), pooled by Rubin's rules with Barnard-Rubin df",
    "statsmodels.imputation.mice.MICEData(values, k_pmm=5, rng=default_rng(seed)); hometrial.exports.estimates.imputing.pooled",
)
TIPPING = (
    "delta-adjusted tipping point, in quarters of the SD of the changes",
    "hometrial.exports.estimates.imputing.tipping(changes, missing, worse), tipping_drawn(seen, drawn, worse)",
)
STUDENT = ("mean ± t(0.975, n-1)·s/√n", "scipy.stats.ttest_1samp(d, 0).confidence_interval(0.95)")
_TOLD_STEPS = 8


def print_all(made: Section, material: Material, effect: Effect) -> None:
    """Print the sensitivity of one endpoint."""
    _who_is_counted(made, material, effect)
    _imputed(made, material, effect)
    _tips(made, material, effect)


def _who_is_counted(made: Section, material: Material, effect: Effect) -> None:
    """Print the change of others than everybody with both values, and with values carried forward."""
    pairs, people = effect.pairs, material.persons
    kept = [not _is_off(people[str(row["SUBJID"])], row["ADT"]) for row in records(pairs)]
    counted: list[tuple[str, Frame]] = [
        ("Everybody with both values (treatment policy)", pairs),
        ("Only on the drug at the time (hypothetical)", pairs[kept] if len(pairs) else pairs),
    ]
    if any(each.id == "PP" for each in material.protocol.analysis.sets):
        within = pairs[pairs["SUBJID"].isin(material.population("PP"))]
        counted.append(("Per protocol (PP)", within))
    if isinstance(effect.endpoint.at, AtVisit):
        counted.append(("Last value carried forward (LOCF)", effect.completed(LOCF)))
    counted.append(("Baseline carried forward (BOCF)", effect.completed(BOCF)))
    made.table(
        f"{effect.endpoint.id}: sensitivity to who is counted",
        ("Who", "n", "Change, mean (SD)", "95 % CI", "Change, median (range)"),
        [_row(made, material, effect, name, rows) for name, rows in counted],
        "Carried forward for who has a baseline and no value, and whose time is not still to come: the last value on the drug, or "
        "the baseline itself. Single imputation makes intervals too narrow; it is no primary analysis. No interval where fewer than "
        f"{material.least} people have both values, however many are imputed.",
    )  # fmt: skip


def _is_off(person: dict[str, object], at: object) -> bool:
    stopped = person["EOTSTT"] == "DISCONTINUED" and not saying.is_missing(at)
    return bool(stopped and at > person["TRTEDT"])  # type: ignore[operator]  # both are dates


def _row(
    made: Section, material: Material, effect: Effect, name: str, rows: Frame
) -> tuple[str, ...]:
    d = [float(each) for each in rows["CHG"]]
    mean = limits = saying.NOTHING
    if min(len(d), len(effect.pairs)) >= material.least:
        mean = saying.centre(d)
        try:
            low, high = change.student(d)
        except ValueError as why:
            return name, str(len(d)), mean, str(why), saying.span(d)
        limits = saying.interval(low, high)
        values = {"mean": sum(d) / len(d), "low": low, "high": high}
        made.record(f"{effect.endpoint.id} {name}", limits, len(d), values, STUDENT)
    return name, str(len(d)), mean, limits, saying.span(d)


def responders(made: Section, found: list[Effect]) -> None:
    """Print each responder rule with each way of dealing with who is not known."""
    rows = []
    for each in found:
        name, observed = each.endpoint.id, each.observed
        ways = {"observed": observed, NRI: each.told[each.told["ANL02FL"] == "Y"]}
        ways |= {dtype: pd.concat([observed, each.made(dtype)]) for dtype in (LOCF, BOCF)}
        cells = [
            made.share(f"{name} {way}, sensitivity", int((own["CRIT1FL"] == "Y").sum()), len(own))
            for way, own in ways.items()
        ]
        rows.append((f"{name} {each.label}", *cells))
    if rows:
        made.table(
            "Responders: what is made of those who are not known, k/n (%; exact 95 % CI)",
            ("Rule", "Observed cases", "As non-responders (NRI)", "Last value (LOCF)", "Baseline (BOCF)"), rows,
            "Nobody is imputed whose time is still to come. Carried forward are only those whom a carried value settles, so the "
            "denominators differ; a rule without a baseline has none to carry.",
        )  # fmt: skip


def drawn(rows: Frame) -> list[list[float]]:
    """Return the changes that were drawn, one list an imputation, of the rows of an endpoint."""
    of_mi = rows[rows["DTYPE"] == MI]
    return [[float(each) for each in own["CHG"]] for _, own in of_mi.groupby("IMPNUM")]


def imputed_change(rows: Frame) -> imputing.Pooled:
    """Return the mean change pooled over imputations, of the rows of an endpoint in ADEFF."""
    seen = rows[(rows["ANL01FL"] == "Y") & rows["CHG"].notna()]
    return imputing.pooled_change([float(each) for each in seen["CHG"]], drawn(rows))


def _imputed(made: Section, material: Material, effect: Effect) -> None:
    missing, seen = len(effect.made(BOCF)), len(effect.pairs)
    if effect.made(MI).empty:
        made.say(
            f"{effect.endpoint.id}: no multiple imputation; {missing} of {seen + missing} people with a baseline lack the value, their "
            f"time being over (it takes {imputing.FEWEST} people, a tenth of them without, {imputing.FEWEST_SEEN} with it, and an endpoint at a visit).", "note",
        )  # fmt: skip
        return
    try:
        found = imputed_change(effect.told)
    except ValueError as why:
        made.say(f"{effect.endpoint.id}: multiple imputation gives no interval; {why}.", "note")
        return
    said = f"{saying.number(found.estimate)} ({saying.interval(found.low, found.high)})"
    made.record(
        f"{effect.endpoint.id} imputed", said, seen + missing,
        {"estimate": found.estimate, "low": found.low, "high": found.high, "df": found.df, "m": found.times, "seed": material.seed},
        RUBIN,
    )  # fmt: skip
    made.say(
        f"{effect.endpoint.id}, mean change by multiple imputation: {said}, n = {seen + missing}, of whom {missing} imputed "
        f"(m = {found.times}, seed {material.seed}, {found.df:.1f} degrees of freedom; missing at random is assumed).",
    )  # fmt: skip


def _tips(made: Section, material: Material, effect: Effect) -> None:
    pairs, name = effect.pairs, effect.endpoint.id
    least = material.least
    if len(pairs) < least:
        made.say(f"{name}: no tipping point below {least} people with both values.", "note")
        return
    missing = len(effect.made(BOCF))
    worse = 1.0 if effect.higher_is_worse else -1.0
    seen, of_mi = [float(each) for each in pairs["CHG"]], drawn(effect.told)
    how = "imputed many times" if of_mi else "imputed with the mean change of the others"
    try:
        found = (
            imputing.tipping_drawn(seen, of_mi, worse)
            if of_mi
            else imputing.tipping(seen, missing, worse)
        )
    except ValueError as why:
        made.say(f"{name}: no tipping point; {why}.", "note")
        return
    rows = [
        (saying.number(delta), saying.number(mean), saying.interval(low, high))
        for delta, mean, low, high in found.steps[:_TOLD_STEPS]
    ]
    said = "not reached" if found.delta is None else saying.number(found.delta)
    values = {"delta": found.delta, "missing": missing}
    made.record(f"{name} tipping point", said, len(pairs) + missing, values, TIPPING)
    made.table(
        f"{name}: tipping point, {missing} people {how}, worse by delta",
        ("Delta", "Mean change", "95 % CI"), rows, _tipped(found, missing, is_single=not of_mi),
    )  # fmt: skip


def _tipped(found: imputing.Tipping, missing: int, *, is_single: bool) -> str:
    if found.delta == 0:
        return "The interval holds 0 already without any difference."
    if not missing:
        return "Nobody is missing: there is nothing to tip."
    if found.delta is None:
        return "No difference that was tried brings the interval to 0."
    narrow = (
        " Singly imputed: the interval is too narrow, and the true point nearer than it says."
        if is_single
        else ""
    )
    return f"From {saying.number(found.delta)} on the interval holds 0.{narrow}"
