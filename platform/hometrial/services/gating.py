"""Samples through the gate: verdicts and findings kept, failing rows set aside with a query each rule."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.models import Finding, QuarantinedRow, Query, Verdict, VerdictLimits
from hometrial.services import chunks, reports
from hometrial.services.comparing import day_of
from hometrial.services.querying import steps
from hometrial.services.rehearsing_rules import limits
from hometrial_ingest.signals import SIGNALS, Signal
from hometrial_validation import gate
from hometrial_validation.frame import Context
from hometrial_validation.verdict import Finding as GateFinding
from hometrial_validation.verdict import Verdict as GateVerdict

CONFLICT_RULE = "conflicting_duplicate"
REJECT_SHARE, REJECT_ROWS = 0.5, 20


@dataclass
class FindingSum:
    """One rule's findings over all segments of a batch."""

    rule: str
    severity: str
    rows: int
    message: str
    examples: list[dict[str, Any]]


@dataclass
class BatchVerdict:
    """Everything the gate said about one batch, segment by segment."""

    verdicts: list[tuple[int, StrEnum, GateVerdict]] = field(default_factory=list)
    message_of: dict[str, str] = field(default_factory=dict)

    def add(self, segment: int, signal: StrEnum, verdict: GateVerdict) -> None:
        """Count one verdict in, on a signal or on a kind of form."""
        self.verdicts.append((segment, signal, verdict))
        for finding in verdict.errors():
            self.message_of.setdefault(finding.rule, finding.message)

    def refusal(self, failing: int, rows: int, by_rule: Counter[str]) -> str | None:
        """Return why a file is refused as a whole (most of its source rows fail), None if it is not.

        `by_rule` counts the rows that were set aside. A handful of rows never refuses a file.
        """
        if failing < REJECT_ROWS or failing <= REJECT_SHARE * rows:
            return None
        rule, count = by_rule.most_common(1)[0]
        return (
            f"{failing:,} of {rows:,} rows fail, {count:,} of them the rule {rule}, so that the "
            f"file as a whole is not to be trusted ({self.message_of.get(rule, rule)}); its original is "
            "kept; mend the unit, the zone or the participant and import it again"
        )

    def findings(self) -> list[FindingSum]:
        """Return the findings of all segments, one a rule, errors first."""
        sums: dict[str, FindingSum] = {}
        for _, _, verdict in self.verdicts:
            for found in verdict.findings:
                known = sums.get(found.rule)
                if known is None:
                    sums[found.rule] = FindingSum(
                        found.rule,
                        str(found.severity),
                        len(found.rows),
                        found.message,
                        [_plain(example) for example in found.examples],
                    )
                else:
                    known.rows += len(found.rows)
        return sorted(sums.values(), key=lambda each: (each.severity != "error", each.rule))


def check(samples: pd.DataFrame, signal: Signal, context: Context) -> GateVerdict:
    """Run the gate over placed samples. Raises GateError if it cannot judge them."""
    return check_many({signal: samples}, {signal: context})[signal]


def check_many(
    frames: Mapping[Signal, pd.DataFrame], contexts: Mapping[Signal, Context]
) -> dict[Signal, GateVerdict]:
    """Run the gate over the placed samples of several signals at once, which costs little more than one.

    Raises GateError if it cannot judge them.
    """
    return gate.check_many({each: _typed(rows) for each, rows in frames.items()}, contexts)


def _typed(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(
        session=samples["session"].astype(object), offset=samples["offset"].astype(np.int64)
    )


def store(session: Session, batch_id: UUID, verdict: BatchVerdict) -> None:
    """Keep verdicts, findings and GX's reports of a batch, and with which limits they were made."""
    number = limits.in_force(session).number
    for segment, signal, each in verdict.verdicts:
        row = Verdict(
            batch_id=batch_id,
            segment=segment,
            signal=str(signal),
            suite=each.suite,
            suite_version=each.version,
            success=each.success,
            evaluated=each.evaluated,
            report=reports.packed(each.report_html),
        )
        session.add(row)
        session.flush()
        if number:
            session.add(VerdictLimits(verdict_id=row.id, number=number))
        if each.findings:
            session.execute(insert(Finding), [_finding(row.id, found) for found in each.findings])


def _finding(verdict_id: UUID, found: GateFinding) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "verdict_id": verdict_id,
        "rule": found.rule,
        "severity": str(found.severity),
        "rows": len(found.rows),
        "message": found.message,
        "examples": [_plain(example) for example in found.examples],
    }


def _plain(record: Any) -> dict[str, Any]:
    """Return a record with values that JSON can hold; a missing number is null."""
    return {str(name): _plain_value(value) for name, value in record.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() else value
    return value if isinstance(value, str | int | bool) else str(value)


def open_batch_query(session: Session, batch_id: UUID, kind: str, reason: str) -> None:
    """Open the query of a batch that was refused as a whole."""
    query = Query(
        batch_id=batch_id,
        participant_id=None,
        signal=kind,
        rule="batch_rejected",
        question=reason,
        status="open",
        opened_at=clock.now(),
    )
    session.add(query)
    session.flush()
    steps.opened_by_rule(session, query)


@dataclass(frozen=True)
class Failure:
    """Why one sample is set aside."""

    rule: str
    reason: str
    suite: str
    suite_version: int


def failures(verdict: GateVerdict) -> dict[int, Failure]:
    """Return the rows to set aside, by row_id, each with the first rule that it fails."""
    reasons = verdict.reasons()
    return {
        row_id: Failure(rule, reasons[row_id], verdict.suite, verdict.version)
        for row_id, rule in verdict.failing().items()
    }


class Quarantine:
    """Sets failing samples of one batch aside; each rule opens one query for each participant."""

    def __init__(self, session: Session, batch_id: UUID, people: dict[str, UUID]) -> None:
        self.session, self.batch_id, self.people = session, batch_id, people
        self.queries: dict[tuple[str, str, str], UUID] = {}

    def known(self, samples: pd.DataFrame, signal: Signal) -> npt.NDArray[np.bool_]:
        """Return which samples stand in quarantine already, from this or another file."""
        digests = [_digest(record, signal) for record in _records(samples, signal)]
        there = set(
            self.session.scalars(
                select(QuarantinedRow.sample_sha256).where(
                    among(QuarantinedRow.sample_sha256, digests),
                    QuarantinedRow.status != "released",
                )
            )
        )
        return np.array([digest in there for digest in digests], bool)

    def add(self, samples: pd.DataFrame, signal: Signal, failures: list[Failure]) -> None:
        """Set samples aside, each with its failure; those that stand there already are left as they are."""
        fresh = ~self.known(samples, signal)
        records = _records(samples, signal)
        rows = [
            self._row(record, signal, failure)
            for record, failure, new in zip(records, failures, fresh, strict=True)
            if new
        ]
        if rows:
            self.session.execute(insert(QuarantinedRow), rows)

    def _row(self, record: dict[str, Any], signal: Signal, failure: Failure) -> dict[str, Any]:
        code = str(record["participant"])
        return {
            "id": uuid4(),
            "batch_id": self.batch_id,
            "query_id": self._query(code, signal, failure),
            "participant_id": self.people[code],
            "signal": str(signal),
            "row": record["row"],
            "day": day_of(record["day"]),
            "rule": failure.rule,
            "suite": failure.suite,
            "suite_version": failure.suite_version,
            "reason": failure.reason,
            "sample": record,
            "sample_sha256": _digest(record, signal),
            "status": "open",
        }

    def _query(self, code: str, signal: Signal, failure: Failure) -> UUID:
        key = (code, str(signal), failure.rule)
        if key not in self.queries:
            query = Query(
                batch_id=self.batch_id,
                participant_id=self.people[code],
                signal=str(signal),
                rule=failure.rule,
                question=f"{SIGNALS[signal].label} of {code}: {failure.reason}",
                status="open",
                opened_at=clock.now(),
            )
            self.session.add(query)
            self.session.flush()
            steps.opened_by_rule(self.session, query)
            self.queries[key] = query.id
        return self.queries[key]


def digests(samples: pd.DataFrame, signal: Signal) -> list[str]:
    """Return what tells each sample apart from every other, as it stands beside the quarantined ones."""
    return [_digest(record, signal) for record in _records(samples, signal)]


def records(samples: pd.DataFrame, signal: Signal) -> list[dict[str, Any]]:
    """Return samples as quarantine keeps them."""
    return _records(samples, signal)


def _records(samples: pd.DataFrame, signal: Signal) -> list[dict[str, Any]]:
    names = [name for name in chunks.schema(signal).names if name != "payload"]
    columns = [*names, "local", "participant", "placement", "day"]
    columns += ["payload"] if "payload" in samples else []  # of a batch of several payloads
    return [_plain(record) for record in samples[columns].to_dict("records")]


def _digest(record: dict[str, Any], signal: Signal) -> str:
    """Return what identifies a quarantined sample: what it says, whichever file and row said it."""
    said = {name: value for name, value in record.items() if name not in ("row", "payload")}
    return hashlib.sha256(json.dumps([str(signal), said], sort_keys=True).encode()).hexdigest()
