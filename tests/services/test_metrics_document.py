"""RULES covers what is measured, and docs/metrics.md is what the rules say."""

from pathlib import Path

import numpy as np
import pandas as pd

from hometrial.services.metrics import PASSED_ON, RULES, Day, measure
from hometrial.services.metrics.document import document

ROOT = Path(__file__).resolve().parents[2]
MINUTE = 60_000_000
START = 1_773_100_800_000_000


def _full_day():
    minutes = START + np.arange(1440, dtype=np.int64) * MINUTE
    watch = pd.DataFrame(
        {"at": minutes, "duration": 60, "value": minutes % 7 * 0.0, "source": "a/watch"}
    )
    hours = watch.iloc[::60].assign(duration=3600)
    night = {
        "at": START, "end_at": START + 400 * MINUTE, "duration": 24_000, "value": 380.0,
        "minutes_in_bed": 400.0, "main_sleep": True, "session": "n", "source": "a/watch", "code": "stages",
    }  # fmt: skip
    stage = {
        "at": START, "duration": 24_000, "code": "light", "overlay": False, "session": "n", "source": "a/watch",
    }  # fmt: skip
    return Day(
        START, START + 1440 * MINUTE, 0, True,
        heart_rate=pd.DataFrame({"at": minutes, "value": 60.0}),
        steps=pd.concat([watch, watch.assign(source="a/phone")]),
        steps_hourly=pd.concat([hours, hours.assign(source="a/phone")]),
        sessions=pd.DataFrame([night]),
        stages=pd.DataFrame([stage]),
        daily=dict.fromkeys(PASSED_ON, 1.0),
    )  # fmt: skip


def test_a_full_day_yields_every_metric_that_has_a_rule_and_no_other():
    assert measure(_full_day()).keys() == RULES.keys()


def test_every_value_is_a_finite_float():
    values = list(measure(_full_day()).values())
    assert {type(value) for value in values} == {float}
    assert np.isfinite(values).all()


def test_every_rule_is_named_and_explained():
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.version >= 1
        assert "" not in {rule.unit, rule.label, rule.text, rule.origin}


def test_measuring_changes_nothing_in_the_day():
    day, untouched = _full_day(), _full_day()
    measure(day)
    for name in ("heart_rate", "steps", "steps_hourly", "sessions", "stages"):
        pd.testing.assert_frame_equal(getattr(day, name), getattr(untouched, name))


def test_the_page_on_metrics_is_what_the_rules_say():
    written = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert written == document(), "write the text of metrics.document.document() to docs/metrics.md"
