"""Telling of doses on the page: one tap, whatever else happened, changed later; twice is once, never a word of blame."""

from decimal import Decimal

import pytest
from tests.support.at_home import OWN_STEPS, found, hidden_of, words, world
from tests.support.dosed import DOCTOR, day, why

from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.services.dosing import ordering

D = Decimal


@pytest.fixture(scope="module")
def here(shared_study, tmp_path_factory):
    with world(shared_study, tmp_path_factory.mktemp("clock")) as made:
        yield made


@pytest.fixture
def at_home(here):
    """Somebody at noon of the day on which the drug begins, 0.25 mg in the evening."""
    return here.on_drug()


def iso(number):
    return day(number).isoformat()


def test_one_tap_records_the_dose_as_it_was_ordered(at_home):
    assert "0.25 mg in the evening 0.25 ml" in words(at_home.get())
    answer = at_home.tap(iso(0))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert at_home.told == [(0, "evening", D("0.25"), "12:00", None)]
    page = words(at_home.get())
    assert "Noted today: Taken: 0.25 mg at 12:00" in page
    assert "Something else happened" not in page


def test_a_double_tap_is_one_dose(at_home):
    data = hidden_of(at_home.get(), f"/dose/{iso(0)}/evening/taken")
    for _ in range(3):
        assert at_home.client.post(f"/dose/{iso(0)}/evening/taken", data=data).status_code == 303
    assert len(at_home.told) == 1


def test_a_dose_told_on_another_device_is_not_told_again(at_home):
    data = hidden_of(at_home.get(), f"/dose/{iso(0)}/evening/taken")
    at_home.somebody.took()
    answer = at_home.client.post(f"/dose/{iso(0)}/evening/taken", data=data)
    assert answer.status_code == 409
    assert "nothing was noted just now" in words(answer.text)
    assert "Taken: 0.25 mg at 12:00" in words(answer.text)
    assert len(at_home.told) == 1
    assert at_home.client.get(f"/dose/{iso(0)}/evening/missed").status_code == 409


def test_a_page_that_was_left_open_over_night_does_not_tell_of_now(at_home):
    data = hidden_of(at_home.get(), f"/dose/{iso(0)}/evening/taken")
    at_home.at(3).come()
    data["csrf_token"] = found(at_home.get(), "csrf_token")
    assert at_home.client.post(f"/dose/{iso(0)}/evening/taken", data=data).status_code == 409
    assert at_home.told == []


def test_an_amount_that_the_plan_has_changed_since_is_not_recorded(at_home):
    data = hidden_of(at_home.get(), f"/dose/{iso(0)}/evening/taken")
    at_home.somebody.order(once("0.5", TimeOfDay.EVENING, "liq"))
    assert at_home.client.post(f"/dose/{iso(0)}/evening/taken", data=data).status_code == 409
    assert at_home.told == []
    assert "Your dose is 0.5 mg a day now" in words(at_home.get())


def test_taken_at_another_time(at_home):
    path = f"/dose/{iso(0)}/evening/time"
    assert at_home.post(path, at="09:30").status_code == 303
    assert at_home.told == [(0, "evening", D("0.25"), "09:30", None)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "Please choose a time"), ("13:00", "still to come"), ("25:61", "choose a time")],
)
def test_a_time_that_cannot_be_keeps_what_was_typed_and_says_why(at_home, typed, said):
    answer = at_home.post(f"/dose/{iso(0)}/evening/time", at=typed)
    assert answer.status_code == 400
    assert said in words(answer.text)
    assert f'value="{typed}"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert at_home.told == []


def test_not_taken_with_a_reason_and_without_blame(at_home):
    path = f"/dose/{iso(0)}/evening/missed"
    assert at_home.post(path).status_code == 400
    assert at_home.post(path, reason="forgot").headers["Location"] == "/"
    assert at_home.told == [(0, "evening", D(0), None, "forgot")]
    assert "Not taken: forgot" in words(at_home.get())


def test_a_reason_that_needs_more_leads_on_to_it(here):
    for reason, way in (
        ("side_effect", "/problem/new"),
        ("ran_out", "/dose/run-out"),
        ("surgery_or_opioid", "/medicines/new"),
        ("untold", "/"),
    ):
        at_home = here.on_drug()
        assert (
            at_home.post(f"/dose/{iso(0)}/evening/missed", reason=reason).headers["Location"] == way
        )
    assert at_home.told[0][4] == "other"


def test_another_amount_with_a_comma_and_what_is_too_much(at_home):
    path = f"/dose/{iso(0)}/evening/amount"
    for typed, said in (
        ("", "how many milligrams"),
        ("x", "how many"),
        ("-1", "how many"),
        ("99", "more than this"),
    ):
        answer = at_home.post(path, mg=typed)
        assert answer.status_code == 400
        assert said in words(answer.text)
        assert f'value="{typed}"' in answer.text
    assert at_home.told == []
    assert at_home.post(path, mg="0,5", at="10:15").status_code == 303
    assert at_home.told == [(0, "evening", D("0.5"), "10:15", None)]
    assert "more than planned for one day. The team is told" in words(at_home.get())
    assert at_home.rows(
        "SELECT rule, level FROM alert WHERE participant_id = :id", id=at_home.person.id
    ) == [("DD1", "red")]


def test_yesterdays_dose_can_be_told_the_next_day(at_home):
    at_home.at(1).come()
    assert "Yesterday: 0.25 mg in the evening" in words(at_home.get())
    assert at_home.tap(iso(0)).status_code == 303
    assert at_home.told == [(0, "evening", D("0.25"), None, None)]
    assert "Yesterday" not in words(at_home.get())
    ((source, reported),) = at_home.rows(
        "SELECT body->>'source', (at AT TIME ZONE 'Europe/Berlin')::date FROM dose_event"
        " WHERE participant_id = :id AND kind = 'intake'",
        id=at_home.person.id,
    )
    assert (source, reported) == ("recall", day(1))


def test_an_older_dose_is_for_the_team(at_home):
    at_home.at(2).come()
    for how in ("time", "amount", "missed"):
        assert at_home.client.get(f"/dose/{iso(0)}/evening/{how}").status_code == 409


def test_before_four_it_is_last_nights(at_home):
    at_home.at(1, 2).come()
    assert "Last night: 0.25 mg" in words(at_home.get())
    assert at_home.tap(iso(0)).status_code == 303
    assert at_home.told == [(0, "evening", D("0.25"), "02:00", None)]


def test_the_parts_of_a_day_are_told_each_by_itself(at_home):
    at_home.somebody.order(once("9", TimeOfDay.EVENING, "cap"))
    at_home.somebody.do(ordering.change, DOCTOR, split=True)
    page = words(at_home.get())
    assert "4.5 mg in the morning" in page
    assert "4.5 mg in the evening" in page
    at_home.tap(iso(0), "morning")
    at_home.post(f"/dose/{iso(0)}/evening/missed", reason="choice")
    assert [each[1:3] for each in at_home.told] == [("morning", D("4.5")), ("evening", D(0))]


def test_what_was_told_can_be_changed_with_the_old_word_kept(at_home):
    at_home.tap(iso(0))
    assert "/dose/change/2" in at_home.get()
    answer = at_home.post("/dose/change/2", what="taken", mg="0.25", at="08:15", why="at breakfast")
    assert answer.headers["Location"] == "/"
    assert at_home.told == [(0, "evening", D("0.25"), "08:15", None)]
    assert at_home.post("/dose/change/2", what="missed").status_code == 409  # the old page
    assert at_home.post("/dose/change/3", what="missed").status_code == 303
    assert at_home.told == [(0, "evening", D(0), None, None)]
    assert at_home.post("/dose/change/4", what="never").status_code == 303
    assert at_home.told == []
    assert "Taken" in words(at_home.get())  # it is due again
    events = at_home.rows(
        "SELECT kind, why FROM dose_event WHERE participant_id = :id ORDER BY number",
        id=at_home.person.id,
    )
    assert events[2] == ("intake", "at breakfast")
    assert events[-1][0] == "void"


def test_a_change_keeps_what_was_typed(at_home):
    at_home.tap(iso(0))
    answer = at_home.post("/dose/change/2", what="taken", mg="abc", why="typed wrong")
    assert answer.status_code == 400
    assert 'value="abc"' in answer.text
    assert "typed wrong" in answer.text
    assert at_home.post("/dose/change/2").status_code == 400


def test_orders_and_other_peoples_doses_cannot_be_changed(here, at_home):
    at_home.tap(iso(0))
    other = here.on_drug()
    other.somebody.took()
    for number in (1, 2, 99):
        assert other.client.get(f"/dose/change/{number}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/dose/x/evening/time", f"/dose/{iso(0)}/noon/time", f"/dose/{iso(0)}/evening/x"]
)
def test_there_is_no_page_of_what_is_no_dose(at_home, path):
    assert at_home.client.get(path).status_code == 404


def test_a_forged_key_is_refused(at_home):
    data = hidden_of(at_home.get(), f"/dose/{iso(0)}/evening/taken")
    for key in ("", "x", "a" * 500):
        answer = at_home.client.post(f"/dose/{iso(0)}/evening/taken", data={**data, "key": key})
        assert answer.status_code == 400
    assert at_home.told == []


def test_nothing_left_is_work_for_the_team_and_the_way_back(at_home):
    page = words(at_home.post("/dose/run-out", reason="courier").text)
    assert "Please choose one" in page
    for _ in range(2):
        assert at_home.post("/dose/run-out", reason="courier", since="0").status_code == 303
    assert "You told us that you are without your medicine since" in words(at_home.get())
    assert at_home.rows(
        "SELECT kind, reason FROM work_item WHERE participant_id = :id AND closed_at IS NULL",
        id=at_home.person.id,
    ) == [("out_of_drug", f"courier: nothing taken since {iso(0)}; send more")]
    at_home.at(3).come()
    assert at_home.post("/dose/again", since="0").headers["Location"] == "/"
    page = words(at_home.get())
    assert "0.25 mg in the evening" in page
    assert "Is it there again" not in page
    assert at_home.post("/dose/again", since="0").status_code in (303, 409)
    assert (
        at_home.rows(
            "SELECT 1 FROM work_item WHERE participant_id = :id AND closed_at IS NULL",
            id=at_home.person.id,
        )
        == []
    )


def test_it_is_there_again_on_the_day_on_which_nothing_was_left(at_home):
    at_home.post("/dose/run-out", reason="ran_out", since="0")
    assert at_home.post("/dose/again", since="0").status_code == 303
    assert "0.25 mg in the evening" in words(at_home.get())
    at_home.post("/dose/run-out", reason="ran_out", since="none")
    assert "The team knows and sees to it" in words(at_home.get())
    assert at_home.post("/dose/there", "/").status_code == 303
    assert "The team knows and sees to it" not in words(at_home.get())


def test_after_long_without_it_somebody_calls_first(at_home):
    at_home.somebody.order(once("3", TimeOfDay.EVENING, "cap"))
    at_home.post("/dose/run-out", reason="ran_out", since="0")
    at_home.at(40).come()
    assert at_home.post("/dose/again", since="0").status_code == 303
    page = words(at_home.get())
    assert "Take no dose for now. First somebody of the team speaks with you" in page
    assert 'class="main">Taken' not in at_home.get()


def test_days_without_a_word_of_why_are_asked_about(at_home):
    for number in (0, 1):
        at_home.somebody.at(number, 22).took("0")
    at_home.at(2).come()
    assert "Nothing was taken since" in words(at_home.get())
    assert at_home.post("/dose/why").status_code == 400
    assert at_home.post("/dose/why", reason="travel").status_code == 303
    page = words(at_home.get())
    assert "Nothing was taken since" not in page
    assert "Is it there again?" in page
    assert at_home.post("/dose/why", reason="travel").status_code in (303, 409)


def test_the_next_step_begins_with_a_tap_of_ones_own(here):
    at_home = here.on_drug(*OWN_STEPS)
    at_home.somebody.took_each(range(28))
    at_home.at(28).come()
    assert "Your next step can begin: 0.5 mg a day." in words(at_home.get())
    assert "From 0.25 mg to 0.5 mg a day, from today on." in words(at_home.get("/dose/step"))
    assert at_home.post("/dose/step", mg="3").status_code == 400
    assert at_home.post("/dose/step").status_code == 303
    assert at_home.client.post("/dose/step", data={"mg": "0.5"}).status_code in (400, 409)
    page = words(at_home.get())
    assert "0.5 mg in the evening" in page
    assert "Your dose is 0.5 mg a day now" in page
    assert at_home.rows(
        "SELECT count(*) FROM dose_event WHERE participant_id = :id AND kind = 'order'",
        id=at_home.person.id,
    ) == [(2,)]


def test_a_step_does_not_make_todays_dose_too_little(here):
    at_home = here.on_drug(*OWN_STEPS)
    at_home.somebody.took_each(range(29))
    at_home.at(28, 22).come()
    assert "next step" not in words(at_home.get())
    assert at_home.client.get("/dose/step").status_code == 409
    at_home.at(29).come()
    assert "next step" in words(at_home.get())


def test_a_step_that_the_team_decides_is_not_asked_for(at_home):
    at_home.somebody.took_each(range(28))
    at_home.at(28).come()
    assert "Stay at 0.25 mg a day. The team decides on the next step" in words(at_home.get())
    assert at_home.client.get("/dose/step").status_code == 409


def test_a_hold_and_a_step_down_are_told_in_plain_words(at_home):
    at_home.somebody.order(once("1", TimeOfDay.EVENING, "liq"))
    at_home.at(2)
    at_home.somebody.do(ordering.step_down, why("headache", DOCTOR))
    at_home.come()
    assert "Stay at 0.5 mg a day. It was set one step lower on Wednesday 4 March" in words(
        at_home.get()
    )
    at_home.somebody.do(ordering.by_rule, why("rule", DOCTOR), "H1")
    page = words(at_home.get())
    assert "Take no dose for now. The team decided on Wednesday 4 March to pause" in page
    at_home.somebody.do(ordering.by_rule, why("rule", DOCTOR), "S1")
    assert "First somebody of the team speaks with you" in words(at_home.get())


def test_the_last_two_weeks_count_no_failures(at_home):
    at_home.somebody.took_each(range(3))
    at_home.at(20, 12).come()
    page = words(at_home.get("/dose"))
    assert "Nothing told" in page
    assert "Monday 2 March" not in page  # 18 days ago
    assert "missed" not in page.lower()
    assert words(at_home.get()).count("Yesterday") == 1


def test_on_the_day_on_which_clocks_go_forward(here):
    at_home = here.somebody().at(0)
    at_home.somebody.start()
    at_home.at(27, 9).come()  # Sunday 29 March: 2:00 to 3:00 falls away
    answer = at_home.post(f"/dose/{iso(26)}/evening/amount", mg="0.25", at="02:30")
    assert answer.status_code == 400
    assert "there was no such time" in words(answer.text)
    assert 'value="02:30"' in answer.text
    assert at_home.post(f"/dose/{iso(26)}/evening/amount", mg="0.25", at="03:30").status_code == 303
    assert at_home.told == [(26, "evening", D("0.25"), "03:30", None)]


def test_the_day_is_that_of_the_persons_own_calendar(here):
    at_home = here.on_drug(zone="Pacific/Auckland")
    at_home.at(1, 8).come()  # still the day before in Berlin and in UTC
    assert at_home.tap(iso(1)).status_code == 303
    assert at_home.told == [(1, "evening", D("0.25"), "08:00", None)]


def test_amounts_are_written_as_the_reader_writes_them(at_home):
    at_home.client.set_cookie("look", "auto.20.0.de")
    assert "0,25" in words(at_home.get())
