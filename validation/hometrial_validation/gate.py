"""The gate: a frame in, a verdict out, by Great Expectations, which is loaded at the first check."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings, checked
from hometrial_validation.rule import Rule, Suite
from hometrial_validation.suites import suite_of
from hometrial_validation.verdict import Finding, GateError, Verdict

EXAMPLES = 5
"""How many failing rows of a rule a verdict and a report show."""


def check(frame: pd.DataFrame, signal: Signal, context: Context) -> Verdict:
    """Return the verdict of the signal's suite on a frame (columns: `frame.columns_of`).

    Raises GateError if the frame has another form than it should, or if a rule cannot be asked.
    """
    # GX takes 2.5 s and 130 MB to load: whoever only reads the rules must not pay for it.
    from hometrial_validation.engine import ask
    from hometrial_validation.report import page

    suite = suite_of(signal)
    rows = suite.prepared(checked(frame, signal), context)
    answer = ask(suite, rows, signal, context)
    findings = _findings(suite, rows, signal, context, answer.failing)
    success = not any(found.severity == "error" for found in findings)
    return Verdict(
        suite.name, suite.version, len(frame), success, findings, page(suite, signal, rows, answer)
    )


def reason(rule: str, row: Mapping[str, object], signal: Signal, settings: Settings) -> str:
    """Return the sentence why a row (its columns, as in `Finding.facts`) fails a rule of the signal.

    Raises KeyError if the signal's suite has no such rule.
    """
    asked = {each.id: each for each in suite_of(signal).rules}
    return asked[rule].sentence(row, signal, settings)


def _findings(
    suite: Suite,
    rows: pd.DataFrame,
    signal: Signal,
    context: Context,
    failing: Mapping[str, np.ndarray],
) -> tuple[Finding, ...]:
    found = [rule for rule in suite.rules_of(signal) if len(failing[rule.id])]
    return tuple(_finding(rule, rows, signal, context, failing[rule.id]) for rule in found)


def _finding(
    rule: Rule, rows: pd.DataFrame, signal: Signal, context: Context, failing: np.ndarray
) -> Finding:
    shown = [*rule.columns, *(name for name in ("zone",) if name in rows)]
    facts = rows.loc[failing, shown]

    def sentence(row: Mapping[str, object]) -> str:
        return rule.sentence(row, signal, context.settings)

    examples = tuple(_example(facts, row) for row in failing[:EXAMPLES].tolist())
    message = (
        f"{len(failing):,} of {len(rows):,} rows fail the rule {rule.id}, first row {failing[0]}: "
        f"{sentence(examples[0])}"
    )
    return Finding(rule.id, rule.severity, message, failing, examples, facts, sentence)


def _example(facts: pd.DataFrame, row: int) -> dict[str, object]:
    values = facts.loc[row].to_dict()
    return {"row_id": row, **{str(name): value for name, value in values.items()}}


__all__ = ["Context", "GateError", "Verdict", "check", "reason"]
