"""A run-in begins by itself once somebody is eligible and has signed, whichever came last; its end is somebody's word."""

from datetime import UTC, date, datetime, timedelta

import pytest
from asked import SELF, in_trial
from enrolled import ANSWERS, consent, published, withdraw
from sqlalchemy import select

from hometrial import clock
from hometrial.models import AnchorDay, DailyMetric, Participant
from hometrial.services import enrolling
from hometrial.services.asking import occasions, opening, submitting
from hometrial.services.trial import answering, following, running_in, screening
from hometrial.services.trial.answering import Told
from hometrial.services.trial.running_in import RunInRefusedError

LATE = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
"""Half past midnight of 2 March in Berlin."""
SIGNED, FIRST = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def session(study, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: LATE)
    with study.database.transaction("test", "run-in") as session:
        yield session


@pytest.fixture
def opened(session):
    return screening.open_screening(session, published(session), by="ann")


@pytest.fixture
def person(session, opened):
    found = session.get_one(Participant, opened.participant_id)
    enrolling.set_zone(session, found, "Europe/Berlin", source="test")
    return found


@pytest.fixture
def running(session):
    return in_trial(session, consent=SIGNED, run_in_start=FIRST)


def decided(session, opened, **answers):
    answering.answer(session, opened, {**ANSWERS, **answers}, Told("ann"))
    return screening.decide(session, opened, by="ann")


def first_of(session, person):
    return following.anchors(session, person).get("run_in_start")


def test_it_begins_on_the_persons_own_next_day_once_they_are_found_eligible(
    session, opened, person
):
    consent(session, person)
    decided(session, opened)
    assert first_of(session, person) == FIRST


def test_who_is_not_eligible_does_not_begin_it(session, opened, person):
    consent(session, person)
    assert decided(session, opened, age=12).outcome == "screen_failure"
    assert first_of(session, person) is None


def test_a_first_day_that_is_known_is_left_as_it_is(session, opened, person):
    consent(session, person)
    following.anchor(session, person, "run_in_start", date(2026, 3, 20), because="by hand")
    decided(session, opened)
    assert first_of(session, person) == date(2026, 3, 20)


def test_the_diary_is_asked_from_its_first_day_on(session, running):
    (diary,) = [
        each
        for each in occasions.occasions(occasions.calendar_of(session, running))
        if each.form.id == "ldn_diary" and each.due == FIRST
    ]
    assert diary.kind == "diary"


def test_staff_move_the_first_day_with_a_reason_which_stays_on_record(session, running):
    running_in.begin(session, running, date(2026, 3, 5), because="the watch came late")
    assert first_of(session, running) == date(2026, 3, 5)
    rows = session.scalars(select(AnchorDay.because).where(AnchorDay.anchor == "run_in_start"))
    assert set(rows) == {"test", "the watch came late"}


@pytest.mark.parametrize(
    ("day", "because", "says"),
    [
        (SIGNED - timedelta(1), "early", "signed on 2026-03-02"),
        (FIRST, " ", "--because"),
    ],
)
def test_a_first_day_before_the_signature_or_without_a_reason_is_refused(
    session, running, day, because, says
):
    with pytest.raises(RunInRefusedError, match=says):
        running_in.begin(session, running, day, because=because)


def test_its_last_day_is_refused_while_its_days_lack_what_the_protocol_asks(session, running):
    with pytest.raises(
        RunInRefusedError, match="0 of 10 days of valid wear; 0 of 10 days of diary"
    ):
        running_in.end(session, running, FIRST + timedelta(13))
    running_in.end(session, running, FIRST + timedelta(13), because="the investigator agrees")
    assert following.anchors(session, running)["run_in_end"] == date(2026, 3, 16)


def test_its_last_day_needs_no_reason_where_its_days_are_all_there(session, running, monkeypatch):
    for day in range(10):
        session.add(worn(running, FIRST + timedelta(day)))
        moment = datetime(2026, 3, 3 + day, 18, tzinfo=UTC)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        occasion = f"ldn_diary@{FIRST + timedelta(day)}"
        sitting = opening.open_form(session, running, "ldn_diary", occasion, SELF)
        submitting.too_ill(session, running, sitting.id)
    session.add(worn(running, FIRST - timedelta(1)))
    found = running_in.end(session, running, FIRST + timedelta(13))
    assert (found.worn_days, found.lacks) == (10, ())


def worn(person, day):
    return DailyMetric(
        participant_id=person.id,
        day=day,
        metric="valid_day",
        value=1,
        rule="valid_day",
        rule_version=1,
        computed_at=clock.now(),
    )


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (FIRST - timedelta(1), "run_in_start on 2026-03-03 would lie after run_in_end"),
        (FIRST + timedelta(28), "until 2026-03-30 at the longest"),
    ],
)
def test_a_last_day_outside_its_longest_time_is_refused(session, running, day, says):
    with pytest.raises(RunInRefusedError, match=says):
        running_in.end(session, running, day, because="it is over")


def test_a_last_day_after_the_first_dose_is_refused(session, running):
    following.anchor(session, running, "first_dose", FIRST + timedelta(5), because="test")
    with pytest.raises(RunInRefusedError, match="would lie after first_dose"):
        running_in.end(session, running, FIRST + timedelta(6), because="it is over")


def test_a_last_day_that_is_known_is_corrected_with_a_reason_alone(session, running):
    following.anchor(session, running, "run_in_end", date(2026, 3, 16), because="test")
    with pytest.raises(RunInRefusedError, match="say with --because why it ends on 2026-03-17"):
        running_in.end(session, running, date(2026, 3, 17))
    running_in.end(session, running, date(2026, 3, 17), because="counted wrongly")
    assert following.anchors(session, running)["run_in_end"] == date(2026, 3, 17)


def test_nothing_ends_before_it_began_or_after_somebody_left(session, opened, person):
    with pytest.raises(RunInRefusedError, match="has not begun"):
        running_in.end(session, person, FIRST, because="over")
    withdraw(session, person)
    with pytest.raises(RunInRefusedError, match="withdrew completely"):
        running_in.begin(session, person, FIRST, because="again")
