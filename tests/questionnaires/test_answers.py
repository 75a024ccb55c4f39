"""An answer that cannot be given is refused; what is asked follows from the answers before it."""

import pytest

from hometrial.questionnaires.answers import refusal, shown_items, take, visible
from hometrial.questionnaires.functions import ScoringError
from hometrial.questionnaires.loading import named

GOOD = {
    "a": 1,
    "b": 0,
    "c": 2,
    "rating": 10,
    "weight": 61.5,
    "words": "short",
    "day": "2026-02-28",
    "hour": "23:59",
}


def test_possible_answers_are_taken_as_they_are(small):
    taken = take(small(), GOOD)
    assert dict(taken.values) == GOOD
    assert (taken.n_answered, taken.n_missing) == (8, 0)


@pytest.mark.parametrize(
    ("item", "answer", "said"),
    [
        ("a", 3, "the options are 0, 1, 2"),
        ("a", -1, "the options are 0, 1, 2"),
        ("a", 1.0, "give a whole number"),
        ("a", "1", "give a number"),
        ("a", True, "give a number"),
        ("rating", 11, "give 0 to 10"),
        ("rating", 9.5, "give a whole number"),
        ("weight", 19.99, "give 20 to 300"),
        ("weight", float("nan"), "give 20 to 300"),
        ("weight", float("inf"), "give 20 to 300"),
        ("words", "longer", "6 characters; at most 5"),
        ("words", "  ", "give words"),
        ("words", 5, "give words"),
        ("day", "2026-02-29", "give it as YYYY-MM-DD"),
        ("day", "20260228", "give it as YYYY-MM-DD"),
        ("hour", "24:00", "give it as HH:MM"),
        ("hour", "9:30", "give it as HH:MM"),
        ("hour", "09:30:15", "give it as HH:MM"),
    ],
)
def test_an_impossible_answer_is_refused_with_what_would_do(small, item, answer, said):
    with pytest.raises(ScoringError, match=f"small: {item}: .* is no answer: {said}"):
        take(small(), {**GOOD, item: answer})


def test_every_impossible_answer_is_told_at_once(small):
    with pytest.raises(ScoringError) as caught:
        take(small(), {"a": 7, "rating": -1, "nobody": 1})
    assert len(str(caught.value).splitlines()) == 3


def test_a_hidden_item_is_not_missing_and_counts_as_declared(small):
    taken = take(small(), {"a": 0, "b": 1})
    assert taken.hidden == ("c",)
    assert taken.values["c"] == 0
    assert "c" not in taken.asked
    assert (taken.n_answered, taken.n_missing) == (2, 5)


def test_an_item_whose_condition_is_unknown_is_neither_asked_nor_hidden(small):
    taken = take(small(), {"b": 1})
    assert "c" not in (*taken.asked, *taken.hidden)
    assert taken.values["c"] is None


def test_an_answer_to_a_hidden_item_is_refused(small):
    with pytest.raises(ScoringError, match="c is answered, though it is asked only if a > 0"):
        take(small(), {"a": 0, "c": 1})


def test_what_depends_on_a_hidden_item_alone_is_hidden_too(small):
    chained = small(
        ('show_if: "a > 0", hidden_value: 0', 'show_if: "a > 0"'),
        ("items: [a, b, c], range", "items: [a, b], range"),
        ("total: 3, doubled: 6}, bands: {total: middle}", "total: 2}"),
        ("{id: rating, type: scale,", '{id: rating, type: scale, show_if: "c > 0",'),
    )
    assert take(chained, {"a": 0}).hidden == ("c", "rating")
    assert take(chained, {}).hidden == ()


def test_the_difficulty_item_of_the_phq9_is_shown_only_if_something_bothers():
    phq9 = named("phq9")
    nothing = {f"phq9_{number}": 0 for number in range(1, 10)}
    assert take(phq9, nothing).hidden == ("phq9_10",)
    assert "phq9_10" in take(phq9, nothing | {"phq9_1": 3}).asked


def test_one_answer_is_judged_alone():
    phq9 = named("phq9")
    assert refusal(phq9, "phq9_9", 3) is None
    assert refusal(phq9, "phq9_10", 0) is None
    assert "options are 0, 1, 2, 3" in refusal(phq9, "phq9_9", 4)
    assert "give a number" in refusal(phq9, "phq9_9", "3")
    assert "no item 'phq9_11'" in refusal(phq9, "phq9_11", 1)


def test_what_the_answers_hide_again_is_left_out_and_so_is_what_depends_on_it():
    diary = named("ldn_me_diary")
    said = {"dose_taken": 1, "dose_mg": 1.5, "dose_at": "21:30", "fatigue": 3}
    assert visible(diary, said) == {"dose_taken": 1, "fatigue": 3}
    assert visible(diary, said | {"dose_taken": 2}) == said | {"dose_taken": 2}
    assert shown_items(diary, {"dose_taken": 3})[:2] == ("dose_taken", "dose_why_not")
