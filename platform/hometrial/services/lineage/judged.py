"""Batches with their verdicts, and the payloads that samples name with the batches that took them in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from hometrial.db import among
from hometrial.models import (
    Batch,
    Finding,
    Payload,
    Pull,
    PullPage,
    RuleVersion,
    Verdict,
    VerdictLimits,
)
from hometrial.services.lineage.chain import Step, facts
from hometrial.services.rehearsing_rules import limits
from hometrial_ingest.signals import Signal

_TOLD = (
    "kind", "provider", "status", "reader_revision", "rows_read", "rows_accepted", "rows_duplicate",
    "rows_quarantined", "rows_unreadable", "rows_not_consented", "created_at",
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A payload under the name that it came by, and the batch that took it in."""

    payload: Payload
    path: str
    batch: Batch


def sent(session: Session, person: UUID, code: str, digests: Iterable[str]) -> dict[str, Sent]:
    """Return the payloads with these SHA-256, each with the newest batch of the person's that took it in."""
    wanted = list(digests)
    files = session.execute(
        select(Payload, Batch)
        .join(Batch, Batch.payload_id == Payload.id)
        .where(among(Payload.sha256, wanted))
        .order_by(Batch.created_at, Batch.id)
    )
    found = {
        payload.sha256: Sent(payload, batch.path, batch)
        for payload, batch in files
        if code in batch.participants or not batch.participants
    }
    pages = session.execute(
        select(Payload, PullPage.name, Batch)
        .join(PullPage, PullPage.payload_id == Payload.id)
        .join(Pull, Pull.id == PullPage.pull_id)
        .join(Batch, Batch.id == Pull.batch_id)
        .where(among(Payload.sha256, wanted), Pull.participant_id == person)
        .order_by(Batch.created_at, Batch.id)
    )
    return found | {payload.sha256: Sent(payload, name, batch) for payload, name, batch in pages}


def batch_step(session: Session, batch: Batch, stream: str | None) -> Step:
    """Return a batch with the verdicts on one stream of it, None: on all."""
    known = {name.replace("_", " "): getattr(batch, name) for name in _TOLD}
    known = {"batch": batch.id, **known, "reason": batch.reason}
    return Step(
        "batch",
        f"Batch of {batch.provider}: {batch.kind}",
        facts(known),
        below=tuple(_verdicts(session, batch, stream)),
    )


def _verdicts(session: Session, batch: Batch, stream: str | None) -> Iterable[Step]:
    rows = session.execute(
        select(Verdict, VerdictLimits.number, RuleVersion.limits)
        .options(defer(Verdict.report))
        .outerjoin(VerdictLimits, VerdictLimits.verdict_id == Verdict.id)
        .outerjoin(RuleVersion, RuleVersion.number == VerdictLimits.number)
        .where(Verdict.batch_id == batch.id)
        .order_by(Verdict.segment, Verdict.signal, Verdict.id)
    ).all()
    mine = [row for row in rows if stream in (None, row[0].signal)]
    findings: dict[UUID, list[Finding]] = {}
    for finding in session.scalars(
        select(Finding)
        .where(among(Finding.verdict_id, [row[0].id for row in mine]))
        .order_by(Finding.severity, Finding.rule)
    ):
        findings.setdefault(finding.verdict_id, []).append(finding)
    for verdict, number, values in mine:
        yield _verdict(verdict, (number or 0, values or {}), findings.get(verdict.id, []))


def _verdict(
    verdict: Verdict, held: tuple[int, Mapping[str, float]], findings: list[Finding]
) -> Step:
    number, values = held
    known = {
        "verdict": verdict.id,
        "suite": f"{verdict.suite}:{verdict.suite_version}",
        "stream": verdict.signal,
        "segment": verdict.segment,
        "evaluated": verdict.evaluated,
        "nothing set aside": verdict.success,
        "limits": "as the rules come" if number == 0 else f"version {number}",
        **_limits(verdict.signal, values),
        **{f"finding {each.rule}": f"{each.rows} rows, {each.severity}: {each.message}" for each in findings},
    }  # fmt: skip
    word = "nothing found" if not findings else f"{len(findings)} findings"
    return Step("verdict", f"Verdict {verdict.suite}:{verdict.suite_version}: {word}", facts(known))


def _limits(stream: str, values: Mapping[str, float]) -> dict[str, str]:
    """Return the suite's limits for a stream that can be changed, as they were."""
    known = {str(each) for each in Signal}
    if stream not in known:
        return {}
    return {
        f"limit {each.name}": f"{limits.value_of(values, each):g} {each.unit}".strip()
        for each in limits.LIMITS.values()
        if stream in each.signals
    }
