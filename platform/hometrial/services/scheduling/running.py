"""A schedule's run: a draft is built here, sent file by file under a hidden name, and appears when its manifest is there."""

import csv
import fcntl
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports import deidentifying, folder, vouching
from hometrial.exports.differing import SCHEMA, differences
from hometrial.exports.source.reading import Source
from hometrial.models import ExportRun, ExportSchedule
from hometrial.services.capturing import capture
from hometrial.services.locking import making
from hometrial.services.locking.folders import RELEASE_KEY
from hometrial.services.locking.wanted import Wanted, wanted
from hometrial.services.scheduling import schedules
from hometrial.services.scheduling.destinations import Destination, DestinationFailedError, opened
from hometrial.services.scheduling.remembering import Memory

WHO = "worker:export"
HELD, CHANGES = "HELD.csv", "changes-since.csv"
"""Beside an incremental run: every file of the manifest with the folder in which it lies; what differs from the run before."""
_COLUMNS = ("path", "sha256", "folder")
Held = dict[str, tuple[str, str]]
_BROKE_OFF = "the run broke off before it was done; the log of the worker says why"


@dataclass(frozen=True)
class _Sent:
    """What went."""

    files: int
    sent: int
    sent_bytes: int
    root: str
    cutoff: int


def run(database: Database, schedule: ExportSchedule, due_at: datetime) -> ExportRun:
    """Run a schedule once; how it ended, also why it failed, is on record and returned."""
    started = clock.now()
    name = f"{schedule.name}-{started.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    sent, error = None, _BROKE_OFF
    try:
        sent = _Run(database, schedule, name).made()
    except TrialError as refused:
        error = str(refused)
    except OSError as failed:
        error = f"the data sets cannot be written: {failed.strerror or failed}; make room"
    finally:
        made = ExportRun(
            schedule_id=schedule.id,
            due_at=due_at,
            started_at=started,
            finished_at=clock.now(),
            state="failed" if sent is None else "done",
            error=error if sent is None else None,
            folder=name,
            files=sent.files if sent else 0,
            sent=sent.sent if sent else 0,
            sent_bytes=sent.sent_bytes if sent else 0,
            root=sent.root if sent else None,
            cutoff=sent.cutoff if sent else 0,
        )
        with database.transaction(WHO, f"scheduled export {schedule.name}") as session:
            session.add(made)
    return made


def run_due(database: Database) -> list[ExportRun]:
    """Run whatever is due now, one after the other."""
    with database.reading() as session:
        found = schedules.due(session)
    return [run(database, schedule, moment) for schedule, moment in found]


@dataclass(frozen=True)
class _Run:
    """One run while it goes on."""

    database: Database
    schedule: ExportSchedule
    name: str

    @property
    def _home(self) -> Path:
        """Where a draft is built, and what the run before was made of is kept."""
        return self.database.settings.home / "schedules" / str(self.schedule.id)

    @property
    def _memory(self) -> Memory:
        return Memory(self._home)

    def made(self) -> _Sent:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            return self._made()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only run of this schedule: two would send of one draft what the other has just written anew."""
        with (self._home / "running").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ExportRefusedError(
                    f"{self.schedule.name} is being run already; wait until that run is done"
                ) from error
            yield

    def _made(self) -> _Sent:
        place = self._home / "draft"
        asked = wanted(
            tuple(self.schedule.formats), self.schedule.profile, tuple(self.schedule.streams)
        )
        try:
            with self.database.reading() as session:
                facts = making.draft(session, self.database, asked, place)
                source = self._released(session, asked)
            cutoff = int(facts["cutoff"]["audit_entry"])
            if source is not None:
                self._memory.stage(self.name, source, cutoff)
            with opened(self.schedule.destination, self.schedule.credentials) as destination:
                self._clear(destination)
                sent = self._send(destination, place, source, cutoff)
            if source is not None:
                self._memory.settle(self.name)
            return sent
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _released(self, session: Session, asked: Wanted) -> Source | None:
        """Return what the data sets are made of, as it may leave; for an incremental schedule alone."""
        if not self.schedule.is_incremental:
            return None
        key = self.database.settings.key(RELEASE_KEY)
        return deidentifying.release(capture(session), asked.profile, key).source

    def _send(
        self, destination: Destination, place: Path, source: Source | None, cutoff: int
    ) -> _Sent:
        manifest: dict[str, Any] = json.loads((place / folder.MANIFEST).read_bytes())
        before = self._held(destination) if source is not None else {}
        told = {each["path"]: each["sha256"] for each in manifest["files"]}
        new = [path for path, sha256 in told.items() if before.get(path, ("",))[0] != sha256]
        if source is not None:
            held = {
                path: (sha256, self.name if path in set(new) else before[path][1])
                for path, sha256 in told.items()
            }
            (place / HELD).write_text(_written(held), encoding="utf-8")
            (place / CHANGES).write_text(self._changes(source), encoding="utf-8")
        papers = [HELD, CHANGES] if source is not None else []
        order = [*new, *papers, folder.MANIFEST_SUMS, folder.MANIFEST]
        self._put(destination, place, order)
        size = sum((place / each).stat().st_size for each in order)
        return _Sent(len(told), len(new), size, vouching.root_of(place), cutoff)

    def _put(self, destination: Destination, place: Path, order: list[str]) -> None:
        """Bring files in order; if one fails, what had come is taken away again, as far as the destination lets us."""
        under = _under(destination, self.name)
        self._half.write_text(under, encoding="utf-8")
        try:
            for path in order:
                destination.put(place / path, f"{under}/{path}")
            destination.rename(under, self.name)
        except DestinationFailedError:
            with suppress(DestinationFailedError):
                self._clear(destination)
            raise
        self._half.unlink()

    @property
    def _half(self) -> Path:
        """Where it is written down which folder is not whole yet: a run that is killed can take away nothing itself."""
        return self._home / "half"

    def _clear(self, destination: Destination) -> None:
        """Take away what a run that failed, or was killed, has left there half."""
        if self._half.exists():
            destination.remove(self._half.read_text(encoding="utf-8"))
            self._half.unlink()

    def _held(self, destination: Destination) -> Held:
        """Return which file lies where at the destination since earlier runs.

        None of a run whose folder is not there any more: who keeps the destination may clear what is old.
        """
        with self.database.reading() as session:
            last = next(
                (each for each in schedules.runs(session, self.schedule) if each.state == "done"),
                None,
            )
        body = destination.read(f"{last.folder}/{HELD}") if last else None
        if body is None:
            return {}
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8"))))
        there = {
            each
            for each in {row["folder"] for row in rows}
            if destination.read(f"{each}/{folder.MANIFEST}") is not None
        }
        return {
            row["path"]: (row["sha256"], row["folder"]) for row in rows if row["folder"] in there
        }

    def _changes(self, source: Source) -> str:
        """Return what differs from the run before, as CSV; nothing but its head the first time."""
        into = io.StringIO()
        writer = csv.DictWriter(into, SCHEMA.names, lineterminator="\n")
        writer.writeheader()
        before = self._memory.last()
        if before is not None:
            writer.writerows(each.row() for each in differences(before[0], source, before[1]))
        return into.getvalue()


def _under(destination: Destination, name: str) -> str:
    """Return under which name a folder is filled."""
    return f".{name}.part" if destination.renames else name


def _written(held: Held) -> str:
    into = io.StringIO()
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((path, *told) for path, told in sorted(held.items()))
    return into.getvalue()
