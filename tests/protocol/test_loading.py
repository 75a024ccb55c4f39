"""Protocols come in and go out as files; the shipped ones are what they say."""

from datetime import time

import pytest
from protocols import KNOWN, edited, shipped

from hometrial.declarations import DeclarationError
from hometrial.protocol import loading
from hometrial.protocol.difference import differences, version_hash
from hometrial.protocol.model import missing_before_consent

NAMES = ("ldn-case-series", "ldn-crohns", "ldn-mecfs", "ldn-ms")


def test_four_protocols_come_with_the_product():
    assert loading.shipped() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_protocol_loads_and_is_named_as_its_file(name):
    assert shipped(name).id == name


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_loads_as_the_same(name):
    written = loading.write(shipped(name))
    again = loading.load(written, "again.yaml", KNOWN)
    assert again == shipped(name)
    assert version_hash(again) == version_hash(shipped(name))
    assert differences(shipped(name), again) == ()
    assert loading.write(again) == written


def test_a_protocol_that_is_not_shipped_is_refused_with_those_that_are():
    with pytest.raises(
        loading.UnknownProtocolError,
        match=r"../secrets does not come with this; there are ldn-case",
    ):
        loading.shipped_text("../secrets")


def test_the_trials_are_what_they_are_said_to_be():
    me, crohns, ms, series = (
        shipped(f"ldn-{each}") for each in ("mecfs", "crohns", "ms", "case-series")
    )
    assert [each.design.planned for each in (me, crohns, ms, series)] == [24, 17, 40, 3]
    assert [(arm.id, arm.start_offset_weeks) for arm in me.arms] == [("IMM", 0), ("DEL", 8)]
    assert [step.mg for step in me.titration_of("DEL").steps] == [0.5, 1.0, 1.5, 3.0, 4.5]
    assert [(step.mg, step.min_days) for step in crohns.titration_of("LDN").steps] == [(4.5, 84)]
    assert crohns.titrations[0].time_of_day == "evening"
    assert ms.design.sites == "several"
    assert [each.outcome for each in ms.endpoints.primary] == [
        "adverse_events",
        "serious_adverse_events",
        "discontinuations",
    ]
    assert {each.outcome for each in ms.endpoints.secondary} >= {"spasticity", "beta_endorphin"}
    plan = series.titration_of("OWN")
    assert (plan.steps[0].mg, plan.steps[-1].mg, plan.absolute_max_mg_day) == (0.25, 15.0, 15.0)
    assert plan.split.shares == (0.5, 0.5)
    assert plan.step_down[0].when == "headache_severity >= 2"
    assert series.history.coarsest_date == "year"
    assert "ran_out" in series.interruption.reasons
    assert me.titrations[0].absolute_max_mg_day == 12.0


@pytest.mark.parametrize("name", NAMES)
def test_nobody_consents_to_a_trial_that_is_neither_registered_nor_approved(name):
    first, *others = missing_before_consent(shipped(name))
    assert first == "registration: the trial is not registered yet; give registry and id"
    assert len(others) == len(shipped(name).consent.documents)
    assert all(
        said.startswith(
            "consent.documents[main].ethics_reference: no committee has approved version 1.0.0"
        )
        for said in others
    )


def test_once_registered_and_approved_nothing_is_missing():
    approved = edited(
        "ldn-crohns",
        ("{registry: null, id: null}", "{registry: ISRCTN, id: ISRCTN00000000}"),
        ("ethics_reference: null", 'ethics_reference: "EK 17/2026"'),
    )
    assert missing_before_consent(approved) == ()


def test_a_text_of_another_kind_is_refused():
    with pytest.raises(
        DeclarationError, match=r"list.yaml, line 1: Input should be a valid dictionary"
    ):
        loading.load("- 1\n", "list.yaml", KNOWN)


def test_a_protocol_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        shipped("ldn-ms").version = "2.0.0"


@pytest.mark.parametrize(
    ("said", "quiet"),
    [("20:59", False), ("21:00", True), ("03:00", True), ("08:59", True), ("09:00", False)],
)
def test_quiet_hours_go_past_midnight(said, quiet):
    assert shipped("ldn-mecfs").reminders.is_quiet(time.fromisoformat(said)) is quiet
