"""The report of a verdict: the page of Great Expectations, made to stand alone. Loads GX."""

from collections.abc import Mapping
from functools import cache

import pandas as pd

from hometrial_validation.engine import Answer, rule_of
from hometrial_validation.gx import (
    DefaultJinjaPageView,
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
    ValidationResultsPageRenderer,
)
from hometrial_validation.rule import Rule, Subject, Suite
from hometrial_validation.selfcontained import cleaned, under_head
from hometrial_validation.wording import moment

SHOWN = 20
"""How many failing rows of a rule the page lists; the verdict holds all of them."""
_TIMES = ("at", "local", "end_at", "previous_end", "session_start", "session_end")


def page(
    suite: Suite[Subject], frames: Mapping[Subject, pd.DataFrame], answer: Answer[Subject]
) -> str:
    """Return the report of one run as one HTML page that needs no script and nothing from elsewhere."""
    count = sum(len(rows) for rows in frames.values())
    title = f"Validation of {', '.join(frames)}: suite {suite.name}, version {suite.version}, {count:,} rows"
    # Where every rule holds a page tells of the rules and of nothing else.
    key = (suite.name, suite.version, *frames) if answer.result.success and count else None
    body = _GOOD.get(key) if key else None
    if body is None:
        body = _body(suite, frames, answer)
        if key:
            _GOOD[key] = body
    return under_head(body, title)


_GOOD: dict[tuple[object, ...], str] = {}
"""The bodies of pages without a failing row, by suite and signals."""


def _body(
    suite: Suite[Subject], frames: Mapping[Subject, pd.DataFrame], answer: Answer[Subject]
) -> str:
    rules = {rule.id: rule for rule in suite.rules}
    told = [_told(each, rules[rule_of(each)], frames, answer) for each in answer.result.results]
    result = ExpectationSuiteValidationResult(
        success=bool(answer.result.success),
        results=told,
        suite_name=answer.result.suite_name,
        statistics=answer.result.statistics,
        meta=answer.result.meta,
    )
    document = ValidationResultsPageRenderer().render(result)
    return cleaned(str(_view().render(document)))  # type: ignore[no-untyped-call]


@cache
def _view() -> DefaultJinjaPageView:
    """Return one view for the whole process: each compiles its seventeen templates anew."""
    return DefaultJinjaPageView()


def _told(
    each: ExpectationValidationResult,
    rule: Rule[Subject],
    frames: Mapping[Subject, pd.DataFrame],
    answer: Answer[Subject],
) -> ExpectationValidationResult:
    values = _values(rule, frames, answer) if not each.success else []
    ids = [value["row"] for value in values]
    result = {
        **each.result,
        "unexpected_list": values,
        "partial_unexpected_list": values,
        "partial_unexpected_counts": [{"value": value, "count": 1} for value in values],
        "unexpected_index_list": ids,
        "partial_unexpected_index_list": ids,
    }
    return ExpectationValidationResult(
        success=each.success, expectation_config=each.expectation_config, result=result
    )


def _values(
    rule: Rule[Subject], frames: Mapping[Subject, pd.DataFrame], answer: Answer[Subject]
) -> list[dict[str, object]]:
    values: list[dict[str, object]] = []
    for signal, rows in frames.items():
        failing = answer.failing[signal][rule.id][: SHOWN - len(values)]
        whose = {"signal": str(signal)} if len(frames) > 1 else {}
        records = rows.loc[failing, list(rule.columns)].to_dict("records")
        for row, record in zip(failing.tolist(), records, strict=True):
            facts = {str(name): _readable(str(name), value) for name, value in record.items()}
            values.append({**whose, "row": row, **facts})
    return values


def _readable(column: str, value: object) -> object:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    return moment(int(value)) if column in _TIMES else value  # type: ignore[call-overload]
