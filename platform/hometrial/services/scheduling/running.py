"""A schedule's run: a draft is built here, sent file by file under a hidden name, and appears when its manifest is there."""

import csv
import hashlib
import io
import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports import deidentifying, folder, vouching
from hometrial.exports.differing import SCHEMA, differences
from hometrial.exports.source.reading import Source, kept, read
from hometrial.models import ExportRun, ExportSchedule
from hometrial.services.capturing import capture
from hometrial.services.locking import making
from hometrial.services.locking.folders import RELEASE_KEY
from hometrial.services.locking.wanted import Wanted, wanted
from hometrial.services.scheduling import schedules
from hometrial.services.scheduling.destinations import Destination, DestinationFailedError, opened

WHO = "worker:export"
HELD, CHANGES = "HELD.csv", "changes-since.csv"
"""Beside an incremental run: every file of the manifest with the folder in which it lies; what differs from the run before."""
_COLUMNS = ("path", "sha256", "folder")
Held = dict[str, tuple[str, str]]


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
    sent, error = None, None
    try:
        sent = _Run(database, schedule, name).made()
    except TrialError as refused:
        error = str(refused)
    except OSError as failed:
        error = f"the data sets cannot be written: {failed.strerror or failed}; make room"
    made = ExportRun(
        schedule_id=schedule.id,
        due_at=due_at,
        started_at=started,
        finished_at=clock.now(),
        state="failed" if sent is None else "done",
        error=error,
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

    def made(self) -> _Sent:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._home / "draft"
        asked = wanted(
            tuple(self.schedule.formats), self.schedule.profile, tuple(self.schedule.streams)
        )
        try:
            with self.database.reading() as session:
                facts = making.draft(session, self.database, asked, place)
                source = self._released(session, asked)
            cutoff = int(facts["cutoff"]["audit_entry"])
            with opened(self.schedule.destination, self.schedule.credentials) as destination:
                self._clear(destination)
                sent = self._send(destination, place, source, cutoff)
            if source is not None:
                self._keep(source, cutoff)
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
        try:
            for path in order:
                destination.put(place / path, f"{under}/{path}")
            destination.rename(under, self.name)
        except DestinationFailedError:
            with suppress(DestinationFailedError):
                destination.remove(under)
            raise

    def _clear(self, destination: Destination) -> None:
        """Take away what runs that failed since the last good one could not take away themselves."""
        with self.database.reading() as session:
            found = schedules.runs(session, self.schedule)
        for each in takewhile(lambda one: one.state == "failed", found):
            destination.remove(_under(destination, each.folder))

    def _held(self, destination: Destination) -> Held:
        """Return which file lies where at the destination since earlier runs; none where that is not to be read."""
        with self.database.reading() as session:
            last = next(
                (each for each in schedules.runs(session, self.schedule) if each.state == "done"),
                None,
            )
        body = destination.read(f"{last.folder}/{HELD}") if last else None
        if body is None:
            return {}
        rows = csv.DictReader(io.StringIO(body.decode("utf-8")))
        return {row["path"]: (row["sha256"], row["folder"]) for row in rows}

    def _changes(self, source: Source) -> str:
        """Return what differs from the run before, as CSV; nothing but its head the first time."""
        into = io.StringIO()
        writer = csv.DictWriter(into, SCHEMA.names, lineterminator="\n")
        writer.writeheader()
        before = self._before()
        if before is not None:
            writer.writerows(each.row() for each in differences(before[0], source, before[1]))
        return into.getvalue()

    def _before(self) -> tuple[Source, int] | None:
        """Return what the run before was made of, with the newest entry of the trail that it can hold."""
        told = self._home / "source.json"
        if not told.exists():
            return None
        known = json.loads(told.read_text(encoding="utf-8"))
        files = {}
        for name, sha256 in known["tables"].items():
            body = (self._home / "source" / f"{name}.parquet").read_bytes()
            if hashlib.sha256(body).hexdigest() != sha256:
                raise ExportRefusedError(
                    f"{self._home / 'source'}: {name} was changed; remove {told}, and the next run begins anew"
                )
            files[name] = body
        return read(files), int(known["cutoff"])

    def _keep(self, source: Source, cutoff: int) -> None:
        """Keep what this run was made of for the next one; half of it is not taken for the whole."""
        place, told = self._home / "source", self._home / "source.json"
        place.mkdir(exist_ok=True, mode=0o700)
        told.unlink(missing_ok=True)
        sums = {}
        for name, body in kept(source):
            (place / f"{name}.parquet").write_bytes(body)
            sums[name] = hashlib.sha256(body).hexdigest()
        told.write_text(json.dumps({"cutoff": cutoff, "tables": sums}), encoding="utf-8")


def _under(destination: Destination, name: str) -> str:
    """Return under which name a folder is filled."""
    return f".{name}.part" if destination.renames else name


def _written(held: Held) -> str:
    into = io.StringIO()
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((path, *told) for path, told in sorted(held.items()))
    return into.getvalue()
