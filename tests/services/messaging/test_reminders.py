"""People are reminded of what is open: at their own times, in one mail, a few a day, and never when they rest."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from asked import SELF
from posted import berlin

from hometrial.models import Pause
from hometrial.services import enrolling
from hometrial.services.agreeing import leaving
from hometrial.services.asking import opening, resting, submitting
from hometrial.services.messaging import channels, planning, silences, wishes
from hometrial.services.messaging.states import MessageRefusedError
from hometrial.services.messaging.wishes import Wanted

QUIET_TO_CLOSE = ("suppressed", "quiet hours last until it closes")


def choose(post, person, **wanted):
    configured = channels.channels_of(post.study.database.settings)
    wanted = Wanted(**{"language": "en"} | wanted)

    def choice(session, person):
        return wishes.choose(session, configured, person, wanted, by="participant")

    return post.do(choice, person)


def too_ill(post, person, form, occasion):
    def hand_in(session, person):
        sitting = opening.open_form(session, person, form, occasion, SELF)
        submitting.too_ill(session, person, sitting.id)

    post.act(hand_in, person)


def test_a_diary_reminds_when_it_opens_and_once_only(post):
    post.person()
    assert post.at(berlin("16:59")) == 0
    assert post.at(berlin("17:00")) == 1
    assert post.at(berlin("17:01")) == 1
    assert post.box.recipients == ["zoe@example.net"]
    assert "Something short is waiting on your study page, about 2 minutes." in post.box.text()
    assert "until Tuesday 3 March, 04:00" in post.box.text()
    assert [state for state, _, _ in post.steps()[0]] == ["planned", "sending", "sent"]


def test_in_quiet_hours_nobody_is_told_and_it_is_said_why(post):
    post.person()
    post.at(berlin("17:00"))
    # The middle of the window is 22:30, an hour before its end 03:00: both are quiet until it has closed.
    assert post.at(berlin("22:30")) == 1
    assert post.at(berlin("03:00", 3)) == 1
    assert post.at(berlin("09:00", 3)) == 1
    assert post.ends() == [("sent", "taken as A1B2"), QUIET_TO_CLOSE, QUIET_TO_CLOSE]


def test_who_wants_other_hours_is_told_at_all_three_moments(post):
    person = post.person()
    choose(post, person, quiet_from=time(5), quiet_to=time(6))
    counts = [post.at(moment) for moment in (berlin("17:00"), berlin("22:30"), berlin("03:00", 3))]
    assert counts == [1, 2, 3]


def test_the_first_reminder_comes_at_the_time_that_the_person_likes(post):
    person = post.person()
    choose(post, person, preferred_at=time(19, 30))
    assert [post.at(berlin(at)) for at in ("17:00", "19:29", "19:30")] == [0, 0, 1]


def test_what_opens_in_quiet_hours_waits_for_their_end(post):
    # The weekly questions open at midnight of the sixth day, and are open for days.
    post.person()
    post.at(berlin("00:00", 7))
    assert post.box.mails == []
    assert post.at(berlin("08:59", 7)) == 0
    assert post.at(berlin("09:00", 7)) == 1
    # Two forms, the weekly ones: one mail with the minutes of both.
    told = post.study.rows(
        "SELECT t.form FROM message_topic t JOIN message_state s ON s.message_id = t.message_id"
        " WHERE s.state = 'sent' ORDER BY 1"
    )
    assert told == [("side_effects",), ("weekly_questions",)]


def test_in_the_night_of_a_clock_change_quiet_hours_end_by_the_persons_clock(post):
    post.person(run_in_start=date(2026, 3, 23))
    # Quiet until 09:00 of 29 March, summer time: 07:00 UTC. The weekly forms opened at 00:00 of the 28th.
    post.at(datetime(2026, 3, 28, 23, 30, tzinfo=UTC))
    assert post.box.mails == []
    assert post.at(datetime(2026, 3, 29, 6, 59, tzinfo=UTC)) == 0
    assert post.at(datetime(2026, 3, 29, 7, tzinfo=UTC)) == 1


def test_quiet_hours_are_those_of_where_the_person_is(post):
    person = post.person()
    post.act(
        enrolling.set_zone, person, "America/New_York", valid_from=berlin("12:00"), source="test"
    )
    assert post.at(berlin("17:00")) == 0
    assert post.at(berlin("23:00")) == 1


def test_no_more_mails_a_day_than_the_protocol_has(post):
    person = post.person(run_in_start=date(2026, 2, 25))
    choose(post, person, quiet_from=time(4), quiet_to=time(4, 1))
    # The weekly forms of 3 March opened on the 2nd; every diary has three moments.
    moments = [berlin("00:00") + timedelta(minutes=30 * n) for n in range(48)]
    for moment in moments:
        post.at(moment)
    assert len(post.box.mails) == 3
    assert ("suppressed", "3 messages went out today, and no more than 3 do") in post.ends()


def test_what_is_done_or_too_much_reminds_no_more(post):
    person = post.person()
    choose(post, person, quiet_from=time(5), quiet_to=time(6))
    post.at(berlin("17:00"))
    too_ill(post, person, "ldn_diary", "ldn_diary@2026-03-02")
    assert post.at(berlin("22:30")) == 1
    assert len(post.ends()) == 1


def test_what_was_done_after_it_was_planned_is_seen_at_the_moment_of_sending(post):
    person = post.person()
    post.box.to_recipient = "451 later"
    post.at(berlin("17:00"))
    too_ill(post, person, "ldn_diary", "ldn_diary@2026-03-02")
    post.box.to_recipient = "250 OK"
    assert post.at(berlin("17:05")) == 0
    assert post.ends() == [("suppressed", "nothing is left to do")]


def test_a_bad_day_leaves_one_short_question_and_nothing_else(post):
    person = post.person()
    post.at_clock(berlin("10:00"))
    post.do(resting.tap, person, by="participant")
    assert post.at(berlin("17:00")) == 1
    assert post.at(berlin("22:30")) == 1
    assert "You told us that this is a bad day. One short question is waiting" in post.box.text()
    assert "about 1 minute" in post.box.text()
    # The next day still rests: its short question. From 10:00 on the third day all is as before.
    assert post.at(berlin("17:00", 3)) == 2
    assert post.at(berlin("17:00", 4)) == 3
    assert "Something short" in post.box.text()


def test_on_a_bad_day_the_person_says_until_when(post):
    person = post.person()
    post.at_clock(berlin("10:00"))
    post.do(resting.tap, person, by="participant")
    post.do(silences.rest, person, "bad_day", berlin("10:00", 12), by="participant")
    post.at(berlin("17:00", 5))
    assert "Something short" not in "".join(post.box.text(n) for n in range(len(post.box.mails)))
    post.at(berlin("17:00", 12))
    assert "Something short" in post.box.text()


def test_who_is_better_is_reminded_again(post):
    person = post.person()
    post.at_clock(berlin("10:00"))
    post.do(resting.tap, person, by="participant")
    post.at_clock(berlin("11:00"))
    post.do(resting.better, person, by="participant")
    post.at(berlin("17:00"))
    assert "Something short" in post.box.text()


def paused(session, person, start, end=None):
    session.add(Pause(participant_id=person.id, start_at=start, end_at=end, reason="holiday"))


@pytest.mark.parametrize("late", [False, True])
def test_a_pause_is_seen_when_planning_and_when_sending(post, late):
    person = post.person()
    if late:
        post.box.to_recipient = "451 later"
        post.at(berlin("17:00"))
        post.box.to_recipient = "250 OK"
    post.act(paused, person, berlin("16:00"), berlin("18:30"))
    assert post.at(berlin("17:05")) == 0
    assert post.ends() == ([("suppressed", "the person rests from the study")] if late else [])
    # Afterwards there is no backlog: what is still open is told once, if it was not.
    assert post.at(berlin("18:30")) == (0 if late else 1)


def test_the_study_is_paused_for_everybody(post):
    post.person()
    post.at_clock(berlin("16:00"))
    with post.study.database.transaction("staff", "test") as session:
        silences.rest(session, None, "pause", berlin("12:00", 3), by="ann", because="server moves")
    assert post.at(berlin("17:00")) == 0
    assert post.ends() == []


def test_who_wants_no_contact_or_has_left_is_never_written_to(post, monkeypatch):
    person, other = post.person(), post.person(email="other@example.net")
    monkeypatch.setattr(
        "hometrial.services.agreeing.standing.consented_at", lambda *_: berlin("9:00")
    )
    post.at_clock(berlin("16:00"))
    said = leaving.Said("participant")

    def leave(session, person, choice):
        leaving.choose(session, {}, person, choice, said=said)

    post.act(leave, person, "stop_contact")
    post.act(leave, other, "withdraw_completely")
    assert post.at(berlin("17:00")) == 0
    assert post.ends() == []


def test_who_leaves_after_it_was_planned_is_not_written_to(post, monkeypatch):
    person = post.person()
    monkeypatch.setattr(
        "hometrial.services.agreeing.standing.consented_at", lambda *_: berlin("9:00")
    )
    post.box.to_recipient = "451 later"
    post.at(berlin("17:00"))
    post.box.to_recipient = "250 OK"

    def leave(session, person):
        leaving.choose(session, {}, person, "stop_contact", said=leaving.Said("participant"))

    post.act(leave, person)
    assert post.at(berlin("17:05")) == 0
    assert post.ends() == [("suppressed", "the person wants no contact")]


def test_who_switches_mail_off_gets_none(post):
    person = post.person()
    post.at_clock(berlin("16:00"))
    choose(post, person, by_email=False)
    assert post.at(berlin("17:00")) == 0


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"by_sms": True}, "sms is not set up"),
        ({"by_push": True}, "push is not set up"),
        ({"quiet_from": time(1)}, "a beginning and an end"),
        ({"quiet_from": time(1), "quiet_to": time(1)}, "all day or none"),
        ({"preferred_at": time(22)}, "lies in the quiet hours"),
        ({"language": "fr"}, "messages are written in en, de"),
    ],
)
def test_what_cannot_be_wished_is_refused_with_the_way_out(post, wanted, said):
    person = post.person()
    with pytest.raises(MessageRefusedError, match=said):
        choose(post, person, **wanted)
    assert post.study.one("SELECT count(*) FROM reminder_choice") == 0


def test_a_reminder_is_in_the_language_that_the_person_chose(post):
    person = post.person()
    post.at_clock(berlin("16:00"))
    choose(post, person, language="de")
    post.at(berlin("17:00"))
    assert "Auf Ihrer Studienseite wartet etwas Kurzes, etwa 2 Minuten." in post.box.text()
    assert "bis Dienstag, 3. März, 04:00 Uhr" in post.box.text()
    assert post.box.mails[0]["Subject"] == "Etwas Kurzes wartet auf Sie"


def test_what_is_planned_already_is_planned_once(post):
    person = post.person()
    post.at_clock(berlin("17:00"))
    for _ in range(2):
        post.act(planning.plan, person)
    assert post.study.one("SELECT count(*) FROM message") == 1
