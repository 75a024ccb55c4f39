"""Answers are flagged and never refused for what they say; what cannot have been given is set aside."""

import numpy as np
import pandas as pd
import pytest

from hometrial_validation import gate
from hometrial_validation.frame import SECOND
from hometrial_validation.verdict import GateError

ERRORS = {
    "item_is_of_the_form",
    "answer_has_its_type",
    "answered_in_this_time",
    "screen_time_is_possible",
}
HOUR = 3600 * SECOND


@pytest.fixture
def form(noon):
    def make(rows=7, **columns):
        usual = {
            "row_id": np.arange(rows) + 10,
            "form": ["a"] * rows,
            "item": [f"item_{number}" for number in range(rows)],
            "is_known": True,
            "is_possible": True,
            "value": np.arange(rows) % 4,
            "low": 0.0,
            "high": 3.0,
            "on_scale": True,
            "seconds": 4.0,
            "at": noon,
            "opens_at": noon - HOUR,
            "closes_at": noon + HOUR,
            "skew": 0.0,
            "repeats": False,
            "placement": "placed",
        }
        frame = pd.DataFrame(usual | columns, index=range(rows))
        frame = frame.astype({"value": float, "seconds": float, "skew": float})
        return frame.astype(dict.fromkeys(("form", "item", "placement"), "category"))

    return make


def verdict(frame, context):
    found = gate.check_form(frame, context)
    return {each.rule: (str(each.severity), each.rows.tolist()) for each in found.findings}


def test_an_ordinary_form_passes_with_a_page_that_names_its_suite(form, context):
    found = gate.check_form(form(), context)
    assert (found.suite, found.version, found.success, found.findings) == ("form", 1, True, ())
    assert "Validation of questionnaire: suite form, version 1, 7 rows" in found.report_html


def first(value, other, rows=7):
    return [value] + [other] * (rows - 1)


@pytest.mark.parametrize(
    ("rule", "columns"),
    [
        ("item_is_of_the_form", {"is_known": first(False, True)}),
        ("answer_has_its_type", {"is_possible": first(False, True)}),
        ("screen_time_is_possible", {"seconds": first(60 * 86_400.0 + 1, 60 * 86_400.0)}),
        ("answer_in_range", {"value": first(4.0, 1.0), "on_scale": False}),
        ("answer_in_range", {"value": first(-1.0, 1.0), "on_scale": False}),
        ("device_clock_agrees", {"skew": first(301.0, 300.0)}),
        ("device_clock_agrees", {"skew": first(-301.0, -300.0)}),
        ("read_before_answered", {"seconds": first(0.9, 1.0)}),
        ("form_is_no_copy", {"repeats": first(True, False)}),
    ],
)
def test_each_rule_names_the_row_that_breaks_it_and_no_other(form, context, rule, columns):
    severity = "error" if rule in ERRORS else "flag"
    assert verdict(form(**columns), context) == {rule: (severity, [10])}


def test_an_answer_before_its_window_or_at_its_close_is_flagged(form, context, noon):
    at = [noon - HOUR - 1, noon - HOUR, noon + HOUR - 1, noon + HOUR]
    found = verdict(form(4, at=at), context)
    assert found == {"answered_in_its_window": ("flag", [10, 13])}


def test_an_answer_of_the_future_or_of_a_reset_clock_is_set_aside(form, context):
    late = context.now + 5 * 60 * SECOND
    at = [0, late, late + 1]
    found = verdict(form(3, at=at, opens_at=0, closes_at=late + HOUR), context)
    assert found == {"answered_in_this_time": ("error", [10, 12])}


def test_a_form_answered_all_alike_is_flagged_from_six_scales_on(form, context):
    assert verdict(form(5, value=2.0), context) == {}
    assert verdict(form(6, value=2.0), context) == {
        "answers_are_not_all_alike": ("flag", [10, 11, 12, 13, 14, 15])
    }
    words = [True] * 6 + [False, False]
    values = [2.0] * 6 + [1.0, np.nan]
    assert verdict(form(8, value=values, on_scale=words), context) == {
        "answers_are_not_all_alike": ("flag", [10, 11, 12, 13, 14, 15])
    }


def test_each_form_is_looked_at_by_itself(form, context):
    frame = form(12, value=[2.0] * 6 + [0, 1, 0, 1, 0, 1], form=["a"] * 6 + ["b"] * 6)
    assert verdict(frame, context)["answers_are_not_all_alike"][1] == [10, 11, 12, 13, 14, 15]


def test_blanks_and_words_break_no_rule(form, context):
    nothing = {"value": np.nan, "seconds": np.nan, "low": np.nan, "high": np.nan}
    assert verdict(form(**nothing), context) == {}


def test_a_reason_names_the_value_and_the_limit(form, context):
    found = gate.check_form(form(value=first(9.0, 1.0), on_scale=False), context)
    (flag,) = found.flags()
    assert flag.reasons() == {10: "item_0 is 9, outside 0 to 3; it is kept as it was said"}
    found = gate.check_form(form(seconds=first(-2.0, 4.0)), context)
    assert "item_0 took -2 s" in found.reasons()[10]


def test_a_frame_of_another_form_is_no_frame_of_answers(form, context):
    with pytest.raises(GateError, match="no column skew"):
        gate.check_form(form().drop(columns="skew"), context)
    with pytest.raises(GateError, match="row_id repeats"):
        gate.check_form(form(2, row_id=[1, 1]), context)
    with pytest.raises(GateError, match="make it whole numbers"):
        gate.check_form(form().astype({"at": float}), context)
    with pytest.raises(GateError, match="make it true and false"):
        gate.check_form(form().astype({"repeats": object}), context)
    with pytest.raises(GateError, match="an answer without an instant"):
        gate.check_form(form(placement="in_gap"), context)
