"""One calm line about a watch, no second within two days; a meeting is told of the day before."""

from datetime import UTC, date, datetime, timedelta

from posted import berlin

from hometrial.models import Connection, WearableAccount
from hometrial.services.trial import visiting
from hometrial.services.trial.visiting import Held

LINKED = berlin("08:00")


def watch(post, person, status="active", at=LINKED):
    """Link a watch that has handed nothing over."""

    def link(session, person):
        account = WearableAccount(
            participant_id=person.id, provider="fitbit", external_id="A", created_at=at
        )
        session.add(account)
        session.flush()
        session.add(
            Connection(
                account_id=account.id,
                participant_id=person.id,
                status=status,
                status_since=at,
                status_reason="refused",
                streams=["steps"],
                linked_at=at,
            )
        )

    post.at_clock(at)
    post.act(link, person)


def subjects(post):
    return [mail["Subject"] for mail in post.box.mails]


def alone(post):
    """Somebody who is asked nothing now."""
    return post.person(consent=date(2027, 1, 1))


def test_a_quiet_watch_is_told_of_once_after_26_hours_and_again_after_two_days_then_no_more(post):
    watch(post, alone(post))
    assert post.at(LINKED + timedelta(hours=26)) == 0
    assert post.at(LINKED + timedelta(hours=26, minutes=1)) == 1
    assert subjects(post) == ["A note about your watch"]
    assert "Nothing has come from your watch since Monday 2 March, 08:00." in post.box.text()
    first = LINKED + timedelta(hours=26, minutes=1)
    assert post.at(first + timedelta(hours=47)) == 1
    assert post.at(first + timedelta(hours=48)) == 2
    for day in range(3, 10):
        assert post.at(first + timedelta(days=day)) == 2


def test_a_watch_that_must_be_connected_again_is_told_of_at_once_by_day(post):
    watch(post, alone(post), "reconnect_needed", berlin("23:00"))
    assert post.at(berlin("23:01")) == 0
    assert post.at(berlin("09:00", 3)) == 1
    assert "has to be connected once more" in post.box.text()
    assert "about 2 minutes" in post.box.text()


def test_a_watch_that_works_again_before_the_mail_went_is_not_spoken_of(post):
    person = alone(post)
    watch(post, person, "reconnect_needed", berlin("23:00"))
    post.at(berlin("23:01"))

    def mend(session, _person):
        session.query(Connection).update({"status": "active", "linked_at": berlin("23:30")})

    post.act(mend, person)
    assert post.at(berlin("09:00", 3)) == 0
    assert post.ends() == [("suppressed", "nothing is left to do")]


def test_a_meeting_is_told_of_late_in_the_morning_before(post):
    # T1: a call on the third day after the first dose.
    post.person(first_dose=date(2026, 3, 2))
    before = [post.at(berlin("09:59", day)) for day in (3, 4)]
    assert "visit" not in str(post.study.rows("SELECT kind FROM message"))
    assert before[-1] == len(post.box.mails)
    post.at(berlin("10:00", 4))
    assert "A note about Thursday, 5 March" in subjects(post)
    text = post.box.text(subjects(post).index("A note about Thursday, 5 March"))
    assert "Planned for Thursday, 5 March: a phone call." in text
    post.at(berlin("11:00", 4))
    assert subjects(post).count("A note about Thursday, 5 March") == 1


def test_a_meeting_that_was_held_already_is_not_told_of(post, monkeypatch):
    person = post.person(first_dose=date(2026, 3, 2), consent=date(2026, 1, 1))
    monkeypatch.setattr(
        "hometrial.services.agreeing.standing.consented_at",
        lambda *_: datetime(2026, 1, 1, tzinfo=UTC),
    )
    post.at_clock(berlin("09:00", 4))
    post.act(visiting.hold, person, "T1", Held(date(2026, 3, 4), "phone", "ann"))
    post.at(berlin("10:00", 4))
    assert "A note about Thursday, 5 March" not in subjects(post)
