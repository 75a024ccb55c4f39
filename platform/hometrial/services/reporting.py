"""What an import says about itself: every row of every file accounted for."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from hometrial.models import Batch

SHOWN_UNREADABLE = 20
"""How many unreadable rows a report names; the count is always whole."""


@dataclass
class FileReport:
    """One file: rows_read = rows_accepted + rows_duplicate + rows_quarantined + rows_unreadable."""

    path: str
    kind: str
    status: str = "accepted"
    reason: str | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    rows_unreadable: int = 0
    quarantined_by_rule: dict[str, int] = field(default_factory=dict)
    unreadable: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of_known(cls, path: str, batch: Batch) -> "FileReport":
        """Report a file that was imported before: what was accepted then is a duplicate now."""
        return cls(
            path=path,
            kind=batch.kind,
            status=batch.status,
            reason=batch.reason or "imported before; nothing was written",
            rows_read=batch.rows_read,
            rows_duplicate=batch.rows_accepted + batch.rows_duplicate,
            rows_quarantined=batch.rows_quarantined,
            rows_unreadable=batch.rows_unreadable,
            quarantined_by_rule=batch.quarantined_by_rule,
            unreadable=batch.unreadable,
        )


@dataclass(frozen=True)
class SeenDevice:
    """An instrument that some samples came from, and when."""

    participant: str
    source: str
    model: str
    first_at: datetime
    last_at: datetime


@dataclass
class ImportReport:
    """A whole import; `as_json()` is the report of `--json`."""

    files: list[FileReport] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    chunks_written: int = 0
    chunks_unchanged: int = 0
    ignored: list[str] = field(default_factory=list)
    reconciliation: list[dict[str, Any]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    devices: list[tuple[str, SeenDevice]] = field(default_factory=list)

    def add(self, file: FileReport) -> None:
        """Add one file's report."""
        self.files.append(file)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "files": [asdict(file) for file in self.files],
            "participants": self.participants,
            "chunks_written": self.chunks_written,
            "chunks_unchanged": self.chunks_unchanged,
            "ignored": self.ignored,
            "reconciliation": self.reconciliation,
        }
