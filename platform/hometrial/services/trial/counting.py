"""The screening log, and the counts of people that a flow diagram needs (CONSORT)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from hometrial.models import (
    Allocation,
    AllocationInError,
    Participant,
    ProtocolVersion,
    Screening,
    Site,
)
from hometrial.services.trial import publishing


@dataclass(frozen=True)
class LogLine:
    """One screening: of whom, when, by whom, and how it was decided; `reason` is the main one, in words."""

    code: str
    number: int
    version: str
    opened_at: datetime
    opened_by: str
    outcome: str
    decided_at: datetime | None
    decided_by: str | None
    failing: tuple[str, ...]
    reason: str | None
    site: str


@dataclass(frozen=True)
class Flow:
    """How many people came how far, each counted once, by their last screening; `failed` by main criterion.

    assessed = open + eligible + declined + all failed; eligible = allocated + not yet allocated.
    """

    assessed: int
    screenings: int
    open: int
    eligible: int
    declined: int
    failed: dict[str, int]
    allocated: int
    allocated_by_arm: dict[str, int]
    allocated_in_error: int


def log(
    session: Session, protocol: str, *, is_test: bool = False, site: Site | None = None
) -> list[LogLine]:
    """Return every screening under a protocol, at one site or at all, oldest first."""
    found = session.execute(
        select(Screening, Participant.code, ProtocolVersion, Site.code)
        .join(Participant, Participant.id == Screening.participant_id)
        .join(Site, Site.id == Participant.site_id)
        .join(ProtocolVersion, ProtocolVersion.id == Screening.protocol_version_id)
        .where(ProtocolVersion.protocol == protocol, ProtocolVersion.is_test == is_test, _at(site))
        .order_by(Screening.opened_at, Participant.code, Screening.number)
    )
    return [_line(*row) for row in found]


def _at(site: Site | None) -> ColumnElement[bool]:
    return true() if site is None else Participant.site_id == site.id


def _line(row: Screening, code: str, version: ProtocolVersion, site: str) -> LogLine:
    return LogLine(
        code,
        row.number,
        version.version,
        row.opened_at,
        row.opened_by,
        row.outcome or "open",
        row.decided_at,
        row.decided_by,
        tuple(row.failing),
        _criteria(version)[row.failing[0]] if row.failing else row.because,
        site,
    )


def _criteria(version: ProtocolVersion) -> dict[str, str]:
    rules = publishing.of(version).eligibility
    return {each.id: f"{each.id}: {each.text}" for each in (*rules.inclusion, *rules.exclusion)}


def flow(
    session: Session, protocol: str, *, is_test: bool = False, site: Site | None = None
) -> Flow:
    """Return how many people came how far under a protocol, at one site or at all."""
    lines = log(session, protocol, is_test=is_test, site=site)
    last = {line.code: line for line in sorted(lines, key=lambda line: line.number)}
    outcomes = Counter(line.outcome for line in last.values())
    reasons = Counter(line.failing[0] for line in last.values() if line.failing)
    arms, wrong = _allocations(session, protocol, is_test=is_test, site=site)
    return Flow(
        assessed=len(last),
        screenings=len(lines),
        open=outcomes["open"],
        eligible=outcomes["eligible"],
        declined=outcomes["declined"],
        failed=dict(sorted(reasons.items())),
        allocated=sum(arms.values()),
        allocated_by_arm=dict(sorted(arms.items())),
        allocated_in_error=wrong,
    )


def _allocations(
    session: Session,
    protocol: str,
    *,
    is_test: bool,
    site: Site | None,
) -> tuple[Counter[str], int]:
    found: Any = session.execute(
        select(Allocation.arm, AllocationInError.id)
        .join(Screening, Screening.id == Allocation.screening_id)
        .join(ProtocolVersion, ProtocolVersion.id == Screening.protocol_version_id)
        .outerjoin(AllocationInError, AllocationInError.allocation_id == Allocation.id)
        .join(Participant, Participant.id == Allocation.participant_id)
        .where(ProtocolVersion.protocol == protocol, ProtocolVersion.is_test == is_test, _at(site))
    ).all()
    return Counter(arm for arm, _ in found), sum(wrong is not None for _, wrong in found)
