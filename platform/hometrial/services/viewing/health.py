"""How the system itself is: readings of the machine and the database, and what of them calls for somebody."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.services.backing_up import log
from hometrial.services.viewing import syncs
from hometrial.services.viewing.syncs import Backlog
from hometrial.settings import Settings

LATE = timedelta(minutes=15)
"""A job that is due for longer, or a read that the gate has not seen for longer, waits too long."""
BACKED_UP_WITHIN = timedelta(days=2)
"""A study that is backed up at all is, at least so often."""
SKEW = timedelta(seconds=30)
"""Clocks further apart than this date what happens wrongly."""
DISK_FREE = 0.1
DISK_BYTES = 2 * 2**30
"""Below this share of the disk, or these bytes, there is too little room."""
_HEAD = text("SELECT seq, at FROM audit.link ORDER BY seq DESC LIMIT 1")


@dataclass(frozen=True)
class Disk:
    """Room on the disk that holds the study's home folder, in bytes."""

    total: int
    free: int

    @property
    def is_full(self) -> bool:
        """Whether there is too little room left."""
        return self.free < min(DISK_BYTES, DISK_FREE * self.total)


@dataclass(frozen=True)
class Readings:
    """What was measured just now.

    `skew`: how far the database's clock is from this process's, None where a simulator's clock is followed.
    `backup_at`: when a backup was last made; `chain`: the number of the newest link of the audit chain;
    `anchored_at`: when its head was last exported into the home folder. None: never.
    """

    backlog: Backlog
    skew: timedelta | None
    database_bytes: int
    disk: Disk
    backup_at: datetime | None
    chain: int
    chained_at: datetime | None
    anchored_at: datetime | None


@dataclass(frozen=True)
class Problem:
    """Something about the system that somebody must mend: its kind, what is so, the way out, and the command for it."""

    kind: str
    text: str
    way_out: str
    command: str = ""
    since: datetime | None = None


def read(session: Session, settings: Settings) -> Readings:
    """Measure: seven queries and a look at the disk."""
    measured = syncs.health(session)
    head = session.execute(_HEAD).one_or_none()
    made = log.last(settings)
    return Readings(
        backlog=syncs.backlog(session),
        skew=None if clock.is_followed() else measured.skew,
        database_bytes=measured.database_bytes,
        disk=disk_of(settings),
        backup_at=None if made is None else made.moment,
        chain=0 if head is None else head.seq,
        chained_at=None if head is None else head.at,
        anchored_at=_anchored_at(settings),
    )


def disk_of(settings: Settings) -> Disk:
    """Return the room on the disk that holds the home folder."""
    found = shutil.disk_usage(settings.home)
    return Disk(found.total, found.free)


def _anchored_at(settings: Settings) -> datetime | None:
    """Return when an anchor was last written beside the study."""
    path = settings.home / "anchors.jsonl"
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def problems(found: Readings, *, linked: int) -> Sequence[Problem]:
    """Return what calls for somebody; `linked`: how many people's accounts are meant to be read."""
    return tuple(
        each
        for look in (_disk, _worker, _clock, _queue, _gate, _backup)
        for each in look(found, linked)
    )


def _disk(found: Readings, _linked: int) -> Iterator[Problem]:
    if found.disk.is_full:
        share = 100 * found.disk.free / found.disk.total
        yield Problem(
            "disk_full",
            f"The disk is nearly full: {found.disk.free / 2**30:.1f} GB are free, {share:.0f} %.",
            "Once it is full nothing is stored any more. Make room, or move the home folder to a larger disk.",
        )


def _worker(found: Readings, linked: int) -> Iterator[Problem]:
    waiting = found.backlog
    if not waiting.workers and (linked or waiting.jobs or waiting.pulls):
        since = None if waiting.last_beat is None else clock.now() - waiting.last_beat
        yield Problem(
            "no_worker",
            "No worker runs: nothing is read, stored or sent.",
            "Start one on the machine of the study.",
            "hometrial worker",
            since,
        )


def _clock(found: Readings, _linked: int) -> Iterator[Problem]:
    if found.skew is not None and found.skew > SKEW:
        yield Problem(
            "clock_skew",
            f"The clocks of the database and of this machine are {found.skew.total_seconds():.0f} s apart.",
            "What happens is dated wrongly until they agree. Have both keep time by NTP.",
        )


def _queue(found: Readings, _linked: int) -> Iterator[Problem]:
    waiting = found.backlog
    if waiting.workers and waiting.oldest_job is not None and waiting.oldest_job > LATE:
        yield Problem(
            "backlog",
            f"The oldest of {waiting.jobs} due jobs waits longer than it should.",
            "More workers share the work.",
            "hometrial worker",
            clock.now() - waiting.oldest_job,
        )


def _gate(found: Readings, _linked: int) -> Iterator[Problem]:
    waiting = found.backlog
    if waiting.workers and waiting.oldest_pull is not None and waiting.oldest_pull > LATE:
        yield Problem(
            "backlog",
            f"{waiting.pulls} reads are kept and not yet checked.",
            "The worker's log says what holds it up.",
            "hometrial worker",
            clock.now() - waiting.oldest_pull,
        )


def _backup(found: Readings, _linked: int) -> Iterator[Problem]:
    made = found.backup_at
    if made is not None and clock.now() - made > BACKED_UP_WITHIN:
        yield Problem(
            "backup_old",
            f"The last backup was made on {made:%Y-%m-%d}.",
            "What came since is lost if this machine is.",
            "hometrial backup study.backup",
            made,
        )
