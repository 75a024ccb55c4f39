"""The case report form as CDISC ODM 1.3.2, by odmlib: visits, forms, questions, answers to choose, conditions."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import odmlib.odm_1_3_2.model as odm
from odmlib.ns_registry import NamespaceRegistry

from hometrial.exports.forms.casebook import Casebook, Event, Field, Page

VERSION = "1.3.2"
_NAMESPACE = "http://www.cdisc.org/ns/odm/v1.3"
_TYPES = {"text": "text", "choice": "text", "integer": "integer", "decimal": "float", "date": "date", "time": "partialTime"}  # fmt: skip
_LENGTHS = {"text": 2000, "integer": 12, "decimal": 24}
_UNKEPT = "The wording belongs to its owner and is not printed here."


def write(path: Path, book: Casebook, at: datetime) -> int:
    """Write the case report form; return how many forms it has."""
    NamespaceRegistry(prefix="odm", uri=_NAMESPACE, is_default=True, is_reset=True)  # type: ignore[no-untyped-call]
    protocol = book.protocol
    study = odm.Study(
        OID=study_oid(book),
        GlobalVariables=odm.GlobalVariables(
            StudyName=odm.StudyName(_content=protocol.id.upper()),
            StudyDescription=odm.StudyDescription(_content=protocol.title),
            ProtocolName=odm.ProtocolName(_content=f"{protocol.id} {protocol.version}"),
        ),
        BasicDefinitions=odm.BasicDefinitions(MeasurementUnit=list(_units(book))),
        MetaDataVersion=[_version(book)],
    )
    document = odm.ODM(
        FileType="Snapshot",
        FileOID=f"CRF.{protocol.id.upper()}.{protocol.version}",
        CreationDateTime=f"{at:%Y-%m-%dT%H:%M:%S}",
        ODMVersion=VERSION,
        Originator="Hometrial",
        SourceSystem="Hometrial",
        Study=[study],
    )
    path.write_text(document.to_xml_string(xml_declaration=True) + "\n", encoding="utf-8")
    return len(book.pages)


def study_oid(book: Casebook) -> str:
    """Return the study's OID, which answers refer to."""
    return f"STUDY.{book.protocol.id.upper()}"


def version_oid(book: Casebook) -> str:
    """Return the OID of the form's version, which answers refer to."""
    return f"MDV.{book.protocol.version}"


def item_oid(page: str, field: str) -> str:
    """Return the OID of a field of a form."""
    return f"I.{page}.{field}"


def _version(book: Casebook) -> odm.MetaDataVersion:
    events = [
        odm.StudyEventRef(StudyEventOID=f"SE.{each.id}", OrderNumber=place, Mandatory="No")
        for place, each in enumerate(book.events, start=1)
    ]
    known = {each.id for each in book.pages}
    return odm.MetaDataVersion(
        OID=version_oid(book),
        Name=f"{book.protocol.id} {book.protocol.version}",
        Protocol=odm.Protocol(StudyEventRef=events),
        StudyEventDef=[_event(each, known) for each in book.events],
        FormDef=[_form(each) for each in book.pages],
        ItemGroupDef=[_group(each) for each in book.pages],
        ItemDef=[_item(page, each) for page in book.pages for each in page.fields],
        CodeList=[
            _codes(page, each) for page in book.pages for each in page.fields if each.choices
        ],
        ConditionDef=[
            _condition(page, each) for page in book.pages for each in page.fields if each.condition
        ],
    )


def _units(book: Casebook) -> Iterator[odm.MeasurementUnit]:
    for unit in sorted({each.unit for page in book.pages for each in page.fields if each.unit}):
        symbol = odm.Symbol(TranslatedText=[_text(unit)])
        yield odm.MeasurementUnit(OID=f"MU.{unit}", Name=unit, Symbol=symbol)


def _text(content: str) -> odm.TranslatedText:
    return odm.TranslatedText(_content=content, lang="en")


def _event(event: Event, known: set[str]) -> odm.StudyEventDef:
    forms = [each for each in event.forms if each in known]
    return odm.StudyEventDef(
        OID=f"SE.{event.id}",
        Name=event.label,
        Repeating="Yes" if event.is_repeating else "No",
        Type=event.kind,
        FormRef=[
            odm.FormRef(FormOID=f"F.{each}", OrderNumber=place, Mandatory="No")
            for place, each in enumerate(forms, start=1)
        ],
    )


def _form(page: Page) -> odm.FormDef:
    told = [f"Filled in by: {page.filled_by}.", page.notice, "" if page.is_worded else _UNKEPT]
    group = odm.ItemGroupRef(ItemGroupOID=f"IG.{page.id}", OrderNumber=1, Mandatory="No")
    return odm.FormDef(
        OID=f"F.{page.id}",
        Name=page.label,
        Repeating="No",
        Description=odm.Description(TranslatedText=[_text(" ".join(filter(None, told)))]),
        ItemGroupRef=[group] if page.fields else [],
        Alias=[odm.Alias(Context="instrument", Name=page.version)] if page.version else [],
    )


def _group(page: Page) -> odm.ItemGroupDef:
    return odm.ItemGroupDef(
        OID=f"IG.{page.id}",
        Name=page.label,
        Repeating="No",
        ItemRef=[_ref(page, each, place) for place, each in enumerate(page.fields, start=1)],
        Alias=[odm.Alias(Context="SDTM", Name=page.annotation)] if page.annotation else [],
    )


def _ref(page: Page, field: Field, place: int) -> odm.ItemRef:
    optional: dict[str, Any] = {}
    if field.condition:
        optional["CollectionExceptionConditionOID"] = f"C.{page.id}.{field.id}"
    return odm.ItemRef(
        ItemOID=item_oid(page.id, field.id), OrderNumber=place, Mandatory="No", **optional
    )


def _item(page: Page, field: Field) -> odm.ItemDef:
    optional: dict[str, Any] = {}
    if field.kind in _LENGTHS and not field.choices:
        optional["Length"] = _LENGTHS[field.kind]
    if field.choices:
        optional["Length"] = max(len(each.value) for each in field.choices)
        optional["CodeListRef"] = odm.CodeListRef(CodeListOID=f"CL.{page.id}.{field.id}")
    if field.kind == "decimal":
        optional["SignificantDigits"] = 6
    if field.unit:
        optional["MeasurementUnitRef"] = [odm.MeasurementUnitRef(MeasurementUnitOID=f"MU.{field.unit}")]  # fmt: skip
    asked = f"{field.stem} {field.label}".strip()
    return odm.ItemDef(
        OID=item_oid(page.id, field.id),
        Name=field.id,
        DataType=_TYPES[field.kind],
        Question=odm.Question(TranslatedText=[_text(asked)]),
        Alias=[odm.Alias(Context="SDTM", Name=field.annotation)],
        **optional,
    )


def _codes(page: Page, field: Field) -> odm.CodeList:
    oid = f"CL.{page.id}.{field.id}"
    kind = "integer" if field.kind == "integer" else "text"
    if any(each.text is None for each in field.choices):
        plain = [odm.EnumeratedItem(CodedValue=each.value) for each in field.choices]
        return odm.CodeList(OID=oid, Name=field.id, DataType=kind, EnumeratedItem=plain)
    items = [
        odm.CodeListItem(
            CodedValue=each.value,
            Decode=odm.Decode(TranslatedText=[_text(each.text or each.value)]),
        )
        for each in field.choices
    ]
    return odm.CodeList(OID=oid, Name=field.id, DataType=kind, CodeListItem=items)


def _condition(page: Page, field: Field) -> odm.ConditionDef:
    """Return when the field is left out: the opposite of when it is asked."""
    said = f"not ({field.condition})"
    return odm.ConditionDef(
        OID=f"C.{page.id}.{field.id}",
        Name=f"{field.id} is not asked",
        Description=odm.Description(TranslatedText=[_text(f"Asked only if {field.condition}.")]),
        FormalExpression=[odm.FormalExpression(Context="hometrial", _content=said)],
    )
