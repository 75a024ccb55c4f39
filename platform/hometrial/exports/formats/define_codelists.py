"""The codelists of Define-XML: CDISC's with their codes, sponsor terms marked, decodes where the data tell them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import odmlib.define_2_1.model as define
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports.formats.frames import Frame
from hometrial.exports.metadata import Column, ValueRefusedError
from hometrial.exports.sdtm import standard
from hometrial.exports.sdtm.standard import Term

PAIRS = {"TESTCD": "TEST", "PARMCD": "PARM", "PARAMCD": "PARAM", "QNAM": "QLABEL"}
"""Variables of short names, and those beside them that tell them in full."""
_NCI = "nci:ExtCodeID"
_YES_NO = {"Y": "Yes", "N": "No", "NA": "Not Applicable", "U": "Unknown"}
CT_STANDARD = "STD.CT"


@dataclass
class _List:
    """A codelist as it is gathered over all variables that use it; `is_named`: by the standard, not by a variable."""

    name: str
    lists: tuple[str, ...]
    is_named: bool
    values: set[str] = field(default_factory=set)
    decodes: dict[str, str] = field(default_factory=dict)


def oid_of(data_set: str, column: Column) -> str | None:
    """Return the OID of a variable's codelist, if it has one."""
    if column.kind != "text":
        return None
    if column.codelist:
        return f"CL.{column.codelist.replace(' ', '_')}"
    if column.name.endswith(tuple(PAIRS)):
        return f"CL.{data_set}.{column.name}"
    return None


def codelists(frames: Sequence[Frame]) -> list[define.CodeList]:
    """Return every codelist that a variable refers to: the terms that occur; closed lists, and those of which nothing occurs, whole.

    Raises ValueRefusedError for a value that a closed list of CDISC does not have.
    """
    gathered: dict[str, _List] = {}
    for frame in frames:
        for column in frame.data_set.columns:
            oid = oid_of(frame.data_set.name, column)
            if oid is not None:
                _gather(gathered, oid, frame, column)
    return [_made(oid, gathered[oid]) for oid in sorted(gathered)]


def _gather(gathered: dict[str, _List], oid: str, frame: Frame, column: Column) -> None:
    lists = tuple(column.codelist.split()) or _instruments(column)
    found = gathered.setdefault(oid, _List(column.label, lists, is_named=bool(column.codelist)))
    values = {each for each in pc.unique(frame.table[column.name]).to_pylist() if each}
    _check(f"{frame.data_set.name}.{column.name}", column, values)
    found.values |= values
    found.decodes |= _decodes(frame, column)


def _instruments(column: Column) -> tuple[str, ...]:
    """Return CDISC's lists of test codes of single instruments, for a variable that has one list for all of them."""
    if not column.name.endswith("TESTCD"):
        return ()
    return tuple(sorted(each for each in standard.terms() if each.endswith("TC")))


def _check(where: str, column: Column, values: set[str]) -> None:
    lists = column.codelist.split()
    for each in lists:
        if values and each not in standard.terms():
            raise ExportRefusedError(
                f"{where} has the codelist {each}, whose terms the tables of the standard lack; "
                f"add those that occur, from CDISC's terminology of {standard.CT_VERSION}: {', '.join(sorted(values))}"
            )
    known = {term.value for each in lists for term in standard.terms().get(each, ())}
    if lists and all(_is_closed(each) for each in lists):
        for wrong in sorted(values - known):
            raise ValueRefusedError(
                f"{where}: {wrong!r} is no term of CDISC's closed list {column.codelist} "
                f"({standard.CT_VERSION}); it takes {', '.join(sorted(known))}"
            )


def _is_closed(name: str) -> bool:
    terms = standard.terms().get(name, ())
    return bool(terms) and not terms[0].extensible


def _decodes(frame: Frame, column: Column) -> dict[str, str]:
    """Return what the variable beside says in full."""
    for short, full in PAIRS.items():
        beside = f"{column.name.removesuffix(short)}{full}"
        if column.name.endswith(short) and beside in frame.table.column_names:
            pairs = frame.table.select([column.name, beside]).group_by([column.name, beside])
            found = pairs.aggregate([]).sort_by([(column.name, "ascending"), (beside, "ascending")])
            return {row[column.name]: row[beside] for row in found.to_pylist()}
    return {}


def _made(oid: str, found: _List) -> define.CodeList:
    terms = {
        term.value: term
        for each in found.lists
        for term in standard.terms().get(each, ())
        if found.is_named or term.value in found.values
    }
    # An open list of which nothing occurs stands whole too: an empty one is no valid CodeList.
    is_whole = found.is_named and (not found.values or all(map(_is_closed, found.lists)))
    whole = set(terms) if is_whole else set()
    decodes = found.decodes or (_YES_NO if found.lists == ("NY",) else {})
    items = [
        _item(each, place, terms, decodes)
        for place, each in enumerate(sorted(found.values | whole), start=1)
    ]
    one = standard.terms().get(found.lists[0]) if found.is_named and len(found.lists) == 1 else None
    told: dict[str, Any] = {"CodeListItem" if decodes else "EnumeratedItem": items}
    if one:
        told |= {"StandardOID": CT_STANDARD, "Alias": [define.Alias(Context=_NCI, Name=one[0].codelist_code)]}  # fmt: skip
    else:
        told["IsNonStandard"] = "Yes"
    return define.CodeList(
        OID=oid, Name=one[0].name if one else found.name, DataType="text", **told
    )


def _item(
    value: str, place: int, terms: Mapping[str, Term], decodes: Mapping[str, str]
) -> define.CodeListItem | define.EnumeratedItem:
    told: dict[str, Any] = {"CodedValue": value, "OrderNumber": place}
    if value in terms:
        told["Alias"] = [define.Alias(Context=_NCI, Name=terms[value].code)]
    elif terms:
        told["ExtendedValue"] = "Yes"
    if not decodes:
        return define.EnumeratedItem(**told)
    text = define.TranslatedText(_content=decodes.get(value) or value, lang="en")
    return define.CodeListItem(**told, Decode=define.Decode(TranslatedText=[text]))
