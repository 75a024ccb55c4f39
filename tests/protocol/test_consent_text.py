"""The texts of consent are what the protocols name, in every language, and so are their questions."""

import pytest
from protocols import shipped

from hometrial.declarations import DeclarationError
from hometrial.protocol import comprehension, consent_text, loading
from hometrial.protocol.comprehension import AnswersRefusedError

DOCUMENTS = [
    pytest.param(shipped(name), document, id=f"{name}-{document.language}")
    for name in loading.shipped()
    for document in shipped(name).consent.documents
]
SMALL = "# Title\n\n## One {#one}\n\nA few\nwords.\n\n- first\n- second\n  goes on\n\n## Two {#two}\n\nMore.\n"


def document_of(name="ldn-mecfs", language="en"):
    consent = shipped(name).consent
    return next(each for each in consent.documents if each.language == language)


@pytest.mark.parametrize(("protocol", "document"), DOCUMENTS)
def test_every_document_that_is_named_comes_whole(protocol, document):
    body, questions = consent_text.shipped(document)
    text = consent_text.read(body, document.text)
    assert consent_text.faults(protocol.consent, document, text) == ()
    quiz = comprehension.read(questions, document.text)
    assert comprehension.faults(quiz, protocol.consent.quiz, document) == ()
    assert consent_text.blanks(body)


def test_each_language_says_the_same_in_the_same_places():
    texts, quizzes = {}, {}
    for language in ("en", "de"):
        body, questions = consent_text.shipped(document_of(language=language))
        texts[language] = consent_text.read(body, language)
        quizzes[language] = comprehension.read(questions, language)
    for one, other in zip(texts["en"].sections, texts["de"].sections, strict=True):
        assert (one.id, [b.is_list for b in one.blocks]) == (
            other.id,
            [b.is_list for b in other.blocks],
        )
        assert [len(b.lines) for b in one.blocks] == [len(b.lines) for b in other.blocks]
        assert len(consent_text.blanks(str(one))) == len(consent_text.blanks(str(other)))
    assert len(quizzes["en"].glossary) == len(quizzes["de"].glossary)
    for one, other in zip(quizzes["en"].questions, quizzes["de"].questions, strict=True):
        assert (one.id, one.right, one.section) == (other.id, other.right, other.section)
        assert [each.id for each in one.options] == [each.id for each in other.options]


def test_a_text_is_read_by_sections_paragraphs_and_lists():
    text = consent_text.read(SMALL, "small.md")
    assert (text.title, [each.id for each in text.sections]) == ("Title", ["one", "two"])
    paragraph, items = text.section("one").blocks
    assert (paragraph.lines, paragraph.is_list) == (("A few words.",), False)
    assert (items.lines, items.is_list) == (("first", "second goes on"), True)
    assert text.section("one").words == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL.removeprefix("# Title\n"), "line 1: a text begins with its title"),
        (SMALL.replace("Title\n", "Title\n\nLost.\n"), "line 3: these words stand in no section"),
        (SMALL.replace("{#one}", "{one}"), "line 3: write `## Heading {#section}`"),
        (SMALL.replace("#two", "#one"), "section one stands there twice"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_its_line(text, said):
    with pytest.raises(DeclarationError) as caught:
        consent_text.read(text, "small.md")
    assert any(said in fault for fault in caught.value.faults)


MECFS = consent_text.shipped(document_of())[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{#money}", "{#funds}", "the text has no section money"),
        ("{#money}", "{#funds}", "the protocol names no section funds"),
        ("{#money}", "{#funds}", "nothing tells j (payment, prorated)"),
        (
            "We promise nothing.",
            "word " * 120,
            "section benefit is key information and has 187 words",
        ),
    ],
)
def test_a_text_that_leaves_something_out_is_told_what(old, new, said):
    text = consent_text.read(MECFS.replace(old, new), "changed.md")
    found = consent_text.faults(shipped("ldn-mecfs").consent, document_of(), text)
    assert any(said in fault for fault in found), found


def test_sections_out_of_order_or_without_words_are_faults():
    parts = MECFS.split("\n## ")
    parts[-1], parts[-2] = parts[-2], parts[-1]
    moved = consent_text.read("\n## ".join(parts), "moved.md")
    consent = shipped("ldn-mecfs").consent
    (fault,) = consent_text.faults(consent, document_of(), moved)
    assert "another order" in fault
    emptied = "\n## ".join([*MECFS.split("\n## ")[:-1], "Whom to ask {#people}\n"])
    found = consent_text.faults(consent, document_of(), consent_text.read(emptied, "empty.md"))
    assert "section people says nothing" in found[0]
    assert any("nothing tells courier" in fault for fault in found)


def test_what_is_new_in_a_later_text_is_found_block_by_block():
    old, new = (
        consent_text.read(each, "m.md")
        for each in (MECFS, MECFS.replace("headache, nausea.", "headache, nausea, dizziness."))
    )
    assert consent_text.news(old, new) == {"risks": (0,)}
    assert consent_text.news(new, new) == {}


def test_what_the_sponsor_must_fill_in_is_listed():
    assert "insurer, policy number, conditions and how to claim" in consent_text.blanks(MECFS)
    assert consent_text.blanks(SMALL) == ()


@pytest.mark.parametrize("name", ["consent/none.md", "../ldn-mecfs.yaml", "ldn-mecfs.en.md"])
def test_a_text_that_does_not_come_with_this_is_refused(name):
    with pytest.raises(consent_text.UnknownConsentTextError, match=r"consent/ldn-mecfs\.de\.md"):
        consent_text.shipped(document_of().model_copy(update={"text": name}))


QUIZ = consent_text.shipped(document_of())[1]


def changed_quiz(old, new):
    assert old in QUIZ
    return comprehension.read(QUIZ.replace(old, new, 1), "quiz.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: may_stop", "id: may_go", "there is no question may_stop; write it"),
        ("id: may_stop", "id: may_go", "the protocol names no question may_go"),
        ("id: may_stop", "id: opioids", "question opioids stands there twice"),
        ("section: research", "section: nowhere", "question may_stop shows section nowhere again"),
        ("language: en", "language: fr", "it is in fr, its document in en"),
    ],
)
def test_a_quiz_that_does_not_go_with_its_document_is_told_why(old, new, said):
    found = comprehension.faults(
        changed_quiz(old, new), shipped("ldn-mecfs").consent.quiz, document_of()
    )
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("right: a", "right: z", "question may_stop: z is none of its answers a, b"),
        ('{id: b, label: "False"}', '{id: a, label: "False"}', "offers an answer twice"),
        ("because:", "why:", "why"),
    ],
)
def test_a_quiz_that_cannot_be_judged_is_refused(old, new, said):
    with pytest.raises(DeclarationError, match=said):
        changed_quiz(old, new)


def right_answers():
    quiz = comprehension.read(QUIZ, "quiz.yaml")
    return quiz, {each.id: each.right for each in quiz.questions}


def test_wrong_answers_name_the_section_to_read_again():
    quiz, answers = right_answers()
    assert comprehension.wrong(quiz, answers) == ()
    found = comprehension.wrong(quiz, answers | {"nobody_watches": "a", "opioids": "c"})
    assert [(each.id, each.section) for each in found] == [
        ("opioids", "risks"),
        ("nobody_watches", "watch"),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"opioids": None}, "opioids not answered yet"),
        ({"opioids": "z"}, "'z' is none"),
        ({"more": "a"}, "no question more"),
    ],
)
def test_answers_that_cannot_be_judged_are_refused(change, said):
    quiz, answers = right_answers()
    given = {key: value for key, value in (answers | change).items() if value is not None}
    with pytest.raises(AnswersRefusedError, match=said):
        comprehension.wrong(quiz, given)
