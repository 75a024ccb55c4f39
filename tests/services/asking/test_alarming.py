"""One danger is one alert with one clock, whichever rule finds it; depression that rises is told."""

from datetime import date, timedelta

import pytest
from asked import MORNING, SELF, in_trial

from hometrial.protocol import loading
from hometrial.protocol.safety.details import Details
from hometrial.services.asking import opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.safety import alerting, alerts, reporting
from hometrial.services.safety.reporting import Said
from hometrial.services.trial import following, publishing

DECLARED = 'id: SI1, when: "phq9_9 >= 1", text: "Thoughts of death or self-harm", level: red, within_hours: '
ITEMS = tuple(f"phq9_{number}" for number in range(1, 10))


def of_a_trial(ward, *, within_hours=24, named="SI1"):
    """Return a person of a trial whose own rule about item 9 has this clock and this name."""
    body = loading.shipped_text("ldn-mecfs")
    assert body.count(DECLARED) == 1
    body = body.replace(f"{DECLARED}24", f"{DECLARED}{within_hours}".replace("SI1", named))
    version = publishing.load(ward.session, body.replace("id: ldn-mecfs", "id: own"), "t", by="ann")
    publishing.approve(ward.session, version, by="bob", because="reviewed")
    publishing.publish(ward.session, version)
    return in_trial(ward.session, "own", consent=date(2026, 3, 2))


def phq9_of(ward, person, visit, form="phq9"):
    return opening.open_form(ward.session, person, form, visit, SELF)


def say(ward, person, sitting, item, value):
    return saving.save(ward.session, person, sitting.id, Entry(item, value))


def open_of(ward, person):
    return alerts.states(ward.session, person=person)


def rules_of(state):
    return [state.alert.rule, *(each.by for each in state.events)]


def test_item_9_is_one_alert_with_one_clock_that_names_the_rule_of_the_protocol_too(ward):
    sitting = phq9_of(ward, ward.person, "V0#1")
    say(ward, ward.person, sitting, "phq9_9", 1)
    (state,) = open_of(ward, ward.person)
    version = publishing.in_force(ward.session, "ldn-mecfs").version
    assert rules_of(state) == ["phq9.self_harm_thoughts", f"rule SI1 (ldn-mecfs {version})"]
    assert state.alert.due_at == MORNING + timedelta(hours=24)


@pytest.mark.parametrize("named", ["SI1", "mood"])
def test_the_clock_of_a_protocol_that_is_shorter_holds_whatever_its_rule_is_called(ward, named):
    person = of_a_trial(ward, within_hours=3, named=named)
    say(ward, person, phq9_of(ward, person, "V0#1"), "phq9_9", 1)
    (state,) = open_of(ward, person)
    assert state.alert.due_at == MORNING + timedelta(hours=3)
    assert rules_of(state)[1].startswith(f"rule {named} (own ")


def test_a_rule_of_the_protocol_about_other_answers_is_not_named(ward):
    sitting = phq9_of(ward, ward.person, "V0#1")
    for item in ITEMS:
        say(ward, ward.person, sitting, item, 0)
    assert open_of(ward, ward.person) == []


def test_the_same_thoughts_told_as_a_side_effect_are_the_alert_that_is_open(ward):
    sitting = phq9_of(ward, ward.person, "V0#1")
    say(ward, ward.person, sitting, "phq9_9", 1)
    ward.at_clock(MORNING + timedelta(hours=2))
    told = Said(ward.person.code, "participant", "participant")
    reporting.report(ward.session, ward.person, Details(term="suicidal_thoughts"), told)
    (state,) = open_of(ward, ward.person)
    assert rules_of(state)[-1] == "rule SI1 (alert-rules 1.1.0)"
    assert state.alert.due_at == MORNING + timedelta(hours=24)
    alerting.close(ward.session, state.alert, by="dr", because="spoken with: safe")
    reporting.report(ward.session, ward.person, Details(term="suicidal_thoughts"), told)
    (again,) = open_of(ward, ward.person)
    assert again.alert.rule == "SI1"


def test_two_side_effects_are_never_one_alert_but_item_9_joins_either(ward):
    told = Said(ward.person.code, "participant", "participant")
    for _ in range(2):
        reporting.report(ward.session, ward.person, Details(term="suicidal_thoughts"), told)
    assert len(open_of(ward, ward.person)) == 2
    sitting = phq9_of(ward, ward.person, "V0#1")
    say(ward, ward.person, sitting, "phq9_9", 1)
    assert len(open_of(ward, ward.person)) == 2
    say(ward, ward.person, sitting, "phq9_9", 2)
    found = open_of(ward, ward.person)
    assert found[0].alert.rule == "phq9.self_harm_thoughts_often"
    assert found[0].alert.due_at == MORNING + timedelta(hours=2)


def handed_in(ward, form, visit, *answers):
    """Hand in a form whose items have these answers, in order; the last asks how hard it was."""
    sitting = phq9_of(ward, ward.person, visit, form)
    for number, value in enumerate(answers, 1):
        if value is not None:
            say(ward, ward.person, sitting, f"{form}_{number}", value)
    return submitting.submit(ward.session, ward.person, sitting.id).scored


def on_drug(ward):
    """Let the person take the drug from today on; return the instants of weeks 4 and 12."""
    following.anchor(ward.session, ward.person, "first_dose", MORNING.date(), because="test")
    return [MORNING + timedelta(days=days) for days in (28, 84)]


def risen(ward):
    found = open_of(ward, ward.person)
    return [
        (state.alert.values["instrument"], state.alert.values["total"], state.alert.values["rise"])
        for state in found
        if state.alert.rule == "SI2"
    ]


@pytest.mark.parametrize(
    ("before", "later", "told"),
    [
        ((1,) * 8, (2, 2, 2, 2, 2, 2, 2, 0), []),  # 14
        ((2, 2, 1, 1, 1, 1, 1, 1), (2, 2, 2, 2, 2, 2, 2, 1), [("phq8", 15, 5)]),
        ((2, 2, 2, 1, 1, 1, 1, 1), (2, 2, 2, 2, 2, 2, 2, 1), []),  # by 4
        ((2, 2, 2, 2, 2, 2, 2, 2), (3, 3, 3, 3, 2, 2, 2, 2), [("phq8", 20, 4)]),
    ],
)
def test_depression_that_rises_by_5_to_15_or_is_20_is_told_within_72_hours(ward, before, later, told):  # fmt: skip
    week_4, week_12 = on_drug(ward)
    ward.at_clock(week_4)
    handed_in(ward, "phq8", "W4#1", *before)
    assert open_of(ward, ward.person) == []
    ward.at_clock(week_12)
    handed_in(ward, "phq8", "W12#1", *later)
    assert risen(ward) == told
    for state in open_of(ward, ward.person):
        assert (state.alert.level, state.alert.due_at) == ("amber", week_12 + timedelta(hours=72))


def test_a_rise_is_told_against_the_first_form_too_and_by_the_eight_questions_that_both_ask(ward):
    week_4, week_12 = on_drug(ward)
    handed_in(ward, "phq9", "V0#1", 2, 2, 1, 1, 1, 1, 1, 0, 0, 1)  # 9
    ward.at_clock(week_4)
    handed_in(ward, "phq8", "W4#1", 2, 2, 2, 2, 1, 1, 1, 1)  # 12
    assert risen(ward) == []
    ward.at_clock(week_12)
    handed_in(ward, "phq8", "W12#1", 2, 2, 2, 2, 2, 2, 2, 2)  # 16
    assert risen(ward) == [("phq8", 16, 7)]


def test_a_total_of_20_is_one_alert_that_both_rules_found(ward):
    handed_in(ward, "phq9", "V0#1", 3, 3, 3, 3, 3, 3, 3, 3, 0, 3)
    (state,) = open_of(ward, ward.person)
    assert rules_of(state) == ["phq9.depression_severe", "rule SI2 (alert-rules 1.1.0)"]
    assert state.alert.due_at == MORNING + timedelta(hours=72)
