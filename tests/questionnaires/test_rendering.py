"""A form in one language: each item with its stem, its options in the owner's order, its licence line."""

from hometrial.questionnaires.loading import named
from hometrial.questionnaires.rendering import render


def test_a_form_speaks_one_language_throughout(small):
    german = render(small(), "de")
    assert (german.title, german.recall, german.notice) == ("Klein", "Diese Woche", "Ours")
    a, _, _, rating, _, words, *_ = german.questions
    assert (a.stem, a.text) == ("Wie oft", "A")
    assert [(c.value, c.text) for c in a.choices] == [(0, "Gar nicht"), (1, "Etwas"), (2, "Viel")]
    assert (rating.low_text, rating.high_text, rating.choices) == ("Nein", "Sehr", ())
    assert words.help == "Kurz"


def test_the_phq9_is_worded_as_published():
    form = render(named("phq9"), "en")
    first, tenth = form.questions[0], form.questions[9]
    assert first.text == "Little interest or pleasure in doing things"
    assert first.stem == (
        "Over the last 2 weeks, how often have you been bothered by any of the following problems?"
    )
    assert [choice.text for choice in first.choices][0::3] == ["Not at all", "Nearly every day"]
    assert tenth.stem is None
    assert "No permission required" in form.notice


def test_the_diary_asks_little_in_a_crash():
    asked = [item.id for item in named("ldn_me_diary").items if item.in_crash]
    assert [name for name in asked if not name.startswith("dose_")] == ["crash", "new_problem"]
    assert asked[0] == "dose_taken"
