"""What the standard says of each domain: variables in order, keys and controlled terms, read from the tables beside."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from hometrial.exports.metadata import Column, Core, DataSet, Kind

CT_VERSION = "2025-03-28"
"""The release of CDISC's controlled terminology (NCI EVS) that `terms.csv` is taken from."""
_HERE = files("hometrial.exports.sdtm")
_SUPPLEMENTAL = "SUPPQUAL"


def _lines(name: str) -> list[dict[str, str]]:
    written = _HERE.joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(written.splitlines()))


@dataclass(frozen=True)
class Term:
    """A term of a codelist of CDISC. `codelist_code` and `code` are NCI's; an extensible list takes a sponsor's too."""

    codelist: str
    codelist_code: str
    name: str
    extensible: bool
    value: str
    code: str
    decode: str


@cache
def terms() -> dict[str, tuple[Term, ...]]:
    """Return the terms by codelist."""
    found: dict[str, list[Term]] = {}
    for line in _lines("terms.csv"):
        found.setdefault(line["codelist"], []).append(
            Term(
                line["codelist"],
                line["codelist_code"],
                line["name"],
                line["extensible"] == "yes",
                line["term"],
                line["term_code"],
                line["decode"],
            )
        )
    return {name: tuple(listed) for name, listed in found.items()}


@cache
def countries() -> dict[str, str]:
    """Return the alpha-3 codes of ISO 3166-1 by their alpha-2 codes."""
    return {line["alpha_2"]: line["alpha_3"] for line in _lines("countries.csv")}


def matching(codelist: str, written: str) -> Term | None:
    """Return the term that a word of the study's own stands for, by its value or its decode; None if there is none."""
    asked = written.strip().replace("_", " ").upper()
    for term in terms()[codelist]:
        if asked in (term.value.upper(), term.decode.upper()):
            return term
    return None


@cache
def domains() -> dict[str, dict[str, str]]:
    """Return label, class, structure and keys by domain."""
    return {line["data_set"]: line for line in _lines("domains.csv")}


@cache
def domain(name: str) -> DataSet:
    """Return a domain with every variable it may have; `SUPPAE` and its like are made of SUPPQUAL.

    Raises KeyError for a domain that `domains.csv` does not list.
    """
    asked = _SUPPLEMENTAL if name.startswith("SUPP") else name
    line = domains()[asked]
    label = f"{line['label']} {name[4:]}" if asked == _SUPPLEMENTAL else line["label"]
    return DataSet(
        name=name,
        label=label,
        klass=line["class"],
        structure=line["structure"],
        keys=tuple(line["keys"].split()),
        columns=tuple(_column(each) for each in _lines(f"variables/{asked.lower()}.csv")),
        is_reference=line["class"] in ("Trial Design", "Study Reference"),
    )


def _column(line: dict[str, str]) -> Column:
    is_whole = line["variable"].endswith(("SEQ", "DY", "TAETORD"))
    kind: Kind = "text" if line["type"] == "Char" else "integer" if is_whole else "float"
    return Column(
        name=line["variable"],
        label=line["label"],
        kind=kind,
        core=cast(Core, line["core"]),
        role=line["role"],
        codelist=line["codelist"],
        origin=line["origin"] or "Assigned",
        source=line["source"] or "Sponsor",
        method=line["method"],
    )
