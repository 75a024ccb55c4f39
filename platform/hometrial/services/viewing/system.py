"""The system as a whole: what runs, what waits, what was backed up and verified, what is set, how providers stand."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Batch, Connection, WearableAccount
from hometrial.services import auditing, migrating
from hometrial.services.backing_up import log
from hometrial.services.backing_up.log import Made
from hometrial.services.viewing import health
from hometrial.services.viewing.health import Problem, Readings
from hometrial.settings import Settings

_SERVER = text(
    "SELECT current_setting('server_version') AS version, current_setting('max_connections')::int AS most,"
    " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS used"
)
_WORD = "set"
_ANCHORS, _VERIFIED = "anchors.jsonl", "verified.json"


@dataclass(frozen=True)
class Verified:
    """When the audit trail was last verified, up to which link, and how many problems that found."""

    at: datetime
    seq: int
    problems: int


@dataclass(frozen=True)
class Provider:
    """How many accounts of a provider stand how."""

    name: str
    states: Mapping[str, int]


@dataclass(frozen=True)
class Setting:
    """A setting that is set; of a secret only that it is."""

    name: str
    shown: str


@dataclass(frozen=True)
class System:
    """All of it."""

    readings: Readings
    problems: Sequence[Problem]
    versions: Mapping[str, str]
    connections: tuple[int, int]
    ingested_at: datetime | None
    backup: Made | None
    verified: Verified | None
    anchors: int
    providers: Sequence[Provider]
    settings: Sequence[Setting]


def look(session: Session, settings: Settings) -> System:
    """Return how the system is: a fixed number of queries, and a look at a few small files."""
    server = session.execute(_SERVER).one()
    providers = _providers(session)
    linked = sum(each.states.get("active", 0) for each in providers)
    readings = health.read(session, settings)
    return System(
        readings=readings,
        problems=health.problems(readings, linked=linked),
        versions={
            "Hometrial": version("hometrial"),
            "Tables": migrating.newest(),
            "PostgreSQL": server.version,
            "Python": platform.python_version(),
        },
        connections=(server.used, server.most),
        ingested_at=session.scalar(
            select(func.max(Batch.created_at)).where(Batch.status != "rejected")
        ),
        backup=log.last(settings),
        verified=verified(settings),
        anchors=_anchors(settings),
        providers=providers,
        settings=_set(settings),
    )


def note_verified(settings: Settings, report: auditing.AuditReport) -> None:
    """Keep beside the study that its audit trail was verified just now, and what was found."""
    told = {"at": clock.now().isoformat(), "seq": report.head.seq, "problems": len(report.problems)}
    (settings.home / _VERIFIED).write_text(json.dumps(told) + "\n", encoding="utf-8")


def verified(settings: Settings) -> Verified | None:
    """Return when the audit trail was last verified on this machine, None if never."""
    path = settings.home / _VERIFIED
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    return Verified(datetime.fromisoformat(told["at"]), told["seq"], told["problems"])


def as_json(found: System) -> dict[str, Any]:
    """Return what was found as JSON holds it."""
    waiting, made = found.readings.backlog, found.backup
    return {
        "problems": [{"kind": each.kind, "text": each.text, "command": each.command} for each in found.problems],
        "versions": dict(found.versions),
        "database": {
            "bytes": found.readings.database_bytes,
            "connections": found.connections[0],
            "connections_at_most": found.connections[1],
        },
        "disk": {"bytes": found.readings.disk.total, "free": found.readings.disk.free},
        "workers": waiting.workers,
        "queue": {
            "jobs": waiting.jobs,
            "oldest_seconds": _seconds(waiting.oldest_job),
            "unchecked_reads": waiting.pulls,
            "oldest_read_seconds": _seconds(waiting.oldest_pull),
        },
        "clock_skew_seconds": _seconds(found.readings.skew),
        "ingested_at": found.ingested_at and found.ingested_at.isoformat(),
        "backup": made and {"at": made.at, "file": made.file, "bytes": made.size, "seconds": made.seconds},
        "audit": {
            "link": found.readings.chain,
            "anchors": found.anchors,
            "anchored_at": found.readings.anchored_at and found.readings.anchored_at.isoformat(),
            "verified_at": found.verified and found.verified.at.isoformat(),
            "verified_link": found.verified and found.verified.seq,
            "verified_problems": found.verified and found.verified.problems,
        },
        "providers": {each.name: dict(each.states) for each in found.providers},
        "settings": {each.name: each.shown for each in found.settings},
    }  # fmt: skip


def _providers(session: Session) -> list[Provider]:
    rows = session.execute(
        select(WearableAccount.provider, Connection.status, func.count())
        .join(Connection, Connection.account_id == WearableAccount.id)
        .group_by(WearableAccount.provider, Connection.status)
        .order_by(WearableAccount.provider, Connection.status)
    )
    found: dict[str, dict[str, int]] = {}
    for name, status, count in rows:
        found.setdefault(name, {})[status] = count
    return [Provider(name, states) for name, states in found.items()]


def _anchors(settings: Settings) -> int:
    path = settings.home / _ANCHORS
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def _set(settings: Settings) -> list[Setting]:
    return [
        Setting(f"HOMETRIAL_{name.upper()}", _shown(name, getattr(settings, name)))
        for name in sorted(settings.model_fields_set)
        if getattr(settings, name) is not None
    ]


def _shown(name: str, value: object) -> str:
    """Return a value as it may be seen; of a secret, and of the database's password, only that there is one."""
    if isinstance(value, SecretStr):
        return _WORD
    if name == "database_url":
        return make_url(str(value)).render_as_string(hide_password=True)
    return str(value)


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else round(value.total_seconds(), 1)
