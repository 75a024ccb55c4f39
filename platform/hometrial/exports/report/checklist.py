"""Where this report holds what reporting guidelines ask for, in our own words; a person checks the rest."""

import csv
from collections.abc import Sequence
from importlib.resources import files

from hometrial.exports.report.blocks import Section

_TABLE = files("hometrial.exports.report").joinpath("checklist.csv")


def section(others: Sequence[Section]) -> Section:
    """Return the section; every item points to a section of this report."""
    places = {each.id: f"{number}. {each.title}" for number, each in enumerate(others, start=1)}
    made = Section("checklist", "Reporting checklist")
    lines = csv.DictReader(_TABLE.read_text(encoding="utf-8").splitlines())
    rows, last = [], ""
    for line in lines:
        named = "" if line["guideline"] == last else line["guideline"]
        rows.append((named, line["item"], line["asks"], places[line["where"]]))
        last = line["guideline"]
    made.table(
        "Where to find what guidelines ask for",
        ("Guideline", "Item", "What is asked", "Section"), rows,
        "CONSORT extension for pilot and feasibility trials (Eldridge 2016), CONSORT-PRO (2013), CONSORT-Harms (2022), CONSORT 2025, "
        "TREND. What only people can write (background, interpretation, funding) is not in this report.",
    )  # fmt: skip
    return made
