"""The case report form on paper and as FHIR: every question is there, told where it is tabulated, in words that may be shown."""

import json
import re
from datetime import UTC, datetime

import pytest
from twins import twin

from hometrial.exports.forms import fhir, filing, printing
from hometrial.exports.forms.casebook import casebook
from hometrial.exports.sdtm import standard
from hometrial.questionnaires.fhir.responses import read_response
from hometrial.questionnaires.instrument import Instrument

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
PROTOCOLS = ["ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series"]
_NAMED = re.compile(r"([A-Z]{2,6})\.([A-Z]+)")


@pytest.fixture(scope="module")
def book():
    return casebook(twin("ldn-mecfs"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_form_of_a_protocol_has_its_fields(protocol):
    found = casebook(twin(protocol))
    asked = {each for event in found.events for each in event.forms}
    known = {page.id for page in found.pages}
    assert asked <= known
    assert [page.id for page in found.pages if not page.fields] == []
    for page in found.pages:
        assert len({each.id for each in page.fields}) == len(page.fields)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_blank_form_asks_the_same_before_anybody_has_answered(protocol):
    source = twin(protocol)
    nobody = type(source)(
        {**source.tables, "instrument": source.table("instrument").schema.empty_table()}
    )
    answered, blank = casebook(source), casebook(nobody)
    assert [page.fields for page in blank.pages] == [page.fields for page in answered.pages]
    assert [page.version for page in blank.pages] == [page.version for page in answered.pages]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_annotation_names_a_variable_that_there_is(protocol):
    for page in casebook(twin(protocol)).pages:
        for field in page.fields:
            named = _NAMED.findall(field.annotation)
            assert named or field.annotation.startswith("tidy."), field.annotation
            for domain, variable in named:
                names = {each.name for each in standard.domain(domain).columns}
                assert variable in names, f"{page.id}.{field.id}: {field.annotation}"


def test_an_owner_s_wording_is_not_printed(book):
    kept_back = {page.id for page in book.pages if not page.is_worded}
    assert kept_back == {"compass31"}
    [page] = [page for page in book.pages if page.id == "compass31"]
    assert [each.label for each in page.fields[:2]] == ["Question 1", "Question 2"]
    assert {choice.text for field in page.fields for choice in field.choices} == {None}
    assert page.notice


def lines_of(book, monkeypatch, *, is_annotated):
    """What is printed, in order."""
    said = []
    write = printing.FormPaper.line_of

    def heard(paper, text, **style):
        said.append(text)
        write(paper, text, **style)

    monkeypatch.setattr(printing.FormPaper, "line_of", heard)
    made = printing.printed(book, AT, is_annotated=is_annotated)
    monkeypatch.undo()
    return said, made


def test_the_annotated_form_tells_where_each_field_goes_and_the_blank_one_does_not(
    book, monkeypatch
):
    told, annotated = lines_of(book, monkeypatch, is_annotated=True)
    asked, blank = lines_of(book, monkeypatch, is_annotated=False)
    fields = [field for page in book.pages for field in page.fields]
    assert {each.annotation for each in fields} <= set(told)
    assert {each.annotation for each in fields}.isdisjoint(asked)
    labels = [line.partition(". ")[2] for line in asked]
    assert [each.label for each in fields if each.label not in labels] == []
    assert len(annotated) > len(blank)
    assert b"D:20261123140500" in blank


def test_the_bundle_reads_back_as_it_was_answered(tmp_path):
    source = twin("ldn-mecfs")
    count = fhir.write(tmp_path / "fhir.json", source, AT)
    bundle = json.loads((tmp_path / "fhir.json").read_text(encoding="utf-8"))
    resources = [each["resource"] for each in bundle["entry"]]
    assert len(resources) == count
    instruments = {
        row["id"]: Instrument.model_validate_json(row["body"]) for row in source.rows("instrument")
    }
    answered: dict[str, dict[str, str]] = {}
    for row in source.rows("item"):
        if row["value"] is not None:
            answered.setdefault(row["response"], {})[row["item"]] = row["value"]
    given = [each for each in resources if each["resourceType"] == "QuestionnaireResponse"]
    assert len(given) > 500
    for each in given[:60]:
        name, _, version = each["questionnaire"].rpartition("/")[2].partition("|")
        filled = read_response(instruments[f"{name}/{version}"], each, fhir.BASE)
        told = {item: value for item, value in filled.answers.items() if value is not None}
        assert told.keys() == answered.get(each["id"], {}).keys()
        for item, value in told.items():
            known = answered[each["id"]][item]
            assert str(value) == known or float(value) == float(known)


def test_answers_without_words_are_named_and_left_out(tmp_path):
    source = twin("ldn-mecfs")
    responses = source.table("response").to_pylist()
    other = [
        {**row, "instrument": "compass31", "language": "de"} if row["form"] == "phq9" else row
        for row in responses
    ]
    changed = type(source)(
        {
            **source.tables,
            "response": source.table("response").from_pylist(
                other, source.table("response").schema
            ),
        }
    )
    fhir.write(tmp_path / "fhir.json", changed, AT)
    bundle = json.loads((tmp_path / "fhir.json").read_text(encoding="utf-8"))
    [outcome] = [
        each["resource"]
        for each in bundle["entry"]
        if each["resource"]["resourceType"] == "OperationOutcome"
    ]
    assert "compass31 1.0.0 and its answers are left out" in outcome["issue"][0]["diagnostics"]


def test_a_character_that_fhir_does_not_hold_is_replaced_and_named(tmp_path):
    source = twin("ldn-mecfs")
    table = source.table("free_answer")
    rows = table.to_pylist()
    rows[0] = {**rows[0], "words": "one\x0btwo"}
    changed = type(source)({**source.tables, "free_answer": table.from_pylist(rows, table.schema)})
    fhir.write(tmp_path / "fhir.json", changed, AT)
    text = (tmp_path / "fhir.json").read_text(encoding="utf-8")
    assert "one\ufffdtwo" in text
    assert "\\u000b" not in text
    (issue,) = json.loads(text)["entry"][-1]["resource"]["issue"]
    assert issue["diagnostics"] == f"response {rows[0]['id']}: \ufffd stands for U+000B"


def test_the_folder_is_the_same_bytes_twice(tmp_path):
    source = twin("ldn-ms")
    one = filing.write(tmp_path / "one", source, AT)
    two = filing.write(tmp_path / "two", source, AT)
    assert [path.name for path in one] == [
        "acrf.pdf",
        "blank.pdf",
        "crf.xml",
        "clinical-data.xml",
        "fhir.json",
    ]
    for first, second in zip(one, two, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name
