"""The vocabulary holds every symptom of the checklist, in both languages, with grades that mean something."""

import pytest

from hometrial.declarations import DeclarationError, read
from hometrial.protocol.safety import alert_rules, vocabulary
from hometrial.protocol.safety.vocabulary import GRADES, Terms, UnknownTermError
from hometrial.questionnaires import loading as instruments

SHIPPED = vocabulary.shipped()


def test_every_symptom_of_the_checklist_is_a_term_with_the_same_label():
    checklist = instruments.shipped()["side_effects"]
    asked = {
        item.id: item for item in checklist.items if getattr(item, "options", None) == "yes_no"
    }
    symptoms = {name for name in asked if not name.endswith("_before")} - {"other"}
    assert len(symptoms) == 20
    assert symptoms <= {term.id for term in SHIPPED.terms}


@pytest.mark.parametrize("term", SHIPPED.terms, ids=lambda term: term.id)
def test_every_term_has_both_languages_and_grades_from_1_on(term):
    assert set(term.label) == {"en", "de"}
    assert sorted(term.grades) == list(range(1, len(term.grades) + 1))
    if term.alert is not None:
        assert alert_rules.shipped().of(term.alert).level == "red"


def test_there_are_the_27_terms_of_the_list():
    assert len(SHIPPED.terms) == 27


def test_a_grade_is_the_terms_own_or_the_general_one():
    assert SHIPPED.grade_text("diarrhoea", 2) == "4 to 6 stools a day more than usual"
    assert SHIPPED.grade_text("diarrhoea", 4) == "Life-threatening"
    assert SHIPPED.grade_text(None, 5) == "Death"
    assert SHIPPED.grade_text("suicidal_thoughts", 4) == "Intent"
    assert all(SHIPPED.grade_text(None, grade) for grade in GRADES)


def test_a_term_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UnknownTermError, match=r"'flue': not in the vocabulary; .*flu_like"):
        SHIPPED.of("flue")


def test_what_is_expected_is_a_draft_of_known_terms():
    listed = vocabulary.expected_events()
    assert listed.approved_by is None
    assert {"vivid_dreams", "rash", "worse_fatigue"} <= set(listed.terms)
    assert len(listed.terms) == 10
    assert listed.name == "expected-events 0.1.0"


def test_a_vocabulary_without_a_general_grade_is_refused():
    text = """
schema: adverse-event-terms/1
version: 1.0.0
grading: "own"
general: {1: "Mild"}
terms: [{id: a, label: {en: "A"}, likely: ["A"], organ_class: B}]
"""
    with pytest.raises(DeclarationError, match="every grade from 1 to 5"):
        read(text, "terms.yaml", Terms)
