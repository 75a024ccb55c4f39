"""Causality: the score of Naranjo by its vectors, and two answers that cannot both be."""

import pytest

from hometrial.declarations import DeclarationError, read
from hometrial.protocol.safety import causality
from hometrial.protocol.safety.causality import Naranjo, NaranjoAnswerError, Scale, naranjo

QUESTIONS = [each.id for each in causality.scale().questions]
POINTS = [(1, 0), (2, -1), (1, 0), (2, -1), (-1, 2), (-1, 1), (1, 0), (1, 0), (1, 0), (1, 0)]


def test_the_points_of_each_question_are_those_of_the_scale():
    assert [(each.yes, each.no) for each in causality.scale().questions] == POINTS


@pytest.mark.parametrize(("number", "points"), list(enumerate(POINTS)))
def test_each_answer_counts_its_points_and_unknown_none(number, points):
    found = [naranjo({QUESTIONS[number]: said}).score for said in ("yes", "no", "unknown")]
    assert found == [*points, 0]


def best():
    return {name: "yes" if yes > no else "no" for name, (yes, no) in zip(QUESTIONS, POINTS, strict=True)}  # fmt: skip


def worst():
    return {name: "no" if yes > no else "yes" for name, (yes, no) in zip(QUESTIONS, POINTS, strict=True)}  # fmt: skip


def test_the_highest_and_the_lowest_score():
    assert naranjo(best()) == Naranjo(13, "definite")
    assert naranjo(worst()) == Naranjo(-4, "doubtful")


def without(*names):
    return {name: said for name, said in best().items() if name not in names}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (without("after_drug", "back_on_drug"), Naranjo(9, "definite")),
        (without("after_drug", "back_on_drug", "dose_response"), Naranjo(8, "probable")),
        ({"after_drug": "yes", "back_on_drug": "yes", "dose_response": "yes"}, Naranjo(5, "probable")),
        ({"after_drug": "yes", "back_on_drug": "yes"}, Naranjo(4, "possible")),
        ({"dose_response": "yes"}, Naranjo(1, "possible")),
        ({}, Naranjo(0, "doubtful")),
        ({"after_drug": "no"}, Naranjo(-1, "doubtful")),
    ],
)  # fmt: skip
def test_the_bands_begin_where_the_scale_says(answers, expected):
    assert naranjo(answers) == expected


@pytest.mark.parametrize("answers", [{"after_drug": "maybe"}, {"after_lunch": "yes"}])
def test_what_the_scale_does_not_ask_is_refused(answers):
    with pytest.raises(NaranjoAnswerError, match="after_"):
        naranjo(answers)


@pytest.mark.parametrize(
    ("related", "who_umc", "fits"),
    [
        (True, "certain", True),
        (True, "possible", True),
        (True, "unlikely", False),
        (False, "unlikely", True),
        (False, "probable", False),
        (True, "conditional", True),
        (False, "unassessable", True),
        (None, "certain", True),
        (False, None, True),
    ],
)
def test_the_two_way_answer_and_the_class_must_fit(related, who_umc, fits):
    assert (causality.contradiction(related=related, who_umc=who_umc) is None) == fits


@pytest.mark.parametrize("bands", ["[{id: a, from: 1}, {id: b, from: 0}]", "[{id: a, from: null}, {id: b, from: 1}]", "[{id: a, from: 1}, {id: b, from: 2}, {id: c, from: null}]"])  # fmt: skip
def test_bands_that_do_not_fall_are_refused(bands):
    text = f'schema: naranjo/1\nversion: 1.0.0\nbands: {bands}\nquestions: [{{id: q, "yes": 1, "no": 0, text: t}}]'
    with pytest.raises(DeclarationError, match=r"null|highest"):
        read(text, "naranjo.yaml", Scale)
