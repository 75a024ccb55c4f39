"""A bad day: one tap, less is asked, reminders rest until a chosen time, and afterwards nothing has piled up."""

from datetime import UTC, datetime

import pytest
from tests.support.at_home import words, world

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def here(shared_study, tmp_path_factory):
    with world(shared_study, tmp_path_factory.mktemp("clock")) as made:
        yield made


@pytest.fixture
def at_home(here):
    return here.on_drug()


def taps(at_home):
    return at_home.rows(
        "SELECT kind, severity FROM bad_day WHERE participant_id = :id ORDER BY at, kind",
        id=at_home.person.id,
    )


def rests(at_home):
    return at_home.rows(
        "SELECT kind, until FROM reminder_rest WHERE participant_id = :id ORDER BY at, until NULLS LAST",
        id=at_home.person.id,
    )


def test_one_tap_is_enough(at_home):
    assert "Bad day" in words(at_home.get())
    assert at_home.post("/bad-day", "/").headers["Location"] == "/bad-day"
    page = at_home.get("/bad-day")
    assert "Noted 12:00 today. Nothing else is needed today." in words(page)
    assert "Reminders rest until 12:00 on Wednesday 4 March." in words(page)
    assert 'data-theme="dim"' in page
    assert taps(at_home) == [("begun", None)]


def test_a_double_tap_is_one(at_home):
    for _ in range(3):
        at_home.post("/bad-day", "/")
    assert taps(at_home) == [("begun", None)]


def test_today_shrinks_to_the_dose_and_what_the_protocol_asks_on_bad_days(at_home):
    at_home.somebody.took()
    at_home.at(1, 18).come()
    full = words(at_home.get())
    at_home.post("/bad-day", "/")
    page = at_home.get()
    assert "0.25 mg in the evening" in words(page)
    assert "Evening diary" in full
    assert 'data-theme="dim"' in page
    assert "next visit" not in words(page)
    assert len(words(page)) < len(full)


def test_reminders_rest_until_the_chosen_morning(at_home):
    at_home.post("/bad-day", "/")
    assert at_home.post("/bad-day/until", "/bad-day").status_code == 400
    at_home.post("/bad-day/until", "/bad-day", mornings="4")
    assert rests(at_home) == [("bad_day", datetime(2026, 3, 6, 9, tzinfo=UTC))]
    at_home.post("/bad-day/until", "/bad-day", mornings="4")
    assert len(rests(at_home)) == 1
    assert "Reminders rest until 10:00 on Friday 6 March." in words(at_home.get("/bad-day"))


def test_a_morning_after_the_clocks_went_forward_is_still_ten_in_the_morning(here):
    at_home = here.somebody().at(0)
    at_home.somebody.start()
    at_home.at(26, 20).come()
    at_home.post("/bad-day", "/")
    at_home.post("/bad-day/until", "/bad-day", mornings="1")
    assert rests(at_home) == [("bad_day", datetime(2026, 3, 29, 8, tzinfo=UTC))]


def test_how_bad_it_is_may_be_said(at_home):
    at_home.post("/bad-day", "/")
    assert at_home.post("/bad-day/how-bad", "/bad-day").status_code == 400
    for _ in range(2):
        at_home.post("/bad-day/how-bad", "/bad-day", severity="3")
    assert sorted(taps(at_home), key=str) == [("begun", 3), ("begun", None)]


def test_better_again_leaves_no_backlog(at_home):
    at_home.post("/bad-day", "/")
    at_home.post("/bad-day/until", "/bad-day", mornings="7")
    at_home.at(1, 9).come()
    assert at_home.post("/bad-day/better", "/").headers["Location"] == "/"
    page = words(at_home.get())
    assert "Nothing else is needed" not in page
    assert "diary" not in page.lower()  # yesterday's is gone
    assert taps(at_home) == [("begun", None), ("over", None)]
    assert rests(at_home)[-1] == ("bad_day", None)
    at_home.post("/bad-day/better", "/")
    assert len(taps(at_home)) == 2
    assert at_home.client.get("/bad-day").headers["Location"] == "/"


def test_it_ends_by_itself(at_home):
    at_home.post("/bad-day", "/")
    at_home.at(2, 13).come()
    assert "Nothing else is needed" not in words(at_home.get())


def test_one_may_still_tell_of_a_side_effect_or_ask_for_a_call(at_home):
    at_home.post("/bad-day", "/")
    page = at_home.get("/bad-day")
    for way in ("/problem/new", "/team/call", "/"):
        assert f'href="{way}"' in page


def test_who_is_in_no_trial_has_no_bad_days(here):
    at_home = here.enrolled().at(0).come()
    assert at_home.post("/bad-day", "/watch").status_code == 409
