"""What explains a folder's files to people and to programs: dictionary.csv, codelists.csv, datapackage.json."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from hometrial.exports.dictionary import Variable
from hometrial.exports.folder import sha256
from hometrial.exports.formats import writing
from hometrial.exports.formats.define_codelists import codelists, oid_of
from hometrial.exports.formats.frames import Frame, identified, is_unique
from hometrial.exports.formats.transliterating import CHANGES
from hometrial.exports.formats.writing import TIDY, Framed
from hometrial.exports.metadata import Column, DataSet
from hometrial.exports.source.reading import Source
from hometrial.exports.writing import TableWriter

Made = Mapping[str, Sequence[Framed]]
DICTIONARY = (
    Variable("file", "File", "text", text="Delivery and data set: sdtm/dm stands for every format of it."),
    Variable("variable", "Variable", "text"),
    Variable("place", "Place in the file", "integer"),
    Variable("label", "Label", "text"),
    Variable("type", "Type", "text", codes="text; integer; float; date; datetime; number; boolean; day; instant; wall clock"),
    Variable("unit", "Unit", "text", text="UCUM."),
    Variable("codes", "Codes", "text", text="A list of codelists.csv."),
    Variable("is_key", "Part of the key", "text", codes="Y; N"),
    Variable("requirement", "Requirement of the standard", "text", codes="Req; Exp; Perm; model"),
    Variable("origin", "Origin", "text", codes="Collected; Derived; Assigned; Protocol; Predecessor"),
    Variable("source", "Source", "text", codes="Subject; Investigator; Sponsor; Vendor"),
    Variable("derivation", "Derivation or meaning", "text"),
    Variable("missing", "How a missing value shows", "text"),
)  # fmt: skip
CODELISTS = (
    Variable("list", "List", "text", text="As dictionary.csv names it."),
    Variable("code", "Code", "text"),
    Variable("decode", "Meaning", "text"),
    Variable("c_code", "C-code", "text", text="Of NCI, for terms of CDISC; empty for the sponsor's."),
    Variable("place", "Place in the list", "integer"),
)  # fmt: skip
_OWN = {"dictionary": DICTIONARY, "codelists": CODELISTS}
PACKAGE, DICTIONARY_FILE = "datapackage.json", "dictionary.csv"
SAMPLES = "samples"
"""Streams, whose files are described here and written elsewhere."""
_FRICTIONLESS = {
    "text": "string", "integer": "integer", "float": "number", "number": "number", "boolean": "boolean",
    "date": "date", "day": "date", "datetime": "string", "instant": "string", "wall clock": "string",
}  # fmt: skip


def write(place: Path, made: Made, source: Source) -> dict[Path, int]:
    """Write the three files for the deliveries of a folder, after their data; return them with their rows."""
    frames = {
        name: [identified(writing.as_frame(each)) for each in framed]
        for name, framed in made.items()
    }
    files = _table(place / "dictionary", DICTIONARY, list(_variables(frames)))
    files |= _table(place / "codelists", CODELISTS, list(_codes(frames)))
    resources = list(_resources(place, frames))
    package = {
        "profile": "tabular-data-package",
        "name": source.protocol.id if source.has_protocol else "study",
        "title": source.protocol.title
        if source.has_protocol
        else "A study without a protocol in force",
        "resources": resources,
    }
    (place / PACKAGE).write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")  # fmt: skip
    return files | {place / PACKAGE: len(resources)}


def _table(
    stem: Path, variables: Sequence[Variable], rows: list[dict[str, object]]
) -> dict[Path, int]:
    with TableWriter(stem, variables, ("csv",)) as writer:
        kinds = pa.schema([each.field() for each in variables])
        writer.write(pa.Table.from_pylist(rows, kinds))
    return writer.files


def _variables(frames: Mapping[str, Sequence[Frame]]) -> Iterator[dict[str, object]]:
    for name, delivered in frames.items():
        for frame in delivered:
            data_set = frame.data_set
            for place, column in enumerate(data_set.columns, start=1):
                yield {
                    "file": f"{name}/{writing.file_name(data_set)}",
                    "variable": column.name,
                    "place": place,
                    "is_key": "Y" if column.name in data_set.keys else "N",
                    "missing": _missing(data_set, column),
                    **_told(name, frame, column),
                }
    for name, own in (
        *_OWN.items(),
        *((f"{each}-transformations", CHANGES) for each in frames if each != SAMPLES),
    ):
        for place, variable in enumerate(own, start=1):
            yield {
                "file": name,
                "variable": variable.name,
                "place": place,
                "is_key": "N",
                "missing": "empty",
                **_of_variable(name, variable),
            }


def _told(name: str, frame: Frame, column: Column) -> dict[str, object]:
    for variable in frame.variables:
        if variable.name == column.name:
            return _of_variable(frame.data_set.name, variable)
    return {
        "label": column.label,
        "type": column.kind,
        "unit": "",
        "codes": column.codelist.replace(" ", "_") or _own_list(name, frame.data_set, column),
        "requirement": column.core,
        "origin": column.origin,
        "source": column.source,
        "derivation": column.method,
    }


def _own_list(name: str, data_set: DataSet, column: Column) -> str:
    """Return the name of a list of short names that no standard has."""
    oid = oid_of(data_set.name, column)
    return "" if oid is None or name in (TIDY, SAMPLES) else oid.removeprefix("CL.")


def _of_variable(name: str, variable: Variable) -> dict[str, object]:
    return {
        "label": variable.label,
        "type": variable.type,
        "unit": variable.unit,
        "codes": f"{name}.{variable.name}" if variable.codes else "",
        "requirement": "",
        "origin": "",
        "source": "",
        "derivation": variable.text,
    }


def _missing(data_set: DataSet, column: Column) -> str:
    """Say how nothing shows, and where the reason for it stands."""
    names = {each.name for each in data_set.columns}
    told = "empty"
    reason = f"{column.name}_missing_reason"
    if reason in names:
        return f"{told}; why: {reason}"
    for part in ("ORRES", "STRESC", "STRESN", "DOSE", "OCCUR"):
        prefix = column.name.removesuffix(part)
        if column.name.endswith(part) and f"{prefix}STAT" in names:
            return f"{told}; why: {prefix}STAT, {prefix}REASND"
    return told


def _codes(frames: Mapping[str, Sequence[Frame]]) -> Iterator[dict[str, object]]:
    """Yield the codes of every list that the dictionary names."""
    for listed in codelists(
        [each for own in frames.values() for each in own if not each.variables]
    ):
        items: list[Any] = [*listed.CodeListItem, *listed.EnumeratedItem]
        for item in items:
            yield {
                "list": str(listed.OID).removeprefix("CL."),
                "code": item.CodedValue,
                "decode": item.Decode.TranslatedText[0]._content if listed.CodeListItem else "",
                "c_code": item.Alias[0].Name if item.Alias else "",
                "place": item.OrderNumber,
            }
    for delivered in frames.values():
        for frame in delivered:
            for variable in frame.variables:
                yield from _plain_codes(frame.data_set.name, variable)
    for name, own in _OWN.items():
        for variable in own:
            yield from _plain_codes(name, variable)


def _plain_codes(name: str, variable: Variable) -> Iterator[dict[str, object]]:
    """Yield the codes of a variable, written as `code meaning; code meaning`."""
    for place, each in enumerate(filter(None, variable.codes.split("; ")), start=1):
        code, _, meaning = each.strip().partition(" ")
        is_number = code.lstrip("-").isdigit()
        yield {
            "list": f"{name}.{variable.name}",
            "code": code if is_number else each.strip(),
            "decode": meaning if is_number else "",
            "c_code": "",
            "place": place,
        }


def _resources(place: Path, frames: Mapping[str, Sequence[Frame]]) -> Iterator[dict[str, Any]]:
    """Yield each CSV of the folder with its fields, its bytes and its hash."""
    for name, delivered in frames.items():
        for frame in delivered:
            path = (
                place / writing.folder_of(name, "csv") / f"{writing.file_name(frame.data_set)}.csv"
            )
            if path.exists():
                fields = [_field(each) for each in frame.variables] or [
                    {"name": each.name, "title": each.label, "type": _FRICTIONLESS[each.kind]}
                    for each in frame.data_set.columns
                ]
                keys = list(frame.data_set.keys) if is_unique(frame) else []
                yield _resource(place, path, fields, keys)
    for stem, own in (
        *_OWN.items(),
        *((f"{each}-transformations", CHANGES) for each in frames if each != SAMPLES),
    ):
        path = place / f"{stem}.csv"
        if path.exists():
            yield _resource(place, path, [_field(each) for each in own], [])


def _field(variable: Variable) -> dict[str, Any]:
    told = {"name": variable.name, "title": variable.label, "type": _FRICTIONLESS[variable.type]}
    if variable.text:
        told["description"] = variable.text
    return told


def _resource(
    place: Path, path: Path, fields: list[dict[str, Any]], keys: list[str]
) -> dict[str, Any]:
    where = path.relative_to(place).as_posix()
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if keys:
        schema["primaryKey"] = keys
    return {
        "profile": "tabular-data-resource",
        "name": where.removesuffix(".csv").replace("/", "-").replace("_", "-"),
        "path": where,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256(path)}",
        "schema": schema,
    }
