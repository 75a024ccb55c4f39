"""The samples of many people, part by part: kept by what they depend on, so that nothing is written twice.

Parts are made by several processes, each of which holds one part at a time. A finished part lies in the home folder's
`samples/` under the digest of what it depends on, with its SHA-256 beside it, and is copied from there: an export that
was interrupted takes up where it stopped, and the next one makes only what has changed. A part that is not what it was
when it was finished is made anew.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from errno import EIO
from multiprocessing import get_context
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow.parquet as pq

from hometrial import clock
from hometrial.db import Database
from hometrial.exports import folder
from hometrial.exports.deidentifying import Disguise
from hometrial.services import enrolling, tabling
from hometrial.services.streaming import files
from hometrial.services.streaming.parts import Hidden, Part, parts
from hometrial.settings import Settings
from hometrial_ingest.local_time import ZoneHistory

KEPT = timedelta(days=14)
"""Parts that no export has taken for so long are removed."""
_WORTH_A_PROCESS = 40
"""Parts for which a further process pays for its start."""
_AT_ONCE = 24
"""Parts that a process is handed at a time: each handful pays for a connection."""
Progress = Callable[[str], None]


def write(
    database: Database,
    chunks: Iterable[dict[str, Any]],
    place: Path,
    disguise: Disguise | None,
    progress: Progress,
    *,
    known_at: datetime,
) -> dict[Path, int]:
    """Write the samples of chunks (rows of the source table `chunk`) below `place`; return the files with their rows.

    `known_at`: what is recorded later of where people lived changes nothing.

    Raises ExportRefusedError if a chunk is not what it was when it was counted, OSError if the disk fails.
    """
    wanted = list(parts(chunks, _hidden(disguise), _zones(database, known_at)))
    store = database.settings.home / "samples"
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    missing = [part for part in wanted if not _is_there(store, part)]
    progress(f"samples: {len(wanted) - len(missing)} of {len(wanted)} parts are there")
    for done in _made(database.settings, store, missing):
        progress(f"samples: {len(wanted) - len(missing) + done} of {len(wanted)} parts")
    written = {}
    for part in wanted:
        path = place / part.path
        if not _copied(store, part, path):
            progress(f"samples: {part.path} is not what it was when it was finished; made anew")
            _make(database.settings, store, [part])
            if not _copied(store, part, path):
                raise OSError(
                    EIO, "a part of the samples does not stay what was written", str(path)
                )
        written[path] = pq.read_metadata(path).num_rows
    return written


def _zones(database: Database, known_at: datetime) -> dict[str, ZoneHistory]:
    with database.reading() as session:
        people = {person.id: person.code for person in tabling.people(session)}
        found = enrolling.zone_rows(session, people, known_at)
        return {people[each]: enrolling.zone_history(rows) for each, rows in found.items()}


def _hidden(disguise: Disguise | None) -> dict[str, Hidden]:
    if disguise is None:
        return {}
    return {
        person: Hidden(name, disguise.shifts[person], disguise.digest("samples", person))
        for person, name in disguise.names.items()
    }


def _file(store: Path, part: Part) -> Path:
    digest = part.digest
    return store / digest[:2] / f"{digest}.parquet"


def _sum(store: Path, part: Part) -> Path:
    """Where the SHA-256 of a finished part stands."""
    return _file(store, part).with_suffix(".sha256")


def _is_there(store: Path, part: Part) -> bool:
    return _file(store, part).exists() and _sum(store, part).exists()


def _made(settings: Settings, store: Path, missing: Sequence[Part]) -> Iterator[int]:
    """Make parts, here or in several processes; yield how many are done after each handful."""
    handfuls = [missing[start : start + _AT_ONCE] for start in range(0, len(missing), _AT_ONCE)]
    processes = min(os.cpu_count() or 1, len(missing) // _WORTH_A_PROCESS)
    done = 0
    if processes < 2:
        for handful in handfuls:
            done += _make(settings, store, handful)
            yield done
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_make, settings, store, handful) for handful in handfuls]
        try:
            for each in as_completed(running):
                done += each.result()
                yield done
        finally:
            for each in running:
                each.cancel()


def _make(settings: Settings, store: Path, handful: Sequence[Part]) -> int:
    """Make some parts; each appears whole or not at all."""
    database = Database(settings)
    try:
        with database.reading() as session:
            for part in handful:
                with _draft(_file(store, part)) as draft:
                    files.write(session, part, draft)
                    with _draft(_sum(store, part)) as told:
                        told.write_text(folder.sha256(draft), encoding="ascii")
                session.expunge_all()
    finally:
        database.engine.dispose()
    return len(handful)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Give a file of a name that nobody else has, in any container; it becomes `path` when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".draft", delete=False) as made:
        draft = Path(made.name)
    try:
        yield draft
        _wanted_now(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _copied(store: Path, part: Part, path: Path) -> bool:
    """Copy a finished part into the export; say whether it is what it was when it was finished.

    Not linked, since whoever changes their copy must not change the store's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    source, told = _file(store, part), _sum(store, part)
    try:
        shutil.copyfile(source, path)
        if folder.sha256(path) != told.read_text(encoding="ascii", errors="replace"):
            return False
        for each in (source, told):
            _wanted_now(each)
    except FileNotFoundError:
        return False
    return True


def _wanted_now(path: Path) -> None:
    """Note when a part was wanted, by the clock that removes it: a rehearsal's is not the machine's."""
    moment = clock.now().timestamp()
    os.utime(path, (moment, moment))


def expire(home: Path) -> int:
    """Remove parts that no export has taken for two weeks, and those that a killed worker left half; return how many."""
    before = (clock.now() - KEPT).timestamp()
    removed = 0
    for path in (home / "samples").glob("??/*"):
        with suppress(FileNotFoundError):  # a draft that is a part by now
            if path.stat().st_mtime < before:
                path.unlink()
                removed += path.suffix != ".sha256"
    return removed
