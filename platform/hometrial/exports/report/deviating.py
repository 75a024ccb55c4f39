"""Protocol deviations, by kind and weight."""

from hometrial.exports.report.blocks import COUNT, Section
from hometrial.exports.report.material import Material
from hometrial.exports.report.saying import words

_ORDER = ("important", "major", "minor")


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("deviations", "Deviations")
    table(made, material)
    return made


def table(made: Section, material: Material) -> None:
    """Print deviations by category and impact: people of those consented, how many, and how many are open."""
    consented = material.population("ENR")
    rows = material.source.rows("deviation")
    groups = {(row["impact"] or "not judged", row["category"] or "not told") for row in rows}
    printed = []
    for impact, category in sorted(groups, key=lambda each: (_place(each[0]), each[1])):
        these = [
            row
            for row in rows
            if (row["impact"] or "not judged", row["category"] or "not told") == (impact, category)
        ]
        people = {row["participant"] for row in these} & set(consented)
        name = f"{words(category)}, {words(impact)}"
        made.record(
            f"deviations: {name}", str(len(these)), len(consented), {"count": len(these)}, COUNT
        )
        printed.append(
            (words(category), words(impact), made.share(f"deviation: {name}", len(people), len(consented)), str(len(these)),
             str(sum(not row["closed"] for row in these)))
        )  # fmt: skip
    made.table(
        "Deviations",
        (
            "Kind",
            "Impact",
            f"People, k/n of {len(consented)} consented (%; exact 95 % CI)",
            "Deviations",
            "Still open",
        ),
        printed,
    )


def _place(impact: str) -> int:
    return _ORDER.index(impact) if impact in _ORDER else len(_ORDER)
