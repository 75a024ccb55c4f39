"""When backups were made, beside the study: a line for each, read for the age of the last one."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from hometrial.settings import Settings

_FILE = "backups.jsonl"


@dataclass(frozen=True)
class Made:
    """One backup: when, the file's name, its bytes, how long it took, and the head of the audit trail in it."""

    at: str
    file: str
    size: int
    seconds: float
    audit_seq: int

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.at)


def note(settings: Settings, made: Made) -> None:
    """Add a line."""
    with _path(settings).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(made)) + "\n")


def last(settings: Settings) -> Made | None:
    """Return the newest backup that was made of this study, None if there is none."""
    path = _path(settings)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return Made(**json.loads(lines[-1])) if lines else None


def _path(settings: Settings) -> Path:
    return settings.home / _FILE
