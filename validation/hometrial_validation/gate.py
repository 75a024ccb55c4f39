"""The gate: a frame in, a verdict out, by Great Expectations, which is loaded at the first check."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hometrial_ingest.signals import Signal
from hometrial_validation import forms
from hometrial_validation.frame import Context, Settings, checked
from hometrial_validation.rule import Rule, Subject, Suite
from hometrial_validation.suites import FORM, suite_of
from hometrial_validation.verdict import Finding, GateError, Verdict

EXAMPLES = 5
"""How many failing rows of a rule a verdict and a report show."""


def check(frame: pd.DataFrame, signal: Signal, context: Context) -> Verdict:
    """Return the verdict of the signal's suite on a frame (columns: `frame.columns_of`).

    Raises GateError if the frame has another form than it should, or if a rule cannot be asked.
    """
    return check_many({signal: frame}, {signal: context})[signal]


def check_many(
    frames: Mapping[Signal, pd.DataFrame], contexts: Mapping[Signal, Context]
) -> dict[Signal, Verdict]:
    """Return for each signal the verdict that `check` gives on its frame, by one run of GX for each suite.

    A run costs the same however few its rows are. The verdicts of one run share its report.
    """
    prepared = {
        signal: suite_of(signal).prepared(checked(frame, signal), contexts[signal])
        for signal, frame in frames.items()
    }
    verdicts: dict[Signal, Verdict] = {}
    for suite in dict.fromkeys(suite_of(signal) for signal in frames):
        own = {signal: rows for signal, rows in prepared.items() if suite_of(signal) is suite}
        verdicts |= _verdicts(suite, own, contexts)
    return {signal: verdicts[signal] for signal in frames}


def check_form(frame: pd.DataFrame, context: Context) -> Verdict:
    """Return the verdict on the answers of forms (columns: `forms.COLUMNS`).

    Raises GateError if the frame has another form than it should, or if a rule cannot be asked.
    """
    rows = FORM.prepared(forms.checked(frame), context)
    kind = forms.FormKind.QUESTIONNAIRE
    return _verdicts(FORM, {kind: rows}, {kind: context})[kind]


def _verdicts(
    suite: Suite[Subject],
    frames: Mapping[Subject, pd.DataFrame],
    contexts: Mapping[Subject, Context],
) -> dict[Subject, Verdict]:
    # GX takes 2.5 s and 130 MB to load: whoever only reads the rules must not pay for it.
    from hometrial_validation.engine import ask
    from hometrial_validation.report import page

    answer = ask(suite, frames, contexts)
    report = page(suite, frames, answer)
    verdicts: dict[Subject, Verdict] = {}
    for signal, rows in frames.items():
        findings = _findings(suite, rows, signal, contexts[signal], answer.failing[signal])
        success = not any(found.severity == "error" for found in findings)
        verdicts[signal] = Verdict(suite.name, suite.version, len(rows), success, findings, report)
    return verdicts


def reason(rule: str, row: Mapping[str, object], signal: Signal, settings: Settings) -> str:
    """Return the sentence why a row (its columns, as in `Finding.facts`) fails a rule of the signal.

    Raises KeyError if the signal's suite has no such rule.
    """
    asked = {each.id: each for each in suite_of(signal).rules}
    return asked[rule].sentence(row, signal, settings)


def _findings(
    suite: Suite[Subject],
    rows: pd.DataFrame,
    signal: Subject,
    context: Context,
    failing: Mapping[str, np.ndarray],
) -> tuple[Finding, ...]:
    found = [rule for rule in suite.rules_of(signal) if len(failing[rule.id])]
    return tuple(_finding(rule, rows, signal, context, failing[rule.id]) for rule in found)


def _finding(
    rule: Rule[Subject], rows: pd.DataFrame, signal: Subject, context: Context, failing: np.ndarray
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


__all__ = ["Context", "GateError", "Verdict", "check", "check_form", "check_many", "reason"]
