"""The text of docs/metrics.md, made of the rules themselves so that it cannot say anything else."""

from hometrial.services.metrics.gaps import GAP_RULE, GAP_RULE_VERSION
from hometrial.services.metrics.priority import PRIORITY, TELLING
from hometrial.services.metrics.rules import RULES, Rule

_HEAD = """\
# Daily metrics

What one participant's local day amounts to. This page is generated from the rules in
`hometrial.services.metrics` and kept equal to them by a test.

A local day begins and ends at the participant's own midnight, so that it has 1380, 1440 or 1500
minutes. A metric that cannot be known is absent, never 0. Units are UCUM. "Protocol" is
`protocol-and-instruments.md`; all documents named are those of the specification.
"""

_PRIORITY = """\
## Which device is believed

Where two sources speak of the same time, the more trusted is counted and the other left out whole;
the order never depends on the values, so a watch that lay on a table outranks a phone that was
carried, and what was left out is shown in `steps_other_sources`. Of sleep, one source is taken for
the whole day. The first of these words in a source's name decides its kind:
"""

_SERIES = """\
## Across days

| Figure | Rule | Formula from |
|---|---|---|
| Sleep regularity index | -100 + 200 x share of epochs in the same state as 24 h later; pairs with an \
unknown epoch left out; at least 5 pairs of days | Protocol 6.3 |
| Day-to-day SD | Standard deviation (n - 1) of the last 14 valid days | Protocol 6.2 |
| Own baseline | Median and median absolute deviation (MAD) of the run-in's valid days, at least 7; \
usual range: median ± 3 x 1.4826 x MAD | Protocol 6.1, 6.4 (HR1); features.md N10 |
"""


def document() -> str:
    """Return the page that describes every metric, the priority of sources and the rule of gaps."""
    return f"{_HEAD}\n{metrics_table()}\n{_PRIORITY}\n{_words()}\n{_SERIES}\n{_gaps()}"


def metrics_table() -> str:
    """Return a Markdown table of all daily metrics."""
    head = "| Metric | What | Unit | Rule | Formula from | Version |\n|---|---|---|---|---|---|\n"
    return head + "".join(map(_line, RULES.values()))


def _line(rule: Rule) -> str:
    return (
        f"| `{rule.name}` | {rule.label} | {rule.unit} | {rule.text} | {rule.origin} "
        f"| {rule.version} |\n"
    )


def _words() -> str:
    head = "| Word in the name | Kind |\n|---|---|\n"
    rows = "".join(f"| {word.strip()} | {kind} |\n" for word, kind in TELLING)
    return f"{head}{rows}| (none of these) | other |\n\nKinds, most trusted first: {', '.join(PRIORITY)}.\n"


def _gaps() -> str:
    return f"## Gaps and their causes\n\nRule version {GAP_RULE_VERSION}.\n\n{GAP_RULE}"
