"""Frames of many signals judged at once are judged as each is by itself."""

import numpy as np
import pandas as pd
import pytest
from random_frames import Sower

from hometrial_ingest.signals import Signal
from hometrial_validation import expectations
from hometrial_validation.gate import check, check_many
from hometrial_validation.suites import SUITES, suite_of
from hometrial_validation.verdict import GateError, Verdict

pytestmark = pytest.mark.long

SEEDS = range(3)


def said(verdict: Verdict) -> dict[str, object]:
    """Return all that a verdict says, but for its page, as what can be compared."""
    return {
        "suite": (verdict.suite, verdict.version, verdict.evaluated, verdict.success),
        "failing": verdict.failing(),
        "reasons": verdict.reasons(),
        "rejected": verdict.rejected(),
        "findings": [
            (found.rule, found.severity, found.message, found.rows.dtype, found.rows.tolist())
            for found in verdict.findings
        ],
        # text, as a missing number is unlike itself
        "examples": [repr(found.examples) for found in verdict.findings],
        "sentences": [found.reasons() for found in verdict.findings],
    }


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict[Signal, Verdict], dict[Signal, Verdict]]]:
    pairs = []
    for seed in SEEDS:
        sower = Sower(np.random.default_rng(seed))
        frames = sower.frames()
        contexts = sower.contexts(frames)
        alone = {each: check(frame, each, contexts[each]) for each, frame in frames.items()}
        pairs.append((alone, check_many(frames, contexts)))
    return pairs


def test_the_verdicts_are_those_of_each_frame_by_itself(judged):
    for alone, together in judged:
        assert list(together) == list(alone)
        for signal, verdict in together.items():
            assert said(verdict) == said(alone[signal]), signal


def test_the_facts_are_those_of_each_frame_by_itself_to_the_type(judged):
    for alone, together in judged:
        for signal, verdict in together.items():
            for mine, other in zip(verdict.findings, alone[signal].findings, strict=True):
                pd.testing.assert_frame_equal(mine.facts, other.facts, check_exact=True)
                assert mine.rows.tolist() == sorted(mine.rows.tolist())


def test_the_random_frames_fail_every_rule_that_is_asked(judged):
    failed = {
        (verdict.suite, found.rule)
        for _, together in judged
        for verdict in together.values()
        for found in verdict.findings
    }
    asked = {each: suite_of(each) for each in Signal}
    assert failed == {
        (suite.name, rule.id) for each, suite in asked.items() for rule in suite.rules_of(each)
    }


def test_the_verdicts_of_one_suite_share_the_page_of_one_run(judged):
    for _, together in judged:
        pages = {verdict.suite: verdict.report_html for verdict in together.values()}
        assert len(set(pages.values())) == len(SUITES)
        for signal, verdict in together.items():
            assert verdict.report_html == pages[verdict.suite]
            assert signal in verdict.report_html.partition("</h1>")[0]


def test_limits_are_those_of_each_signal_and_the_page_names_whose_row_fails(make, context):
    # 40 breaths a minute are many and 40 % of oxygen is too little to live
    frames = {
        Signal.RESPIRATORY_RATE: make(Signal.RESPIRATORY_RATE, value=[40.0]),
        Signal.OXYGEN_SATURATION: make(Signal.OXYGEN_SATURATION, value=[40.0]),
    }
    verdicts = check_many(frames, dict.fromkeys(frames, context))
    assert verdicts[Signal.RESPIRATORY_RATE].success
    assert verdicts[Signal.OXYGEN_SATURATION].failing() == {100: "value_is_physical"}
    page = verdicts[Signal.RESPIRATORY_RATE].report_html
    assert "{'signal': 'oxygen_saturation', 'row': 100, 'value': 40.0}" in page
    assert "'signal': 'respiratory_rate'" not in page


def test_a_rule_is_asked_of_the_signals_that_it_is_about(make, context):
    frames = {
        signal: make(signal, duration=[60], value=[900.5])
        for signal in (Signal.STEPS, Signal.DISTANCE, Signal.STEPS_DAILY, Signal.DISTANCE_DAILY)
    }
    verdicts = check_many(frames, dict.fromkeys(frames, context))
    assert {each: verdict.failing() for each, verdict in verdicts.items()} == {
        Signal.STEPS: {100: "steps_at_a_human_rate"},
        Signal.DISTANCE: {},
        Signal.STEPS_DAILY: {100: "value_is_whole"},
        Signal.DISTANCE_DAILY: {},
    }
    for each in (Signal.STEPS, Signal.STEPS_DAILY):
        assert f"'signal': '{each}', 'row': 100" in verdicts[each].report_html
        assert "'signal': 'distance" not in verdicts[each].report_html


def test_a_page_without_failures_is_not_shown_again_where_a_row_fails(make, context):
    good = check(make(Signal.WEIGHT, value=[70.0]), Signal.WEIGHT, context).report_html
    bad = check(make(Signal.WEIGHT, value=[1.0]), Signal.WEIGHT, context).report_html
    again = check(make(Signal.WEIGHT, value=[71.0]), Signal.WEIGHT, context).report_html
    two = check(make(Signal.WEIGHT, seconds=[0, 9], value=[70.0, 71.0]), Signal.WEIGHT, context)
    assert good == again
    assert "✗ fails" not in good
    assert "✗ fails" in bad
    assert two.report_html == good.replace(", 1 rows", ", 2 rows")


def test_one_frame_that_cannot_be_judged_fails_all(make, context):
    frames = {
        Signal.WEIGHT: make(Signal.WEIGHT, value=[70.0]),
        Signal.SLEEP_STAGE: make(Signal.SLEEP_STAGE),
    }
    with pytest.raises(GateError, match=r"Context\.sessions"):
        check_many(frames, dict.fromkeys(frames, context))


def test_nothing_to_judge_gives_nothing(context):
    assert check_many({}, {}) == {}


def test_a_rule_sees_no_column_that_it_does_not_name(make, context, monkeypatch):
    seen = []

    def spy(rows):
        seen.append(set(rows))
        return pd.Series(True, index=rows["value"].index)

    monkeypatch.setattr(expectations.limits._Whole, "holds", staticmethod(spy))
    check(make(Signal.STEPS_DAILY), Signal.STEPS_DAILY, context)
    assert seen == [{"value", "placement"}]
