"""How alike the two halves of the run-in are, of outcomes that are means over days, and whose change is beyond that noise."""

from hometrial.exports.adam.trial import Trial
from hometrial.exports.estimates.change import agreement, reliable
from hometrial.exports.estimates.numbers import is_constant
from hometrial.exports.report import saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, effects
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.series import code
from hometrial.protocol.outcomes import FormOutcome, WearableOutcome

FEWEST = 4
"""People with both halves from whom on a coefficient is reckoned."""
_DAYS_OF_A_HALF = 3
HALVES = (
    "ICC(A,1), two-way, of the means of the first and the second half of the run-in; reliable change 1.96·√2·SD·√(1 - ICC)",
    "hometrial.exports.estimates.change.agreement(first, second), reliable(sd, icc)",
)


def run_in(made: Section, material: Material) -> None:
    """Print each endpoint that is a change of a mean over days."""
    rows = [
        _row(made, material, each)
        for each in effects(material)
        if each.kind == "change" and _is_by_days(each)
    ]
    if rows:
        made.table(
            "Test and retest in the run-in, and changes beyond that noise",
            ("Endpoint", "People with both halves", "ICC(A,1)", "Reliable change",
             "Better by more, k/n (%; exact 95 % CI)", "Worse by more, k/n (%; exact 95 % CI)"), rows,
            f"Means of the first and the second half of the run-in, of {_DAYS_OF_A_HALF} days and more each; from {FEWEST} people on, "
            "and only where their means differ.",
        )  # fmt: skip


def _is_by_days(effect: Effect) -> bool:
    outcome = effect.outcome
    return isinstance(outcome, WearableOutcome) or (
        isinstance(outcome, FormOutcome) and outcome.over_days is not None
    )


def halves(material: Material, effect: Effect) -> Frame:
    """Return the mean of each half of the run-in by subject, of who has both."""
    outcome = effect.outcome
    if outcome is None:
        return Frame(columns=["first", "second"])
    name = "ADWD" if isinstance(outcome, WearableOutcome) else "ADQS"
    table = material.frame(name)
    rows = table[
        (table["PARAMCD"] == code(material, outcome))
        & (table["DTYPE"] == "")
        & (table["ANL01FL"] == "Y")
        & table["USUBJID"].isin(effect.rows["USUBJID"])
    ]
    spans = Trial(material.protocol, material.tabulations).run_in
    found: dict[str, tuple[float, float]] = {}
    begins, ends = spans["first"].to_dict(), spans["last"].to_dict()
    for who, own in rows.groupby("USUBJID"):
        if who not in begins:
            continue
        first, last = begins[who].date(), ends[who].date()
        days = [(day - first).days for day in own["ADT"]]
        lasting = (last - first).days + 1
        parts = [
            [float(value) for day, value in zip(days, own["AVAL"], strict=True) if low <= day < high]
            for low, high in ((0, lasting / 2), (lasting / 2, lasting))
        ]  # fmt: skip
        if min(map(len, parts)) >= _DAYS_OF_A_HALF:
            found[str(who)] = (sum(parts[0]) / len(parts[0]), sum(parts[1]) / len(parts[1]))
    return Frame.from_dict(found, orient="index", columns=["first", "second"])


def _row(made: Section, material: Material, effect: Effect) -> tuple[str, ...]:
    name, both = effect.endpoint.id, halves(material, effect)
    title, n = f"{name} {effect.label}", len(both)
    if n < FEWEST or is_constant(both.to_numpy(dtype=float)):
        return (title, str(n), *[saying.NOTHING] * 4)
    icc = agreement(list(both["first"]), list(both["second"]))
    limit = reliable(float(both["second"].std(ddof=1)), min(1.0, max(0.0, icc)))
    made.record(f"{name} run-in", saying.number(limit), n, {"icc": icc, "limit": limit}, HALVES)
    d = effect.pairs["CHG"]
    better = -d if effect.higher_is_worse else d
    shares = (
        made.share(f"{name} {word} than the run-in's noise", int((sign * better > limit).sum()), len(d))
        for word, sign in (("better", 1), ("worse", -1))
    )  # fmt: skip
    said = f"{icc:.2f}".replace("-", "−")
    return (title, str(n), said, saying.number(limit), *shares)
