"""Remind me later: inside the window, not into quiet hours, and once."""

from datetime import date, time

import pytest
from posted import berlin

from hometrial.services.messaging import channels, snoozing, wishes
from hometrial.services.messaging.states import MessageRefusedError
from hometrial.services.messaging.wishes import Wanted


def offered(post, person, moment):
    post.at_clock(moment)
    return {each.name: each.at for each in post.do(snoozing.offers, person)}


def put_off(post, person, name):
    return post.do(snoozing.put_off, person, name, by="participant")


def test_only_times_inside_the_window_and_outside_quiet_hours_are_offered(post):
    person = post.person()
    assert offered(post, person, berlin("16:59")) == {}
    assert offered(post, person, berlin("17:00")) == {
        "in_1_hour": berlin("18:00"),
        "in_3_hours": berlin("20:00"),
    }
    # 18:00 is the evening, unless that is one of the others.
    assert offered(post, person, berlin("17:20"))["this_evening"] == berlin("18:00")
    assert offered(post, person, berlin("18:30")) == {"in_1_hour": berlin("19:30")}
    assert offered(post, person, berlin("20:30")) == {}
    with pytest.raises(MessageRefusedError, match="not offered now; there is none"):
        put_off(post, person, "in_1_hour")


def test_what_waits_to_be_sent_is_put_off_and_told_once_then(post):
    person = post.person()
    post.box.to_recipient = "451 later"
    post.at(berlin("17:00"))
    post.box.to_recipient = "250 OK"
    put_off(post, person, "in_3_hours")
    assert post.ends() == [("snoozed", "put off until 2026-03-02 19:00 UTC")]
    assert [post.at(berlin(at)) for at in ("17:05", "19:59", "20:00", "20:01")] == [0, 0, 1, 1]


def test_who_was_told_and_puts_it_off_is_told_again_though_it_is_one_a_day(post):
    # The protocol of the case series reminds once a day.
    person = post.person("ldn-case-series")
    assert post.at(berlin("17:00")) == 1
    later = put_off(post, person, "in_1_hour")
    assert post.at(later.at) == 2


def test_who_does_it_meanwhile_is_not_told(post, monkeypatch):
    person = post.person()
    post.at(berlin("17:00"))
    put_off(post, person, "in_1_hour")
    monkeypatch.setattr("hometrial.services.asking.today.today", lambda *_: ())
    assert post.at(berlin("18:00")) == 1


def test_what_opens_after_it_was_put_off_comes_at_its_own_time(post):
    person = post.person(run_in_start=date(2026, 2, 25))
    configured = channels.channels_of(post.study.database.settings)
    wanted = Wanted("en", quiet_from=time(5), quiet_to=time(6))
    post.at_clock(berlin("15:00"))
    post.do(lambda session, who: wishes.choose(session, configured, who, wanted, by="p"), person)
    post.at(berlin("15:00"))
    put_off(post, person, "in_1_hour")
    before = len(post.box.mails)
    post.at(berlin("16:00"))
    post.at(berlin("17:00"))
    assert len(post.box.mails) == before + 2
