"""Other medicines: added, stopped, corrected, taken back; an opioid is answered in the same act."""

import pytest
from tests.support.at_home import hidden_of, words, world

NEW = "/medicines/new"
TEA = {"name": "Valerian", "began": "month", "began_month": "2026-01", "still": "yes"}


@pytest.fixture(scope="module")
def here(shared_study, tmp_path_factory):
    with world(shared_study, tmp_path_factory.mktemp("clock")) as made:
        yield made


@pytest.fixture
def at_home(here):
    return here.on_drug()


def add(at_home, **more):
    answer = at_home.post(NEW, **(TEA | more))
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["Location"]


def kept(at_home):
    return at_home.rows(
        "SELECT number, name, indication, began, ended, is_void, corrects, why FROM medication"
        " WHERE participant_id = :id ORDER BY number",
        id=at_home.person.id,
    )


def test_a_medicine_is_kept_as_it_was_told(at_home):
    assert "You have told us of none." in words(at_home.get("/medicines"))
    assert add(at_home, indication="sleep") == "/medicines"
    assert kept(at_home) == [(1, "Valerian", "sleep", "2026-01", None, False, None, "")]
    assert "You take Valerian sleep" in words(at_home.get("/medicines"))


def test_dates_may_be_coarse_or_long_ago(at_home):
    add(at_home, began="long", still="no", ended="yesterday")
    assert kept(at_home)[0][3:5] == ("1950/2025-04-05", "2026-03-01")
    assert "You took Valerian" in words(at_home.get("/medicines"))


@pytest.mark.parametrize(
    ("told", "name", "said"),
    [
        ({"name": " "}, "name", "Please write its name"),
        ({"began": ""}, "began", "Please choose one."),
        ({"began_month": ""}, "began_month", "Please choose the month."),
        ({"began": "day", "began_day": "2026-03-05"}, "began_day", "still to come"),
        ({"still": ""}, "still", "Please choose one."),
        ({"still": "no"}, "ended", "Please choose one."),
        ({"still": "no", "ended": "long"}, "ended", "before you began"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_loses_nothing(at_home, told, name, said):
    answer = at_home.post(NEW, **(TEA | {"indication": "for sleep"} | told))
    assert answer.status_code == 400
    assert said in words(answer.text)
    assert f'id="{name}-why"' in answer.text
    assert 'value="for sleep"' in answer.text
    assert kept(at_home) == []


def test_sent_twice_is_one(at_home):
    data = hidden_of(at_home.get(NEW), NEW) | TEA
    for _ in range(3):
        assert at_home.client.post(NEW, data=data).status_code == 303
    assert len(kept(at_home)) == 1


def test_an_opioid_says_at_once_what_to_do_and_alerts_in_the_same_act(at_home):
    where = add(at_home, name="Tramadol 50 mg", began="today")
    page = at_home.get(where)
    assert "Do not take your next dose." in words(page)
    assert "A clinician calls you within hours" in words(page)
    assert page.index("tel:112") < page.index("<h1>")
    assert at_home.rows(
        "SELECT rule, level FROM alert WHERE participant_id = :id", id=at_home.person.id
    ) == [("OP1", "red")]
    today = words(at_home.get())
    assert "Do not take your next dose. You told us of Tramadol 50 mg." in today
    assert "0.25 mg in the evening" not in today


def test_a_brand_is_known_and_loperamide_is_no_opioid(at_home):
    assert add(at_home, name="Oxycontin retard").startswith("/medicines/")
    assert add(at_home, name="Imodium") == "/medicines"


def test_after_an_opioid_the_team_says_when_to_go_on(at_home):
    add(at_home, name="codeine", began="yesterday")
    at_home.post("/medicines/1/stop", ended="today")
    page = words(at_home.get())
    assert "The team decides when you go on: not before Thursday 12 March." in page
    assert "of codeine" in page


def test_stopping_says_when(at_home):
    add(at_home)
    assert at_home.post("/medicines/1/stop").status_code == 400
    assert "before you began" in words(
        at_home.post("/medicines/1/stop", ended="day", ended_day="2025-12-01").text
    )
    assert at_home.post("/medicines/1/stop", ended="yesterday").status_code == 303
    assert kept(at_home)[1] == (2, "Valerian", "", "2026-01", "2026-03-01", False, 1, "stopped")
    assert (
        at_home.client.get("/medicines/1/stop").headers["Location"] == "/medicines"
    )  # the old page


def test_a_correction_keeps_what_was_told_before(at_home):
    add(at_home, name="Codeine")
    page = at_home.get("/medicines/1/correct")
    assert 'value="Codeine"' in page
    assert "As I told it before" in words(page)
    answer = at_home.post(
        "/medicines/1/correct", name="Cocoa", began="as it was", still="yes", why="typed wrong"
    )
    assert answer.status_code == 303
    assert kept(at_home)[1] == (2, "Cocoa", "", "2026-01", None, False, 1, "typed wrong")
    assert "0.25 mg in the evening" in words(at_home.get())
    assert at_home.rows(
        "SELECT count(*) FROM alert WHERE participant_id = :id", id=at_home.person.id
    ) == [(1,)]


def test_what_was_never_taken_is_taken_back_once(at_home):
    add(at_home)
    for _ in range(2):
        assert at_home.post("/medicines/1/never", "/medicines/new").status_code == 303
    assert [row[5] for row in kept(at_home)] == [False, True]
    assert "You have told us of none." in words(at_home.get("/medicines"))


def test_medicines_of_others_are_nobodys_page(here, at_home):
    add(at_home)
    other = here.on_drug()
    for path in ("/medicines/1", "/medicines/1/stop", "/medicines/1/correct"):
        assert other.client.get(path).status_code == 404
    assert other.post("/medicines/1/never", "/medicines").status_code == 404
    assert len(kept(at_home)) == 1
