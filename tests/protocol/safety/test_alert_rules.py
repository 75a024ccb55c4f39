"""The table of alert rules: its clocks are those of the trial's specification, and it refuses what has none."""

from datetime import timedelta

import pytest

from hometrial import declarations
from hometrial.declarations import DeclarationError
from hometrial.protocol.safety import alert_rules
from hometrial.protocol.safety.alert_rules import AlertRules, UnknownAlertRuleError

CLOCKS = {
    "SI1": ("red", 24), "SI2": ("amber", 72), "OP1": ("red", 4), "AL1": ("red", 0.25), "LV1": ("red", 24),
    "PG1": ("red", 24), "AE1": ("amber", 24), "AE2": ("amber", 48), "HR1": ("blue", None),
    "HR2": ("amber", 24), "HR3": ("amber", 24), "HR4": ("amber", 24), "HRV1": ("blue", None),
    "ACT1": ("amber", 48), "WR1": ("task", 48), "EP1": ("task", 48), "SU1": ("task", 48), "DD1": ("red", 24),
    "SE1": ("red", 24), "ST1": ("red", 24),
}  # fmt: skip
ONE = """
schema: alert-rules/1
version: 1.0.0
merge_within_hours: 72
ambers_per_week_at_most: 0.5
rules:
  - {id: X1, level: LEVEL, goes_to: clinician, text: "a", when: "b"CLOCK}
"""


def test_every_rule_of_the_table_has_its_level_and_its_clock():
    found = {each.id: (each.level, each.within_hours) for each in alert_rules.shipped().rules}
    assert found == CLOCKS


def test_an_urgent_case_is_answered_sooner_where_the_rule_tells_one():
    table = alert_rules.shipped()
    assert table.of("SI1").within(urgent=True) == timedelta(hours=2)
    assert table.of("SI1").within() == timedelta(hours=24)
    assert table.of("LV1").within(urgent=True) == timedelta(hours=24)
    assert table.merge_within == timedelta(hours=72)


def test_a_rule_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UnknownAlertRuleError, match="XX9: not in the table; there are SI1, SI2"):
        alert_rules.shipped().of("XX9")


@pytest.mark.parametrize(
    ("level", "clock"),
    [("red", ""), ("blue", ", within_hours: 3"), ("red", ", within_hours: 2, urgent_within_hours: 2")],
)  # fmt: skip
def test_a_rule_without_a_fitting_clock_is_refused(level, clock):
    text = ONE.replace("LEVEL", level).replace("CLOCK", clock)
    with pytest.raises(DeclarationError, match="within_hours"):
        declarations.read(text, "rules.yaml", AlertRules)
