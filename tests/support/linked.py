"""Rows of linked accounts, reads and jobs, put into the tables as the worker and the sites leave them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database
from hometrial.models import (
    Bridge,
    Connection,
    LinkInvitation,
    PairedDevice,
    Participant,
    Pull,
    PullPage,
    Site,
    StreamState,
    Token,
    WearableAccount,
    WebhookEvent,
)
from hometrial.services import consenting, enrolling, receiving, sunsets, working
from hometrial.services.syncing import absorbing
from hometrial_ingest.data_types import DataType
from hometrial_ingest.readers import READERS

CORE = (DataType.HEART_RATE, DataType.STEPS, DataType.SLEEP)
STREAMS = ("heart_rate", "steps", "sleep")


def person(
    session: Session, *, zone: str | None = "Europe/Berlin", consents: tuple[DataType, ...] = CORE
) -> Participant:
    """Enrol somebody who consented a month ago, at the first site if other tests made another."""
    first = session.scalars(select(Site).order_by(Site.code).limit(1)).first()
    made = enrolling.add_participant(session, site=first)
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
    made = session.scalar(
        text(
            "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name)"
            " VALUES ('sync', 'pull') RETURNING id"
        )
    )
    session.execute(
        text(
            "UPDATE jobs.procrastinate_events SET at = now() - make_interval(mins => :minutes)"
            " WHERE job_id = :job"
        ),
        {"minutes": minutes, "job": made},
    )


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


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Collect the statements that the database is asked."""
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def beats(values: list[int], start: datetime) -> bytes:
    """Return a page of heart rates, one a minute, as Google Health sends it: the newest first."""
    points = [
        {
            "dataSource": {"platform": "FITBIT", "device": {"displayName": "Charge 6"}},
            "heartRate": {
                "beatsPerMinute": str(value),
                "sampleTime": {
                    "physicalTime": f"{start + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}",
                    "utcOffset": "3600s",
                },
            },
        }
        for n, value in enumerate(values)
    ]
    return json.dumps({"dataPoints": points[::-1]}).encode()


def take_in(session: Session, account: WearableAccount, body: bytes) -> Pull:
    """Keep a page of heart rates as a read does, and take it through the gate as the worker does."""
    made = pull(session, account, "fetched", bytes=len(body), pages=1)
    (payload,) = receiving.keep_bodies(session, account.provider, [body])
    page(session, made, payload, "heart-rate/list-001.json", 1)
    absorbing.absorb(session, [made], READERS)
    return made


def sample_study(session: Session) -> None:
    """Enrol six people, one for each way in which a link can stand, with what the staff see of them."""
    now = clock.now()
    well, dead, ending, quiet, partly, pushing = (person(session) for _ in range(6))
    account = link(session, well)
    for hours in range(70):
        pull(session, account, started_at=now - timedelta(hours=hours + 1), unchanged=hours % 3 == 0,
             rows_read=120, rows_accepted=60, rows_duplicate=60, request_id=f"req-{hours:04}")  # fmt: skip
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)
    take_in(session, account, beats([61, 62, 400, 64, 65], start))
    pull(session, account, "failed", stream="sleep", error_kind="try_later", request_id="req-x",
         error="the provider answered with an error page (503)", started_at=now - timedelta(hours=2))  # fmt: skip
    pull(session, account, "fetching", stream="steps", started_at=now - timedelta(seconds=40))

    lost = link(session, dead, status="reconnect_needed")
    found = session.query(Connection).filter_by(account_id=lost.id).one()
    found.status_reason = "the refresh was refused: invalid_grant"
    working.open_item(session, dead.id, "reconnect", "google-health",
                      "google-health: the refresh was refused: invalid_grant")  # fmt: skip

    link(session, ending, "fitbit")
    sunsets.record_end(session, "fitbit", now.date() + timedelta(days=40), "the vendor's banner")
    sunsets.open_relinks(session, now.date())
    session.add(LinkInvitation(participant_id=ending.id, token_sha256=uuid4().hex, reason="end",
                               created_at=clock.now(), expires_at=now + timedelta(days=7)))  # fmt: skip

    silent = link(session, quiet)
    session.query(PairedDevice).filter_by(account_id=silent.id).update(
        {"last_sync_at": now - timedelta(hours=38), "battery": "EMPTY"}
    )
    session.query(StreamState).filter_by(account_id=silent.id).update(
        {"data_until": now - timedelta(hours=38)}
    )
    working.alert_quiet(session)

    refused = link(session, partly, streams=("heart_rate", "steps"))
    session.add(StreamState(account_id=refused.id, stream="sleep", known=[], failures=1,
                            obstacle="scope_missing", obstacle_since=now, obstacle_text="not granted"))  # fmt: skip
    working.open_item(
        session, partly.id, "scope_missing", "google-health/sleep", "sleep: not granted"
    )

    phone = enrolling.link_account(
        session, pushing.id, provider="health-connect", external_id="phone-1"
    )
    session.add(Bridge(account_id=phone.id, participant_id=pushing.id, token_sha256=uuid4().hex,
                       created_at=now))  # fmt: skip
    session.add(WebhookEvent(provider="google-health", received_at=now, body=b"[]", hints=3,
                             of_nobody=1))  # fmt: skip
    worker(session)
    job(session, minutes=3)
    session.flush()
