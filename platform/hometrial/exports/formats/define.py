"""Define-XML 2.1 of a delivery, by odmlib: made of the same metadata and frames as its files, without a clock."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import odmlib.define_2_1.model as define
from odmlib.ns_registry import NamespaceRegistry

from hometrial.exports.formats import define_values
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.define_codelists import CT_STANDARD, codelists, oid_of
from hometrial.exports.formats.define_types import Type, type_of
from hometrial.exports.formats.define_values import ValueList
from hometrial.exports.formats.frames import Frame, identified
from hometrial.exports.metadata import Column, DataSet, ValueRefusedError
from hometrial.exports.sdtm.standard import CT_VERSION

VERSION = "2.1.0"
_STANDARDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Tabulation": (("STD.IG", "SDTMIG", "3.4"), ("STD.MD", "SDTMIG-MD", "1.1")),
    "Analysis": (("STD.IG", "ADaMIG", "1.3"), ("STD.OCC", "ADaM-OCCDSIG", "1.1")),
}
_OTHER_STANDARDS = {"DI": "STD.MD", "DR": "STD.MD", "DU": "STD.MD", "DX": "STD.MD"}
_OCCURRENCE = "OCCURRENCE DATA STRUCTURE"
_CRF = "LF.ACRF"
_NO_RECORD = "No record: nothing of the kind was collected."
_NO_CHARACTER = re.compile('[^<>"]*[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff][^<>"]*')
"""A value with a character that XML has not, or has not kept: a CR would be read as LF."""
_NAMESPACES = (
    ("odm", "http://www.cdisc.org/ns/odm/v1.3"),
    ("def", "http://www.cdisc.org/ns/def/v2.1"),
    ("xlink", "http://www.w3.org/1999/xlink"),
)


@dataclass(frozen=True)
class Told:
    """What stands in a Define-XML beside the metadata of its data sets.

    `comments`: a remark on a data set (`AE`) or a variable (`AE.AEDECOD`). `crf`: where the annotated form is, from
    the folder of the define.xml; empty without one.
    """

    comments: Mapping[str, str] = field(default_factory=dict)
    crf: str = ""


def write(path: Path, frames: Sequence[Frame], ending: str, origin: Origin, told: Told) -> None:
    """Write the Define-XML of the files `NAME.ending` beside it.

    Raises ExportRefusedError for a codelist that the tables of the standard lack, and ValueRefusedError for a
    value that a closed one does not have or that XML cannot hold.
    """
    for place, (prefix, uri) in enumerate(_NAMESPACES):
        NamespaceRegistry(prefix=prefix, uri=uri, is_default=not place, is_reset=not place)  # type: ignore[no-untyped-call]
    empty = {each.data_set.name: _NO_RECORD for each in frames if not each.table.num_rows}
    said = replace(told, comments={**empty, **told.comments})
    document = _document([identified(each) for each in frames], ending, origin, said)
    text = document.to_xml_string(xml_declaration=True) + "\n"
    _check_characters(path, text)
    path.write_text(text, encoding="utf-8")


def _check_characters(path: Path, text: str) -> None:
    found = _NO_CHARACTER.search(text)
    if found:
        value = html.unescape(found[0])
        raise ValueRefusedError(
            f"{path.name}: {value!r} has a character that XML cannot hold; correct the value"
        )


def _document(frames: Sequence[Frame], ending: str, origin: Origin, told: Told) -> define.ODM:
    names = define.GlobalVariables(
        StudyName=define.StudyName(_content=origin.study),
        StudyDescription=define.StudyDescription(_content=origin.title or origin.study),
        ProtocolName=define.ProtocolName(_content=origin.study),
    )
    version = _version(frames, ending, origin, told)
    optional = {"SourceSystemVersion": origin.version} if origin.version else {}
    return define.ODM(
        FileType="Snapshot",
        FileOID=f"DEF.{origin.study}.{ending}",
        CreationDateTime=f"{origin.at:%Y-%m-%dT%H:%M:%S}",
        ODMVersion="1.3.2",
        Originator=origin.originator,
        SourceSystem=origin.system,
        Context="Other",
        Study=define.Study(OID=f"STUDY.{origin.study}", GlobalVariables=names, MetaDataVersion=version),
        **optional,
    )  # fmt: skip


def _version(
    frames: Sequence[Frame], ending: str, origin: Origin, told: Told
) -> define.MetaDataVersion:
    lists = [each for frame in frames for each in define_values.value_lists(frame)]
    purpose = frames[0].data_set.purpose if frames else "Tabulation"
    parts: dict[str, Any] = {}
    if told.crf:
        document = define.DocumentRef(leafID=_CRF)
        parts["AnnotatedCRF"] = define.AnnotatedCRF(DocumentRef=document)
        parts["leaf"] = [_leaf(_CRF, told.crf, "Annotated case report form")]
    return define.MetaDataVersion(
        OID=f"MDV.{origin.study}",
        Name=f"{origin.study}, {purpose.lower()} data sets",
        DefineVersion=VERSION,
        Standards=_standards(purpose),
        ValueListDef=[define_values.definition(each) for each in lists],
        WhereClauseDef=define_values.where_clauses(lists),
        ItemGroupDef=[_group(frame, ending, told) for frame in frames],
        ItemDef=[each for frame in frames for each in _items(frame, lists, told)],
        CodeList=codelists(frames),
        MethodDef=list(_methods(frames)),
        CommentDef=list(_comments(frames, told)),
        **parts,
    )


def _standards(purpose: Literal["Tabulation", "Analysis"]) -> define.Standards:
    terms = define.Standard(
        OID=CT_STANDARD,
        Name="CDISC/NCI",
        Type="CT",
        PublishingSet="SDTM" if purpose == "Tabulation" else "ADaM",
        Version=CT_VERSION,
        Status="Final",
    )
    guides = [
        define.Standard(OID=oid, Name=name, Type="IG", Version=version, Status="Final")
        for oid, name, version in _STANDARDS[purpose]
    ]
    return define.Standards(Standard=[*guides, terms])


def standards() -> dict[str, str]:
    """Return the versions of the standards that data sets are mapped to."""
    guides = {name: version for each in _STANDARDS.values() for _, name, version in each}
    return {**guides, "Define-XML": VERSION, "CDISC/NCI": CT_VERSION}


def _leaf(oid: str, href: str, title: str) -> define.leaf:
    return define.leaf(ID=oid, href=href, title=define.title(_content=title))


def _text(content: str) -> define.Description:
    return define.Description(TranslatedText=[define.TranslatedText(_content=content, lang="en")])


def class_of(data_set: DataSet) -> str:
    """Return a data set's class in the words of Define-XML."""
    return data_set.klass.upper().replace("-", " ")


def _standard_of(data_set: DataSet) -> str:
    if class_of(data_set) == _OCCURRENCE:
        return "STD.OCC"
    return _OTHER_STANDARDS.get(data_set.name, "STD.IG")


def _group(frame: Frame, ending: str, told: Told) -> define.ItemGroupDef:
    data_set = frame.data_set
    name = data_set.name
    is_single = data_set.is_reference or data_set.keys in (("USUBJID",), ("STUDYID", "USUBJID"))
    optional: dict[str, Any] = {}
    if data_set.purpose == "Tabulation":
        optional["Domain"] = name.removeprefix("SUPP") or name
    if name in told.comments:
        optional["CommentOID"] = f"COM.{name}"
    if not frame.table.num_rows:
        optional["HasNoData"] = "Yes"
    return define.ItemGroupDef(
        OID=f"IG.{name}",
        Name=name,
        Repeating="No" if is_single else "Yes",
        IsReferenceData="Yes" if data_set.is_reference else "No",
        SASDatasetName=name,
        Purpose=data_set.purpose,
        Structure=data_set.structure,
        ArchiveLocationID=f"LF.{name}",
        StandardOID=_standard_of(data_set),
        Description=_text(data_set.label),
        ItemRef=[_ref(data_set, each, place) for place, each in enumerate(data_set.columns, start=1)],
        Class=define.Class(Name=class_of(data_set)),
        leaf=_leaf(f"LF.{name}", f"{name.lower()}.{ending}", f"{name.lower()}.{ending}"),
        **optional,
    )  # fmt: skip


def _ref(data_set: DataSet, column: Column, place: int) -> define.ItemRef:
    optional: dict[str, Any] = {}
    if column.name in data_set.keys:
        optional["KeySequence"] = data_set.keys.index(column.name) + 1
    if _has_method(column):
        optional["MethodOID"] = f"MT.{data_set.name}.{column.name}"
    if column.role and data_set.purpose == "Tabulation":
        optional["Role"] = column.role
    return define.ItemRef(
        ItemOID=f"IT.{data_set.name}.{column.name}",
        OrderNumber=place,
        Mandatory="Yes" if column.core == "Req" else "No",
        **optional,
    )


def _items(frame: Frame, lists: Sequence[ValueList], told: Told) -> Iterator[define.ItemDef]:
    """Yield the items of a data set, and after them those of single values."""
    name = frame.data_set.name
    by_column = {each.oid: each for each in lists}
    for column in frame.data_set.columns:
        optional: dict[str, Any] = {"Description": _text(column.label)}
        listed = oid_of(name, column)
        if listed:
            optional["CodeListRef"] = define.CodeListRef(CodeListOID=listed)
        if f"VL.{name}.{column.name}" in by_column:
            optional["ValueListRef"] = define.ValueListRef(ValueListOID=f"VL.{name}.{column.name}")
        if f"{name}.{column.name}" in told.comments:
            optional["CommentOID"] = f"COM.{name}.{column.name}"
        type_ = type_of(column, frame.table[column.name])
        yield _item(f"IT.{name}.{column.name}", column, type_, **optional)
    for each in lists:
        if each.oid.startswith(f"VL.{name}."):
            for value in each.values:
                yield _item(value.oid, each.column, value.type)


def _item(oid: str, column: Column, type_: Type, **optional: Any) -> define.ItemDef:
    told = {
        "Length": type_.length,
        "SignificantDigits": type_.decimals,
        "DisplayFormat": type_.display,
    }
    return define.ItemDef(
        OID=oid,
        Name=column.name,
        SASFieldName=column.name,
        DataType=type_.name,
        Origin=[_origin(column)],
        **{name: value for name, value in told.items() if value is not None},
        **optional,
    )


def _origin(column: Column) -> define.Origin:
    if column.origin == "Predecessor":
        return define.Origin(Type="Predecessor", Description=_text(column.method or column.source))
    return define.Origin(Type=column.origin, Source=column.source)


def _has_method(column: Column) -> bool:
    """Tell if the variable has a rule; of a predecessor, `method` is the variable that it was taken from."""
    return bool(column.method) and column.origin != "Predecessor"


def _methods(frames: Sequence[Frame]) -> Iterator[define.MethodDef]:
    for frame in frames:
        for column in frame.data_set.columns:
            if _has_method(column):
                where = f"{frame.data_set.name}.{column.name}"
                yield define.MethodDef(
                    OID=f"MT.{where}",
                    Name=f"Algorithm of {where}",
                    Type="Computation",
                    Description=_text(column.method),
                )


def _comments(frames: Sequence[Frame], told: Told) -> Iterator[define.CommentDef]:
    known = {each.data_set.name for each in frames}
    known |= {
        f"{each.data_set.name}.{one.name}" for each in frames for one in each.data_set.columns
    }
    for where in sorted(told.comments.keys() & known):
        yield define.CommentDef(OID=f"COM.{where}", Description=_text(told.comments[where]))
