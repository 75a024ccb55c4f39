"""Each choice of withdrawal stops what it says, at once, with a receipt; none is ever edited."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from agreed import ACT, NOON, Trial
from linked import link
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import WITHDRAWAL_CHOICES, Connection, WithdrawalChoice, WorkItem
from hometrial.services import bridging, consenting, working
from hometrial.services.agreeing import leaving, reading, standing
from hometrial.services.agreeing.leaving import ChoiceRefusedError, Said
from hometrial.services.agreeing.reading import ReadingRefusedError
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.trial import following
from hometrial_ingest.data_types import DataType

HERSELF = Said("P-0001")
LATER = NOON + timedelta(days=30)
WATCHED = replace(ACT, granted=(DataType.HEART_RATE, DataType.STEPS))


@pytest.fixture
def anna(trial, at_clock):
    person, _ = trial.signed(trial.publish(), WATCHED)
    at_clock(LATER)
    return person


def choose(trial, person, choice, said=HERSELF, **how):
    return leaving.choose(trial.session, {}, person, choice, said=said, **how)


def open_work(trial, person):
    return {each.item.kind for each in working.open_items(trial.session, person.id)}


def switched_on(trial, person):
    given = consenting.spells(trial.session, person.id)
    return {each for each in DataType if given.in_force(each, clock.now())}


@pytest.mark.parametrize("choice", WITHDRAWAL_CHOICES)
def test_each_of_the_seven_is_made_by_itself_with_a_receipt(trial, anna, choice):
    made = choose(trial, anna, choice, Said("P-0001", reason=" too tired "))
    assert standing.choices(trial.session, anna) == {choice}
    assert (made.choice.decided_at, made.choice.reason) == (LATER, "too tired")
    assert made.lines
    assert {each["since"] for each in made.lines} == {LATER.isoformat()}
    assert made.choice.receipt == list(made.lines)


def test_all_seven_can_be_in_force_together(trial, anna):
    for choice in WITHDRAWAL_CHOICES:
        choose(trial, anna, choice)
    assert standing.choices(trial.session, anna) == set(WITHDRAWAL_CHOICES)
    assert [each.choice for each in leaving.history(trial.session, anna)].count("stop_drug") == 1


@pytest.mark.parametrize(
    "choice", ["stop_drug", "stop_drug_safety_only", "stop_diaries", "stop_contact"]
)
def test_what_is_stopped_leaves_everything_else_as_it_was(trial, anna, choice):
    choose(trial, anna, choice)
    assert switched_on(trial, anna) == {DataType.HEART_RATE, DataType.STEPS}
    assert standing.withdrawn_at(trial.session, anna) is None
    assert anna.status == "enrolled"
    assert (choice in open_work(trial, anna)) == choice.startswith("stop_drug")


def test_stopping_the_watch_ends_consent_unlinks_and_lists_it(trial, anna):
    account = link(trial.session, anna)
    bridging.add(trial.session, anna.code, "health-connect")
    made = choose(trial, anna, "stop_wearable", keep_late=True)
    assert switched_on(trial, anna) == set()
    assert made.unlinked == ((account.id, "google-health"),)
    told = [(each["what"], each.get("detail")) for each in made.lines]
    assert told == [
        ("wearable", None),
        ("data_type", "heart_rate"),
        ("data_type", "steps"),
        ("account", "google-health"),
        ("phone_bridges", "1"),
    ]
    spell = consenting.spells(trial.session, anna.id).spells[DataType.STEPS][0]
    assert (spell.end, spell.keep_late) == (LATER, True)
    assert trial.session.scalars(select(Connection.status)).one() in ("unlinking", "unlinked")


def test_stopping_a_watch_that_was_never_switched_on_stops_it_all_the_same(trial, at_clock):
    person, _ = trial.signed(trial.publish())
    made = choose(trial, person, "stop_wearable")
    assert [each["what"] for each in made.lines] == ["wearable"]


def test_a_complete_withdrawal_ends_everything_from_that_moment(trial, anna):
    made = choose(trial, anna, "withdraw_completely", keep_late=True)
    assert standing.withdrawn_at(trial.session, anna) == LATER
    assert following.anchors(trial.session, anna)["withdrawal"] == date(2026, 4, 1)
    assert anna.status == "withdrawn"
    assert switched_on(trial, anna) == set()
    spell = consenting.spells(trial.session, anna.id).spells[DataType.STEPS][0]
    assert not spell.keep_late
    assert [each["what"] for each in made.lines] == [
        "drug", "visits", "diaries", "messages", "new_data", "wearable", "data_type", "data_type",
    ]  # fmt: skip


def test_after_the_end_nothing_more_is_recorded_but_a_wish_to_delete(trial, anna):
    offer = trial.offer(anna)
    choose(trial, anna, "withdraw_completely")
    for act in (
        lambda: choose(trial, anna, "stop_drug"),
        lambda: leaving.take_back(trial.session, anna, "withdraw_completely", said=HERSELF),
    ):
        with pytest.raises(ChoiceRefusedError, match="withdrew completely"):
            act()
    with pytest.raises(ReadingRefusedError, match="withdrew completely on 2026-03-31"):
        reading.read(trial.session, anna, offer, "research")
    choose(trial, anna, "delete_raw_data")
    working.sweep(trial.session)
    assert "delete_raw_data" in open_work(trial, anna)


def test_the_database_itself_lets_nobody_take_a_complete_withdrawal_back(trial, anna):
    made = choose(trial, anna, "withdraw_completely").choice
    trial.session.add(
        WithdrawalChoice(
            participant_id=anna.id,
            choice="withdraw_completely",
            takes_back=made.id,
            decided_at=LATER,
            by="x",
            role="staff",
            receipt=[],
        )
    )
    with pytest.raises(IntegrityError, match="end_is_final"):
        trial.session.flush()


def test_a_choice_that_is_posted_twice_is_made_once(trial, anna, at_clock):
    first = choose(trial, anna, "stop_wearable")
    at_clock(LATER + timedelta(days=1))
    second = choose(trial, anna, "stop_wearable")
    assert second.choice.id == first.choice.id
    assert second.lines == first.lines
    assert trial.session.scalar(select(func.count()).select_from(WithdrawalChoice)) == 1


def test_a_choice_is_taken_back_by_a_new_decision_and_may_be_made_again(trial, anna, at_clock):
    first = choose(trial, anna, "stop_diaries").choice
    at_clock(LATER + timedelta(days=2))
    back = leaving.take_back(
        trial.session, anna, "stop_diaries", said=Said("carla", "staff", "asked by phone")
    )
    assert (back.takes_back, back.by, back.role) == (first.id, "carla", "staff")
    assert standing.choices(trial.session, anna) == frozenset()
    with pytest.raises(ChoiceRefusedError, match="nothing to take back"):
        leaving.take_back(trial.session, anna, "stop_diaries", said=HERSELF)
    at_clock(LATER + timedelta(days=3))
    again = choose(trial, anna, "stop_diaries").choice
    assert standing.choices(trial.session, anna) == {"stop_diaries"}
    assert [each.id for each in leaving.history(trial.session, anna)] == [
        first.id,
        back.id,
        again.id,
    ]


def test_taking_the_watch_back_switches_on_only_what_is_granted_anew(trial, anna, at_clock):
    choose(trial, anna, "stop_wearable")
    at_clock(LATER + timedelta(days=1))
    leaving.take_back(trial.session, anna, "stop_wearable", said=HERSELF, granted=[DataType.STEPS])
    assert switched_on(trial, anna) == {DataType.STEPS}
    choose(trial, anna, "stop_diaries")
    with pytest.raises(ChoiceRefusedError, match="switched no data type off"):
        leaving.take_back(
            trial.session, anna, "stop_diaries", said=HERSELF, granted=[DataType.SLEEP]
        )


def test_a_wish_to_delete_is_taken_back_only_before_anybody_dealt_with_it(trial, anna):
    choose(trial, anna, "delete_raw_data")
    leaving.take_back(trial.session, anna, "delete_raw_data", said=HERSELF)
    assert open_work(trial, anna) == set()
    choose(trial, anna, "delete_raw_data")
    working.close_items(trial.session, anna.id, "delete_raw_data", because="deleted")
    with pytest.raises(ChoiceRefusedError, match="was dealt with"):
        leaving.take_back(trial.session, anna, "delete_raw_data", said=HERSELF)


@pytest.mark.parametrize(
    ("choice", "said", "refused"),
    [
        ("stop_everything", HERSELF, "'stop_everything' is none; there are stop_drug"),
        ("stop_drug", Said("x", "neighbour"), "'neighbour'"),
        ("stop_drug", Said(" "), "name who entered it"),
    ],
)
def test_what_is_no_choice_or_nobodys_word_is_refused(trial, anna, choice, said, refused):
    with pytest.raises(ChoiceRefusedError, match=refused):
        choose(trial, anna, choice, said)


def test_who_has_signed_nothing_withdraws_from_nothing(trial):
    person = trial.person(trial.publish())
    with pytest.raises(ChoiceRefusedError, match="signed nothing yet"):
        choose(trial, person, "stop_drug")


def test_choices_are_never_rewritten(trial, anna):
    choose(trial, anna, "stop_drug")
    with pytest.raises(DBAPIError, match="append-only"):
        trial.session.execute(text("UPDATE withdrawal_choice SET reason = 'other'"))


def test_a_person_withdraws_on_the_participant_site(study, at_clock):
    at_clock(NOON)
    keys = Keys.of(study.database.settings)
    with study.database.transaction("test", "prepare") as session:
        trial = Trial(session, keys)
        person, _ = trial.signed(trial.publish(), WATCHED)
        link(session, person)
        bridging.add(session, person.code, "health-connect")
    with study.database.transaction(person.code, "withdraw", role=PARTICIPANT_ROLE) as session:
        mine = session.merge(person)
        made = leaving.choose(session, {}, mine, "withdraw_completely", said=HERSELF)
        leaving.choose(session, {}, mine, "delete_raw_data", said=HERSELF)
    assert len(made.unlinked) == 1
    with study.database.reading() as session:
        assert standing.withdrawn_at(session, person) == NOON
        kinds = set(session.scalars(select(WorkItem.kind)))
        assert kinds == {"delete_raw_data", "revoke_pending"}
    assert study.verify().problems == ()
