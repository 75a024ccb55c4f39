"""Which domains are made, by which function, in which order."""

from collections.abc import Callable, Iterator

from hometrial.exports.sdtm import (
    accountability,
    collected,
    conduct,
    design,
    devices,
    events,
    exposure,
    laboratory,
    medicines,
    people,
    questionnaires,
    relations,
    subjects,
    summary,
    wearables,
)
from hometrial.exports.sdtm.assembling import Made, Row, assemble
from hometrial.exports.sdtm.columnar import Columns, assemble_columns
from hometrial.exports.sdtm.relations import RELATED
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source

DOMAINS: dict[str, Callable[[Study], list[Row] | Columns]] = {
    "DM": people.dm,
    "SE": conduct.se,
    "SV": conduct.sv,
    "DS": conduct.ds,
    "IE": conduct.ie,
    "DV": conduct.dv,
    "EX": exposure.ex,
    "EC": collected.ec,
    "DA": accountability.da,
    "AE": events.ae,
    "CM": medicines.cm,
    "MH": events.mh,
    "LB": laboratory.lb,
    "QS": questionnaires.qs,
    "RS": questionnaires.rs,
    "VS": wearables.vs,
    "FA": wearables.fa,
    "NV": wearables.nv,
    "DI": devices.di,
    "DX": devices.dx,
    "DR": devices.dr,
    "TA": design.ta,
    "TE": design.te,
    "TI": design.ti,
    "TV": design.tv,
    "TS": summary.ts,
}
"""A function returns the rows of a domain in any order, many of them as columns; a domain without rows is left out."""


def tabulate(source: Source) -> dict[str, Made]:
    """Return the data sets about the study's subjects by name, as `tabulated` makes them."""
    return {each.data_set.name: each for each in tabulated(source)}


def tabulated(source: Source) -> Iterator[Made]:
    """Yield the data sets about the study's subjects, each domain before its supplement; none is held once it is yielded.

    Raises ValueRefusedError for a value that a domain cannot hold; its sentence names the record it came of.
    """
    study = subjects.study(source)
    related: dict[str, Made] = {}
    for name in DOMAINS:
        yield from _of_domain(name, study, related)
    relations_of = relations.relrec(study, related)
    if relations_of:
        yield from assemble("RELREC", relations_of, study)


def _of_domain(name: str, study: Study, related: dict[str, Made]) -> Iterator[Made]:
    """Yield a domain and its supplement; what is related to others is put into `related`."""
    made = _assembled(name, DOMAINS[name](study), study)
    related |= {each.data_set.name: each for each in made if each.data_set.name in RELATED}
    yield from made


def _assembled(name: str, found: list[Row] | Columns, study: Study) -> list[Made]:
    if not len(found):
        return []
    if isinstance(found, Columns):
        return assemble_columns(name, found, study)
    return assemble(name, found, study)
