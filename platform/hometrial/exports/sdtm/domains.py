"""Which domains are made, by which function, in which order."""

from collections.abc import Callable

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
    """Return the data sets about the study's subjects by name, each domain before its supplement.

    Raises ValueRefusedError for a value that a domain cannot hold; its sentence names the record it came of.
    """
    study = subjects.study(source)
    made: dict[str, Made] = {}
    for name, rows in DOMAINS.items():
        found = rows(study)
        if isinstance(found, Columns):
            sets = assemble_columns(name, found, study) if len(found) else []
        else:
            sets = assemble(name, found, study) if found else []
        made |= {each.data_set.name: each for each in sets}
    related = relations.relrec(study, made)
    if related:
        made |= {each.data_set.name: each for each in assemble("RELREC", related, study)}
    return made
