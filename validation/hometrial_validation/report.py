"""The report of a verdict: the page of Great Expectations, made to stand alone. Loads GX."""

from functools import cache

import pandas as pd

from hometrial_ingest.signals import Signal
from hometrial_validation.engine import Answer, rule_of
from hometrial_validation.gx import (
    DefaultJinjaPageView,
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
    ValidationResultsPageRenderer,
)
from hometrial_validation.rule import Rule, Suite
from hometrial_validation.selfcontained import self_contained
from hometrial_validation.wording import moment

SHOWN = 20
"""How many failing rows of a rule the page lists; the verdict holds all of them."""
_TIMES = ("at", "local", "end_at", "previous_end", "session_start", "session_end")


def page(suite: Suite, signal: Signal, rows: pd.DataFrame, answer: Answer) -> str:
    """Return the report as one HTML page that needs no script and nothing from elsewhere."""
    rules = {rule.id: rule for rule in suite.rules_of(signal)}
    told = [_told(each, rules[rule_of(each)], rows, answer) for each in answer.result.results]
    result = ExpectationSuiteValidationResult(
        success=bool(answer.result.success),
        results=told,
        suite_name=answer.result.suite_name,
        statistics=answer.result.statistics,
        meta=answer.result.meta,
    )
    document = ValidationResultsPageRenderer().render(result)
    html = str(_view().render(document))  # type: ignore[no-untyped-call]
    title = (
        f"Validation of {signal}: suite {suite.name}, version {suite.version}, {len(rows):,} rows"
    )
    return self_contained(html, title)


@cache
def _view() -> DefaultJinjaPageView:
    """Return one view for the whole process: each compiles its seventeen templates anew."""
    return DefaultJinjaPageView()


def _told(
    each: ExpectationValidationResult, rule: Rule, rows: pd.DataFrame, answer: Answer
) -> ExpectationValidationResult:
    failing = answer.failing[rule.id][:SHOWN]
    shown = rows.loc[failing, list(rule.columns)]
    values = [
        {"row": row, **{str(name): _readable(str(name), value) for name, value in record.items()}}
        for row, record in zip(failing.tolist(), shown.to_dict("records"), strict=True)
    ]
    result = {
        **each.result,
        "unexpected_list": values,
        "partial_unexpected_list": values,
        "partial_unexpected_counts": [{"value": value, "count": 1} for value in values],
        "unexpected_index_list": failing.tolist(),
        "partial_unexpected_index_list": failing.tolist(),
    }
    return ExpectationValidationResult(
        success=each.success, expectation_config=each.expectation_config, result=result
    )


def _readable(column: str, value: object) -> object:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    return moment(int(value)) if column in _TIMES else value  # type: ignore[call-overload]
