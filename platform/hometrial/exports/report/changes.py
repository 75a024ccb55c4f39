"""The change of an outcome within people: every estimate of 5.4, or below ten people only medians and ranges."""

from collections.abc import Iterator, Sequence

import numpy as np

from hometrial.exports.adam.imputed import BOCF
from hometrial.exports.estimates import change, signed_rank
from hometrial.exports.report.blocks import Section, Value
from hometrial.exports.report.effects import Effect, directions
from hometrial.exports.report.material import Frame, Material, records
from hometrial.exports.report.saying import (
    NOTHING,
    centre,
    error,
    interval,
    number,
    of,
    p_value,
    span,
)

_FEWEST_PAIRS = 2
STUDENT = (
    "paired t: mean ± t(0.975, n-1)·s/√n",
    "scipy.stats.ttest_rel(post, pre).confidence_interval(0.95)",
)
SIGNED_RANK = (
    "Wilcoxon signed-rank, zeros dropped",
    "scipy.stats.wilcoxon(d, zero_method='wilcox')",
)
SHIFT = (
    "Hodges-Lehmann: median of Walsh averages, exact interval",
    "hometrial.exports.estimates.signed_rank.shift(d)",
)
COHEN = (
    "d_z = mean/SD of changes; g_z = d_z·(1 - 3/(4(n-1) - 1)); d_av = mean/((s_pre + s_post)/2)",
    "hometrial.exports.estimates.change.standardised(pre, post)",
)
BOOTSTRAP = (
    "bootstrap BCa of the mean, 9999 samples",
    "scipy.stats.bootstrap((d,), np.mean, n_resamples=9999, method='BCa', rng=default_rng(seed))",
)
RANGE = ("median and range", "numpy.median, min, max")
FEW = "Fewer than {} people have both values: no interval and no test of them; medians, ranges and everybody's own line."


def detailed(made: Section, material: Material, effect: Effect, *, tested: bool) -> None:
    """Print one endpoint with everything: how many, before, after, the change by each estimate."""
    pairs, title = effect.pairs, f"{effect.endpoint.id} {effect.label}"
    if len(pairs) < material.least:
        rows = list(_few(made, effect))
        note = f"{FEW.format(material.least)}{nothing(effect)} {directions([effect])}".rstrip()
        made.table(title, ("", "Found"), rows, note)
        _individuals(made, effect)
        return
    rows = [
        ("People with both values", of(len(pairs), effect.people)),
        ("Before, mean (SD); mean (SE)", f"{centre(pairs['BASE'])}; {error(pairs['BASE'])}"),
        ("At the time, mean (SD); mean (SE)", f"{centre(pairs['AVAL'])}; {error(pairs['AVAL'])}"),
        *_estimates(made, material, effect, tested=tested),
    ]
    alpha = material.protocol.analysis.alpha
    note = (
        f"Two-sided level {alpha:g}, for this primary endpoint only. " if tested else "An estimate with its interval; no test. "
    )  # fmt: skip
    note = f"{note}{_population(effect)} {directions([effect])}".rstrip()
    made.table(title, ("", "Found"), rows, note)


def nothing(effect: Effect) -> str:
    """Say why nothing can be estimated of an endpoint; nothing where somebody has both values."""
    if len(effect.pairs):
        return ""
    population = effect.endpoint.population
    if not effect.people:
        return f" Not estimable: nobody is in {population}."
    based = int(effect.rows["BASE"].notna().sum())
    if not based:
        return f" Not estimable: none of the {effect.people} people in {population} has a baseline."
    over = len(effect.made(BOCF))
    return (
        f" Not estimable: of {effect.people} people in {population} {based} have a baseline and none of them a value at the time; "
        f"for {over} the time is over, for {based - over} it is still to come."
    )  # fmt: skip


def _population(effect: Effect) -> str:
    endpoint = effect.endpoint
    estimand = endpoint.estimand.replace("_", " ")
    return f"Population {endpoint.population}, estimand {estimand}; everybody with both values, nothing imputed."


def _few(made: Section, effect: Effect) -> Iterator[tuple[str, str]]:
    pairs, name = effect.pairs, effect.endpoint.id
    yield "People with both values", made.share(f"{name} both values", len(pairs), effect.people)
    for label, column in (("Before", "BASE"), ("At the time", "AVAL"), ("Change", "CHG")):
        values = list(pairs[column])
        said = span(values)
        median = float(np.median(values)) if values else None
        made.record(f"{name} {label.lower()}", said, len(values), {"median": median}, RANGE)
        yield f"{label}, median (range)", said


def _individuals(made: Section, effect: Effect) -> None:
    rows = [
        (str(row["SUBJID"]), number(row["BASE"]), number(row["AVAL"]), number(row["CHG"]))
        for row in records(effect.rows.sort_values("SUBJID"))
    ]
    made.singles(
        f"{effect.endpoint.id}, one by one", ("Person", "Before", "At the time", "Change"), rows
    )


def _estimates(
    made: Section, material: Material, effect: Effect, *, tested: bool
) -> Iterator[tuple[str, str]]:
    name, pairs = effect.endpoint.id, effect.pairs
    before, after, d = list(pairs["BASE"]), list(pairs["AVAL"]), list(pairs["CHG"])
    try:
        found = change.paired(before, after)
    except ValueError as why:
        yield from _without_spread(made, name, d, str(why))
        return
    said = f"{number(found.mean)} ({interval(found.low, found.high)})"
    made.record(
        f"{name} mean change", said, found.pairs,
        {"mean": found.mean, "sd": found.sd, "low": found.low, "high": found.high, "t": found.t, "df": found.df, "p": found.p},
        STUDENT,
    )  # fmt: skip
    yield "Mean change (95 % CI, paired t)", said
    yield "SD of the changes", number(found.sd)
    if tested:
        yield f"Paired t, t({found.df})", f"{number(found.t, 2)}, {p_value(found.p)}"
    yield from _ranked(made, material, name, d, tested=tested)
    sizes = change.standardised(before, after)
    said = f"d_z {number(sizes.d_z, 2)}; g_z {number(sizes.g_z, 2)}; d_av {number(sizes.d_av, 2)}"
    made.record(f"{name} standardised", said, found.pairs,
                {"d_z": sizes.d_z, "j": sizes.j, "g_z": sizes.g_z, "d_av": sizes.d_av}, COHEN)  # fmt: skip
    yield "Standardised (d_z is also the SRM)", said
    drawn = change.bootstrapped(d, seed=material.seed)
    said = interval(drawn.low, drawn.high)
    limits: dict[str, Value] = {"low": drawn.low, "high": drawn.high, "seed": material.seed}
    made.record(f"{name} bootstrap", said, found.pairs, limits, BOOTSTRAP)
    yield f"Bootstrap 95 % CI of the mean (BCa, 9999, seed {material.seed})", said


def _without_spread(
    made: Section, name: str, d: Sequence[float], why: str
) -> Iterator[tuple[str, str]]:
    """Print the mean alone, with the reason why there is no more."""
    mean = float(np.mean(d))
    said = f"{number(mean)}; {why}"
    made.record(f"{name} mean change", said, len(d), {"mean": mean}, STUDENT)
    yield "Mean change (95 % CI, paired t)", said


def _ranked(
    made: Section, material: Material, name: str, d: Sequence[float], *, tested: bool
) -> Iterator[tuple[str, str]]:
    found = signed_rank.shift(d)
    said = f"{number(found.estimate)} ({interval(found.low, found.high)})"
    values = {
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high,
        "level": found.level,
    }
    made.record(f"{name} shift", said, len(d), values, SHIFT)
    yield f"Hodges-Lehmann shift (exact CI, covers {100 * found.level:.1f} %)", said
    if tested and any(d):
        test = signed_rank.signed_rank(d, material.seed)
        said = f"W = {number(test.statistic)}, {p_value(test.p)} ({test.method})"
        made.record(f"{name} signed ranks", said, test.pairs,
                    {"W": test.statistic, "p": test.p, "method": test.method}, SIGNED_RANK)  # fmt: skip
        yield "Wilcoxon signed ranks", said


HEAD = (
    "Endpoint", "n of N", "Before", "At the time", "Mean change (95 % CI)",
    "Hodges-Lehmann (exact CI)", "d_z; g_z",
)  # fmt: skip


def row(made: Section, material: Material, effect: Effect) -> tuple[str, ...]:
    """Return one endpoint as a row of a table, its numbers recorded."""
    pairs, name = effect.pairs, effect.endpoint.id
    title, n = f"{name} {effect.label}", f"{len(pairs)} of {effect.people}"
    if len(pairs) < max(_FEWEST_PAIRS, material.least):
        told = dict(_few(made, effect))
        few = [told[f"{each}, median (range)"] for each in ("Before", "At the time", "Change")]
        return (
            title,
            n,
            few[0],
            few[1],
            f"median {few[2]}" if len(pairs) else NOTHING,
            NOTHING,
            NOTHING,
        )
    told = {
        label.split(" (")[0]: said
        for label, said in _estimates(made, material, effect, tested=False)
    }
    sizes = (
        told.get("Standardised", NOTHING).split("; d_av")[0].replace("d_z ", "").replace("g_z ", "")
    )
    return (
        title, n, centre(pairs["BASE"]), centre(pairs["AVAL"]), told["Mean change"], told.get("Hodges-Lehmann shift", NOTHING), sizes,
    )  # fmt: skip


def rows(made: Section, material: Material, found: Sequence[Effect], caption: str) -> None:
    """Print several endpoints as one table."""
    if found:
        empty = [f"{each.endpoint.id}:{nothing(each)}" for each in found if not len(each.pairs)]
        made.table(
            caption, HEAD, [row(made, material, each) for each in found],
            "Estimates with 95 % intervals; no tests. Mean (SD) before and at the time; with fewer than "
            f"{material.least} people median (range) and no interval. {directions(found)}{''.join(f' {said}' for said in empty)}",
        )  # fmt: skip


def values(effect: Effect) -> Frame:
    """Return before, after and change of the complete pairs by person."""
    return effect.pairs.set_index("SUBJID")[["BASE", "AVAL", "CHG"]]
