"""What a protocol declares reaches allocation and dosing whole."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from protocols import edited, shipped

from hometrial.protocol import allocation
from hometrial.protocol.applying import (
    blocks_of,
    formulations_of,
    plan_of,
    restart_rules_of,
    step_up_of,
    terms_of,
)
from hometrial.protocol.dosing.amounts import once
from hometrial.protocol.dosing.composing import require_makeable
from hometrial.protocol.dosing.plan import planned
from hometrial.protocol.dosing.refusing import DoseRefusedError
from hometrial.protocol.dosing.titrating import RestartAction

NAMES = ["ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series"]
ME, SERIES = shipped("ldn-mecfs"), shipped("ldn-case-series")
CONSENTED = datetime(2026, 3, 2, 10, tzinfo=UTC)


def terms(protocol, arm, *, in_extension=False, sensitive=False):
    return terms_of(protocol, arm, CONSENTED, in_extension=in_extension, sensitive=sensitive)


def test_the_titration_of_the_template_on_the_calendar():
    steps = planned(terms(ME, "DEL").plan, date(2026, 12, 8))
    assert [(str(each.step.mg), str(each.first_on)) for each in steps] == [
        ("0.5", "2026-12-08"),
        ("1.0", "2026-12-15"),
        ("1.5", "2026-12-22"),
        ("3.0", "2027-01-05"),
        ("4.5", "2027-01-19"),
    ]


def test_the_highest_dose_is_higher_in_the_extension_and_absolute_everywhere():
    assert terms(ME, "IMM").max_mg_day == Decimal("4.5")
    assert terms(ME, "IMM", in_extension=True).max_mg_day == Decimal("6.0")
    assert terms(ME, "IMM").absolute_max_mg_day == Decimal("12.0")
    assert terms(SERIES, "OWN", in_extension=True).max_mg_day == Decimal("15.0")


def test_whoever_is_sensitive_begins_lower():
    assert plan_of(ME.titrations[0], sensitive=True).steps[0].mg == Decimal("0.25")
    assert plan_of(SERIES.titrations[0], sensitive=True).steps[0].number == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_dose_can_be_made_by_the_dosing_room_too(name):
    protocol = shipped(name)
    oral = [each for each in formulations_of(protocol) if each.form.is_oral]
    for step in protocol.titrations[0].steps:
        made = [each for each in oral if _is_made(str(step.mg), each)]
        by_declaration = [each.id for each in protocol.formulations if each.makes(step.mg)]
        assert [each.id for each in made][: len(by_declaration)] == by_declaration
        assert made


def _is_made(mg, formulation):
    try:
        require_makeable(once(mg), formulation)
    except DoseRefusedError:
        return False
    return True


def test_what_is_only_recorded_is_known_and_never_ordered():
    (cream,) = [each for each in formulations_of(ME) if each.id == "cream"]
    assert not _is_made("1", cream)


def test_rules_of_steps_and_of_coming_back():
    assert (
        step_up_of(ME.titrations[0]).clear_days,
        step_up_of(ME.titrations[0]).adherence_at_least,
    ) == (3, 0.7)
    assert [(each.gap_days_max, each.action) for each in restart_rules_of(ME)] == [
        (6, RestartAction.SAME_DOSE),
        (13, RestartAction.DOWN_ONE_STEP),
        (27, RestartAction.DOWN_TWO_STEPS),
        (None, RestartAction.FIRST_STEP_AFTER_CALL),
    ]


def test_people_are_allocated_as_the_protocol_says():
    blocks = blocks_of(ME)
    assert (blocks.sizes, [arm.id for arm in blocks.arms]) == ((2, 4), ["IMM", "DEL"])
    assert blocks.strata == ("sev=mild", "sev=moderate", "sev=severe")
    seed = allocation.Seed("LDN-OL-2026/demo-seed")
    drawn = [allocation.allocate_in_block(seed, blocks, "sev=mild", n).arm for n in range(24)]
    assert abs(drawn.count("IMM") - drawn.count("DEL")) <= 2
    assert blocks_of(shipped("ldn-ms")) is None


def test_minimisation_is_handed_over_with_its_factors_and_probability():
    minimised = edited(
        "ldn-mecfs",
        ("method: permuted_blocks", "method: minimisation\n  probability: 0.8"),
        ("  block_sizes: [2, 4]\n", ""),
    )
    design = blocks_of(minimised)
    assert design.probability == 0.8
    assert design.factors[0].levels == ("mild", "moderate", "severe")
