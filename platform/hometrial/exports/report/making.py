"""The whole report: its sections in the order of protocol-and-instruments.md 5.2."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hometrial.exports.report import (
    after,
    baseline,
    checklist,
    deviating,
    endpoints,
    exposure,
    feasibility,
    flow_section,
    header,
    missing,
    phases,
    profiles,
    responding,
    safety,
    small_cells,
    wearing,
)
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.material import Material

SECTIONS: tuple[Callable[[Material], Section], ...] = (
    header.section,
    flow_section.section,
    baseline.section,
    feasibility.section,
    exposure.section,
    wearing.section,
    endpoints.primary,
    endpoints.secondary,
    phases.section,
    responding.section,
    after.section,
    safety.section,
    missing.section,
    profiles.section,
    deviating.section,
)


@dataclass(frozen=True)
class Report:
    """A report: what stands on every page, and its sections."""

    name: str
    title: str
    subtitle: str
    mark: str
    sober: str
    seed: int
    sections: tuple[Section, ...]


def report(material: Material) -> Report:
    """Reckon every section. Raises FlowError if people do not add up."""
    found = made(material, "Pilot report", SECTIONS)
    sections = (*found.sections, checklist.section(found.sections))
    if material.standing.is_public:
        sections = small_cells.hidden(sections)
    return replace(found, sections=sections)


def made(
    material: Material, name: str, sections: tuple[Callable[[Material], Section], ...]
) -> Report:
    """Reckon the sections of a report of a name."""
    protocol = material.protocol
    return Report(
        name=name,
        title=protocol.title,
        subtitle=f"{protocol.id} {protocol.version}",
        mark=material.standing.mark,
        sober=header.sober(material),
        seed=material.seed,
        sections=tuple(each(material) for each in sections),
    )
