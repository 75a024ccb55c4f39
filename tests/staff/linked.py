"""Rows of linked accounts, reads and jobs, put into the tables as the worker and the sites leave them."""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Batch,
    Connection,
    PairedDevice,
    Participant,
    Pull,
    PullPage,
    StreamState,
    Token,
    WearableAccount,
)
from hometrial.services import consenting, enrolling
from hometrial_ingest.data_types import DataType

CORE = (DataType.HEART_RATE, DataType.STEPS, DataType.SLEEP)
STREAMS = ("heart_rate", "steps", "sleep")


def person(
    session: Session, *, zone: str | None = "Europe/Berlin", consents: tuple[DataType, ...] = CORE
) -> Participant:
    """Enrol somebody who consented a month ago."""
    made = enrolling.add_participant(session)
    if zone:
        enrolling.set_zone(session, made, zone, source="enrolment")
    if consents:
        since = clock.now() - timedelta(days=30)
        consenting.grant(session, made, consents, since=since, source="test")
    return made


def link(
    session: Session,
    owner: Participant,
    provider: str = "google-health",
    *,
    streams: tuple[str, ...] = STREAMS,
    status: str = "active",
    since: datetime | None = None,
) -> WearableAccount:
    """Link an account that was read and heard of minutes ago."""
    now = clock.now()
    made = WearableAccount(
        participant_id=owner.id, provider=provider, external_id=uuid4().hex, created_at=now
    )
    session.add(made)
    session.flush()
    session.add_all(
        [
            Connection(
                account_id=made.id,
                participant_id=owner.id,
                status=status,
                status_since=now - timedelta(hours=2),
                status_reason="linked",
                streams=list(streams),
                linked_at=since or now - timedelta(days=20),
            ),
            Token(
                account_id=made.id,
                access=b"sealed",
                refresh=b"sealed",
                expires_at=now + timedelta(minutes=30),
                version=4,
                refreshed_at=now - timedelta(minutes=30),
            ),
            PairedDevice(
                account_id=made.id,
                key="watch",
                model="Charge 6",
                kind="tracker",
                battery="HIGH",
                last_sync_at=now - timedelta(minutes=20),
                seen_at=now,
            ),
        ]
    )
    session.add_all(
        StreamState(
            account_id=made.id,
            stream=stream,
            known=[],
            read_at=now - timedelta(minutes=5),
            data_until=now - timedelta(minutes=25),
        )
        for stream in streams
    )
    session.flush()
    return made


def hold_up(session: Session, account: WearableAccount, obstacle: str, *streams: str) -> None:
    """Let an obstacle stand in the way of some streams of an account, of all if none is named."""
    for each in session.query(StreamState).filter_by(account_id=account.id):
        if not streams or each.stream in streams:
            each.obstacle, each.obstacle_since = obstacle, clock.now() - timedelta(hours=1)
            each.obstacle_text, each.failures = f"the words of {obstacle}", 3
    session.flush()


def pull(session: Session, account: WearableAccount, state: str = "done", **values: object) -> Pull:
    """Add a line to the sync log."""
    now = clock.now()
    started = values.pop("started_at", now - timedelta(minutes=6))
    ended = None if state == "fetching" else started + timedelta(seconds=4)
    standard = {
        "kind": "hourly",
        "stream": "heart_rate",
        "first_day": (now - timedelta(days=2)).date(),
        "last_day": now.date(),
        "start_at": now - timedelta(days=3),
        "end_at": now,
        "fetched_at": ended,
        "finished_at": ended if state in ("done", "failed", "stopped") else None,
        "calls": 3,
        "pages": 3,
        "bytes": 90_000,
    }
    made = Pull(
        account_id=account.id,
        participant_id=account.participant_id,
        provider=account.provider,
        state=state,
        started_at=started,
        **(standard | values),
    )
    session.add(made)
    session.flush()
    return made


def worker(session: Session) -> None:
    """Let a worker be alive."""
    session.execute(text("INSERT INTO jobs.procrastinate_workers DEFAULT VALUES"))


def job(session: Session, *, minutes: int = 0) -> None:
    """Let a job have been due for so long."""
    session.execute(
        text(
            "WITH job AS (INSERT INTO jobs.procrastinate_jobs (queue_name, task_name)"
            " VALUES ('sync', 'pull') RETURNING id)"
            " UPDATE jobs.procrastinate_events SET at = now() - make_interval(mins => :minutes)"
            " WHERE job_id IN (SELECT id FROM job)"
        ),
        {"minutes": minutes},
    )


def pull_batch(session: Session, reads: list[Pull], **counts: int) -> Batch:
    """Bind reads to one validated batch."""
    now = clock.now()
    rows = {"accepted": 0, "duplicate": 0, "quarantined": 0, "unreadable": 0, "not_consented": 0}
    rows |= counts
    made = Batch(
        provider=reads[0].provider,
        kind="pull",
        path=f"{reads[0].provider}, {len(reads)} reads",
        scope="P-0001",
        reader_revision=1,
        status="accepted",
        rows_read=sum(rows.values()),
        quarantined_by_rule={},
        unreadable=[],
        participants=["P-0001"],
        chunks=1,
        created_at=now,
        **{f"rows_{name}": count for name, count in rows.items()},
    )
    session.add(made)
    session.flush()
    for each in reads:
        each.batch_id = made.id
    session.flush()
    return made


def page(session: Session, of: Pull, payload_id: object, name: str, number: int = 0) -> None:
    """Bind a kept page to its read."""
    session.add(
        PullPage(
            pull_id=of.id,
            number=number,
            payload_id=payload_id,
            name=name,
            request=f"GET {name}",
            request_id="request-1",
        )
    )
    session.flush()
