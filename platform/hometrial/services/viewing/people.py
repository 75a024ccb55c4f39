"""Participants: the list, one person's record, and one day with its versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, defer

from hometrial.models import (
    Batch,
    DailyMetric,
    DayChunk,
    Device,
    Gap,
    Participant,
    ParticipantZone,
    QuarantinedRow,
    WearableAccount,
)
from hometrial.services import enrolling
from hometrial.services.metrics import RULES, Rule
from hometrial.services.viewing import sources
from hometrial.services.viewing.days import Days, data_days_by_person
from hometrial.services.viewing.sources import NEVER, Latest, Source

ROWS_SHOWN = 100
SHOWN_METRICS = (
    "wear_minutes", "valid_day", "heart_rate_mean", "rhr_sleep", "rhr_vendor", "steps",
    "sleep_minutes", "time_in_bed_minutes", "sleep_efficiency",
)  # fmt: skip
"""Metrics of the table of a person's days; a single day shows all of them."""


@dataclass(frozen=True)
class PersonLine:
    """One person of the list."""

    person: Participant
    zones: Sequence[ParticipantZone]
    days: Days | None
    open_rows: int
    latest: Latest

    @property
    def zone(self) -> str | None:
        """The zone that the person lives in by the newest record."""
        return self.zones[-1].zone if self.zones else None


@dataclass(frozen=True)
class StreamLine:
    """One stream of a person: its days with samples and their number."""

    stream: str
    first: date
    last: date
    days: int
    samples: int


@dataclass(frozen=True)
class Record:
    """Who a person is to the study: pseudonym, zones, accounts, instruments, streams."""

    person: Participant
    zones: Sequence[ParticipantZone]
    accounts: Sequence[tuple[WearableAccount, Source | None]]
    devices: Sequence[Device]
    streams: Sequence[StreamLine]
    open_rows: int


@dataclass(frozen=True)
class MetricTable:
    """Values by day, in the order of `rules`; None where a metric is unknown."""

    rules: Sequence[Rule]
    lines: Sequence[tuple[date, tuple[float | None, ...]]]


@dataclass(frozen=True)
class DayDetail:
    """One local day of a person: versions of its chunks with their batches, metrics, gaps."""

    versions: Sequence[Row[DayChunk, Batch]]
    metrics: Sequence[tuple[Rule, float]]
    gaps: Sequence[Gap]
    quarantined: Sequence[QuarantinedRow]


def everyone(session: Session) -> list[PersonLine]:
    """Return all participants: seven queries, however many there are."""
    people = session.scalars(select(Participant).order_by(Participant.code)).all()
    zones = enrolling.zone_rows(session, [person.id for person in people])
    days = data_days_by_person(session)
    counts = session.execute(
        select(QuarantinedRow.participant_id, func.count())
        .where(QuarantinedRow.status == "open")
        .group_by(QuarantinedRow.participant_id)
    )
    waiting = {person: count for person, count in counts}  # noqa: C416
    latest = sources.latest(session)
    return [
        PersonLine(
            person,
            zones.get(person.id, []),
            days.get(person.id),
            waiting.get(person.id, 0),
            latest.get(person.id, NEVER),
        )
        for person in people
    ]


def record(session: Session, person: Participant) -> Record:
    """Return one person's record."""
    accounts = session.scalars(
        select(WearableAccount)
        .where(WearableAccount.participant_id == person.id)
        .order_by(WearableAccount.provider, WearableAccount.created_at)
    ).all()
    delivering = {each.account.id: each for each in sources.of_person(session, person.id)}
    devices = select(Device).where(Device.participant_id == person.id)
    waiting = select(func.count()).where(
        QuarantinedRow.participant_id == person.id, QuarantinedRow.status == "open"
    )
    return Record(
        person,
        enrolling.zone_rows(session, [person.id]).get(person.id, []),
        [(account, delivering.get(account.id)) for account in accounts],
        session.scalars(devices.order_by(Device.first_seen_at)).all(),
        _streams(session, person.id),
        session.scalar(waiting) or 0,
    )


def _streams(session: Session, person: UUID) -> list[StreamLine]:
    rows = session.execute(
        select(
            DayChunk.stream,
            func.min(DayChunk.day),
            func.max(DayChunk.day),
            func.count(),
            func.sum(DayChunk.samples),
        )
        .where(DayChunk.participant_id == person, DayChunk.is_current, DayChunk.samples > 0)
        .group_by(DayChunk.stream)
        .order_by(DayChunk.stream)
    )
    return [StreamLine(*row) for row in rows]


def metric_table(session: Session, person: UUID, days: Days) -> MetricTable:
    """Return the main metrics of a person's days, newest first; metrics without a value are left out."""
    rows = session.execute(
        select(DailyMetric.day, DailyMetric.metric, DailyMetric.value).where(
            DailyMetric.participant_id == person,
            DailyMetric.metric.in_(SHOWN_METRICS),
            DailyMetric.day.between(days.first, days.last),
        )
    )
    values = {(day, metric): value for day, metric, value in rows}
    there = {metric for _, metric in values}
    names = [name for name in SHOWN_METRICS if name in there]
    lines = [
        (day, tuple(values.get((day, name)) for name in names))
        for day in sorted({day for day, _ in values}, reverse=True)
    ]
    return MetricTable([RULES[name] for name in names], lines)


def gaps(session: Session, person: UUID, days: Days) -> list[Gap]:
    """Return a person's gaps over some days, by stream and time."""
    return list(
        session.scalars(
            select(Gap)
            .where(Gap.participant_id == person, Gap.day.between(days.first, days.last))
            .order_by(Gap.stream, Gap.start_at)
        )
    )


def hours_by_cause(found: Sequence[Gap]) -> list[tuple[str, str, float]]:
    """Return (stream, cause, hours) summed over gaps, most first within each stream."""
    sums: dict[tuple[str, str], float] = {}
    for gap in found:
        hours = (gap.end_at - gap.start_at).total_seconds() / 3600
        sums[gap.stream, gap.cause] = sums.get((gap.stream, gap.cause), 0.0) + hours
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], -item[1]))
    return [(stream, cause, hours) for (stream, cause), hours in ordered]


def day(session: Session, person: UUID, when: date) -> DayDetail:
    """Return everything about one local day of a person."""
    versions = session.execute(
        select(DayChunk, Batch)
        .join(Batch, Batch.id == DayChunk.batch_id)
        .where(DayChunk.participant_id == person, DayChunk.day == when)
        .order_by(DayChunk.stream, DayChunk.version.desc())
        .options(defer(DayChunk.body))
    ).all()
    metrics = session.execute(
        select(DailyMetric.metric, DailyMetric.value).where(
            DailyMetric.participant_id == person, DailyMetric.day == when
        )
    )
    values = {name: value for name, value in metrics}  # noqa: C416
    rows = session.scalars(
        select(QuarantinedRow)
        .where(QuarantinedRow.participant_id == person, QuarantinedRow.day == when)
        .order_by(QuarantinedRow.signal, QuarantinedRow.row)
        .limit(ROWS_SHOWN)
    ).all()
    return DayDetail(
        versions,
        [(rule, values[name]) for name, rule in RULES.items() if name in values],
        gaps(session, person, Days(when, when)),
        rows,
    )
