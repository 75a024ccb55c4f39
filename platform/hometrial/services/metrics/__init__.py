"""What a local day amounts to, and which of its hours are missing and why: pure functions."""

from hometrial.services.metrics.day import COLUMNS, DEFAULT, PASSED_ON, Day, Settings, no_rows
from hometrial.services.metrics.gaps import (
    GAP_RULE,
    GAP_RULE_VERSION,
    READ,
    GapSpan,
    Presence,
    Stream,
    gaps,
    hours_of,
)
from hometrial.services.metrics.measuring import measure
from hometrial.services.metrics.rules import RULES, Rule
from hometrial.services.metrics.sleep import sleep_wake

__all__ = [
    "COLUMNS",
    "DEFAULT",
    "GAP_RULE",
    "GAP_RULE_VERSION",
    "PASSED_ON",
    "READ",
    "RULES",
    "Day",
    "GapSpan",
    "Presence",
    "Rule",
    "Settings",
    "Stream",
    "gaps",
    "hours_of",
    "measure",
    "no_rows",
    "sleep_wake",
]
