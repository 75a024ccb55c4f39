"""The gate as a whole: what it costs to import, what it refuses, and what a verdict says."""

import os
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from hometrial_ingest.signals import Signal
from hometrial_validation import expectations, gate
from hometrial_validation.frame import Baseline, Settings, columns_of
from hometrial_validation.gate import check, reason
from hometrial_validation.suites import SUITES, suite_of
from hometrial_validation.verdict import GateError, Severity


def test_importing_the_gate_and_the_rules_does_not_load_great_expectations():
    program = (
        "import sys, hometrial_validation.gate, hometrial_validation.rulebook\n"
        "hometrial_validation.rulebook.rules()\n"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_check_speaks_to_nobody(make, context, monkeypatch):
    called = []
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, lambda *address: called.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: called.append(address))
    check(make(Signal.WEIGHT, value=[1.0]), Signal.WEIGHT, context)
    assert called == []
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"


@pytest.mark.parametrize("column", ["row_id", "at", "placement", "confidence"])
def test_a_missing_column_is_named(column, make, context):
    with pytest.raises(GateError, match=f"no column {column}"):
        check(make(Signal.HEART_RATE).drop(columns=column), Signal.HEART_RATE, context)


def test_row_ids_that_repeat_are_refused(make, context):
    with pytest.raises(GateError, match="row_id repeats"):
        check(make(Signal.WEIGHT, seconds=[0, 1], row_id=[5, 5]), Signal.WEIGHT, context)


def test_columns_of_another_type_are_refused(make, context):
    frame = make(Signal.WEIGHT)
    with pytest.raises(GateError, match="make it a category"):
        check(frame.astype({"source": "object"}), Signal.WEIGHT, context)
    with pytest.raises(GateError, match="make it whole numbers"):
        check(frame.astype({"at": "float64"}), Signal.WEIGHT, context)
    with pytest.raises(GateError, match=r"placement holds \['lost'\]"):
        check(make(Signal.WEIGHT, placement="lost"), Signal.WEIGHT, context)


def test_stages_without_their_sessions_are_refused(make, context):
    with pytest.raises(GateError, match=r"Context\.sessions"):
        check(make(Signal.SLEEP_STAGE), Signal.SLEEP_STAGE, context)


def test_a_rule_that_breaks_is_an_error_of_the_gate_and_never_a_pass(make, context, monkeypatch):
    def broken(*_rows, **_limits):
        raise ValueError("out of order")

    metric = expectations.limits._Whole
    monkeypatch.setattr(metric, "holds", staticmethod(broken))
    with pytest.raises(GateError, match="value_is_whole could not be asked"):
        check(make(Signal.STEPS_DAILY), Signal.STEPS_DAILY, context)


def test_a_row_that_fails_several_rules_carries_the_first_of_the_suite(make, context):
    frame = make(Signal.STEPS_DAILY, seconds=[0, 60], at=[0, 0], value=[-0.5, 7.0])
    frame.loc[1, "at"] = context.now
    verdict = check(frame, Signal.STEPS_DAILY, context)
    assert [found.rule for found in verdict.errors()] == [
        "clock_was_set",
        "value_is_physical",
        "value_is_whole",
    ]
    assert verdict.failing() == {100: "clock_was_set"}
    assert verdict.reasons()[100].startswith("the instant 1970-01-01 00:00:00 UTC")
    assert not verdict.success


def test_a_reason_names_value_limits_and_the_way_out():
    told = reason("value_is_physical", {"value": 400.0}, Signal.HEART_RATE, Settings())
    assert told == (
        "heart rate 400 /min is outside 25-250 /min, which no living person has; if the device is "
        "known to be right, release the row with a reason, else confirm it as an error"
    )


def test_a_finding_names_all_rows_and_shows_five(make, context):
    frame = make(Signal.WEIGHT, seconds=np.arange(3000), value=1.0)
    found = check(frame, Signal.WEIGHT, context).findings[0]
    assert found.rows.tolist() == list(range(100, 3100))
    assert found.rows.dtype == np.int64
    assert [example["row_id"] for example in found.examples] == [100, 101, 102, 103, 104]
    assert found.examples[0]["value"] == 1.0
    assert found.message.startswith(
        "3,000 of 3,000 rows fail the rule value_is_physical, first row 100: "
    )
    assert set(found.reasons()) == set(found.rows.tolist())


@pytest.mark.parametrize(
    ("bad", "good", "refused"), [(20, 19, True), (20, 20, False), (19, 0, False), (21, 0, True)]
)
def test_a_batch_is_refused_when_most_and_at_least_twenty_rows_fail(
    bad, good, refused, make, context
):
    frame = make(Signal.WEIGHT, seconds=np.arange(bad + good), value=[1.0] * bad + [70.0] * good)
    told = check(frame, Signal.WEIGHT, context).rejected()
    assert (told is not None) == refused
    assert told is None or "value_is_physical" in told


def test_flags_never_refuse_a_batch(make, context):
    people = replace(context, baselines={"P-001": Baseline(60, 1, 30)})
    frame = make(Signal.RESTING_HEART_RATE, seconds=np.arange(40), value=150.0)
    verdict = check(frame, Signal.RESTING_HEART_RATE, people)
    assert len(verdict.findings[0].rows) == 40
    assert verdict.rejected() is None
    assert verdict.success


def test_the_verdict_names_suite_and_version(make, context):
    verdict = check(make(Signal.HEART_RATE), Signal.HEART_RATE, context)
    assert (verdict.suite, verdict.version) == ("heart_rate", SUITES["heart_rate"].version)


def test_a_frame_is_left_as_it_was(make, context):
    frame = make(Signal.STEPS, seconds=[60, 0], duration=60, value=[1.0, 400.0])
    before = frame.copy()
    check(frame, Signal.STEPS, context)
    assert frame.equals(before)


@pytest.mark.parametrize("signal", list(Signal))
def test_every_signal_has_a_suite_whose_rules_name_existing_expectations(signal):
    asked = suite_of(signal).rules_of(signal)
    assert {rule.expectation for rule in asked} <= set(expectations.EXPECTATIONS)
    assert len({rule.id for rule in asked}) == len(asked)
    assert {"row_id", "placement"} <= set(columns_of(signal))


def test_flags_stand_behind_what_can_quarantine():
    assert gate.EXAMPLES == 5
    for suite in SUITES.values():
        first = next((i for i, rule in enumerate(suite.rules) if rule.severity is Severity.FLAG))
        assert all(rule.severity is Severity.FLAG for rule in suite.rules[first:])
