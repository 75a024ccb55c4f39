"""The case report form and its answers as CDISC ODM: valid by the schema, every reference resolved, nobody left out."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import odmlib.loader
import odmlib.odm_loader as odm_loader
import pytest
from odmlib.odm_parser import ODMSchemaValidator
from twins import twin

from hometrial.exports.forms import clinical, odm
from hometrial.exports.forms.casebook import casebook

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
_NAMES = {"odm": "http://www.cdisc.org/ns/odm/v1.3"}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    source = twin("ldn-mecfs")
    book, folder = casebook(source), tmp_path_factory.mktemp("forms")
    assert odm.write(folder / "crf.xml", book, AT) == len(book.pages)
    clinical.write(folder / "data.xml", book, source, AT)
    return source, book, folder


@pytest.fixture(scope="module")
def version(written):
    """The form as odmlib reads it back."""
    loader = odmlib.loader.ODMLoader(odm_loader.XMLODMLoader(model_package="odm_1_3_2"))
    loader.open_odm_document(str(written[2] / "crf.xml"))
    return loader.root().Study[0].MetaDataVersion[0]


@pytest.mark.parametrize("name", ["crf.xml", "data.xml"])
def test_the_schema_has_nothing_against_it(written, name):
    schema = ODMSchemaValidator(standard="odm", version="1.3.2").xsd
    assert [each.reason for each in schema.iter_errors(str(written[2] / name))] == []


@pytest.mark.parametrize("protocol", ["ldn-ms", "ldn-crohns", "ldn-case-series"])
def test_the_form_of_every_protocol_is_valid(protocol, tmp_path):
    odm.write(tmp_path / "crf.xml", casebook(twin(protocol)), AT)
    schema = ODMSchemaValidator(standard="odm", version="1.3.2").xsd
    assert [each.reason for each in schema.iter_errors(str(tmp_path / "crf.xml"))] == []


def test_visits_forms_and_questions_are_those_of_the_protocol(written, version):
    _, book, _ = written
    assert [each.OID for each in version.StudyEventDef] == [f"SE.{each.id}" for each in book.events]
    assert [each.Name for each in version.FormDef] == [each.label for each in book.pages]
    items = {each.OID: each for each in version.ItemDef}
    for page, group in zip(book.pages, version.ItemGroupDef, strict=True):
        refs = [items[ref.ItemOID] for ref in group.ItemRef]
        assert [each.Name for each in refs] == [each.id for each in page.fields]
        assert [each.Alias[0].Name for each in refs] == [each.annotation for each in page.fields]
    depression = {each.Name: each for each in version.ItemDef if each.OID.startswith("I.phq9.")}
    assert "Little interest" in next(iter(depression.values())).Question.TranslatedText[0]._content


def test_every_reference_leads_somewhere(version):
    forms, groups, lists, conditions = (
        {each.OID for each in listed}
        for listed in (
            version.FormDef,
            version.ItemGroupDef,
            version.CodeList,
            version.ConditionDef,
        )
    )
    assert {ref.FormOID for event in version.StudyEventDef for ref in event.FormRef} == forms
    assert {ref.ItemGroupOID for form in version.FormDef for ref in form.ItemGroupRef} == groups
    assert {each.CodeListRef.CodeListOID for each in version.ItemDef if each.CodeListRef} == lists
    named = {
        ref.CollectionExceptionConditionOID
        for group in version.ItemGroupDef
        for ref in group.ItemRef
    }
    assert named - {None} == conditions


def test_what_is_asked_only_if_says_when_it_is_left_out(written, version):
    _, book, _ = written
    asked_if = {
        f"C.{page.id}.{field.id}": field.condition
        for page in book.pages
        for field in page.fields
        if field.condition
    }
    told = {each.OID: each.FormalExpression[0]._content for each in version.ConditionDef}
    assert told == {oid: f"not ({condition})" for oid, condition in asked_if.items()}
    assert told["C.side_effects.vivid_dreams_severity"] == "not (vivid_dreams == 1)"


def test_every_answer_stands_under_its_person_with_who_gave_it_when(written, version):
    source, _, folder = written
    root = ET.parse(folder / "data.xml").getroot()  # noqa: S314 - written a moment ago
    sent = [row for row in source.rows("response") if row["submitted"]]
    forms = root.findall(".//odm:FormData", _NAMES)
    assert {each.get("FormRepeatKey") for each in forms} == {row["id"] for row in sent}
    known = {each.OID for each in version.ItemDef}
    assert {each.get("ItemOID") for each in root.findall(".//odm:ItemData", _NAMES)} <= known
    events = {each.OID for each in version.StudyEventDef}
    assert {
        each.get("StudyEventOID") for each in root.findall(".//odm:StudyEventData", _NAMES)
    } <= events
    ids = {row["id"] for row in sent}
    values = sum(row["value"] is not None and row["response"] in ids for row in source.rows("item"))
    words = sum(bool(row["words"]) and row["response"] in ids for row in source.rows("free_answer"))
    assert (
        len(
            [
                each
                for each in root.findall(".//odm:ItemData", _NAMES)
                if each.get("Value") is not None
            ]
        )
        == values + words
    )
    at = {row["id"]: row["submitted"] for row in sent}
    for each in forms:
        assert each.find(".//odm:DateTimeStamp", _NAMES).text == at[each.get("FormRepeatKey")]


def test_the_words_of_an_answer_cannot_break_the_file(written, tmp_path):
    source, book, _ = written
    rows = source.table("item").to_pylist()
    place = next(place for place, row in enumerate(rows) if row["value"] is not None)
    rows[place] = {**rows[place], "value": "\"</ODM>&\n<x a='1'>"}
    changed = type(source)(
        {
            **source.tables,
            "item": source.table("item").from_pylist(rows, source.table("item").schema),
        }
    )
    clinical.write(tmp_path / "data.xml", book, changed, AT)
    values = {each.get("Value") for each in ET.parse(tmp_path / "data.xml").getroot().iter()}  # noqa: S314
    assert "\"</ODM>&\n<x a='1'>" in values


def test_a_character_that_no_xml_holds_is_replaced_and_the_answer_says_so(written, tmp_path):
    source, book, _ = written
    table = source.table("free_answer")
    rows = table.to_pylist()
    rows[0] = {**rows[0], "words": "one\x0btwo \ufffe\tend \U0001f33f"}
    changed = type(source)({**source.tables, "free_answer": table.from_pylist(rows, table.schema)})
    clinical.write(tmp_path / "data.xml", book, changed, AT)
    schema = ODMSchemaValidator(standard="odm", version="1.3.2").xsd
    assert list(schema.iter_errors(str(tmp_path / "data.xml"))) == []
    told = {
        each.get("Value"): "".join(each.itertext())
        for each in ET.parse(tmp_path / "data.xml").getroot().iter()  # noqa: S314
        if (each.get("Value") or "").startswith("one")
    }
    assert told == {
        "one\ufffdtwo \ufffd\tend \U0001f33f": "\ufffd stands for U+000B, U+FFFE, which no XML holds."
    }
