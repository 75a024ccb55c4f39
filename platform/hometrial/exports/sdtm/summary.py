"""TS: the trial in parameters, each read from the protocol or the data; what neither says has a null flavour.

Null flavours are those of ISO 21090: NI no information (the protocol has no place for it), NA not applicable,
PINF without an upper end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hometrial.exports.sdtm import leaving, planned, standard
from hometrial.exports.sdtm.assembling import SOURCE, Row, pieces
from hometrial.exports.sdtm.population import ages, sexes
from hometrial.exports.sdtm.study import Study
from hometrial.protocol.model import Protocol
from hometrial.protocol.outcomes import AtDays, AtVisit, Endpoint, When

SDTM_VERSION, IG_VERSION = "2.0", "3.4"
_PHASES = {
    "0": "EARLY PHASE I TRIAL", "1": "PHASE I TRIAL", "1a": "PHASE IA TRIAL", "1b": "PHASE IB TRIAL",
    "1/2": "PHASE I/II TRIAL", "2": "PHASE II TRIAL", "2a": "PHASE IIA TRIAL", "2b": "PHASE IIB TRIAL",
    "2/3": "PHASE II/III TRIAL", "3": "PHASE III TRIAL", "3a": "PHASE IIIA TRIAL", "3b": "PHASE IIIB TRIAL",
    "4": "PHASE IV TRIAL",
}  # fmt: skip
"""TPHASE by the first word of the protocol's phase."""
_INDICATION = re.compile(r" in (?:active |adults with )?([^,:;]+)")
"""What a title of the form `drug in illness, design` names."""
_BLINDING = {"none": "OPEN LABEL"}
_ADULT = 18
_CDISC, _ISO_8601, _ISO_3166 = "CDISC CT", "ISO 8601", "ISO 3166-1 Alpha-3"


@dataclass(frozen=True)
class Parameter:
    """A value of a parameter, or the null flavour that says why there is none. `codelist`: CDISC's, of the value."""

    code: str
    value: str = ""
    flavour: str = ""
    codelist: str = ""
    reference: str = ""


def ts(study: Study) -> list[Row]:
    """Return the parameters, those that have several values numbered."""
    stored = tuple(
        f"protocol_version/{row['id']}"
        for row in study.source.rows("protocol_version")
        if row["in_force"]
    )
    counted: dict[str, int] = {}
    rows = []
    for each in _parameters(study):
        counted[each.code] = counted.get(each.code, 0) + 1
        rows.append({SOURCE: stored, "TSSEQ": counted[each.code], **_row(each)})
    return rows


def _row(parameter: Parameter) -> Row:
    value, *further = pieces(parameter.value)
    row: Row = {
        "TSPARMCD": parameter.code,
        "TSPARM": _name(parameter.code),
        "TSVAL": value,
        "TSVALNF": parameter.flavour if not value else "",
    }
    row |= {f"TSVAL{place}": piece for place, piece in enumerate(further, start=1)}
    if parameter.codelist:
        term = standard.matching(parameter.codelist, value)
        assert term is not None, parameter  # noqa: S101 - the values are this module's own
        return row | {"TSVALCD": term.code, "TSVCDREF": _CDISC, "TSVCDVER": standard.CT_VERSION}
    if parameter.reference and value:
        row["TSVCDREF"] = parameter.reference
    return row


def _name(code: str) -> str:
    """Return TSPARM of a TSPARMCD: both lists of CDISC have the same concept under one code."""
    concept = next(each.code for each in standard.terms()["TSPARMCD"] if each.value == code)
    return next(each.value for each in standard.terms()["TSPARM"] if each.code == concept)


def _parameters(study: Study) -> Iterator[Parameter]:
    yield from _what(study.protocol, study.treatment)
    yield from _kind(study.protocol)
    yield from _who(study)
    yield from _aims(study.protocol)
    yield from _when(study)
    yield Parameter("SDTMVER", SDTM_VERSION)
    yield Parameter("SDTIGVER", IG_VERSION)
    for code in ("SDMDUR", "CRMDUR"):
        yield Parameter(code, flavour="NA")
    for code in ("ADDON", "HLTSUBJI", "RDIND", "PDPSTIND", "PIPIND", "CURTRT", "STOPRULE"):
        yield Parameter(code, flavour="NI")


def _what(protocol: Protocol, treatment: str) -> Iterator[Parameter]:
    yield Parameter("TITLE", protocol.title)
    yield Parameter("SPONSOR", flavour="NI")
    yield Parameter(
        "REGID",
        protocol.registration.id or "",
        "NI",
        reference=protocol.registration.registry or "",
    )
    yield Parameter("TRT", treatment)
    yield Parameter("PCLAS", flavour="NI")
    found = _INDICATION.search(protocol.title)
    for code in ("INDIC", "TDIGRP"):
        yield Parameter(code, found[1].strip() if found else "", "NI")


def _kind(protocol: Protocol) -> Iterator[Parameter]:
    first, *_ = protocol.phase.split()
    phase = _PHASES.get(first, "NOT APPLICABLE")
    is_observed = protocol.phase.startswith("observational")
    is_drawn = protocol.allocation.method != "not_allocated"
    arms = len(protocol.arms)
    model = "PARALLEL" if arms > 1 else "SINGLE GROUP"
    yield Parameter("TPHASE", phase, codelist="TPHASE")
    yield Parameter("STYPE", "OBSERVATIONAL" if is_observed else "INTERVENTIONAL", codelist="STYPE")
    yield Parameter(
        "INTMODEL", "" if is_observed else model, "NA", codelist="" if is_observed else "INTMODEL"
    )
    yield Parameter(
        "INTTYPE", "" if is_observed else "DRUG", "NA", codelist="" if is_observed else "INTTYPE"
    )
    yield Parameter("TBLIND", _BLINDING[protocol.design.masking], codelist="TBLIND")
    yield Parameter("TCNTRL", "NONE", codelist="TCNTRL")
    yield Parameter("TINDTP", "TREATMENT", codelist="TINDTP")
    yield Parameter("RANDOM", _yes(is_drawn), codelist="NY")
    yield Parameter("RANDQT", "1" if is_drawn else "", "NA")
    yield Parameter("COMPTRT", flavour="NA")
    yield Parameter("ADAPT", "N", codelist="NY")
    yield Parameter("EXTTIND", "N", codelist="NY")
    yield Parameter("NARMS", str(arms))
    yield Parameter("NCOHORT", str(arms) if is_observed else "", "NA")


def _yes(holds: bool) -> str:  # noqa: FBT001
    return "Y" if holds else "N"


def _who(study: Study) -> Iterator[Parameter]:
    protocol = study.protocol
    low, high = ages(protocol)
    yield Parameter("AGEMIN", f"P{low}Y" if low is not None else "", "NI", reference=_ISO_8601)
    yield Parameter("AGEMAX", f"P{high}Y" if high is not None else "", "PINF", reference=_ISO_8601)
    is_of_children = low is None or low < _ADULT
    yield Parameter(
        "PDSTIND", "" if is_of_children else "N", "NI", codelist="" if is_of_children else "NY"
    )
    yield Parameter("SEXPOP", sexes(protocol), codelist="SEXPOP")
    yield Parameter("PLANSUB", str(protocol.design.planned))
    yield Parameter("ACTSUB", str(sum(study.arm(person) is not None for person in study.people)))
    countries = {row["country"] for row in study.source.rows("site") if row["country"]}
    named = sorted(standard.countries().get(each, each) for each in countries)
    for country in named or [""]:
        yield Parameter("FCNTRY", country, "NI", reference=_ISO_3166)


def _aims(protocol: Protocol) -> Iterator[Parameter]:
    labels = {each.id: each.label for each in (*protocol.outcomes, *protocol.responders)}
    counted = {each.id for each in protocol.outcomes if each.source == "events"}
    primary = protocol.endpoints.primary
    kinds = {"SAFETY" if each.outcome in counted else "EFFICACY" for each in primary}
    for kind in sorted(kinds):
        yield Parameter("TTYPE", kind, codelist="TTYPE")
    for objective, measure, endpoints in (
        ("OBJPRIM", "OUTMSPRI", primary),
        ("OBJSEC", "OUTMSSEC", protocol.endpoints.secondary),
    ):
        for each in endpoints:
            yield Parameter(objective, _objective(protocol, each, labels[each.outcome]))
        for outcome in dict.fromkeys(each.outcome for each in endpoints):
            yield Parameter(measure, labels[outcome])


def _objective(protocol: Protocol, endpoint: Endpoint, label: str) -> str:
    said = f"{label}: {_time(protocol, endpoint.at)}"
    if endpoint.against is not None:
        said += f", against {_time(protocol, endpoint.against)}"
    return f"{said}, between the arms" if endpoint.between_arms else said


def _time(protocol: Protocol, when: When) -> str:
    if isinstance(when, AtVisit):
        return " or ".join(protocol.visit(each).label for each in when.visits)
    if isinstance(when, AtDays):
        return f"days {when.from_day} to {when.to_day} after {planned.ANCHORS[when.anchor]}"
    return f"during {planned.element(when.epoch)}"


def _when(study: Study) -> Iterator[Parameter]:
    lengths = [
        sum(epoch.days for epoch in study.protocol.epochs_of(arm.id) if not epoch.optional)
        for arm in study.protocol.arms
    ]
    consents = [day for person in study.people if (day := study.consented(person))]
    contacts = [last for person in study.people if (last := study.last_contact(person))]
    cut_off = max(contacts).isoformat() if contacts else ""
    goes_on = any(_is_in(study, person) for person in study.people)
    yield Parameter("LENGTH", f"P{max(lengths)}D", reference=_ISO_8601)
    first = min(day for day, _ in consents).isoformat() if consents else ""
    yield Parameter("SSTDTC", first, "NI", reference=_ISO_8601)
    yield Parameter("SENDTC", "" if goes_on else cut_off, "NI", reference=_ISO_8601)
    yield Parameter("ONGOSIND", _yes(goes_on), codelist="NY")
    yield Parameter("DCUTDTC", cut_off, "NI", reference=_ISO_8601)
    yield Parameter("DCUTDESC", "LAST DAY ON RECORD OF ANY SUBJECT")


def _is_in(study: Study, person: str) -> bool:
    """Say whether a person has consented and takes part still."""
    return study.consented(person) is not None and leaving.participation(study, person) is None
