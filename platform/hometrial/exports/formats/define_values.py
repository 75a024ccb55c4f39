"""Value-level metadata of Define-XML: what a result is for each test, as one column holds many kinds."""

from collections.abc import Iterator
from dataclasses import dataclass

import odmlib.define_2_1.model as define
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.formats.define_types import Type, type_of, type_of_text
from hometrial.exports.formats.frames import Frame
from hometrial.exports.metadata import Column

_RESULTS = {
    "TESTCD": ("ORRES", "STRESC", "STRESN"),
    "PARMCD": ("VAL",),
    "PARAMCD": ("AVAL", "AVALC"),
    "QNAM": ("QVAL",),
}
"""For a variable of short names, the variables that mean something else for each of them; the prefix is the same."""


@dataclass(frozen=True)
class Value:
    """A variable where another says `code`: its OID, its type, and whether it is ever empty."""

    oid: str
    where: str
    code: str
    type: Type
    is_always_there: bool


@dataclass(frozen=True)
class ValueList:
    """The values of one variable, by the code beside."""

    oid: str
    column: Column
    by: str
    """OID of the variable that tells them apart."""
    values: tuple[Value, ...]


def value_lists(frame: Frame) -> Iterator[ValueList]:
    """Yield the lists of a data set's variables whose values differ by the test or parameter beside them."""
    name = frame.data_set.name
    for code in frame.data_set.columns:
        for short, results in _RESULTS.items():
            if not code.name.endswith(short):
                continue
            prefix = code.name.removesuffix(short)
            for result in results:
                if f"{prefix}{result}" in frame.table.column_names:
                    column = frame.data_set.column(f"{prefix}{result}")
                    values = tuple(_values(frame, code, column))
                    if values:
                        oid = f"VL.{name}.{column.name}"
                        yield ValueList(oid, column, f"IT.{name}.{code.name}", values)


def _values(frame: Frame, code: Column, column: Column) -> Iterator[Value]:
    name, codes = frame.data_set.name, frame.table[code.name]
    for each in sorted(filter(None, pc.unique(codes).to_pylist())):
        found = frame.table[column.name].filter(pc.equal(codes, each))
        empty = pc.sum(_is_empty(found)).as_py() or 0
        if empty == len(found):
            continue
        yield Value(
            f"IT.{name}.{column.name}.{each}",
            f"WC.{name}.{code.name}.{each}",
            each,
            _type(column, found),
            is_always_there=not empty,
        )


def _is_empty(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string(values.type):
        return pc.equal(values, "")
    return pc.is_null(values)


def _type(column: Column, values: pa.ChunkedArray) -> Type:
    if column.kind == "text":
        return type_of_text(pc.unique(values).to_pylist())
    return type_of(column, values)


def definition(listed: ValueList) -> define.ValueListDef:
    """Return the list as Define-XML has it."""
    refs = [
        define.ItemRef(
            ItemOID=each.oid,
            OrderNumber=place,
            Mandatory="Yes" if each.is_always_there else "No",
            WhereClauseRef=[define.WhereClauseRef(WhereClauseOID=each.where)],
        )
        for place, each in enumerate(listed.values, start=1)
    ]
    return define.ValueListDef(OID=listed.oid, ItemRef=refs)


def where_clauses(lists: list[ValueList]) -> list[define.WhereClauseDef]:
    """Return the conditions, each once however many lists use it."""
    found = {value.where: (listed.by, value.code) for listed in lists for value in listed.values}
    return [
        define.WhereClauseDef(
            OID=oid,
            RangeCheck=[
                define.RangeCheck(
                    Comparator="EQ",
                    SoftHard="Soft",
                    ItemOID=by,
                    CheckValue=[define.CheckValue(_content=code)],
                )
            ],
        )
        for oid, (by, code) in found.items()
    ]
