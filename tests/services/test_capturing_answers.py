"""What people answered and were asked, as it is taken out of the database for a lock."""

from datetime import UTC, date, datetime

import pytest
from asked import MORNING, SELF, STAFF, in_trial
from enrolled import BODY
from sqlalchemy import event

from hometrial import clock
from hometrial.services import capturing, consenting, enrolling
from hometrial.services.asking import (
    completeness,
    opening,
    resting,
    saving,
    scores,
    submitting,
    writing,
)
from hometrial.services.asking import words as said_words
from hometrial.services.asking.opening import Manner
from hometrial.services.asking.saving import Entry
from hometrial.services.trial import following, publishing

GERMAN = Manner(by="participant", language="de", device={"screen": "320x640"})
SHORT = {"dose_taken": 1, "crash": 3, "new_problem": 0}
FULL = {**SHORT, "fatigue": 5, "pain": 5, "thinking": 4, "sleep": 6, "dreams": 1}
ILL = {"other": 1, "other_what": "Ringing ears, since the walk with Ada"}


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Set the program's clock for this module."""
    file = tmp_path_factory.mktemp("clock") / "board"

    def set_(moment):
        clock.turn(file, moment)
        clock.follow(file)

    yield set_
    clock.unfollow()


def _open(session, person, form, day, manner=SELF):
    return opening.open_form(session, person, form, f"{form}@2026-03-{day:02}", manner)


def _say(session, person, sitting, said, skipped=()):
    for item, value in said.items():
        saving.save(session, person, sitting.id, Entry(item, value))
    for item in skipped:
        saving.save(session, person, sitting.id, Entry(item, skipped="prefer_not"))
    return submitting.submit(session, person, sitting.id).submission


def _answer_all(session, person, sitting, said):
    """Answer whatever is asked: as told, else with nothing but no."""
    while True:
        at = writing.at(session, person, sitting.id)
        spoken = said_words.last(said_words.spoken(session, at.response.id))
        left = submitting.items_left(at, spoken)
        if not left:
            return submitting.submit(session, person, sitting.id).submission
        known = said.get(left[0])
        entry = Entry(left[0], 0 if known is None else known)
        if at.instrument.item(left[0]).type in ("date", "text") and known is None:
            entry = Entry(left[0], skipped="not_sure")
        elif at.instrument.item(left[0]).id.endswith("_severity"):
            entry = Entry(left[0], 2)
        saving.save(session, person, sitting.id, entry)


@pytest.fixture(scope="module")
def lived(shared_study, board):
    """A week of diaries of one person, somebody of a rehearsal beside; the study."""
    board(MORNING)
    with shared_study.database.transaction("test", "a week") as session:
        person = in_trial(session, consent=date(2026, 3, 2), run_in_start=date(2026, 3, 2))
        evening(board, 2)
        _rehearse(session)
        first = _open(session, person, "ldn_diary", 2, GERMAN)
        saving.save(session, person, first.id, Entry("fatigue", 7))
        _say(session, person, first, {**FULL, "dose_taken": 3, "dose_why_not": 4, "crash": 1} | {"pain": 1}, ["pain"])  # fmt: skip
        evening(board, 4)
        saving.save(session, person, _open(session, person, "ldn_diary", 4).id, Entry("crash", 1))
        evening(board, 5)
        resting.tap(session, person, by="participant", severity=2)
        _say(session, person, _open(session, person, "ldn_diary", 5), SHORT)
        resting.better(session, person, by="participant")
        evening(board, 6)
        ill = _open(session, person, "ldn_diary", 6)
        saving.save(session, person, ill.id, Entry("crash", 3))
        submitting.too_ill(session, person, ill.id)
        away = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (7, 8)]
        consenting.pause(session, person, *away, "in hospital")
        following.anchor(session, person, "first_dose", date(2026, 3, 2), because="test")
        evening(board, 9, hour=9)
        _answer_all(session, person, _open(session, person, "side_effects", 8), ILL)
        again = _say(session, person, _open(session, person, "ldn_diary", 2, STAFF), {"sleep": 9, "dose_taken": 1})  # fmt: skip
        scores.compute(session, again, without=["sleep"], because="set aside")
        again = _open(session, person, "ldn_diary", 5, STAFF)
        saving.save(session, person, again.id, Entry("crash", 0))
    evening(board, 9)
    return shared_study


def evening(board, day, hour=18):
    board(datetime(2026, 3, day, hour, tzinfo=UTC))


def _rehearse(session):
    version = publishing.load(session, BODY, "test.yaml", by="ann", is_test=True)
    publishing.approve(session, version, by="bob", because="reviewed")
    publishing.publish(session, version)
    other = enrolling.add_participant(session)
    enrolling.set_zone(session, other, "Europe/Berlin", source="test")
    following.move(session, other, version)
    following.anchor(session, other, "run_in_start", date(2026, 3, 2), because="test")
    _say(session, other, _open(session, other, "ldn_diary", 2), FULL)


@pytest.fixture(scope="module")
def source(lived):
    with lived.database.reading() as session:
        return capturing.capture(session)


def _diary(source, day):
    (response,) = [each for each in source.rows("response") if each["occasion"] == f"ldn_diary@2026-03-0{day}"]  # fmt: skip
    items = {each["item"]: each for each in source.rows("item") if each["response"] == response["id"]}  # fmt: skip
    return response, items


def test_nobody_of_a_rehearsal_is_in_any_table(source, lived):
    assert source.people == ["P-0001"]
    for name in ("response", "item", "score", "expected_form", "audit"):
        rows = source.rows(name)
        assert rows
        assert {each.get("participant", "P-0001") for each in rows} == {"P-0001"}, name
    other = str(lived.one("SELECT id FROM participant WHERE code = 'P-0002'"))
    assert not any(other in (each["new"] or "") for each in source.rows("audit"))


def test_of_a_corrected_form_the_last_word_holds_and_what_it_hid_was_not_asked(source):
    response, items = _diary(source, 2)
    assert (response["revision"], response["late"], response["mode"]) == (2, False, "interview")
    assert response["submitted"] == "2026-03-02T19:00:00+01:00"
    assert response["language"] == "en"
    assert (items["sleep"]["value"], items["sleep"]["number"]) == ("9", 9)
    assert items["sleep"]["answered"] == "2026-03-09T10:00:00+01:00"
    hidden = items["dose_why_not"]
    assert (hidden["value"], hidden["skipped"], hidden["skip_reason"], hidden["answered"]) == (None, "not_asked", "hidden", None)  # fmt: skip
    assert (items["pain"]["value"], items["pain"]["skipped"], items["pain"]["skip_reason"]) == (None, "skipped", "prefer_not")  # fmt: skip
    assert items["fatigue"]["number"] == 5


def test_an_answer_is_shown_in_the_language_in_which_it_was_read(source):
    _, items = _diary(source, 2)
    assert items["crash"]["shown"] == "Ja, leicht"
    assert items["dose_taken"]["shown"].startswith("Yes")
    assert _diary(source, 5)[1]["crash"]["shown"] == "Yes, severely"


def test_a_correction_that_was_begun_and_not_sent_changes_nothing(source):
    response, items = _diary(source, 5)
    assert (response["revision"], response["mode"]) == (1, "web")
    assert items["crash"]["number"] == 3


def test_what_the_short_form_of_a_bad_day_left_out_was_not_asked(source):
    _, items = _diary(source, 5)
    assert (items["pain"]["skipped"], items["pain"]["skip_reason"]) == ("not_asked", "short_form")
    assert items["crash"]["number"] == 3


def test_a_form_that_somebody_was_too_ill_for_or_never_sent_has_no_answers(source):
    ill, items = _diary(source, 6)
    assert (ill["submitted"] is not None, items) == (True, {})
    begun, items = _diary(source, 4)
    assert (begun["submitted"], begun["revision"], items) == (None, 0, {})


def test_own_words_stand_apart_from_the_items(source):
    (words,) = source.rows("free_answer")
    assert (words["item"], words["words"]) == ("other_what", ILL["other_what"])
    assert "other_what" not in {each["item"] for each in source.rows("item")}
    assert not any(ILL["other_what"] in str(each) for each in source.rows("item"))


def test_the_newest_score_of_the_submission_that_stands_holds(source):
    response, _ = _diary(source, 2)
    found = {each["score"]: each for each in source.rows("score") if each["response"] == response["id"]}  # fmt: skip
    assert found["sleep_unrefreshing"]["value"] is None, "it was scored anew without this item"
    assert (found["fatigue_worst"]["value"], found["pain_average"]["value"]) == (5, None)


def test_every_form_that_is_asked_has_the_fate_that_the_pages_tell(source, lived):
    found = {each["id"]: each for each in source.rows("expected_form")}
    states = {
        day: found[f"P-0001/ldn_diary/ldn_diary@2026-03-{day:02}"]["state"] for day in range(2, 11)
    }
    assert states == {2: "received", 3: "missing", 4: "missing", 5: "received", 6: "excused", 7: "excused", 8: "missing", 9: "open", 10: "not_yet"}  # fmt: skip
    assert found["P-0001/ldn_diary/ldn_diary@2026-03-07"]["excused"] == "pause: in hospital"
    assert found["P-0001/ldn_diary/ldn_diary@2026-03-06"]["response"] == _diary(source, 6)[0]["id"]
    with lived.database.reading() as session:
        person = enrolling.find_participant(session, "P-0001")
        told = completeness.lines(session, person, "en")
    assert {f"P-0001/{each.occasion.form.id}/{each.occasion.name}" for each in told} == {
        name for name, each in found.items() if each["state"] != "not_yet"
    }


def test_bad_days_are_told_by_their_taps(source):
    assert [(each["kind"], each["severity"]) for each in sorted(source.rows("bad_day"), key=lambda each: each["kind"])] == [("begun", 2), ("over", None)]  # fmt: skip


def test_the_trail_tells_of_a_correction_who_and_why(source):
    rows = source.rows("audit")
    assert [each["sequence"] for each in sorted(rows, key=lambda each: each["sequence"])] == sorted({each["sequence"] for each in rows})  # fmt: skip
    assert {each["table"] for each in rows} >= {"participant", "response", "answer", "submission", "bad_day"}  # fmt: skip
    assert {each["actor"] for each in rows} == {"test"}
    nine = [each for each in rows if each["table"] == "answer" and '"item": "sleep"' in each["new"]]
    assert len(nine) == 2


def test_no_query_is_asked_for_each_answer(lived):
    asked = []

    def count(*told):
        asked.append(told[2])

    event.listen(lived.database.engine, "before_cursor_execute", count)
    with lived.database.reading() as session:
        capturing.capture(session)
    event.remove(lived.database.engine, "before_cursor_execute", count)
    assert len(asked) < 140
