"""Great Expectations, asked: one suite, one frame, the failing rows of each rule. Loads GX."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from hometrial_ingest.signals import Signal
from hometrial_validation.expectations import EXPECTATIONS
from hometrial_validation.expectations.row import RowExpectation
from hometrial_validation.frame import Context
from hometrial_validation.gx import (
    BatchDefinition,
    ExpectationSuite,
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
    FailureSeverity,
    ProgressBarsConfig,
    get_context,
)
from hometrial_validation.rule import Rule, Suite
from hometrial_validation.verdict import GateError, Severity

_COMPLETE = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": 5,
    # The query would be text as long as the list of failing rows itself.
    "return_unexpected_index_query": False,
}
_SEVERITIES = {Severity.ERROR: FailureSeverity.CRITICAL, Severity.FLAG: FailureSeverity.WARNING}


@dataclass(frozen=True)
class Answer:
    """What GX said: the row_ids (int64, ascending) that fail each rule, and its own result."""

    failing: dict[str, np.ndarray]
    result: ExpectationSuiteValidationResult


def ask(suite: Suite, rows: pd.DataFrame, signal: Signal, context: Context) -> Answer:
    """Return what the suite's rules say about a prepared frame whose index is the row_id.

    Raises GateError if GX could not evaluate a rule.
    """
    expectations = [_expectation(rule, signal, context) for rule in suite.rules_of(signal)]
    asked = ExpectationSuite(name=f"{suite.name} {suite.version}", expectations=list(expectations))
    batch = _doorway().get_batch({"dataframe": rows})
    result = batch.validate(asked, result_format=_COMPLETE)
    return Answer({rule_of(each): _failing(each) for each in result.results}, result)


def _expectation(rule: Rule, signal: Signal, context: Context) -> RowExpectation:
    # Which limits a class takes is checked by GX when it is made, not by types.
    given: dict[str, Any] = {
        "column_list": _columns(rule),
        "description": f"{rule.id} ({rule.severity}): {rule.text}",
        "severity": _SEVERITIES[rule.severity],
        "meta": {"rule": rule.id},
        **rule.limits(signal, context),
    }
    return EXPECTATIONS[rule.expectation](**given)


def _columns(rule: Rule) -> list[str]:
    return list(dict.fromkeys([*rule.columns, "placement"]))


def rule_of(result: ExpectationValidationResult) -> str:
    """Return the id of the rule that a result of GX answers."""
    configuration = result.expectation_config
    if configuration is None or "rule" not in configuration.meta:
        raise GateError(f"Great Expectations answered without naming the rule: {result}")
    return str(configuration.meta["rule"])


def _failing(result: ExpectationValidationResult) -> np.ndarray:
    raised = result.exception_info or {}
    # {"raised_exception": bool, ...}, or one such dictionary for each metric that raised
    faults = [raised, *(each for each in raised.values() if isinstance(each, dict))]
    broken = next((fault for fault in faults if fault.get("raised_exception")), None)
    if broken is not None:
        raise GateError(
            f"the rule {rule_of(result)} could not be asked: {broken.get('exception_message')}; "
            "nothing of this batch is judged, mend the rule or the frame and check it again"
        )
    failing = np.array(result.result["unexpected_index_list"], dtype=np.int64)
    if len(failing) != result.result["unexpected_count"]:
        raise GateError(f"the rule {rule_of(result)} counts other rows than it names; report this")
    return np.sort(failing)


@cache
def _doorway() -> BatchDefinition[Any]:
    context = get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    frames = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return frames.add_batch_definition_whole_dataframe("whole")
