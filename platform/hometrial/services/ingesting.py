"""One file through the house: segments read, placed, gated, compared and stored as one batch."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import ZoneNeededError
from hometrial.models import Batch, Payload
from hometrial.services import (
    baselines,
    comparing,
    fates,
    gating,
    placing,
    seeing,
    storing,
    versioning,
)
from hometrial.services.comparing import Origin, day_of
from hometrial.services.fates import HeldFrame, Judgement, RowFates
from hometrial.services.gating import Failure
from hometrial.services.knowing import PeopleOfSource
from hometrial.services.rehearsing_rules import limits
from hometrial.services.reporting import SHOWN_UNREADABLE, FileReport, SeenDevice
from hometrial_ingest.frame import Frame, Segment
from hometrial_ingest.local_time import DAY
from hometrial_ingest.reader import Reader, SourceFile
from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings

Bools = npt.NDArray[np.bool_]
_FIRST = (Signal.SLEEP_SESSION,)  # stages take their day from their session


class FileIngest:
    """Takes one file in; afterwards `batch` is its record and `written`, `touched` its chunks."""

    def __init__(
        self, session: Session, reader: Reader, people: PeopleOfSource, payload: Payload
    ) -> None:
        self.session, self.reader, self.people, self.payload = session, reader, people, payload
        self.verdict = gating.BatchVerdict()
        self.written: set[tuple[str, str, int]] = set()
        self.touched: set[tuple[str, str, int]] = set()
        self.devices: list[SeenDevice] = []
        self.by_rule: Counter[str] = Counter()
        self.now = clock.now()
        self._until: int | None = None
        self._last_day: dict[str, int] = {}
        self._from: int | None = None

    def run(self, file: SourceFile, kind: str) -> FileReport:
        """Take the file in and return its report. Raises what the reader and the services raise."""
        self.report = FileReport(path=file.path, kind=kind)
        self.batch = self._open_batch(file, kind)
        self.quarantine = gating.Quarantine(self.session, self.batch.id, self.people.ids)
        self.store = versioning.ChunkStore(self.session, self.people.ids)
        known = self.people.remembered()
        before_samples = self.session.begin_nested()
        for number, segment in enumerate(self.reader.read(file, kind)):
            self._take(segment, number, file)
        report = self.report
        refused = self.verdict.refusal(
            report.rows_quarantined,
            report.rows_read - report.rows_unreadable,
            self.by_rule,
        )
        if refused is None:
            self._accept()
            before_samples.commit()
        else:
            before_samples.rollback()
            self.people.remember(known)
            self._refuse(refused)
        gating.store(self.session, self.batch.id, self.verdict)
        self._close_batch()
        return self.report

    def _open_batch(self, file: SourceFile, kind: str) -> Batch:
        batch = Batch(
            payload_id=self.payload.id,
            provider=self.reader.provider,
            kind=kind,
            path=file.path,
            scope=self.people.scope,
            reader_revision=self.reader.revision,
            status="accepted",
            created_at=self.now,
        )
        self.session.add(batch)
        self.session.flush()
        return batch

    def _take(self, segment: Segment, number: int, file: SourceFile) -> None:
        """Take one segment in and count the fate of each of its source rows."""
        rows = RowFates(segment)
        sessions: pd.DataFrame | None = None
        for frame in sorted(segment.frames, key=lambda each: each.signal not in _FIRST):
            if not frame.table.num_rows:
                continue
            samples = self._place(frame, sessions, file)
            if frame.signal is Signal.SLEEP_SESSION:
                sessions = samples
            self._note(samples)
            rows.hold(frame.signal, samples, self._judge(samples, frame.signal, number, sessions))
        rows.spread_over_nights()
        for held in rows.frames:
            self._keep(held)
        self._count(rows)

    def _place(self, frame: Frame, sessions: pd.DataFrame | None, file: SourceFile) -> pd.DataFrame:
        ids = placing.person_ids(frame.table)
        people = self.people.resolve(ids, file.path)
        try:
            samples = placing.place(frame, people)
        except ZoneNeededError as error:
            raise ZoneNeededError(f"{file.path}: {error}") from error
        if frame.signal is Signal.SLEEP_SESSION:
            return placing.place_sessions(samples, frame, people)
        if frame.signal is Signal.SLEEP_STAGE:
            return placing.place_stages(samples, sessions)
        return samples

    def _note(self, samples: pd.DataFrame) -> None:
        """Remember what the file tells of: people, span of time, instruments.

        A stamp of a clock that was never set says nothing of that, and may be outside any calendar.
        """
        was_set = samples["at"] >= Settings.earliest
        placed = samples[(samples["placement"] == "placed") & was_set]
        if not len(placed):
            return
        end = placed["at"] + placed["duration"] * 1_000_000
        now = clock.microseconds(self.now)
        last = int(end[end <= now].max()) if (end <= now).any() else None
        self._from = min(filter(None, (self._from, int(placed["at"].min()))), default=None)
        if last is not None:
            self._until = max(self._until or last, last)
        told = placed[end <= now]
        days = (told["local"] + told["duration"] * 1_000_000) // DAY
        for code, day in days.groupby(told["participant"], observed=True).max().items():
            self._last_day[str(code)] = max(self._last_day.get(str(code), day), day)
        self.devices += seeing.devices_in(placed)

    def _judge(
        self, samples: pd.DataFrame, signal: Signal, number: int, sessions: pd.DataFrame | None
    ) -> Judgement:
        origin = self._origin()
        repeated, contradicting = comparing.within(samples, signal)
        before = storing.stored(self.session, signal, samples)
        fate = comparing.compare(samples, before.samples, before.as_of(), signal, origin)
        fate = self.store.settle_history(samples, fate, before, signal)
        fate[repeated] = comparing.DUPLICATE
        fate[contradicting] = comparing.CONFLICT
        failures: dict[int, Failure] = {}
        first = samples[~(repeated | contradicting)]
        if len(first):
            verdict = gating.check(first, signal, self._context(samples, signal, sessions))
            self.verdict.add(number, signal, verdict)
            failures = gating.failures(verdict)
        return Judgement(failures, fate, before)

    def _origin(self) -> Origin:
        until = self.now if self._until is None else clock.instant(self._until)
        return Origin(self.batch.id, self.payload.sha256, until)

    def _context(
        self, samples: pd.DataFrame, signal: Signal, sessions: pd.DataFrame | None
    ) -> Context:
        return Context(
            now=clock.microseconds(self.now),
            settings=limits.settings(self.session),
            baselines=baselines.of(self.session, signal, samples),
            daily_totals=baselines.daily_totals(self.session, signal, samples),
            sessions=self._sessions(samples, sessions) if signal is Signal.SLEEP_STAGE else None,
        )

    def _sessions(self, stages: pd.DataFrame, sessions: pd.DataFrame | None) -> pd.DataFrame:
        """Return the sessions that stages belong to: of the same segment, else those stored before."""
        if sessions is not None:
            return sessions
        return storing.stored(self.session, Signal.SLEEP_SESSION, stages).samples

    def _keep(self, held: HeldFrame) -> None:
        """Set the failing samples aside and store the others."""
        bad = held.failing()
        if bad.any():
            why = [held.failures[i] for i in np.flatnonzero(bad).tolist()]
            self.quarantine.add(held.samples[bad], held.signal, why)
        if not bad.all():
            samples, fate = held.samples[~bad], held.judgement.fate[~bad]
            before = held.judgement.before
            self.store.merge(samples, fate, before, held.signal, self._origin())

    def _count(self, rows: RowFates) -> None:
        counts = rows.counts()
        report = self.report
        report.rows_read += rows.segment.rows
        report.rows_duplicate += counts[fates.DUPLICATE]
        report.rows_accepted += counts[fates.ACCEPTED]
        report.rows_quarantined += counts[fates.QUARANTINED]
        report.rows_unreadable += counts[fates.UNREADABLE]
        self.by_rule.update(rows.rules())
        room = SHOWN_UNREADABLE - len(report.unreadable)
        report.unreadable += [vars(row) for row in rows.segment.unreadable[:room]]

    def _accept(self) -> None:
        self.report.quarantined_by_rule = dict(sorted(self.by_rule.items()))
        bad = self.report.rows_quarantined + self.report.rows_unreadable
        self.report.status = "partly" if bad else "accepted"
        self.written, self.touched = self.store.result.written, self.store.result.touched
        last_days = {self.people.ids[code]: day for code, day in self._last_day.items()}
        versioning.finish(self.session, self.batch.id, self._origin().as_of, last_days)

    def _refuse(self, reason: str) -> None:
        """Most of the file fails: none of it is stored, every readable row counts as set aside."""
        report = self.report
        failing = report.rows_quarantined
        report.status, report.reason = "rejected", reason
        report.rows_quarantined = report.rows_read - report.rows_unreadable
        report.rows_accepted = report.rows_duplicate = 0
        report.quarantined_by_rule = dict(sorted(self.by_rule.items()))
        report.quarantined_by_rule["batch_rejected"] = report.rows_quarantined - failing
        self.devices = []
        gating.open_batch_query(self.session, self.batch.id, report.kind, reason)

    def _close_batch(self) -> None:
        report, batch = self.report, self.batch
        report.findings = [vars(found) for found in self.verdict.findings()]
        for name in (
            "status",
            "reason",
            "rows_read",
            "rows_accepted",
            "rows_duplicate",
            "rows_quarantined",
            "rows_unreadable",
            "quarantined_by_rule",
            "unreadable",
        ):
            setattr(batch, name, getattr(report, name))
        batch.participants = sorted({code for code, _, _ in self.touched})
        batch.chunks = len(self.touched)
        days = sorted(day for _, _, day in self.touched)
        batch.first_day, batch.last_day = (
            (day_of(days[0]), day_of(days[-1])) if days else (None, None)
        )
        batch.observed_from = None if self._from is None else clock.instant(self._from)
        batch.observed_until = None if self._until is None else clock.instant(self._until)
        self.session.flush()
