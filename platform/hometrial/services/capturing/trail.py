"""The source table `audit`: what was recorded of the study's people, changed and taken away, by whom and why."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.exports.source.reading import Row
from hometrial.services.capturing.people import people
from hometrial.services.holding import tables

RECORDED = (
    "participant", "participant_zone", "participation", "anchor_day", "pause", "deviation", "screening",
    "screening_answer", "allocation", "allocation_in_error", "consent_signature", "consent_event",
    "withdrawal_choice", "response", "sitting", "answer", "submission", "bad_day", "dose_event", "told_history",
    "medication", "supply_movement", "adverse_event", "adverse_event_version", "adverse_event_coding",
    "baseline_symptom", "laboratory_result", "visit_record", "device", "query", "query_event", "quarantined_row",
)  # fmt: skip
"""Trial data as they were recorded. Scores, daily figures, gaps and chunks are worked out of them, with a history of
their own: what moved them is here or among the batches."""
_TELLS_THE_ARM = ("allocation", "allocation_in_error")
"""Of these the trail says who and when, and not what: their rows would tell the arm."""
_ROWS_AT_ONCE = 5_000
_ENTRIES = text(
    "SELECT e.id, e.at, e.actor, e.reason, e.table_name, e.row_key, e.operation, e.old::text AS old,"
    " e.new::text AS new, coalesce(e.new, e.old) ->> w.link AS of"
    " FROM unnest(CAST(:tables AS text[]), CAST(:links AS text[])) AS w (name, link)"
    " JOIN audit.entry e ON e.table_name = 'public.' || w.name ORDER BY e.id"
)


def audit(session: Session) -> Iterator[Row]:
    """Yield every entry of the trail about the study's people, in order; `record` is the key of the row in its table."""
    links = {name: _link(name) for name in RECORDED}
    # A row is recorded after the row that it belongs to: whoever's that is, so is this.
    mine = {str(person) for person in people(session)}
    rows = session.execute(
        _ENTRIES.execution_options(yield_per=_ROWS_AT_ONCE),
        {"tables": list(links), "links": list(links.values())},
    )
    for row in rows:
        if row.of not in mine:
            continue
        mine.add(row.row_key)
        table = row.table_name.removeprefix("public.")
        is_told = table not in _TELLS_THE_ARM
        yield {
            "id": str(row.id),
            "sequence": row.id,
            "at": row.at,
            "actor": row.actor,
            "reason": row.reason or None,
            "table": table,
            "record": row.row_key,
            "operation": row.operation,
            "old": row.old if is_told else None,
            "new": row.new if is_told else None,
        }


def _link(table: str) -> str:
    """Return the column that leads from a table to the person, or to the row that it belongs to."""
    return "id" if table == "participant" else tables.hanging()[table][0].name
