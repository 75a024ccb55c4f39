"""Reporting a problem: whom to call at once, the alert in the same act, nothing typed lost, how it goes on."""

import pytest
from tests.support.at_home import found, hidden_of, words, world

from hometrial.protocol.safety.details import Details
from hometrial.services.safety import events, reporting
from hometrial.services.safety.reporting import Said

NEW = "/problem/new/headache"
HEADACHE = {
    "severity": "mild",
    "since": "yesterday",
    "still": "yes",
    "care": "none",
}


@pytest.fixture(scope="module")
def here(shared_study, tmp_path_factory):
    with world(shared_study, tmp_path_factory.mktemp("clock")) as made:
        yield made


@pytest.fixture
def at_home(here):
    return here.on_drug()


def report(at_home, what="headache", **more):
    answer = at_home.post(f"/problem/new/{what}", **(HEADACHE | more))
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["Location"]


def version(at_home):
    return at_home.rows(
        "SELECT v.verbatim, v.term, v.start, v.stop, v.ongoing, v.severity, v.serious, v.treatment, v.pregnancy"
        " FROM adverse_event_version v JOIN adverse_event e ON e.id = v.adverse_event_id"
        " WHERE e.participant_id = :id ORDER BY e.number DESC, v.version DESC LIMIT 1",
        id=at_home.person.id,
    )[0]


def alerts(at_home):
    return {
        rule
        for (rule,) in at_home.rows(
            "SELECT rule FROM alert WHERE participant_id = :id", id=at_home.person.id
        )
    }


def work(at_home):
    return {
        kind
        for (kind,) in at_home.rows(
            "SELECT kind FROM work_item WHERE participant_id = :id AND closed_at IS NULL",
            id=at_home.person.id,
        )
    }


def test_a_report_is_taken_in_as_it_was_told(at_home):
    where = report(at_home, words="behind the eyes", took="two paracetamol")
    assert where == "/problem/1"
    assert version(at_home) == (
        "behind the eyes", "headache", "2026-03-01", None, True, "mild", None, "took: two paracetamol", False,
    )  # fmt: skip
    assert work(at_home) == {"adverse_event"}
    assert alerts(at_home) == set()
    page = words(at_home.get(where))
    assert "We have it. Sent 12:00 today. The team looks at it." in page
    assert "Call now" not in page
    assert "two paracetamol" in words(at_home.get("/medicines"))
    assert "behind the eyes still there" in words(at_home.get("/problem"))


def test_every_form_says_first_whom_to_call_and_that_words_are_not_searched(at_home):
    for path in ("/problem", "/problem/new"):
        page = at_home.get(path)
        assert "If it is urgent, call" in words(page)
        assert 'href="tel:112"' in page
    assert 'href="/problem/new/vivid_dreams"' in page
    assert at_home.client.get("/problem/new/nothing_known").status_code == 404
    for each in ("Vivid dreams", "Headache", "Something else, in my own words"):
        assert each in words(page)
    page = at_home.get(NEW)
    assert "No machine looks for danger in these words." in words(page)


@pytest.mark.parametrize(
    ("told", "rule", "said"),
    [
        ({"what": "allergic_reaction"}, "AL1", "Call now if you are in danger"),
        ({"what": "suicidal_thoughts"}, "SI1", "You are not alone with this"),
        ({"what": "liver_tests_up"}, "LV1", "Take no more of your study medicine"),
        ({"what": "pregnant"}, "PG1", "Take no more of your study medicine"),
        ({"severity": "danger"}, "SE1", "Call now if you are in danger"),
        ({"care": "overnight"}, "SE1", "Call now if you are in danger"),
    ],
)
def test_what_is_grave_is_an_alert_in_the_same_act_and_says_whom_to_call(at_home, told, rule, said):
    where = report(at_home, **told)
    assert rule in alerts(at_home)
    assert "red_alert" in work(at_home)
    page = at_home.get(where)
    assert said in words(page)
    assert page.index("tel:112") < page.index("<h1>")
    assert 'role="alert"' in page


@pytest.mark.parametrize(
    "what", ["allergic_reaction", "suicidal_thoughts", "liver_tests_up", "pregnant"]
)
def test_what_must_be_known_at_once_needs_one_tap_and_no_more(at_home, what):
    page = at_home.get(f"/problem/new/{what}")
    assert (
        page.index("tel:112") < page.index("Tell the team now") < page.index("Say more, if you can")
    )
    assert at_home.post(f"/problem/new/{what}").status_code == 303
    assert work(at_home) == {"adverse_event", "red_alert"}
    assert version(at_home)[4:7] == (None, None, None)
    assert "Call now if you are in danger" in words(at_home.get("/problem/1"))
    waits = "Take no dose for now. First somebody of the team speaks with you." in words(
        at_home.get()
    )
    assert waits is (what != "suicidal_thoughts")


def test_after_the_team_has_looked_the_dose_is_due_again(here, at_home):
    report(at_home, "liver_tests_up")
    page = at_home.get()
    assert 'class="main">Taken' not in page
    assert "I have already taken it: 0.25 mg in the evening" in words(page)
    with here.study.database.transaction("staff", "look") as session:
        event = events.find(session, at_home.person, 1)
        reporting.amend(
            session, event, {"grade": 1}, Said("dr", "contact", "staff"), because="called"
        )
    assert 'class="main">Taken' in at_home.get()


def test_thoughts_of_death_show_who_listens(at_home):
    page = at_home.get(report(at_home, what="suicidal_thoughts", still="no"))
    assert "TelefonSeelsorge" not in page  # over: no crisis now
    page = at_home.get(report(at_home, what="suicidal_thoughts"))
    assert "TelefonSeelsorge" in page


def test_severe_alerts_the_team(at_home):
    report(at_home, severity="severe", call="y")
    assert alerts(at_home) == {"AE1"}
    assert "call_wanted" in work(at_home)


@pytest.mark.parametrize(
    ("told", "name", "said"),
    [
        ({"severity": ""}, "severity", "Please choose one."),
        ({"what": "other", "words": " "}, "words", "Please say in a few words"),
        ({"since": "day"}, "since_day", "Please give the day."),
        ({"since": "day", "since_day": "2026-03-03"}, "since_day", "still to come"),
        ({"since": "day", "since_day": "yesterday"}, "since_day", "Please give the day."),
        ({"since": "month"}, "since_month", "Please choose the month."),
        ({"words": "x" * 501}, "words", "Please write less here."),
    ],
)  # fmt: skip
def test_a_refusal_stands_beside_its_field_and_loses_nothing(at_home, told, name, said):
    typed = {"words": "like a band", "took": "tea", "call": "y"} | told
    what = typed.pop("what", "headache")
    answer = at_home.post(f"/problem/new/{what}", **(HEADACHE | typed))
    assert answer.status_code == 400
    page = answer.text
    assert said in words(page)
    assert f'id="{name}-why"' in page
    assert f'href="#{name}"' in page
    assert 'value="tea"' in page
    assert typed["words"] in page
    assert 'value="y" checked' in page or "checked" in page
    assert (
        at_home.rows("SELECT 1 FROM adverse_event WHERE participant_id = :id", id=at_home.person.id)
        == []
    )


def test_dates_are_kept_as_coarsely_as_they_are_told(at_home):
    report(at_home, since="month", since_month="2026-01")
    assert version(at_home)[2] == "2026-01"
    report(at_home, since="unknown")
    assert version(at_home)[2] is None
    report(at_home, since="day", since_day="2026-02-27", still="no")
    assert version(at_home)[2:5] == ("2026-02-27", None, False)


def test_a_report_sent_twice_is_one(at_home):
    data = hidden_of(at_home.get(NEW), NEW) | HEADACHE | {"took": "tea"}
    for _ in range(3):
        assert at_home.client.post(NEW, data=data).headers["Location"] == "/problem/1"
    assert at_home.rows(
        "SELECT count(*) FROM adverse_event WHERE participant_id = :id", id=at_home.person.id
    ) == [(1,)]
    assert at_home.rows(
        "SELECT count(*) FROM medication WHERE participant_id = :id", id=at_home.person.id
    ) == [(1,)]


def test_an_opioid_taken_for_it_is_an_opioid_told(at_home):
    page = words(at_home.get(report(at_home, took="codeine 30 mg")))
    assert "Do not take your next dose." in page
    assert "OP1" in alerts(at_home)
    assert "Do not take your next dose." in words(at_home.get())


def test_it_is_over_and_since_when(at_home):
    where = report(at_home)
    assert at_home.post(where, now="over").status_code == 400
    assert at_home.post(where, now="over", since="today").status_code == 303
    assert version(at_home)[2:6] == ("2026-03-01", "2026-03-02", False, "mild")
    assert "It is over." in words(at_home.get(where))
    assert at_home.post(where, now="over", since="today").status_code == 303  # again: nothing new
    assert at_home.rows(
        "SELECT count(*) FROM adverse_event_version v JOIN adverse_event e ON e.id = v.adverse_event_id"
        " WHERE e.participant_id = :id",
        id=at_home.person.id,
    ) == [(2,)]


def test_it_cannot_be_over_before_it_began(at_home):
    where = report(at_home)
    answer = at_home.post(where, now="over", since="day", since_day="2026-02-20")
    assert answer.status_code == 400
    assert "before it began" in words(answer.text)


def test_what_gets_worse_later_alerts_then(at_home):
    where = report(at_home)
    at_home.post(where, now="danger", care="overnight")
    assert "SE1" in alerts(at_home)
    assert set(version(at_home)[6]) == {"life_threatening", "hospitalisation"}
    assert "Call now if you are in danger" in words(at_home.get(where))


def test_a_page_that_is_not_up_to_date_changes_nothing_and_keeps_the_choice(at_home):
    where = report(at_home)
    data = hidden_of(at_home.get(where), where)
    at_home.post(where, now="moderate")
    answer = at_home.client.post(where, data=data | {"now": "over", "since": "today"})
    assert answer.status_code == 409
    assert "Something new was noted" in words(answer.text)
    assert 'value="over" checked' in answer.text
    assert version(at_home)[5] == "moderate"
    fresh = hidden_of(answer.text, where)
    assert (
        at_home.client.post(where, data=fresh | {"now": "over", "since": "today"}).status_code
        == 303
    )


def test_reports_of_others_and_of_the_staff_are_nobodys_page(here, at_home):
    report(at_home)
    other = here.on_drug()
    assert other.client.get("/problem/1").status_code == 404
    with here.study.database.transaction("staff", "seen") as session:
        said = Said("dr", "visit", "staff")
        reporting.report(session, other.person, Details(verbatim="seen at the visit"), said)
    assert other.client.get("/problem/1").status_code == 404
    assert "seen at the visit" not in words(other.get("/problem"))


def test_the_team_is_told_when_somebody_says_more_of_what_they_have_looked_at(here, at_home):
    where = report(at_home)
    with here.study.database.transaction("staff", "look") as session:
        event = events.find(session, at_home.person, 1)
        reporting.amend(
            session, event, {"grade": 1}, Said("dr", "contact", "staff"), because="called"
        )
    assert work(at_home) == set()
    assert "The team has looked at it." in words(at_home.get(where))
    at_home.post(where, now="moderate")
    assert work(at_home) == {"adverse_event"}


def test_a_forged_key_or_choice_is_refused(at_home):
    data = hidden_of(at_home.get(NEW), NEW) | HEADACHE
    for forged in ({"key": "x"}, {"severity": "nothing known"}, {"csrf_token": "x"}):
        assert at_home.client.post(NEW, data=data | forged).status_code == 400
    assert found(at_home.get(NEW), "key") != data["key"]
