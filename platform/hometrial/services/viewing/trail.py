"""The audit trail as pages show it: entries of the trail by person, table, actor, day and kind, the newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.services import enrolling

PER_PAGE, LONGEST = 50, 92
OPERATIONS = ("INSERT", "UPDATE", "DELETE")
_OF_PEOPLE = (
    "adverse_event", "alert", "allocation", "anchor_day", "bad_day", "baseline_symptom", "consent_event",
    "consent_signature", "consent_talk", "contact", "deviation", "dose_event", "endorsement", "laboratory_result",
    "medication", "message", "participant_zone", "participation", "pause", "query", "response", "screening",
    "supply_movement", "verification_mark", "visit_record", "wearable_account", "withdrawal_choice", "work_item",
)  # fmt: skip
_CHILDREN = {
    "adverse_event_version": ("adverse_event_id", "adverse_event"),
    "alert_event": ("alert_id", "alert"),
    "answer": ("response_id", "response"),
    "message_state": ("message_id", "message"),
    "safety_report": ("adverse_event_id", "adverse_event"),
    "screening_answer": ("screening_id", "screening"),
    "sitting": ("response_id", "response"),
    "submission": ("response_id", "response"),
    "verification_drop": ("mark_id", "verification_mark"),
}
"""Of a person is shown what was recorded about them; what the machine derives from it is found by its table."""
_KEYS = " UNION ALL ".join(  # words of this module alone
    (
        "SELECT 'public.participant' AS t, CAST(:person AS text) AS k",
        *(
            f"SELECT 'public.{table}', id::text FROM {table} WHERE participant_id = CAST(:person AS uuid)"  # noqa: S608
            for table in _OF_PEOPLE
        ),
        *(
            f"SELECT 'public.{table}', c.id::text FROM {table} c JOIN {parent} p ON p.id = c.{link}"  # noqa: S608
            " WHERE p.participant_id = CAST(:person AS uuid)"
            for table, (link, parent) in _CHILDREN.items()
        ),
    )
)
_COLUMNS = (
    "e.id, e.at, e.actor, e.reason, e.table_name, e.row_key, e.operation, e.old, e.new, l.seq"
)
_QUIET = ("public.staff_session", "public.access_record")
"""Tables whose own pages tell more of them."""


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for: of whole days in UTC, both included."""

    first: date
    last: date
    person: str | None = None
    table: str | None = None
    actor: str | None = None
    operation: str | None = None


@dataclass(frozen=True)
class Entry:
    """A row that somebody added, changed or took away; `changed`: what differs, old and new."""

    id: int
    at: datetime
    actor: str
    reason: str | None
    table: str
    key: str
    operation: str
    changed: Mapping[str, tuple[Any, Any]]
    link: int | None


def entries(
    session: Session, wanted: Wanted, before: int | None, count: int = PER_PAGE
) -> list[Entry]:
    """Return entries, the newest first, older than the one with this number.

    Raises UnknownParticipantError for a person who is not seen.
    """
    return list(_read(session, wanted, before, count))


def every(session: Session, wanted: Wanted) -> Iterator[Entry]:
    """Give every entry asked for, the newest first, some at a time."""
    before: int | None = None
    while found := entries(session, wanted, before, 1000):
        yield from found
        before = found[-1].id


def tables(session: Session) -> Sequence[str]:
    """Return the tables that the trail records."""
    return session.execute(
        text(
            "SELECT n.nspname || '.' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgname = 'audit_insert' ORDER BY 1"
        )
    ).scalars().all()  # fmt: skip


def _read(session: Session, wanted: Wanted, before: int | None, count: int) -> Iterator[Entry]:
    conditions = ["e.at >= :since", "e.at < :until"]
    values: dict[str, Any] = {
        "since": datetime.combine(wanted.first, time(), UTC),
        "until": datetime.combine(wanted.last + timedelta(days=1), time(), UTC),
        "count": count,
    }
    source = "audit.entry e"
    if before is not None:
        conditions.append("e.id < :before")
        values["before"] = before
    if wanted.person is not None:
        values["person"] = str(enrolling.find_participant(session, wanted.person).id)
        source = f"(SELECT DISTINCT t, k FROM ({_KEYS}) u) k JOIN audit.entry e ON e.table_name = k.t AND e.row_key = k.k"  # noqa: S608
    if wanted.table is None:
        conditions.append("e.table_name <> ALL (:quiet)")
        values["quiet"] = list(_QUIET)
    for name, column in (("table", "table_name"), ("actor", "actor"), ("operation", "operation")):
        said = getattr(wanted, name)
        if said is not None:
            conditions.append(f"e.{column} = :{name}")
            values[name] = said
    query = (
        f"SELECT {_COLUMNS} FROM {source} LEFT JOIN audit.link l ON l.transaction = e.transaction"  # noqa: S608
        f" WHERE {' AND '.join(conditions)} ORDER BY e.id DESC LIMIT :count"
    )
    for row in session.execute(text(query), values):
        yield Entry(
            row.id, row.at, row.actor, row.reason, row.table_name, row.row_key, row.operation,
            changes(row.old, row.new), row.seq,
        )  # fmt: skip


def changes(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, tuple[Any, Any]]:
    """Return what differs between two states of a row, by column."""
    before, after = old or {}, new or {}
    return {
        name: (before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


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
