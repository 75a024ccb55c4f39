"""The wearable in its phases: means by phase, each against the own run-in, and how days overlap (NAP)."""

import numpy as np

from hometrial.exports.estimates.models import better_in
from hometrial.exports.report import changes, figures, saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import placed
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.series import code, series
from hometrial.protocol.outcomes import WearableOutcome

_FEWEST_DAYS = 5
_DESCRIBED = {"HRREST": True, "STEPSTN": False, "TST": False, "SE": False}
"""Parameters that are described also where no endpoint is of them; whether lower is better."""
NAP = (
    "NAP: share of pairs (run-in day, day of the phase) where the latter is better, ties half; median over people",
    "scipy.stats.mannwhitneyu(phase, run_in).statistic / (len(run_in) * len(phase))",
)


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("wearable", "Wearable")
    table = material.frame("ADWD")
    valid = table[(table["ANL01FL"] == "Y") & table["AVAL"].notna()]
    valid = valid[valid["SUBJID"].isin(material.population("SAF"))]
    if valid.empty:
        made.say("No wearable data of people on the drug.")
        return made
    found = placed(material, "wearable")
    changes.rows(made, material, found, "Endpoints of the wearable")
    for each in found:
        if each.outcome is not None:
            values = series(material, each.outcome)
            if len(values):
                made.figure(
                    f"{each.outcome.label}, weekly means: everybody's change from the own baseline; bold the median of three people or more",
                    figures.spaghetti(values, each.outcome.label, material.arms if material.shows_arms else ()),
                    single=True,
                )  # fmt: skip
    _phases(made, material, valid)
    return made


def _directions(material: Material) -> dict[str, bool]:
    declared = {
        code(material, each): each.direction == "higher_worse"
        for each in material.protocol.outcomes
        if isinstance(each, WearableOutcome)
    }
    return _DESCRIBED | declared


def _phases(made: Section, material: Material, valid: Frame) -> None:
    days = _with_phases(material, valid[["SUBJID", "PARAMCD", "PARAM", "ADT", "AVAL"]])
    order = [each.id for each in material.protocol.epochs if each.id in set(days["phase"])]
    run_in = next((each.id for each in material.protocol.epochs if each.ends == "run_in_end"), "")
    rows, least = [], material.least
    for parameter, lower_is_better in _directions(material).items():
        own = days[days["PARAMCD"] == parameter]
        for place, phase in enumerate([each for each in order if len(own[own["phase"] == each])]):
            means = own[own["phase"] == phase].groupby("SUBJID")["AVAL"].mean()
            label = str(own["PARAM"].iloc[0])
            overlaps = (
                []
                if phase == run_in
                else _overlaps(own, run_in, phase, lower_is_better=lower_is_better)
            )
            said = saying.span(overlaps)
            if overlaps:
                made.record(
                    f"NAP {label}, {phase}",
                    said,
                    len(overlaps),
                    {"median": float(np.median(overlaps))},
                    NAP,
                )
            rows.append(
                ("" if place else label, saying.words(phase), str(len(means)), saying.middle(means, least), said,
                 str(len(overlaps)) if overlaps else saying.NOTHING)
            )  # fmt: skip
    made.table(
        "Valid days by phase: means of the persons' means, and their own overlap with the run-in",
        ("", "Phase", "n", "Persons' means", "NAP, median (range)", "n of NAP"), rows,
        f"Mean (SD) of the persons' means, of fewer than {least} people their median (range). NAP 0.5: no different from the own run-in; above it better. Phases with {_FEWEST_DAYS} valid days and more.",
    )  # fmt: skip


def _with_phases(material: Material, valid: Frame) -> Frame:
    """Return the days with the epoch of the protocol that each lies in."""
    spans = [
        (row["participant"], row["epoch"], row["first"], row["last"] or row["first"].max)
        for row in material.source.rows("epoch")
        if row["first"]
    ]
    phase = {}
    for who, epoch, first, last in spans:
        for ordinal in range(
            first.toordinal(), min(last.toordinal(), material.standing.cut.toordinal()) + 1
        ):
            phase[who, ordinal] = epoch
    keys = zip(valid["SUBJID"], (day.toordinal() for day in valid["ADT"]), strict=True)
    return valid.assign(phase=[phase.get(each, "") for each in keys])


def _overlaps(own: Frame, run_in: str, phase: str, *, lower_is_better: bool) -> list[float]:
    found = []
    for _, days in own.groupby("SUBJID"):
        before, during = (days[days["phase"] == each]["AVAL"] for each in (run_in, phase))
        if min(len(before), len(during)) >= _FEWEST_DAYS:
            found.append(better_in(list(before), list(during), lower_is_better=lower_is_better))
    return found
