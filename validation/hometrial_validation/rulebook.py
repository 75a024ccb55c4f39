"""Every rule as a list, for pages and for the README."""

from dataclasses import dataclass

from hometrial_validation.suites import FORM, SUITES
from hometrial_validation.verdict import Severity


@dataclass(frozen=True)
class ListedRule:
    """A rule as people read it."""

    suite: str
    version: int
    id: str
    severity: Severity
    text: str


def rules() -> tuple[ListedRule, ...]:
    """Return all rules of all suites, in the order in which they are blamed."""
    of_signals = tuple(
        ListedRule(suite.name, suite.version, rule.id, rule.severity, rule.text)
        for suite in SUITES.values()
        for rule in suite.rules
    )
    of_forms = tuple(
        ListedRule(FORM.name, FORM.version, rule.id, rule.severity, rule.text)
        for rule in FORM.rules
    )
    return of_signals + of_forms


def markdown() -> str:
    """Return the rules as a table, a line each, with the suites that ask them."""
    suites: dict[tuple[str, Severity, str], list[str]] = {}
    for rule in rules():
        suites.setdefault((rule.id, rule.severity, rule.text), []).append(rule.suite)
    lines = ["| rule | a failure is | a good row | suites |", "| --- | --- | --- | --- |"]
    for (name, severity, text), asked in suites.items():
        lines.append(f"| `{name}` | {severity} | {text} | {', '.join(asked)} |")
    return "\n".join(lines) + "\n"
