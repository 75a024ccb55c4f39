"""What is missing, and what that could change: patterns, sensitivity of responders, imputation, the tipping point."""

from collections import Counter, defaultdict

from hometrial.exports.estimates import imputing
from hometrial.exports.report import saying
from hometrial.exports.report.blocks import COUNT, Section
from hometrial.exports.report.effects import Effect, placed
from hometrial.exports.report.informative import informative
from hometrial.exports.report.material import Frame, Material, records
from hometrial.exports.report.series import is_at_visits, series
from hometrial.protocol.outcomes import AtVisit

RUBIN = (
    "multiple imputation by chained equations, m = 20, pooled by Rubin's rules with Barnard-Rubin df",
    "statsmodels.imputation.mice.MICEData(values, k_pmm=5, rng=default_rng(seed)); hometrial.exports.estimates.imputing.pooled",
)
TIPPING = (
    "delta-adjusted tipping point, in quarters of the SD of the changes",
    "hometrial.exports.estimates.imputing.tipping(changes, missing, worse)",
)
_TOLD_STEPS = 8


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("missing", "Missing data and sensitivity")
    _by_visit(made, material)
    for each in placed(material, "primary"):
        if each.kind == "change":
            _patterns(made, material, each)
            _on_drug_only(made, material, each)
            _imputed(made, material, each)
            _tips(made, material, each)
    informative(made, material)
    return made


def _by_visit(made: Section, material: Material) -> None:
    labels = {each.id: each.label for each in material.protocol.forms}
    states: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in material.source.rows("expected_form"):
        if row["kind"] == "visit":
            visit = str(row["occasion"]).partition("#")[0]
            states[row["form"], visit][row["state"]] += 1
    order = {each.id: place for place, each in enumerate(material.protocol.visits)}
    rows, last = [], ""
    for form, visit in sorted(
        states, key=lambda each: (labels.get(each[0], each[0]), order.get(each[1], 99))
    ):
        own = states[form, visit]
        due = own["received"] + own["missing"]
        said = saying.plain(own["received"], due)
        made.record(f"{form} at {visit}", said, due, {"k": own["received"]}, COUNT)
        name = labels.get(form, form)
        rest = (str(own["missing"]), str(own["excused"]), str(own["open"] + own["not_yet"]))
        rows.append(("" if name == last else name, visit, said, *rest))
        last = name
    made.table(
        "Forms by visit",
        ("Form", "Visit", "Received of due, k/n (%)", "Missing", "Excused", "Not due yet"), rows,
    )  # fmt: skip


def _patterns(made: Section, material: Material, effect: Effect) -> None:
    """Print which visits have a value, person by person added up: X there, . not there."""
    outcome = effect.outcome
    if outcome is None or not is_at_visits(outcome):
        return
    values = series(material, outcome)
    people = material.population(effect.endpoint.population)
    if values.empty:
        return
    labels = values.drop_duplicates("place").set_index("place")["label"].sort_index()
    there = set(zip(values["person"], values["place"], strict=True))
    found = Counter(
        "".join("X" if (who, at) in there else "." for at in labels.index) for who in people
    )
    order = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    rows = [
        (pattern, made.share(f"{effect.endpoint.id} pattern {pattern}", count, len(people)))
        for pattern, count in order
    ]
    made.table(
        f"{effect.endpoint.id}: patterns over {', '.join(labels)}", ("Pattern", "k/n (%; exact 95 % CI)"), rows,
        "X: there; point: not there, or not due yet.",
    )  # fmt: skip


def _on_drug_only(made: Section, material: Material, effect: Effect) -> None:
    """Print the hypothetical estimand: only people still on the drug at the time."""
    pairs = effect.pairs
    people = material.persons
    kept = []
    for row in records(pairs):
        person = people[str(row["SUBJID"])]
        stopped = person["EOTSTT"] == "DISCONTINUED" and not saying.is_missing(row["ADT"])
        kept.append(not (stopped and row["ADT"] > person["TRTEDT"]))
    on_drug = pairs[kept] if len(pairs) else pairs
    made.table(
        f"{effect.endpoint.id}: sensitivity to who is counted",
        ("Who", "n", "Change, mean (SD)", "Change, median (range)"),
        [
            ("Everybody with both values (treatment policy)", str(len(pairs)), saying.centre(pairs["CHG"]), saying.span(pairs["CHG"])),
            ("Only on the drug at the time (hypothetical)", str(len(on_drug)), saying.centre(on_drug["CHG"]), saying.span(on_drug["CHG"])),
            *_per_protocol(material, pairs),
        ],
    )  # fmt: skip


def _per_protocol(material: Material, pairs: Frame) -> list[tuple[str, str, str, str]]:
    if not any(each.id == "PP" for each in material.protocol.analysis.sets):
        return []
    kept = pairs[pairs["SUBJID"].isin(material.population("PP"))]
    return [
        ("Per protocol (PP)", str(len(kept)), saying.centre(kept["CHG"]), saying.span(kept["CHG"]))
    ]


def _baselines(effect: Effect) -> Frame:
    """Return everybody of the population with a baseline: before and after, the latter missing for some."""
    rows = effect.rows[effect.rows["BASE"].notna()].sort_values("SUBJID")
    return Frame({"before": rows["BASE"].to_numpy(), "after": rows["AVAL"].to_numpy()})


def _imputed(made: Section, material: Material, effect: Effect) -> None:
    values = _baselines(effect)
    missing = int(values["after"].isna().sum())
    if not isinstance(effect.endpoint.at, AtVisit) or not imputing.is_worth_it(
        len(values), missing
    ):
        made.say(
            f"{effect.endpoint.id}: no multiple imputation; {missing} of {len(values)} people with a baseline lack the value "
            f"(it takes {imputing.FEWEST} people and a tenth of them without).", "note",
        )  # fmt: skip
        return
    middle = _intermediate(material, effect)
    found = imputing.pooled_change(imputing.completed(values.join(middle), material.seed))
    said = f"{saying.number(found.estimate)} ({saying.interval(found.low, found.high)})"
    made.record(
        f"{effect.endpoint.id} imputed", said, len(values),
        {"estimate": found.estimate, "low": found.low, "high": found.high, "df": found.df, "m": found.times, "seed": material.seed},
        RUBIN,
    )  # fmt: skip
    made.say(
        f"{effect.endpoint.id}, mean change by multiple imputation: {said}, n = {len(values)}, of whom {missing} imputed "
        f"(m = {found.times}, seed {material.seed}, {found.df:.1f} degrees of freedom; missing at random is assumed).",
    )  # fmt: skip


def _intermediate(material: Material, effect: Effect) -> Frame:
    """Return the values of earlier visits of who has a baseline, as what imputation leans on."""
    outcome = effect.outcome
    rows = effect.rows[effect.rows["BASE"].notna()].sort_values("SUBJID")
    if outcome is None or not isinstance(effect.endpoint.at, AtVisit) or not is_at_visits(outcome):
        return Frame(index=range(len(rows)))
    values = series(material, outcome)
    last = set(effect.endpoint.at.visits)
    found = Frame(index=range(len(rows)))
    places = values.drop_duplicates("place").sort_values("place")
    for place, label in zip(places["place"], places["label"], strict=True):
        if label in last:
            break
        own = values[values["place"] == place].set_index("person")["y"]
        column = rows["SUBJID"].map(own).to_numpy(dtype=float)
        if place and Frame({"c": column})["c"].notna().mean() > 0.5:
            found[f"visit{place}"] = column
    return found


def _tips(made: Section, material: Material, effect: Effect) -> None:
    pairs = effect.pairs
    if len(pairs) < material.protocol.analysis.model_from_people:
        made.say(
            f"{effect.endpoint.id}: no tipping point below {material.protocol.analysis.model_from_people} people with both values.",
            "note",
        )
        return
    missing = len(_baselines(effect)) - len(pairs)
    found = imputing.tipping(list(pairs["CHG"]), missing, 1.0 if effect.higher_is_worse else -1.0)
    rows = [
        (saying.number(delta), saying.number(mean), saying.interval(low, high))
        for delta, mean, low, high in found.steps[:_TOLD_STEPS]
    ]
    values = {"delta": found.delta, "missing": missing}
    said = "not reached" if found.delta is None else saying.number(found.delta)
    made.record(f"{effect.endpoint.id} tipping point", said, len(pairs) + missing, values, TIPPING)
    made.table(
        f"{effect.endpoint.id}: tipping point, {missing} people imputed with the mean change of the others, worse by delta",
        ("Delta", "Mean change", "95 % CI"), rows,
        _tipped(found, missing),
    )  # fmt: skip


def _tipped(found: imputing.Tipping, missing: int) -> str:
    if found.delta == 0:
        return "The interval holds 0 already without any difference."
    if not missing:
        return "Nobody is missing: there is nothing to tip."
    if found.delta is None:
        return "No difference that was tried brings the interval to 0."
    return (
        f"From {saying.number(found.delta)} on the interval holds 0. Singly imputed: the interval is too narrow, and the true point "
        "nearer than it says."
    )
