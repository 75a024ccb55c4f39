"""The epochs that a person was in: every day from consent on in one, the newest open as long as it goes on."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols import shipped

from hometrial.protocol.calendar import UnknownArmError, epoch_spans
from hometrial.protocol.epochs import EpochLived, epochs_lived

MECFS = shipped("ldn-mecfs")


def day(said):
    return date.fromisoformat(said)


def anchors(**said):
    return {name: day(value) for name, value in said.items()}


WHOLE = anchors(
    consent="2026-03-02",
    run_in_start="2026-03-23",
    run_in_end="2026-04-05",
    randomisation="2026-04-07",
    first_dose="2026-04-10",
    last_dose="2026-07-16",
)


def lived(today, known=WHOLE, arm="IMM"):
    return [
        (each.epoch, str(each.first), None if each.last is None else str(each.last))
        for each in epochs_lived(MECFS, arm, known, day(today))
    ]


def before(known, *names):
    return {name: when for name, when in known.items() if name not in names}


def test_an_epoch_goes_on_until_the_next_begins_and_the_last_ends_after_its_longest():
    assert lived("2026-12-31") == [
        ("screen", "2026-03-02", "2026-03-22"),
        ("run_in", "2026-03-23", "2026-04-09"),  # it ended on 5 April; the drug begins on the 10th
        ("titrate", "2026-04-10", "2026-06-18"),
        ("maintain", "2026-06-19", "2026-07-16"),
        ("washout", "2026-07-17", "2026-08-13"),
    ]


def test_what_is_yet_to_begin_is_no_epoch_that_anybody_was_in():
    assert lived("2026-06-18")[-1] == ("titrate", "2026-04-10", None)
    assert lived("2026-06-19")[-2:] == [
        ("titrate", "2026-04-10", "2026-06-18"),
        ("maintain", "2026-06-19", None),
    ]
    assert lived("2026-03-01") == []


def test_who_waits_for_the_drug_has_an_epoch_of_their_own():
    known = before(WHOLE, "first_dose", "last_dose")
    assert lived("2026-04-20", known, "DEL")[-1] == ("wait", "2026-04-07", None)
    assert lived("2026-04-20", known, "IMM")[-1] == ("run_in", "2026-03-23", "2026-04-05")


def test_who_has_no_arm_yet_is_in_the_epochs_of_every_arm():
    known = before(WHOLE, "run_in_end", "first_dose", "last_dose")
    assert [name for name, _, _ in lived("2026-04-20", known, None)] == ["screen", "run_in"]


def test_what_ends_by_an_anchor_goes_on_past_its_plan_until_that_day_is_known():
    known = before(WHOLE, "last_dose")
    assert lived("2027-03-01", known)[-1] == ("maintain", "2026-06-19", None)


def test_the_drug_that_ended_early_leaves_out_what_would_have_come():
    known = WHOLE | anchors(last_dose="2026-05-01")
    assert lived("2026-05-10", known)[-2:] == [
        ("titrate", "2026-04-10", "2026-05-01"),
        ("washout", "2026-05-02", None),
    ]


def test_withdrawal_ends_the_newest_epoch():
    known = before(WHOLE, "last_dose") | anchors(withdrawal="2026-05-10")
    assert lived("2026-05-10", known)[-1] == ("titrate", "2026-04-10", None)
    assert lived("2026-05-11", known)[-1] == ("titrate", "2026-04-10", "2026-05-10")


def test_an_arm_that_there_is_not_is_refused():
    with pytest.raises(UnknownArmError):
        epochs_lived(MECFS, "XYZ", WHOLE, day("2026-05-10"))


@st.composite
def lives(draw):
    """Return the anchors of somebody as they come one after the other, some of them unknown, and a day."""
    order = ("consent", "run_in_start", "run_in_end", "randomisation", "first_dose", "last_dose")
    at, known = day("2026-03-02"), {}
    for name in (*order, "extension_start", "extension_end"):
        at += timedelta(draw(st.integers(0, 90)))
        known[name] = at
    for name in draw(st.sets(st.sampled_from(sorted(known)))):
        del known[name]
    if draw(st.booleans()):
        known["withdrawal"] = day("2026-03-02") + timedelta(draw(st.integers(0, 500)))
    return known, day("2026-03-02") + timedelta(draw(st.integers(-5, 800)))


@given(lives(), st.sampled_from(["IMM", "DEL"]))
def test_no_day_is_in_two_epochs_and_none_between_two_is_in_none(life, arm):
    known, today = life
    found = epochs_lived(MECFS, arm, known, today)
    for earlier, later in pairwise(found):
        assert earlier.last is not None
        assert earlier.last + timedelta(1) == later.first
    assert all(each.last is None or each.first <= each.last for each in found)
    assert all(each.first <= today for each in found)
    planned = {each.epoch: each.days for each in epoch_spans(MECFS, arm, known)}
    for each in found:
        assert isinstance(each, EpochLived)
        assert planned[each.epoch].first == each.first
