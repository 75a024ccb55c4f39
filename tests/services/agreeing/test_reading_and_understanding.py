"""Documents are read in pieces and understood before anybody signs them."""

from datetime import timedelta

import pytest
from agreed import APPROVED, NOON
from sqlalchemy import func, select

from hometrial.models import QuizTry, SectionRead, WorkItem
from hometrial.protocol import loading
from hometrial.protocol.comprehension import AnswersRefusedError
from hometrial.services.agreeing import reading, standing, texts, understanding
from hometrial.services.agreeing.reading import ReadingRefusedError
from hometrial.services.agreeing.texts import TextRefusedError
from hometrial.services.agreeing.understanding import QuizRefusedError
from hometrial.services.trial import publishing

SECTIONS = [
    "research", "length", "risks", "benefit", "alternatives", "drug", "stopping", "money", "data", "watch", "people",
]  # fmt: skip


@pytest.fixture
def anna(trial):
    return trial.person(trial.publish())


def calls(trial, person):
    return trial.session.scalars(
        select(WorkItem).where(
            WorkItem.participant_id == person.id, WorkItem.kind == understanding.CALL
        )
    ).all()


def test_a_person_is_offered_the_document_of_their_version_in_their_language(trial, anna):
    english, german = trial.offer(anna, "en"), trial.offer(anna, "de")
    assert english.words.section("watch").heading == "The watch"
    assert german.words.section("watch").heading == "Die Uhr"
    assert english.quiz.language == "en"
    assert (english.missing, german.missing) == ((), ())
    with pytest.raises(TextRefusedError, match="no document in fr; it has en, de"):
        texts.offered(trial.session, anna, "fr")


def test_words_that_were_not_taken_in_are_not_offered(trial):
    version = publishing.load(trial.session, APPROVED, "t.yaml", by="ann")
    publishing.approve(trial.session, version, by="bob", because="reviewed")
    publishing.publish(trial.session, version)
    with pytest.raises(TextRefusedError, match="words were not taken in yet"):
        texts.offered(trial.session, trial.person(version), "en")


def test_a_text_with_blanks_is_for_rehearsals_only(trial):
    with pytest.raises(
        TextRefusedError, match="still to be filled in: amount and currency; insurer"
    ):
        trial.publish(edit=str)
    rehearsed = trial.publish(is_test=True, edit=str)
    assert [row.language for _, row in texts.kept_of(trial.session, rehearsed)] == ["en", "de"]
    assert texts.keep_shipped(trial.session, rehearsed, by="ann") == ([], [])


def test_the_same_words_are_kept_once_and_others_need_a_new_version(trial, anna):
    offer = trial.offer(anna)
    row, how = offer.text, {"quiz": offer.text.quiz, "by": "ann"}
    again = texts.keep(trial.session, offer.version, offer.document, body=row.body, **how)
    assert again.id == row.id
    with pytest.raises(TextRefusedError, match="other words already; raise the document's version"):
        texts.keep(
            trial.session,
            offer.version,
            offer.document,
            body=row.body.replace("Rarely", "At times"),
            **how,
        )


def test_words_that_are_not_what_the_protocol_names_are_refused_with_every_fault(trial, anna):
    offer = trial.offer(anna)
    body = offer.text.body.replace("{#money}", "{#funds}")
    quiz = offer.text.quiz.replace("id: may_stop", "id: may_go")
    with pytest.raises(TextRefusedError) as caught:
        texts.keep(trial.session, offer.version, offer.document, body=body, quiz=quiz, by="ann")
    assert "no section money" in str(caught.value)
    assert "no question may_stop" in str(caught.value)


def test_reading_is_saved_section_by_section_and_goes_on_elsewhere(trial, anna):
    offer = trial.offer(anna)
    assert reading.progress(trial.session, anna, offer).left == tuple(SECTIONS)
    reading.read(trial.session, anna, offer, "research")
    reading.read(trial.session, anna, offer, "risks")
    elsewhere = reading.progress(trial.session, anna, trial.offer(anna))
    assert elsewhere.done == ("research", "risks")
    assert elsewhere.resume_at == "length"
    trial.read(anna, offer)
    assert reading.progress(trial.session, anna, offer).resume_at is None


def test_a_section_that_is_posted_twice_is_read_once(trial, anna):
    offer = trial.offer(anna)
    for _ in range(2):
        reading.read(trial.session, anna, offer, "research")
    assert trial.session.scalar(select(func.count()).select_from(SectionRead)) == 1


def test_a_section_that_is_not_there_is_named_with_those_that_are(trial, anna):
    with pytest.raises(ReadingRefusedError, match="no section rewards; it has research, length"):
        reading.read(trial.session, anna, trial.offer(anna), "rewards")


def test_one_persons_reading_and_one_languages_reading_are_their_own(trial, anna):
    trial.read(anna, trial.offer(anna))
    ben = trial.person(trial.offer(anna).version)
    assert len(reading.progress(trial.session, ben, trial.offer(ben)).left) == len(SECTIONS)
    assert len(reading.progress(trial.session, anna, trial.offer(anna, "de")).left) == len(SECTIONS)


def test_questions_come_after_reading(trial, anna):
    offer = trial.offer(anna)
    reading.read(trial.session, anna, offer, "research")
    with pytest.raises(QuizRefusedError, match="read length, risks"):
        understanding.answer(trial.session, anna, offer, trial.answers(offer))


def test_all_right_is_passed_and_asked_no_more(trial, anna):
    offer = trial.offer(anna)
    assert not standing.quiz_passed(trial.session, anna)
    after = trial.understand(anna, offer)
    assert (after.is_passed, after.made, after.wrong, after.needs_call) == (True, 1, (), False)
    assert standing.quiz_passed(trial.session, anna)
    with pytest.raises(QuizRefusedError, match="right already"):
        understanding.answer(trial.session, anna, offer, trial.answers(offer))


def test_a_wrong_answer_shows_its_section_again_before_the_next_try(trial, anna):
    offer = trial.offer(anna)
    trial.read(anna, offer)
    wrong = trial.answers(offer, opioids="a", nobody_watches="a", emergency="b")
    after = understanding.answer(trial.session, anna, offer, wrong)
    assert [each.id for each in after.wrong] == ["opioids", "emergency", "nobody_watches"]
    assert (after.left, after.is_passed) == (2, False)
    assert reading.progress(trial.session, anna, offer).left == ("risks", "watch")
    with pytest.raises(QuizRefusedError, match="read risks, watch first"):
        understanding.answer(trial.session, anna, offer, trial.answers(offer))
    trial.read(anna, offer)
    assert understanding.answer(trial.session, anna, offer, trial.answers(offer)).is_passed


def test_answers_that_cannot_be_judged_use_up_no_try(trial, anna):
    offer = trial.offer(anna)
    trial.read(anna, offer)
    with pytest.raises(AnswersRefusedError, match="not answered yet"):
        understanding.answer(trial.session, anna, offer, {"opioids": "b"})
    assert understanding.tries(trial.session, anna, offer).made == 0


def test_after_three_tries_somebody_calls_and_one_more_is_open(trial, anna):
    offer = trial.offer(anna)
    with pytest.raises(QuizRefusedError, match="needs no call; 3 tries are left"):
        understanding.record_call(trial.session, anna, offer, by="carla", note="early")
    for _ in range(3):
        assert calls(trial, anna) == []
        trial.read(anna, offer)
        after = understanding.answer(
            trial.session, anna, offer, trial.answers(offer, pregnancy="a")
        )
    assert after.needs_call
    (item,) = calls(trial, anna)
    assert (item.subject, item.closed_at) == ("main/1.0.0", None)
    assert "3 tries, not understood: pregnancy" in item.reason
    trial.read(anna, offer)
    with pytest.raises(QuizRefusedError, match="3 tries are used up; somebody of the team calls"):
        understanding.answer(trial.session, anna, offer, trial.answers(offer))
    with pytest.raises(QuizRefusedError, match="say what was talked over"):
        understanding.record_call(trial.session, anna, offer, by="carla", note=" ")
    opened = understanding.record_call(
        trial.session, anna, offer, by="carla", note="pregnancy explained"
    )
    assert opened.left == 1
    assert item.closed_because == "called by carla"
    assert understanding.answer(trial.session, anna, offer, trial.answers(offer)).is_passed
    tries = trial.session.scalars(select(QuizTry).order_by(QuizTry.number)).all()
    assert [(each.number, each.wrong) for each in tries] == [
        (1, ["pregnancy"]),
        (2, ["pregnancy"]),
        (3, ["pregnancy"]),
        (4, []),
    ]


def test_each_call_opens_one_try_only(trial, anna):
    offer = trial.offer(anna)
    for made in range(1, 5):
        trial.read(anna, offer)
        after = understanding.answer(trial.session, anna, offer, trial.answers(offer, ran_out="a"))
        if made == 3:
            understanding.record_call(trial.session, anna, offer, by="carla", note="explained")
    assert after.needs_call
    (first, second) = sorted(calls(trial, anna), key=lambda each: each.closed_at is None)
    assert (first.closed_at, second.closed_at) == (NOON, None)


def test_a_document_is_the_newest_that_a_committee_approved():
    (document,) = loading_of("ldn-crohns").consent.documents
    versions = [
        document.model_copy(update={"version": number, "ethics_reference": reference})
        for number, reference in (("1.9.0", "EK 1"), ("1.10.0", "EK 2"), ("2.0.0", None))
    ]
    assert texts.newest(versions, is_test=False).version == "1.10.0"
    assert texts.newest(versions, is_test=True).version == "2.0.0"
    assert texts.newest(versions[2:], is_test=False).version == "2.0.0"


def loading_of(name):
    return publishing.read(loading.shipped_text(name), name)


def test_time_goes_by_between_sections(trial, anna, at_clock):
    offer = trial.offer(anna)
    reading.read(trial.session, anna, offer, "research")
    at_clock(NOON + timedelta(days=3))
    reading.read(trial.session, anna, offer, "length")
    assert trial.session.scalars(
        select(SectionRead.read_at).order_by(SectionRead.read_at)
    ).all() == [
        NOON,
        NOON + timedelta(days=3),
    ]
