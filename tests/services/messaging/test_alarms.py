"""Staff are told of red alerts and of what is overdue, each once, and by code, kind and age alone."""

from datetime import timedelta

import pytest
from posted import berlin

from hometrial.services.messaging import alarms
from hometrial.services.safety import alerting

STAFF = "ann@example.org, bob@example.org"


@pytest.fixture
def safe(post):
    settings = post.study.database.settings
    post.study.database.settings = settings.model_copy(update={"safety_mail": STAFF})
    return post


def alert(post, person, rule="SI1", level="red"):
    with post.study.database.transaction("staff", "test") as session:
        return alerting.raise_alert(session, person, rule=rule, level=level, values={"score": 3})


def test_a_red_alert_is_told_to_everybody_once_and_names_code_kind_and_age(safe):
    person = safe.person()
    safe.at_clock(berlin("10:00"))
    alert(safe, person)
    assert safe.at(berlin("10:35")) == 2
    assert safe.at(berlin("10:36")) == 2
    assert sorted(safe.box.recipients) == ["ann@example.org", "bob@example.org"]
    assert safe.box.mails[0]["Subject"] == f"Red alert: {person.code}"
    assert f"Red alert SI1 about {person.code}, raised 35 min ago." in safe.box.text()
    assert "answered by 2026-03-03 09:00 UTC" in safe.box.text()
    assert "death" not in safe.box.text()
    assert safe.box.mails[0]["List-Unsubscribe"] is None


def test_at_night_too(safe):
    person = safe.person()
    safe.at_clock(berlin("23:30"))
    alert(safe, person)
    assert safe.at(berlin("23:31")) == 2


def test_an_amber_alert_is_told_of_when_it_is_overdue(safe):
    person = safe.person(consent=berlin("10:00", 30).date())
    safe.at_clock(berlin("10:00"))
    alert(safe, person, "AE1", "amber")
    assert safe.at(berlin("10:01")) == 0
    assert safe.at(berlin("10:00", 3) + timedelta(minutes=1)) == 2
    assert safe.box.mails[0]["Subject"] == f"Overdue: {person.code}"
    assert "raised 24 h 1 min ago, was to be answered by" in safe.box.text()


def test_what_somebody_answered_before_the_mail_went_is_not_sent(safe):
    person = safe.person(consent=berlin("10:00", 30).date())
    safe.at_clock(berlin("10:00"))
    raised = alert(safe, person)
    safe.box.to_recipient = "451 later"
    safe.at(berlin("10:01"))
    safe.box.to_recipient = "250 OK"
    with safe.study.database.transaction("staff", "test") as session:
        alerting.acknowledge(session, session.merge(raised), by="ann")
    assert safe.at(berlin("10:05")) == 0
    assert safe.ends() == [("suppressed", "somebody answered for it")] * 2


def test_an_alert_of_the_study_names_nobody(safe):
    safe.at_clock(berlin("10:00"))
    alert(safe, None, "ST1")
    assert safe.at(berlin("10:01")) == 2
    assert safe.box.mails[0]["Subject"] == "Red alert: the study"


def test_without_addresses_nobody_is_written_to(post):
    person = post.person(consent=berlin("10:00", 30).date())
    post.at_clock(berlin("10:00"))
    alert(post, person)
    assert post.at(berlin("10:01")) == 0
    assert post.ends() == []


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 min"), (59, "59 min"), (60, "1 h 0 min"), (1510, "25 h 10 min")]
)
def test_an_age_is_in_hours_and_minutes(minutes, said):
    assert alarms.age(timedelta(minutes=minutes)) == said
