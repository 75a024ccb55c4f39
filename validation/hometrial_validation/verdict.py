"""What the gate says about a batch: findings, and what follows for its rows and for the whole of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd


class GateError(Exception):
    """The gate could not judge a batch: a frame of the wrong form, or a rule that broke.

    The batch is neither accepted nor rejected by this; the message says what to mend.
    """


class Severity(StrEnum):
    """What a failed rule does to its rows."""

    ERROR = "error"  # the row is quarantined
    FLAG = "flag"  # a finding is reported and the row is kept


@dataclass(frozen=True)
class Finding:
    """A rule that some rows of a batch fail.

    `rows` are the row_ids of all of them (int64, ascending); `facts` has one row for each, indexed by
    row_id, with the columns that the rule looked at; `examples` are the first few as plain values.
    """

    rule: str
    severity: Severity
    message: str
    rows: np.ndarray
    examples: tuple[dict[str, object], ...]
    facts: pd.DataFrame
    sentence: Callable[[Mapping[str, object]], str]

    def reasons(self) -> dict[int, str]:
        """Return for each failing row the sentence that names its value, the limit and the way out."""
        records = self.facts.to_dict("records")
        said = (self.sentence(_plain_keys(record)) for record in records)
        return dict(zip(self.rows.tolist(), said, strict=True))


@dataclass(frozen=True)
class Verdict:
    """The judgement of one suite on one frame of `evaluated` rows; `success` means: no row has an error."""

    suite: str
    version: int
    evaluated: int
    success: bool
    findings: tuple[Finding, ...]
    report_html: str

    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that quarantine rows, in the order of the suite."""
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)

    def flags(self) -> tuple[Finding, ...]:
        """Return the findings that keep their rows, in the order of the suite."""
        return tuple(found for found in self.findings if found.severity is Severity.FLAG)

    def failing(self) -> dict[int, str]:
        """Return the rows to quarantine, each with the first error rule of the suite that it fails."""
        first: dict[int, str] = {}
        for found in reversed(self.errors()):
            first.update(dict.fromkeys(found.rows.tolist(), found.rule))
        return first

    def reasons(self) -> dict[int, str]:
        """Return the rows to quarantine, each with the sentence of the rule that `failing` names."""
        first: dict[int, str] = {}
        for found in reversed(self.errors()):
            first.update(found.reasons())
        return first

    def rejected(self, share: float = 0.5, at_least: int = 20) -> str | None:
        """Return why the batch as a whole is refused, or None if it is not.

        It is refused when more than `share` of its rows fail and these are `at_least` so many: then
        it is the reading, the unit or the zone that is wrong and not the rows.
        """
        errors = self.errors()
        failing = _distinct(errors)
        if failing < at_least or failing <= share * self.evaluated:
            return None
        most = max(errors, key=lambda found: len(found.rows))
        return (
            f"{failing:,} of {self.evaluated:,} rows fail, most of them the rule {most.rule}: a batch "
            f"that fails by more than {share:.0%} is refused as a whole; {most.message}"
        )


def _distinct(findings: tuple[Finding, ...]) -> int:
    if not findings:
        return 0
    return len(np.unique(np.concatenate([found.rows for found in findings])))


def _plain_keys(record: Mapping[object, object]) -> dict[str, object]:
    return {str(name): value for name, value in record.items()}
