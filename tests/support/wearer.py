"""A person whose day chunks a test writes by itself, version by version, and who may link an account."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import numpy as np
import pandas as pd
from sqlalchemy import insert, text, update

from hometrial import clock
from hometrial.models import Batch, Connection, DayChunk, WearableAccount
from hometrial.services import chunks, consenting, enrolling
from hometrial.services.comparing import day_of
from hometrial_ingest.data_types import DataType
from hometrial_ingest.local_time import ZoneHistory
from hometrial_ingest.signals import Signal

STREAMS = ("heart_rate", "steps", "sleep")
_PLAIN = {
    "at": 0, "offset": 3600, "duration": 0, "value": np.nan, "code": None, "session": None,
    "source": "google-health/FITBIT/WATCH", "device": "Watch 4", "payload": "0" * 64, "row": 0,
    "confidence": None, "overlay": False, "end_at": 0, "end_stated_at": 0, "minutes_in_bed": np.nan,
    "minutes_awake": np.nan, "minutes_to_fall_asleep": np.nan, "minutes_after_wakeup": np.nan,
    "main_sleep": None, "in_progress": None, "day": 0,
}  # fmt: skip


@dataclass
class Wearer:
    """One participant of a study with all that chunks need."""

    code: str
    id: UUID
    batch: UUID
    zones: ZoneHistory
    versions: dict[tuple[Signal, int], int] = field(default_factory=dict)
    stored: dict[tuple[Signal, int], frozenset[int]] = field(default_factory=dict)

    def start(self, day):
        """Return a local day's first instant."""
        begin = self.zones.first_instant_of_day(np.array([day], np.int64))
        return int(begin.at.item())

    def put(self, session, signal, day, samples):
        """Write a new version of a chunk that holds exactly these samples."""
        rows = pd.DataFrame([_PLAIN | sample for sample in samples], columns=list(_PLAIN))
        rows = rows.sort_values("at", kind="stable").reset_index(drop=True)
        key = (signal, day)
        gone = self.stored.get(key, frozenset()) - set(rows["at"])
        self.stored[key] = frozenset(rows["at"])
        self.versions[key] = self.versions.get(key, 0) + 1
        session.execute(
            update(DayChunk)
            .where(DayChunk.participant_id == self.id, DayChunk.stream == str(signal))
            .where(DayChunk.day == day_of(day), DayChunk.is_current)
            .values(is_current=False)
        )
        session.execute(
            insert(DayChunk).values(
                id=uuid4(), participant_id=self.id, stream=str(signal), day=day_of(day),
                version=self.versions[key], is_current=True, state="provisional",
                samples=len(rows), added=len(rows), revised=len(gone), as_of=clock.now(),
                content_sha256=chunks.content_sha256(rows, signal) if len(rows) else "",
                body=chunks.encode(rows, signal), because="test", batch_id=self.batch,
                created_at=clock.now(),
            )
        )  # fmt: skip

    def link(
        self, session, since: datetime, *, status="active", streams=STREAMS, consents=DataType
    ):
        """Link an account since a moment, with consent in force from then on; return its id."""
        account = WearableAccount(
            participant_id=self.id, provider="google-health", external_id=str(uuid4()),
            created_at=since,
        )  # fmt: skip
        session.add(account)
        session.flush()
        session.add(
            Connection(
                account_id=account.id, participant_id=self.id, status=status, status_since=since,
                status_reason="test", streams=list(streams), linked_at=since,
            )
        )  # fmt: skip
        if consents:
            owner = enrolling.find_participant(session, self.code)
            consenting.grant(session, owner, consents, since=since, source="test")
        session.flush()
        return account.id


def enrol(session, code="P-0001", zone="Europe/Berlin"):
    """Enrol a person who lives in a zone."""
    owner = enrolling.add_participant(session, code=code)
    enrolling.set_zone(session, owner, zone, source="test")
    batch = Batch(
        kind="pull", provider="test", path="", scope="*", reader_revision=1, status="accepted",
        created_at=clock.now(),
    )  # fmt: skip
    session.add(batch)
    session.flush()
    return Wearer(code, owner.id, batch.id, ZoneHistory.of([(None, zone)]))


def ledger(session):
    """Return all metrics and all gaps as they stand."""
    measured = session.execute(
        text("SELECT participant_id, day, metric, value, rule_version FROM daily_metric")
    )
    missing = session.execute(
        text("SELECT participant_id, day, stream, start_at, end_at, cause, rule_version FROM gap")
    )
    return {*map(tuple, measured)}, {*map(tuple, missing)}
