"""Who responded, how that lies to people's own judgement, and which changes are more than noise."""

from scipy import stats

from hometrial.exports.estimates.change import agreement, reliable
from hometrial.exports.estimates.numbers import is_constant
from hometrial.exports.report import counted, saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, placed
from hometrial.exports.report.halves import run_in
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.series import code, is_at_visits
from hometrial.protocol.outcomes import AtVisit, FormOutcome

_PGI = {1: "very much better", 2: "much better", 3: "a little better", 4: "no change", 5: "a little worse",
        6: "much worse", 7: "very much worse"}  # fmt: skip
_FEWEST = 4
SPEARMAN = ("Spearman rank correlation", "scipy.stats.spearmanr(x, y)")
RELIABLE = (
    "reliable change: 1.96·√2·SD of the baseline·√(1 - ICC(A,1))",
    "hometrial.exports.estimates.change.reliable(sd, icc)",
)


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("responders", "Responders and anchors")
    found = placed(material, "responders")
    if found:
        counted.responses(made, found, "Responders, as the protocol declares them")
    else:
        made.say("The protocol declares no responder rule as an endpoint.")
    for each in placed(material, "primary"):
        if each.kind == "change":
            _anchored(made, material, each)
            _reliable(made, material, each)
            _by_dose(made, material, each)
    run_in(made, material)
    return made


def _pgi(material: Material, effect: Effect) -> dict[str, float]:
    """Return each person's own judgement of the change, at the visit of the endpoint."""
    outcome = next(
        (each for each in material.protocol.outcomes if isinstance(each, FormOutcome) and each.form == "pgi_c"), None
    )  # fmt: skip
    if outcome is None or not isinstance(effect.endpoint.at, AtVisit):
        return {}
    labels = [material.protocol.visit(each).label for each in effect.endpoint.at.visits]
    table = material.frame("ADQS")
    rows = table[
        (table["PARAMCD"] == code(material, outcome))
        & table["AVISIT"].isin(labels)
        & (table["ANL01FL"] == "Y")
    ]
    return dict(zip(rows["SUBJID"], rows["AVAL"], strict=True))


def _anchored(made: Section, material: Material, effect: Effect) -> None:
    told = _pgi(material, effect)
    if not told:
        return
    pairs = effect.pairs.assign(said=effect.pairs["SUBJID"].map(told)).dropna(subset=["said"])
    rows = [
        (_PGI.get(int(level), f"{level:g}"), str(len(of)), saying.span(of["CHG"]))
        for level, of in ((float(str(each)), of) for each, of in pairs.groupby("said"))
    ]
    note = "People's own judgement of the change at the same visit."
    if len(pairs) >= _FEWEST and pairs["said"].nunique() > 1 and pairs["CHG"].nunique() > 1:
        found = stats.spearmanr(pairs["said"], pairs["CHG"])
        said = f"{found.statistic:.2f}".replace("-", "−")
        made.record(
            f"{effect.endpoint.id} and PGI-C",
            said,
            len(pairs),
            {"rho": float(found.statistic)},
            SPEARMAN,
        )
        note += f" Spearman's rho of judgement and change {said} (n = {len(pairs)})."
    made.table(
        f"{effect.endpoint.id}: change by people's own judgement (PGI-C)",
        ("Judgement", "n", "Change, median (range)"), rows, note,
    )  # fmt: skip


def _reliable(made: Section, material: Material, effect: Effect) -> None:
    """Tell how many changed by more than noise, where the outcome was measured twice before the drug."""
    outcome = effect.outcome
    if not isinstance(outcome, FormOutcome) or not is_at_visits(outcome):
        return
    twice = _before_twice(material, outcome)
    if len(twice) < _FEWEST or is_constant(twice[["first", "second"]].to_numpy(dtype=float)):
        made.say(
            f"{effect.endpoint.id}: reliable change is not reckoned; {len(twice)} people were measured twice before the drug, "
            f"it takes {_FEWEST} whose values differ.", "note",
        )  # fmt: skip
        return
    icc = agreement(list(twice["first"]), list(twice["second"]))
    limit = reliable(float(twice["second"].std(ddof=1)), min(1.0, max(0.0, icc)))
    d = effect.pairs["CHG"]
    better = -d if effect.higher_is_worse else d
    k, worse = int((better > limit).sum()), int((better < -limit).sum())
    made.record(
        f"{effect.endpoint.id} reliable change",
        saying.number(limit),
        len(twice),
        {"icc": icc, "limit": limit},
        RELIABLE,
    )
    made.table(
        f"{effect.endpoint.id}: changes beyond noise", ("", "k/n (%; exact 95 % CI)"),
        [
            ("Better by more than the reliable change", made.share(f"{effect.endpoint.id} reliably better", k, len(d))),
            ("Worse by more than the reliable change", made.share(f"{effect.endpoint.id} reliably worse", worse, len(d))),
        ],
        f"Reliable change {saying.number(limit)}: from ICC(A,1) {icc:.2f} of {len(twice)} people measured twice before the drug.",
    )  # fmt: skip


def _before_twice(material: Material, outcome: FormOutcome) -> Frame:
    """Return first and last value before the drug of who has two visits with one."""
    table = material.frame("ADQS")
    rows = table[(table["PARAMCD"] == code(material, outcome)) & (table["ANL01FL"] == "Y")]
    rows = rows[rows["AVISITN"].notna() & (rows["ADY"] < 0) & rows["AVAL"].notna()].sort_values(
        "ADY"
    )
    groups = rows.groupby("SUBJID")["AVAL"]
    found = Frame({"first": groups.first(), "second": groups.last(), "n": groups.size()})
    return found[found["n"] > 1]


def _by_dose(made: Section, material: Material, effect: Effect) -> None:
    """Tell how dose and change lie together; the dose follows what people bear, so it shows no cause."""
    pairs = effect.pairs
    dose = pairs["SUBJID"].map(material.people["DOSMAINT"].to_dict())
    known = pairs.assign(dose=dose).dropna(subset=["dose"])
    if len(known) < _FEWEST or known["dose"].nunique() < 2 or known["CHG"].nunique() < 2:
        return
    found = stats.spearmanr(known["dose"], known["CHG"])
    said = f"{found.statistic:.2f}".replace("-", "−")
    made.record(
        f"{effect.endpoint.id} and dose",
        said,
        len(known),
        {"rho": float(found.statistic)},
        SPEARMAN,
    )
    made.say(
        f"{effect.endpoint.id} and the maintenance dose: Spearman's rho {said} (n = {len(known)}). Descriptive only: who bears "
        "the drug reaches a higher dose, so tolerance confounds it.",
    )  # fmt: skip
