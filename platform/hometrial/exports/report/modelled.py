"""Models: an outcome over visits with random intercepts, and the contrast of a delayed start."""

import warnings

from hometrial.exports.estimates.models import between_arms, over_visits
from hometrial.exports.report import figures, saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, directions
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.saying import NOTHING, centre, interval, middle, number, span
from hometrial.exports.report.series import is_at_visits, series
from hometrial.protocol.outcomes import Outcome

_FEWEST_AT_A_VISIT = 3
_FEWEST_IN_AN_ARM = 3
MIXED = (
    "random-intercept model, REML; GEE where it does not settle",
    'smf.mixedlm("y ~ C(visit, Treatment(0))", df, groups="person").fit(reml=True, gtol=1e-8)',
)
GEE = 'smf.gee("y ~ C(visit, Treatment(0))", "person", df, cov_struct=Exchangeable()).fit(cov_type="bias_reduced")'
ANCOVA = (
    "ANCOVA: value ~ arm + baseline + stratum, HC3 standard errors",
    'smf.ols("after ~ C(arm) + before + C(stratum)", df).fit(cov_type="HC3", use_t=True)',
)


def visits(made: Section, material: Material, outcome: Outcome) -> None:
    """Print an outcome's visits: the drawing, and from enough people on the model."""
    values = series(material, outcome)
    if values.empty:
        return
    made.figure(
        f"{outcome.label}: everybody's change from the own baseline; bold the median of three people or more",
        figures.spaghetti(values, outcome.label, material.arms if material.shows_arms else ()),
        single=True,
    )
    if not is_at_visits(outcome):
        return
    counts = values.groupby("place")["person"].nunique()
    kept = values[values["place"].isin(counts.index[counts >= _FEWEST_AT_A_VISIT])]
    people, least = kept["person"].nunique(), material.least
    labels = values.drop_duplicates("place").set_index("place")["label"]
    if people < least or kept["place"].nunique() < 2:
        made.table(
            f"{outcome.label} at each visit", ("Visit", "n", "Value, median (range)", "Change, median (range)"),
            [(str(labels[at]), str(len(of)), span(of["y"]), span(of["change"])) for at, of in values.groupby("place")],
            _why_no_model(people, least),
        )  # fmt: skip
        return
    _model(made, outcome, kept, {int(str(at)): str(each) for at, each in labels.items()})


def _why_no_model(people: int, least: int) -> str:
    before = "Before: of who has a later value. "
    if people < least:
        return f"{before}{people} people: no model is fitted below {least}."
    return f"{before}No visit but one has values of {_FEWEST_AT_A_VISIT} people: there is no change to model."


def _model(made: Section, outcome: Outcome, kept: Frame, labels: dict[int, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what does not settle is caught by the estimate and told
        try:
            found = over_visits(kept.rename(columns={"place": "visit"}))
        except ValueError as why:
            made.say(f"{outcome.label} over the visits: no model; {why}.", "note")
            return
    rows = []
    for place, effect in zip(sorted(set(kept["place"])), found.effects, strict=True):
        at = kept[kept["place"] == place]
        said = (
            "reference"
            if place == 0
            else f"{number(effect.estimate)} ({interval(effect.low, effect.high)})"
        )
        rows.append((labels[place], str(len(at)), centre(at["y"]), said))
        made.record(f"{outcome.id} {labels[place]}", said, len(at),
                    {"estimate": effect.estimate, "low": effect.low, "high": effect.high}, (found.model, MIXED[1] if found.icc is not None else GEE))  # fmt: skip
    spread = "" if found.icc is None else (
        f" Variance between people {number(found.between)}, within {number(found.within)}, ICC {found.icc:.3f}."
    )  # fmt: skip
    made.table(
        f"{outcome.label} over the visits: change against before the drug",
        ("Visit", "n", "Mean (SD)", "Change by the model (95 % CI)"), rows,
        f"{saying.capital(found.model)}, {kept['person'].nunique()} people with a baseline and a later value, {len(kept)} values, all observed visits; valid if values are "
        f"missing at random. A random intercept is no unstructured covariance.{spread}",
    )  # fmt: skip


def contrast(made: Section, material: Material, effect: Effect) -> None:
    """Print the contrast between arms, adjusted for where each person began."""
    rows = effect.observed.assign(arm=effect.observed["SUBJID"].map(material.people["ARM"]))
    rows = rows[(rows["arm"] != "") & rows["BASE"].notna()]
    table, least = [], material.least
    for arm in material.arms:
        own = rows[rows["arm"] == arm]
        n = int(
            (
                material.people.loc[material.population(effect.endpoint.population), "ARM"] == arm
            ).sum()
        )
        table.append(
            (
                arm,
                f"{len(own)} of {n}",
                *(middle(own[name], least) for name in ("BASE", "AVAL", "CHG")),
            )
        )
    made.table(
        f"{effect.endpoint.id} {effect.label}",
        ("Arm", "n of N", "Before", "At the time", "Change"), table,
        "People of one arm are on the drug, those of the other still wait: the only comparison of this trial with a control. "
        f"Mean (SD), in an arm of fewer than {least} people median (range). {directions([effect])}",
    )  # fmt: skip
    made.say(_adjusted(made, material, effect, rows), "strong")


def _adjusted(made: Section, material: Material, effect: Effect, rows: Frame) -> str:
    counts = rows["arm"].value_counts()
    least = material.least
    if len(rows) < least or len(counts) < 2 or counts.min() < _FEWEST_IN_AN_ARM:
        return (
            f"Adjusted difference between arms: not reckoned. {len(rows)} people have both values; it takes {least}, "
            f"and {_FEWEST_IN_AN_ARM} in each arm."
        )
    strata = {row["participant"]: row["stratum"] for row in material.source.rows("allocation")}
    values = Frame(
        {
            "arm": rows["arm"], "before": rows["BASE"], "after": rows["AVAL"],
            "stratum": rows["SUBJID"].map(strata).fillna(NOTHING),
        }
    )  # fmt: skip
    order = [arm for arm in material.arms if arm in set(values["arm"])]
    values["arm"] = values["arm"].map({order[0]: "2", order[1]: "1"})
    is_stratified = values["stratum"].nunique() > 1 and values["stratum"].value_counts().min() > 1
    try:
        found = between_arms(values, "stratum" if is_stratified else None)
    except ValueError as why:
        return f"Adjusted difference between arms: not reckoned; {why}."
    said = f"{number(found.estimate)} (95 % CI {interval(found.low, found.high)})"
    made.record(f"{effect.endpoint.id} between arms", said, len(values),
                {"estimate": found.estimate, "low": found.low, "high": found.high, "p": found.p}, ANCOVA)  # fmt: skip
    by = "baseline and stratum" if is_stratified else "baseline"
    return (
        f"{order[0]} minus {order[1]}, adjusted for {by} (ANCOVA, HC3, n = {len(values)}): {said}."
    )
