"""Great Expectations, asked: one suite, the frames of its signals, the failing rows. Loads GX."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Generic

import numpy as np
import pandas as pd

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
from hometrial_validation.joining import together
from hometrial_validation.rule import Rule, Subject, Suite
from hometrial_validation.verdict import GateError, Severity

_asking = Lock()
"""GX keeps the frame that it judges in its context: two threads at once would judge each other's."""
_SEVERITIES = {Severity.ERROR: FailureSeverity.CRITICAL, Severity.FLAG: FailureSeverity.WARNING}


@dataclass(frozen=True)
class Answer(Generic[Subject]):
    """What GX said: of each subject the row_ids (int64, ascending) that fail each rule, and its own result."""

    failing: dict[Subject, dict[str, np.ndarray]]
    result: ExpectationSuiteValidationResult


def ask(
    suite: Suite[Subject],
    frames: Mapping[Subject, pd.DataFrame],
    contexts: Mapping[Subject, Context],
) -> Answer[Subject]:
    """Return what the suite's rules say about prepared frames whose index is the row_id, in one run of GX.

    Raises GateError if GX could not evaluate a rule.
    """
    asked = {rule: [each for each in frames if rule.applies(each)] for rule in suite.rules}
    expectations = [
        _expectation(rule, signals, contexts, whole=len(signals) == len(frames))
        for rule, signals in asked.items()
        if signals
    ]
    gx_suite = ExpectationSuite(name=f"{suite.name} {suite.version}", expectations=expectations)
    rows = together(suite, frames)
    with _asking:
        batch = _doorway().get_batch({"dataframe": rows})
        result = batch.validate(gx_suite, result_format="COMPLETE")
    failing: dict[Subject, dict[str, np.ndarray]] = {signal: {} for signal in frames}
    for each in result.results:
        for signal, found in _rows_of(_failing(each), frames).items():
            failing[signal][rule_of(each)] = found
    return Answer(failing, result)


def _expectation(
    rule: Rule[Subject], signals: list[Subject], contexts: Mapping[Subject, Context], *, whole: bool
) -> RowExpectation:
    # Which limits a class takes is checked by GX when it is made, not by types.
    given: dict[str, Any] = {
        "column_list": _columns(rule),
        "signals": None if whole else [str(signal) for signal in signals],
        "description": f"{rule.id} ({rule.severity}): {rule.text}",
        "severity": _SEVERITIES[rule.severity],
        "meta": {"rule": rule.id},
        **_limits({str(signal): rule.limits(signal, contexts[signal]) for signal in signals}),
    }
    return EXPECTATIONS[rule.expectation](**given)


def _limits(by_signal: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return each limit as it is where it is the same for all signals, else by signal."""
    first = next(iter(by_signal.values()))
    return {
        key: limit
        if all(each[key] == limit for each in by_signal.values())
        else {signal: each[key] for signal, each in by_signal.items()}
        for key, limit in first.items()
    }


def _columns(rule: Rule[Subject]) -> list[str]:
    return list(dict.fromkeys([*rule.columns, "placement"]))


def rule_of(result: ExpectationValidationResult) -> str:
    """Return the id of the rule that a result of GX answers."""
    configuration = result.expectation_config
    if configuration is None or "rule" not in configuration.meta:
        raise GateError(f"Great Expectations answered without naming the rule: {result}")
    return str(configuration.meta["rule"])


def _rows_of(
    places: np.ndarray, frames: Mapping[Subject, pd.DataFrame]
) -> dict[Subject, np.ndarray]:
    """Return the row_ids at some places of frames that stand one after the other."""
    ends = np.cumsum([len(rows) for rows in frames.values()])
    parts = np.split(places, np.searchsorted(places, ends[:-1]))
    starts = ends - [len(rows) for rows in frames.values()]
    return {
        signal: np.sort(rows.index.to_numpy()[part - start])
        for (signal, rows), part, start in zip(frames.items(), parts, starts, strict=True)
    }


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
    return failing


@cache
def _doorway() -> BatchDefinition[Any]:
    context = get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    frames = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return frames.add_batch_definition_whole_dataframe("whole")
