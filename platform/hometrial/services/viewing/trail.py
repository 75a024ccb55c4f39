"""The audit trail as a page shows it: the newest changes, row changes of one transaction together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_NEWEST = text(
    "WITH newest AS (SELECT seq, transaction FROM audit.link ORDER BY seq DESC LIMIT :links)"
    " SELECT n.seq, e.table_name, e.operation, count(*) AS rows, min(e.at) AS at,"
    "   min(e.actor) AS actor, min(e.reason) AS reason"
    " FROM newest n JOIN audit.entry e USING (transaction)"
    " GROUP BY n.seq, e.table_name, e.operation"
    " ORDER BY n.seq DESC, e.table_name, e.operation LIMIT :changes"
)


@dataclass(frozen=True)
class Change:
    """Rows of one table that one transaction (`link` of the chain) changed in one way."""

    link: int
    at: datetime
    actor: str
    table: str
    operation: str
    rows: int
    reason: str | None


def newest(session: Session, changes: int = 50) -> list[Change]:
    """Return the newest changes, newest first."""
    rows = session.execute(_NEWEST, {"links": changes, "changes": changes})
    return [
        Change(
            row.seq, row.at, row.actor, row.table_name, row.operation, row.rows, row.reason or None
        )
        for row in rows
    ]
