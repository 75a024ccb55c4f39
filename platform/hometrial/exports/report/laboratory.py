"""Laboratory: from which range to which, and multiples of the upper limit."""

from hometrial.exports.report.blocks import Section
from hometrial.exports.report.material import Material
from hometrial.exports.report.saying import NOTHING, is_missing

_RANGES = ("LOW", "NORMAL", "HIGH")
_GRAVITY = {"HIGH": 2, "LOW": 1, "NORMAL": 0}
_MULTIPLES = (1.0, 3.0, 5.0)
_LIVER = ("ALT", "AST", "BILI", "GGT", "ALP")


def shifts(made: Section, material: Material) -> None:
    """Print for each analyte the worst range on the drug by the range before it, and the liver's multiples."""
    table = material.frame("ADLB")
    table = table[table["SUBJID"].isin(material.population("SAF"))]
    later = table[(table["ONTRTFL"] == "Y") | (table["CHG"].notna() & (table["ADY"] > 0))]
    rows = []
    for label, own in later.groupby("PARAM"):
        judged = own[own["ANRIND"].isin(_RANGES)]
        if judged.empty:
            continue
        worst = (
            judged.assign(gravity=judged["ANRIND"].map(_GRAVITY))
            .sort_values("gravity")
            .groupby("SUBJID")
            .last()
        )
        before = worst["BNRIND"].where(worst["BNRIND"].isin(_RANGES), "not known")
        for place, start in enumerate(sorted(set(before), key=[*_RANGES, "not known"].index)):
            these = worst[before == start]
            counts = [str(int((these["ANRIND"] == each).sum())) for each in _RANGES]
            rows.append(("" if place else str(label), start.lower(), str(len(these)), *counts))
    made.table(
        "Laboratory: the worst range on the drug, by the range before it (people)",
        ("Analyte", "Before", "n", "Low", "Normal", "High"), rows,
        "A value on which the laboratory's limits say nothing is in no row." if rows else "",
    )  # fmt: skip
    _multiples(made, later[later["PARAMCD"].isin(_LIVER)])


def _multiples(made: Section, liver: object) -> None:
    rows = []
    for code, own in liver.groupby("PARAMCD"):  # type: ignore[attr-defined]  # a frame
        highest = own.groupby("SUBJID")["R2A1HI"].max().dropna()
        if highest.empty:
            continue
        top = highest.max()
        shares = [
            made.share(f"{code} above {each:g} x ULN", int((highest > each).sum()), len(highest))
            for each in _MULTIPLES
        ]
        rows.append((str(code), NOTHING if is_missing(top) else f"{top:.2f}", *shares))
    made.table(
        "Liver: highest multiple of the upper limit on the drug, people above it",
        ("", "Highest", *(f"Above {each:g}, k/n (%; exact 95 % CI)" for each in _MULTIPLES)), rows,
    )  # fmt: skip
