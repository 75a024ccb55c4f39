"""Questionnaires on the site: one question at a time, each refusal told beside its field, danger answered at once."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from answering import (
    DIARY,
    EVENING,
    GAD7,
    PHQ9,
    SIDE_EFFECTS,
    TAKING,
    WEEKLY,
    Answerer,
    Board,
    Form,
    site,
    text_of,
)
from asked import MORNING
from sqlalchemy import text

from hometrial import clock
from hometrial.models import Participant
from hometrial.questionnaires import loading
from hometrial.services import working
from hometrial.services.asking import opening
from hometrial.services.safety import alerts


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    yield Board(tmp_path_factory.mktemp("clock"))
    clock.unfollow()


@pytest.fixture(scope="module")
def open_site(board, shared_study):
    app, own = site(shared_study.database)
    yield app, shared_study.database
    own.close()


@pytest.fixture
def at(board):
    """Set the program's clock; every test begins in the morning of 2 March."""
    board.set(MORNING)
    return board.set


@pytest.fixture
def someone(at, open_site):
    """Somebody who consented today: four questionnaires are open."""
    return Answerer(*open_site)


@pytest.fixture
def taker(at, open_site):
    """Somebody who takes the drug, in the evening: a diary and more are open."""
    at(EVENING)
    return Answerer(*open_site, **TAKING)


@pytest.fixture
def phq9(someone):
    form = Form(someone, *PHQ9)
    form.begin()
    return form


def fill(form, value=0, items=None):
    """Answer the questions of a form that are left, one after the other."""
    instrument = loading.named(form.form)
    for item in items or [each.id for each in instrument.items]:
        answer = form.answer(item, value)
        assert answer.status_code == 303, text_of(answer)
    return answer


def fill_up_to(form, item, value):
    """Answer one question of a screen of several, the others with no."""
    screen = re.findall(r'class="field" id="(\w+)"', form.who.get(f"{form.path}/{item}").text)
    sent = {f"answer-{each}": "0" for each in screen} | {f"answer-{item}": str(value)}
    assert form.answer(screen[0], 0, **sent).status_code == 303


def hand_in(form):
    return form.who.post(f"{form.path}/all-answers")


def person_of(session, form):
    return session.query(Participant).filter_by(code=form.who.code).one()


def test_the_first_page_says_what_it_is_and_asks_nothing(someone):
    page = Form(someone, *PHQ9)
    shown = text_of(someone.get(page.path))
    for said in ("About 9 questions", "About 3 minutes", "Begin", "I am too ill to answer",
                 "Save and rest", "No permission required to reproduce"):  # fmt: skip
        assert said in shown
    assert page.words() == []


def test_the_first_form_of_all_begins_with_a_question_that_does_not_count(someone):
    form = Form(someone, *PHQ9)
    answer = someone.post(form.path, respondent="self")
    assert answer.headers["Location"].startswith("/ask/practice?next=/ask/phq9/")
    way = answer.headers["Location"]
    assert someone.post("/ask/practice", next=f"{form.path}/phq9_1").status_code == 422
    tried = someone.post("/ask/practice", next=f"{form.path}/phq9_1", example="1")
    assert f'href="{form.path}/phq9_1"' in tried.text
    assert form.words() == []
    assert "/practice" not in someone.post(form.path, respondent="self").headers["Location"]
    assert someone.get(way).status_code == 200  # as often as one likes
    someone.enter()  # another day, another form: it is known by now
    assert (
        "/practice" not in someone.post("/ask/gad7/V0%231", respondent="self").headers["Location"]
    )
    assert "evil" not in someone.get("/ask/practice?next=//evil.example.org").text


def test_a_question_repeats_its_stem_and_chooses_nothing_beforehand(phq9):
    page = phq9.who.get(f"{phq9.path}/phq9_3").text
    assert "Over the last 2 weeks, how often have you been bothered" in page
    assert " checked" not in page
    assert page.index("Not at all") < page.index("Several days") < page.index("Nearly every day")
    assert page.count(">Next</button>") == page.count(">Back</button>") == 2
    assert "3 of 9" in page
    assert "about 8 left" in page


def test_each_answer_is_saved_at_once_with_what_is_known_of_its_screen(someone, at, open_site):
    form = Form(someone, *PHQ9)
    told = {"device-screen": "390x844", "device-zone": "Europe/Berlin",
            "device-clock": (MORNING + timedelta(seconds=75)).isoformat()}  # fmt: skip
    form.begin(**told)
    shown = clock.microseconds(MORNING)
    at(MORNING + timedelta(seconds=4))
    answer = form.answer("phq9_1", 2, shown=shown, **{"changes-phq9_1": "1"})
    assert answer.headers["Location"] == f"{form.path}/phq9_2"
    with someone.session() as session:
        row = session.execute(
            text("SELECT value, screen, seconds, changes, answered_at, s.device, s.language"
                 " FROM answer a JOIN sitting s ON s.id = a.sitting_id JOIN response r ON r.id = a.response_id"
                 " JOIN participant p ON p.id = r.participant_id WHERE p.code = :code"),
            {"code": someone.code},
        ).one()  # fmt: skip
    assert row[:4] == (2, 0, 4.0, 1)
    assert row.answered_at == MORNING + timedelta(seconds=4)
    assert row.device["screen"] == "390x844"
    assert row.device["zone"] == "Europe/Berlin"
    assert row.device["skew_seconds"] == 75
    assert row.device["browser"]
    assert row.language == "en"


@pytest.mark.parametrize("shown", ["", "x", "-5", "9" * 19, "1", "٣"])
def test_a_moment_that_cannot_be_is_not_kept(someone, shown):
    form = Form(someone, *PHQ9)
    form.begin()
    assert form.answer("phq9_1", 2, shown=shown).status_code == 303
    assert form.words() == [("phq9_1", 2)]


def test_a_blank_is_refused_once_and_may_be_left_on_purpose(phq9):
    answer = phq9.answer("phq9_1")
    assert answer.status_code == 422
    assert "Please answer, or say that you prefer not to." in answer.text
    assert 'aria-invalid="true"' in answer.text
    page = phq9.who.get(f"{phq9.path}/phq9_1/no-answer")
    assert "Leave this out?" in page.text
    assert phq9.words() == []
    refused = phq9.who.post(f"{phq9.path}/phq9_1/no-answer", reason="because")
    assert refused.status_code == 422
    phq9.who.post(f"{phq9.path}/phq9_1/no-answer")
    phq9.who.post(f"{phq9.path}/phq9_2/no-answer", reason="not_sure")
    assert phq9.words() == [("phq9_1", "prefer_not"), ("phq9_2", "not_sure")]


@pytest.mark.parametrize("value", ["4", "-1", "1.5", "Not at all", "<b>", "9" * 40])
def test_an_option_that_is_none_is_refused(phq9, value):
    answer = phq9.answer("phq9_1", value)
    assert answer.status_code == 422
    assert "Please choose one of these answers." in answer.text
    assert phq9.words() == []


@pytest.mark.parametrize(
    ("value", "kept"),
    [("5,5", 5.5), ("5.25", 5.25), ("24", 24), ("25", None), ("-1", None), ("nan", None), ("inf", None), ("1e1", None), ("five", None)],
)  # fmt: skip
def test_a_number_is_taken_within_its_range_and_otherwise_kept_in_its_field(taker, value, kept):
    form = Form(taker, *WEEKLY)
    form.begin()
    page = taker.get(f"{form.path}/hours_upright").text
    assert "From 0 to 24 hours" in page
    answer = form.answer("hours_upright", value)
    if kept is not None:
        assert form.words() == [("hours_upright", kept)]
        return
    assert answer.status_code == 422
    assert f'value="{value}"' in answer.text
    assert "Please give a number from 0 to 24." in answer.text
    assert form.words() == []


@pytest.mark.parametrize(
    ("value", "good"), [("21:30", True), ("24:00", False), ("9:30", False), ("9.30 pm", False)]
)
def test_a_time_is_taken_as_a_time(taker, value, good):
    form = Form(taker, *DIARY)
    form.begin()
    form.answer("dose_taken", 2)
    assert "Europe/Berlin" in taker.get(f"{form.path}/dose_at").text
    answer = form.answer("dose_at", value)
    assert (answer.status_code == 303) is good
    assert good or "like this: 21:30" in answer.text


def test_what_is_asked_follows_what_was_answered(taker):
    form = Form(taker, *DIARY)
    form.begin()
    answer = form.answer("dose_taken", 3)
    assert answer.headers["Location"] == f"{form.path}/dose_why_not"
    form.answer("dose_why_not", 1)
    assert form.answer("dose_taken", 1).headers["Location"] == f"{form.path}/fatigue"
    # An answer to what is not asked any more leads on and is not kept.
    words = form.words()
    assert form.answer("dose_why_not", 2).headers["Location"] == f"{form.path}/fatigue"
    assert form.words() == words
    assert "no-such-item" not in taker.get(f"{form.path}/no_such_item").text
    assert taker.get(f"{form.path}/no_such_item").status_code == 404


def test_a_scale_shows_all_its_numbers_with_words_at_the_ends_only(taker):
    form = Form(taker, *DIARY)
    form.begin()
    form.answer("dose_taken", 1)
    page = taker.get(f"{form.path}/fatigue").text
    assert re.findall(r'name="answer-fatigue" value="(\d+)"', page) == [str(n) for n in range(11)]
    assert re.findall(r'class="end">([^<]+)<', page) == ["No fatigue", "Worst fatigue imaginable"]
    assert form.answer("fatigue", 11).status_code == 422


def test_questions_stand_together_only_where_the_instrument_says_so(taker):
    form = Form(taker, *SIDE_EFFECTS)
    form.begin()
    page = taker.get(f"{form.path}/vivid_dreams").text
    assert len(set(re.findall(r'name="answer-(\w+)"', page))) == 7
    first, second = re.findall(r'<fieldset class="field" id="(\w+)"', page)[:2]
    sent = {f"answer-{name}": "0" for name in re.findall(r'class="field" id="(\w+)"', page)}
    blank = form.answer(first, 1, **(sent | {f"answer-{first}": "1", f"answer-{second}": ""}))
    assert blank.status_code == 422
    assert f'href="#{second}"' in blank.text
    assert form.words() == []
    form.answer(first, 1, **(sent | {f"answer-{first}": "1"}))
    assert len(form.words()) == 7
    follow = taker.get(f"{form.path}/{first}_severity").text
    assert set(re.findall(r'name="answer-(\w+)"', follow)) == {
        f"{first}_{part}" for part in ("severity", "interference", "started", "before")
    }


def test_save_and_rest_leads_home_and_any_device_goes_on_where_it_was(phq9, open_site):
    phq9.answer("phq9_1", 1)
    rest = phq9.answer("phq9_2", 2, then="rest")
    assert rest.headers["Location"] == "/"
    other = Form(Answerer(*open_site, code=phq9.who.code), *PHQ9)
    assert other.who.get(f"{other.path}/phq9_3").status_code == 303  # first it is begun there
    assert "8 questions are left" in text_of(other.who.get(other.path))
    assert other.begin().headers["Location"] == f"{other.path}/phq9_3"
    assert phq9.words() == [("phq9_1", 1), ("phq9_2", 2)]


def test_back_saves_what_was_chosen_and_asks_for_nothing(phq9):
    phq9.answer("phq9_1", 1)
    assert phq9.answer("phq9_2", then="back").headers["Location"] == f"{phq9.path}/phq9_1"
    assert phq9.answer("phq9_2", 3, then="back").headers["Location"] == f"{phq9.path}/phq9_1"
    assert phq9.answer("phq9_1", 1, then="back").headers["Location"] == phq9.path
    assert ("phq9_2", 3) in phq9.words()


def test_after_five_minutes_a_pause_is_offered_once(phq9, at):
    at(MORNING + timedelta(minutes=5))
    answer = phq9.answer("phq9_1", 1)
    assert answer.headers["Location"] == f"{phq9.path}/phq9_2/pause"
    page = phq9.who.get(answer.headers["Location"]).text
    assert "A pause?" in page
    assert f'href="{phq9.path}/phq9_2"' in page
    assert phq9.answer("phq9_2", 1).headers["Location"] == f"{phq9.path}/phq9_3"


def test_all_answers_are_read_over_then_handed_in_once(phq9):
    fill(phq9, 0, [f"phq9_{n}" for n in range(1, 9)])
    page = text_of(hand_in(phq9))
    assert "These have no answer yet" in page
    assert "Thoughts that you would be better off dead" in page
    assert phq9.answer("phq9_9", 0).headers["Location"] == f"{phq9.path}/all-answers"
    changed = phq9.answer("phq9_1", 1, back="review")
    assert changed.headers["Location"] == f"{phq9.path}/all-answers"
    phq9.answer("phq9_10", 2)
    review = text_of(phq9.who.get(f"{phq9.path}/all-answers"))
    assert "Several days Change" in review
    assert "No permission required" in review
    assert hand_in(phq9).headers["Location"] == phq9.path
    assert hand_in(phq9).headers["Location"] == phq9.path
    assert phq9.submissions() == ["submitted"]
    done = text_of(phq9.who.get(phq9.path))
    assert "Received at 10:00 today" in done  # in Berlin
    assert "GAD-7" in done  # what is next
    assert phq9.who.get(f"{phq9.path}/phq9_1").headers["Location"] == phq9.path


def test_a_correction_says_why_and_holds_when_it_is_handed_in(phq9):
    fill(phq9, 0, [f"phq9_{n}" for n in range(1, 10)])
    hand_in(phq9)
    assert phq9.who.post(f"{phq9.path}/to-correct", because=" ").status_code == 422
    answer = phq9.who.post(f"{phq9.path}/to-correct", because="I tapped the wrong one")
    assert answer.headers["Location"] == f"{phq9.path}/all-answers"
    phq9.answer("phq9_1", 3, back="review")
    assert "Not at all" in text_of(phq9.who.get(phq9.path))
    assert phq9.submissions() == ["submitted"]
    phq9.answer("phq9_10", 0)
    hand_in(phq9)
    assert phq9.submissions() == ["submitted", "corrected"]
    assert phq9.words()[0] == ("phq9_1", 0)  # what was handed in stays


def test_too_ill_is_one_tap_and_may_be_taken_back_by_answering(someone):
    form = Form(someone, *PHQ9)
    for _ in range(2):
        answer = someone.post(f"{form.path}/too-ill")
        assert answer.headers["Location"] == f"{form.path}/too-ill"
    assert form.submissions() == ["too_ill"]
    assert "it is enough" in text_of(someone.get(f"{form.path}/too-ill"))
    assert "too ill for this" in text_of(someone.get(form.path))
    form.begin()
    form.answer("phq9_1", 1)
    someone.post(f"{form.path}/too-ill", **{"answer-phq9_2": "1"})
    assert form.submissions() == ["too_ill", "too_ill"]


@pytest.mark.parametrize("who", ["self", "self_with_scribe", "proxy"])
def test_who_answers_is_chosen_and_remembered(someone, who):
    form = Form(someone, *PHQ9)
    form.begin(who)
    form.answer("phq9_1", 1)
    with someone.session() as session:
        response = opening.response_of(session, person_of(session, form), *PHQ9)
        query = text("SELECT DISTINCT respondent FROM sitting WHERE response_id = :id")
        assert session.execute(query, {"id": response.id}).scalars().all() == [who]
    assert f'value="{who}" checked' in someone.get(form.path).text
    assert someone.post(form.path, respondent="doctor").status_code == 422


def test_danger_is_answered_at_once_and_the_team_knows_before_anything_is_handed_in(phq9):
    fill(phq9, 0, [f"phq9_{n}" for n in range(1, 9)])
    answer = phq9.answer("phq9_9", 1)
    assert answer.headers["Location"] == f"{phq9.path}/phq9_9/call-now"
    page = phq9.who.get(answer.headers["Location"]).text
    numbers = re.findall(r'href="tel:(\d+)"', page)
    assert numbers[0] == "112"
    assert "08001110111" in numbers
    assert f'href="{phq9.path}/phq9_10"' in page  # a way on
    with phq9.who.session() as session:
        (state,) = alerts.states(session, person=person_of(session, phq9))
        assert (state.alert.rule, state.alert.level) == ("phq9.self_harm_thoughts", "red")
        assert state.alert.due_at == MORNING + timedelta(hours=24)
        kinds = [each.item.kind for each in working.open_items(session, state.alert.participant_id)]
        assert kinds == ["red_alert"]
    assert phq9.submissions() == []
    called = phq9.who.post(f"{phq9.path}/phq9_9/call-now")
    assert "The team knows" in phq9.who.get(called.headers["Location"]).text
    with phq9.who.session() as session:
        found = working.open_items(session, person_of(session, phq9).id)
        assert {each.item.kind for each in found} == {"red_alert", "call_wanted"}


def test_danger_is_heard_though_the_form_has_closed(phq9, at):
    phq9.answer("phq9_1", 1)
    at(datetime(2026, 4, 20, 9, tzinfo=UTC))
    phq9.who.enter()
    answer = phq9.answer("phq9_9", 2)
    assert answer.headers["Location"] == f"{phq9.path}/phq9_9/call-now"
    assert "112" in phq9.who.get(answer.headers["Location"]).text
    assert phq9.words() == [("phq9_1", 1)]
    with phq9.who.session() as session:
        assert len(alerts.states(session, person=person_of(session, phq9))) == 1


def test_a_form_that_closed_meanwhile_says_so_and_keeps_what_was_saved(phq9, at):
    phq9.answer("phq9_1", 1)
    at(datetime(2026, 4, 20, 9, tzinfo=UTC))
    phq9.who.enter()
    answer = phq9.answer("phq9_2", 3)
    assert answer.status_code == 409
    told = text_of(answer)
    assert "These questions are closed now" in told
    assert "1 answer of yours is kept" in told
    assert "not added: Nearly every day" in told
    assert phq9.words() == [("phq9_1", 1)]
    for path in ("", "/phq9_2", "/all-answers"):
        assert "closed now" in text_of(phq9.who.client.get(phq9.path + path, follow_redirects=True))


def test_a_form_handed_in_on_another_device_is_told_kindly(phq9, open_site):
    fill(phq9, 0, [f"phq9_{n}" for n in range(1, 10)])
    other = Form(Answerer(*open_site, code=phq9.who.code), *PHQ9)
    other.begin()
    hand_in(other)
    answer = phq9.answer("phq9_1", 3)
    assert answer.status_code == 409
    assert "handed in already" in answer.text
    assert "Nearly every day" in answer.text
    assert phq9.words()[-1] == ("phq9_9", 0)


def test_a_question_that_was_changed_is_shown_as_it_is_now_with_what_was_answered(phq9):
    answer = phq9.answer("phq9_1", 3, definition="0" * 64)
    assert answer.status_code == 422
    assert "was changed while your page was open" in answer.text
    assert re.search(r'value="3" checked', answer.text)
    assert phq9.words() == []


def test_without_its_words_a_form_is_calmly_not_ready(at, open_site):
    german = Answerer(*open_site, language="de")
    form = Form(german, *PHQ9)
    answer = german.get(form.path)
    assert answer.status_code == 409
    assert "phq9" not in re.sub(r"<[^>]+>", "", answer.text)
    assert german.post(form.path, respondent="self").status_code == 409
    assert german.post(f"{form.path}/too-ill").status_code == 409
    assert form.words() == []


def test_what_is_not_asked_not_open_or_the_team_s_is_refused(someone, taker, at):
    at(MORNING)
    for path in ("/ask/phq9/V99%231", "/ask/nothing/V0%231", "/ask/eligibility/V0%231"):
        assert someone.get(path).status_code == 404
        assert someone.post(path, respondent="self").status_code == 404
    early = Form(taker, *DIARY)
    for answer in (taker.get(early.path), taker.post(early.path, respondent="self")):
        assert answer.status_code == 409
        assert "Not open yet" in answer.text
    assert early.words() == []


def test_another_language_is_another_sitting(taker):
    form = Form(taker, *DIARY)
    form.begin()
    form.answer("dose_taken", 1)
    taker.client.set_cookie("look", "auto.20.0.de")
    assert taker.get(f"{form.path}/fatigue").status_code == 303
    page = taker.get(form.path).text
    assert "Abendtagebuch" in page
    form.begin()
    form.answer("fatigue", 4)
    with taker.session() as session:
        response = opening.response_of(session, person_of(session, form), *DIARY)
        query = text("SELECT language FROM sitting WHERE response_id = :id ORDER BY began_at")
        assert session.execute(query, {"id": response.id}).scalars().all() == ["en", "de"]


def test_an_answer_from_a_browser_that_lost_its_cookie_is_kept_all_the_same(phq9):
    phq9.who.enter()
    assert phq9.answer("phq9_1", 2).status_code == 303
    assert phq9.words() == [("phq9_1", 2)]


def test_nobody_reaches_the_form_of_another(phq9, open_site):
    phq9.answer("phq9_1", 1)
    other = Form(Answerer(*open_site), *PHQ9)
    other.begin()
    other.answer("phq9_1", 3)
    assert phq9.words() == [("phq9_1", 1)]
    assert other.words() == [("phq9_1", 3)]
    assert phq9.who.client.post(f"{phq9.path}/phq9_2").status_code == 400  # no token


def test_a_free_text_warns_of_names_and_keeps_what_is_too_long(taker):
    form = Form(taker, *SIDE_EFFECTS)
    form.begin()
    name = next(each for each in loading.named("side_effects").items if each.type == "text")
    asked, _, value = name.show_if.partition(" == ")
    fill_up_to(form, asked, int(value))
    page = taker.get(f"{form.path}/{name.id}")
    assert "Please do not write anybody" in page.text
    long = "a" * (name.max_length + 1)
    answer = form.answer(name.id, long)
    assert answer.status_code == 422
    assert long in answer.text
    assert form.answer(name.id, "More thirst\r\nthan before", then="rest").status_code == 303
    assert form.words()[-1] == (name.id, "More thirst\nthan before")


def test_every_form_of_a_visit_can_be_read_on_a_small_page(taker, someone):
    for who, name in ((taker, SIDE_EFFECTS), (someone, GAD7)):
        form = Form(who, *name)
        form.begin()
        page = who.get(form.path).text
        assert len(page) < 20_000
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script>", page)
