"""Packs of a data and safety monitoring board, of a lock: the open one for everybody, the closed one by arm.

In the order that boards' templates share: enrolment, screening failures, deviations, baseline, exposure, adverse events
by body system and severity, serious ones, deaths, missing outcomes. The same bytes for the same lock.
"""

from dataclasses import replace

from hometrial.exports.report import (
    baseline,
    board,
    exposure,
    flow_section,
    header,
    pages,
    wearing,
)
from hometrial.exports.report.making import Report, made
from hometrial.exports.report.material import Material

OPEN, CLOSED = "open", "closed"


def open_pack(material: Material) -> bytes:
    """Return the open pack as a page: everybody together, nothing by arm."""
    return pages.html(open_report(material))


def closed_pack(material: Material, *, masked: bool = False) -> bytes:
    """Return the closed pack as a page: arm beside arm; `masked`: as A and B."""
    return pages.html(closed_report(material, masked=masked))


def open_report(material: Material) -> Report:
    """Reckon the open pack."""
    pooled = replace(material, is_pooled=True)
    return made(
        pooled,
        "Safety board, open pack",
        (
            header.section,
            board.enrolment,
            flow_section.section,
            board.deviations,
            baseline.section,
            exposure.section,
            wearing.section,
            board.adverse_events,
            board.serious,
            board.missing_outcomes,
        ),
    )


def closed_report(material: Material, *, masked: bool = False) -> Report:
    """Reckon the closed pack: only for the board's closed session."""
    found = made(
        material, "Safety board, CLOSED pack, by arm: for the board alone", (header.section,)
    )
    within = board.groups(material, masked=masked)
    rest = (board.serious(material),)
    return replace(found, sections=(*found.sections, *board.by_arm(material, within), *rest))
