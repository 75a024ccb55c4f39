"""Questionnaires and responses as FHIR R4: out, in, and the same again; what cannot be taken over is refused."""

import copy
import json
from datetime import datetime

import pytest

from hometrial.questionnaires.conditions import parse
from hometrial.questionnaires.fhir.enabling import enable_when
from hometrial.questionnaires.fhir.reading import Terms, take_over
from hometrial.questionnaires.fhir.responses import Filled, read_response, response
from hometrial.questionnaires.fhir.terms import FhirError
from hometrial.questionnaires.fhir.writing import questionnaire
from hometrial.questionnaires.functions import ScoringError
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.loading import named, shipped
from hometrial.questionnaires.rendering import render
from hometrial.questionnaires.scoring import score

BASE = "https://example.org/fhir"
SHOWN = {name: each for name, each in shipped().items() if each.licence.text_shipped}
AT = datetime.fromisoformat("2026-11-23T18:00:00.000+01:00")


def written(instrument, language="en"):
    """Return an instrument as a Questionnaire that has been JSON once."""
    return json.loads(json.dumps(questionnaire(render(instrument, language), BASE)))


def under(instrument, **changes):
    """Return the terms under which an instrument is taken over again."""
    terms = {
        "id": instrument.id,
        "version": instrument.version,
        "licence": instrument.licence,
        "completed_by": instrument.completed_by,
        "minutes": instrument.minutes,
        "presentation": instrument.presentation,
        "recall": instrument.recall.period if instrument.recall else None,
    }
    return Terms(**{**terms, **changes})


def meaning(instrument, language="en"):
    """Return what an instrument asks, without the names of its stems and option sets."""
    asked = []
    for question in render(instrument, language).questions:
        declared = question.item.model_dump(exclude={"options", "stem", "text"})
        options = ()
        if question.item.type == "choice":
            options = tuple(
                (option.code, option.value, option.loinc)
                for option in instrument.option_sets[question.item.options]
            )
        spoken = (
            question.text,
            question.stem,
            question.help,
            question.low_text,
            question.high_text,
        )
        beside = {"help", "low_text", "high_text"}
        kept = {name: value for name, value in declared.items() if name not in beside}
        asked.append((kept, spoken, options, question.choices))
    return asked


@pytest.mark.parametrize("name", SHOWN)
def test_an_instrument_comes_back_from_fhir_as_it_was(name):
    instrument = SHOWN[name]
    for language in instrument.languages:
        taken = take_over(written(instrument, language), under(instrument))
        assert taken.unread == ()
        assert meaning(taken.instrument, language) == meaning(instrument, language)


@pytest.mark.parametrize("name", SHOWN)
def test_an_instrument_from_fhir_scores_as_it_did(name):
    instrument = SHOWN[name]
    back = take_over(written(instrument), under(instrument)).instrument
    parts = ("recodings", "scores", "flags", "alerts")
    scored = Instrument.model_validate(
        back.model_dump(by_alias=True) | {part: getattr(instrument, part) for part in parts}
    )
    for vector in instrument.tests:
        assert score(scored, vector.answers) == score(instrument, vector.answers)


def test_the_phq9_is_written_as_the_standard_shows_it():
    resource = written(named("phq9"))
    assert resource["url"] == f"{BASE}/Questionnaire/phq9"
    assert resource["code"] == [{"system": "http://loinc.org", "code": "44249-1"}]
    group, tenth = resource["item"]
    assert group["type"] == "group"
    assert group["text"].startswith("Over the last 2 weeks")
    first = group["item"][0]
    assert (first["linkId"], first["type"], first["required"]) == ("phq9_1", "choice", False)
    assert first["answerOption"][3] == {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/ordinalValue",
                "valueDecimal": 3,
            }
        ],
        "valueCoding": {
            "system": "http://loinc.org",
            "code": "LA6571-9",
            "display": "Nearly every day",
        },
    }
    assert (len(tenth["enableWhen"]), tenth["enableBehavior"]) == (27, "any")
    assert "No permission required" in resource["copyright"]


@pytest.mark.parametrize(("name", "coded"), [("phq9", True), ("gad2", True), ("rand36", False)])
def test_loincs_notice_goes_along_with_its_codes_only(name, coded):
    assert ("LOINC is copyright" in written(named(name))["copyright"]) == coded


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_is_selected_beforehand_and_every_link_is_unique(name):
    text = json.dumps(written(SHOWN[name]))
    assert '"initial' not in text
    links = [part.split('"')[1] for part in text.split('"linkId": ')[1:]]
    assert len(links) == len(set(links))


@pytest.mark.parametrize(
    ("condition", "rows", "behaviour"),
    [
        ("a > 0", ["= 1", "= 2"], "any"),
        ("not a > 0", ["= 0"], None),
        ("a not in [0]", ["= 1", "= 2"], "any"),
        ("rating >= 8", [">= 8"], None),
        ("8 <= rating", [">= 8"], None),
        ("not rating >= 8", ["< 8"], None),
        ("weight > 60.5", ["> 60.5"], None),
        ("answered(words)", ["exists True"], None),
        ("not answered(words)", ["exists False"], None),
        ("a == 2 and rating > 3", ["= 2", "> 3"], "all"),
        ("a > 0 or rating in [1, 2]", ["= 1", "= 2", "= 1", "= 2"], "any"),
        ("a > 0 and rating > 3", [], None),
        ("a == 1 or (b == 1 and rating > 3)", [], None),
        ("rating > weight", [], None),
        ("a > 2", [], None),
    ],
)
def test_a_condition_becomes_rows_where_r4_can_say_it(small, condition, rows, behaviour):
    found = enable_when(parse(condition), small(), BASE)
    said = [
        f"{row['operator']} {next(v['code'] if k == 'answerCoding' else v for k, v in row.items() if k.startswith('answer'))}"
        for row in found.get("enableWhen", [])
    ]
    assert (said, found.get("enableBehavior")) == (rows, behaviour)


FOREIGN = {
    "resourceType": "Questionnaire",
    "url": "https://elsewhere.example/Questionnaire/x",
    "version": "2024",
    "title": "X",
    "status": "active",
    "language": "en",
    "publisher": "Elsewhere",
    "item": [
        {
            "linkId": "/1.A",
            "type": "choice",
            "text": "How is  it?\n",
            "prefix": "1.",
            "answerOption": [
                {"valueCoding": {"code": "good", "display": "Good"}},
                {"valueCoding": {"code": "bad", "display": "Bad"}},
            ],
        },
        {
            "linkId": "2",
            "type": "integer",
            "text": "How often?",
            "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": 0},
                {"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 9},
                {"url": "https://elsewhere.example/colour", "valueCode": "red", "more": [1]},
            ],
            "enableWhen": [
                {"question": "/1.A", "operator": "=", "answerCoding": {"code": "bad"}},
                {"question": "/1.A", "operator": "exists", "answerBoolean": False},
            ],
            "enableBehavior": "any",
        },
        {"linkId": "3", "type": "display", "text": "Thank you"},
    ],
}


def foreign(change=None):
    """Return the form from elsewhere, after a change of one of its parts."""
    resource = copy.deepcopy(FOREIGN)
    if change:
        change(resource)
    return resource


def _set(item, **fields):
    return lambda resource: resource["item"][item].update(fields)


def _score(option, value):
    """Give one option of the first item a score."""

    def change(resource):
        resource["item"][0]["answerOption"][option]["extension"] = [
            {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": value}
        ]

    return change


def _score_both(first, second):
    return lambda resource: [_score(n, v)(resource) for n, v in enumerate((first, second))]


def terms_of_ours():
    """Return terms under which a form from elsewhere is taken over."""
    return under(named("pgi_s"), id="x", recall=None)


def test_a_form_from_elsewhere_is_taken_over_with_names_and_conditions_of_ours():
    taken = take_over(foreign(), terms_of_ours())
    first, second = taken.instrument.items
    assert taken.link_ids == {"q_1_a": "/1.A", "q2": "2"}
    assert first.text == {"en": "How is it?"}
    assert [o.value for o in taken.instrument.option_sets[first.options]] == [1, 2]
    assert second.show_if == "q_1_a == 2 or not answered(q_1_a)"
    assert (second.type, second.low, second.high, second.unit) == ("integer", 0, 9, "1")
    assert taken.instrument.codes["fhir"] == "https://elsewhere.example/Questionnaire/x|2024"


def test_conditions_that_must_all_hold_are_joined_by_and():
    taken = take_over(foreign(_set(1, enableBehavior="all")), terms_of_ours())
    assert taken.instrument.items[1].show_if == "q_1_a == 2 and not answered(q_1_a)"


def test_what_was_not_understood_is_told_verbatim():
    told = {each.place: each.value for each in take_over(foreign(), terms_of_ours()).unread}
    assert told == {
        "Questionnaire.publisher": "Elsewhere",
        "/1.A.prefix": "1.",
        "2.extension": {"url": "https://elsewhere.example/colour", "valueCode": "red", "more": [1]},
        "3": "Thank you",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.update(resourceType="Patient"), "resourceType"),
        (lambda r: r.pop("version"), "version: Field required"),
        (lambda r: r.pop("language"), "language: Field required"),
        (lambda r: r.update(status="done"), "status"),
        (_set(0, type="nonsense"), "item.0.type"),
        (_set(0, type="open-choice"), "item.0.type"),
        (_set(0, linkId="2"), "2: 2 items have this linkId"),
        (_set(1, linkId="/1-a"), "it would be named q_1_a, as /1.A is"),
        (_set(1, enableBehavior=None), "enableBehavior must say all or any"),
        (
            _set(0, enableWhen=[{"question": "2", "operator": "exists", "answerBoolean": True}]),
            "no item before",
        ),
        (_set(0, initial=[{"valueInteger": 1}]), "an answer is selected beforehand"),
        (_set(0, repeats=True), "it repeats"),
        (_set(0, text=None), "it has no text"),
        (_set(1, extension=[]), "minValue is needed"),
        (_set(0, answerOption=[]), "fewer than two answerOptions"),
        (_set(0, modifierExtension=[{"url": "x"}]), "modifierExtension"),
        (_set(1, type="string"), "maxLength is needed"),
        (
            _set(
                1,
                enableWhen=[{"question": "/1.A", "operator": "=", "answerCoding": {"code": "so"}}],
            ),
            "no option",
        ),
        (_set(0, answerOption="many"), "answerOption"),
        (
            _set(0, answerOption=[{"valueCoding": {"code": code}} for code in "ab"]),
            "the answerOption a has no display",
        ),
        (_score(1, 4), "some answerOptions have an ordinalValue and some have none"),
        (_score_both(1, 1.5), "the ordinalValue of bad is no whole number"),
        (
            _set(2, enableWhen=[{"question": "2", "operator": "=", "answerInteger": 1}]),
            "3: enableWhen on a display is not taken over",
        ),
        (lambda r: r.update(item=["x"]), "item.0"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(change, said):
    with pytest.raises(FhirError) as caught:
        take_over(foreign(change), terms_of_ours())
    assert said in str(caught.value)


@pytest.mark.parametrize("resource", [None, [], "x", 3, {}])
def test_what_is_no_resource_is_refused(resource):
    with pytest.raises(FhirError):
        take_over(resource, terms_of_ours())


def test_wording_under_a_closed_licence_is_not_taken_over():
    closed = named("pgi_s").licence.model_copy(update={"status": "permission-required"})
    with pytest.raises(FhirError, match="the wording may not be shipped"):
        take_over(foreign(), under(named("pgi_s"), licence=closed, recall=None))


ANSWERS = {"a": 1, "b": 0, "rating": 7, "weight": 61.5, "words": "fine", "day": "2026-02-28"}


def test_a_response_comes_back_as_it_was(small):
    instrument = small()
    filled = Filled(
        "Patient/P-014", AT, {**ANSWERS, "hour": "07:00"}, {"c": "too_unwell"}, "RelatedPerson/7"
    )
    resource = json.loads(json.dumps(response(render(instrument, "de"), filled, BASE)))
    assert read_response(instrument, resource, BASE) == filled
    assert resource["questionnaire"] == f"{BASE}/Questionnaire/small|1.2.3"
    assert resource["authored"] == "2026-11-23T18:00:00.000+01:00"


@pytest.mark.parametrize("name", SHOWN)
def test_the_answers_of_every_example_come_back(name):
    instrument = SHOWN[name]
    for vector in instrument.tests:
        filled = Filled("Patient/1", AT, vector.answers)
        resource = json.loads(json.dumps(response(render(instrument, "en"), filled, BASE)))
        assert read_response(instrument, resource, BASE).answers == vector.answers


def test_a_response_has_the_groups_of_its_questionnaire(small):
    resource = response(render(small(), "en"), Filled("Patient/1", AT, ANSWERS), BASE)
    group = resource["item"][0]
    assert (group["linkId"], [each["linkId"] for each in group["item"]]) == ("group-1", ["a"])


def test_a_declined_item_says_so_and_a_hidden_one_is_left_out(small):
    filled = Filled("Patient/1", AT, {"a": 0}, {"b": "prefer_not"})
    items = response(render(small(), "en"), filled, BASE)["item"]
    by_link = {each["linkId"]: each for each in items}
    assert by_link["b"]["extension"][0]["valueCode"] == "asked-declined"
    assert "answer" not in by_link["b"]
    assert "c" not in by_link


def test_a_response_without_an_offset_or_with_an_impossible_answer_is_not_written(small):
    form = render(small(), "en")
    with pytest.raises(FhirError, match="without an offset"):
        response(form, Filled("Patient/1", AT.replace(tzinfo=None), ANSWERS), BASE)
    with pytest.raises(ScoringError, match="rating"):
        response(form, Filled("Patient/1", AT, {"rating": 11}), BASE)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (
            lambda r: r.update(questionnaire=f"{BASE}/Questionnaire/small|1.2.4"),
            FhirError,
            "it answers",
        ),
        (lambda r: r.update(status="in-progress"), FhirError, "its status is in-progress"),
        (lambda r: r.update(authored="yesterday"), FhirError, "no time of the form"),
        (lambda r: r.update(authored="2026-11-23T18:00:00"), FhirError, "without an offset"),
        (lambda r: r.pop("subject"), FhirError, "subject"),
        (
            lambda r: r["item"].append({"linkId": "z", "answer": [{"valueInteger": 1}]}),
            FhirError,
            "z: small has no",
        ),
        (lambda r: r["item"].append(r["item"][1]), FhirError, "more than once"),
        (
            lambda r: r["item"][1].update(answer=r["item"][1]["answer"] * 2),
            FhirError,
            "more than once",
        ),
        (
            lambda r: r["item"][1].update(answer=[{"valueInteger": 1}]),
            FhirError,
            "no coding of its options",
        ),
        (
            lambda r: r["item"][3].update(answer=[{"valueString": "7"}]),
            FhirError,
            "no valueInteger",
        ),
        (lambda r: r["item"][3].update(answer=[{"valueInteger": 11}]), ScoringError, "rating: 11"),
    ],
)
def test_a_response_that_is_not_of_this_form_is_refused(small, change, error, said):
    instrument = small()
    resource = response(render(instrument, "en"), Filled("Patient/1", AT, ANSWERS), BASE)
    change(resource)
    with pytest.raises(error, match=said.replace("(", r"\(")):
        read_response(instrument, resource, BASE)
