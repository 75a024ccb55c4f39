"""The chain of what was recorded by hand: the rows behind it, who wrote and changed them, when and why, and consent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, cast, select, text
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.orm import Session

from hometrial.db import Base
from hometrial.errors import ExportRefusedError
from hometrial.models import Participant
from hometrial.services.holding import tables
from hometrial.services.lineage import consented
from hometrial.services.lineage.chain import Chain, Step, facts
from hometrial.services.viewing import trail


def _chain(table: str, link: str = "corrects_id") -> str:
    """SQL for a row and every one that it corrects."""
    return (
        f"WITH RECURSIVE c AS (SELECT id, {link} FROM {table} WHERE id::text = :id"  # noqa: S608
        f" UNION ALL SELECT r.id, r.{link} FROM {table} r JOIN c ON r.id = c.{link})"
        f" SELECT '{table}' AS name, id::text AS key FROM c"
    )


def _numbered(table: str) -> str:
    """SQL for a row of a person and every one that it corrects, where rows name one another by number."""
    return (
        f"WITH RECURSIVE c AS (SELECT id, participant_id, corrects FROM {table} WHERE id::text = :id"  # noqa: S608
        f" UNION ALL SELECT r.id, r.participant_id, r.corrects FROM {table} r"
        " JOIN c ON r.participant_id = c.participant_id AND r.number = c.corrects)"
        f" SELECT '{table}' AS name, id::text AS key FROM c"
    )


def _alone(table: str) -> str:
    return f"SELECT '{table}' AS name, id::text AS key FROM {table} WHERE id::text = :id"  # noqa: S608


_MADE = "SELECT 'anchor_day' AS name, r.id::text AS key FROM anchor_day r "
_OF_THE_CODE = "JOIN participant p ON p.id = r.participant_id WHERE p.code"
ROWS: Mapping[str, str] = {
    "participant": "SELECT 'participant' AS name, id::text AS key FROM participant WHERE code = :id",
    "participation": _alone("participation"),
    "anchor": f"{_MADE}{_OF_THE_CODE} || '/' || r.anchor = :id",
    "epoch": f"{_MADE}{_OF_THE_CODE} = split_part(:id, '/', 1)",
    "screening": _alone("screening"),
    "screening_answer": _alone("screening_answer"),
    "consent_signature": "SELECT 'consent_signature' AS name, id::text AS key FROM consent_signature"
    " WHERE :id IN (id::text, countersigns::text)",
    "consent_event": _alone("consent_event"),
    "withdrawal": _alone("withdrawal_choice"),
    "allocation": _alone("allocation"),
    "visit": _chain("visit_record"),
    "deviation": "SELECT 'deviation' AS name, r.id::text AS key FROM deviation r JOIN deviation d"
    " ON d.participant_id = r.participant_id AND d.number = r.number WHERE d.id::text = :id",
    "dose_order": _numbered("dose_event"),
    "intake": _numbered("dose_event"),
    "interruption": _numbered("dose_event"),
    "dose_day": "SELECT 'dose_event' AS name, r.id::text AS key FROM dose_event r"
    " JOIN participant p ON p.id = r.participant_id WHERE p.code = split_part(:id, '/', 1) AND (r.day::text = split_part(:id, '/', 2) OR r.number = (SELECT max(o.number)"
    " FROM dose_event o WHERE o.participant_id = p.id AND o.kind = 'order' AND o.day::text <= split_part(:id, '/', 2)))",
    "supply": _alone("supply_movement"),
    "treatment_told": "SELECT 'told_history' AS name, id::text AS key FROM told_history"
    " WHERE id::text = split_part(:id, '/', 1)",
    "medication": _numbered("medication"),
    "adverse_event": "SELECT 'adverse_event' AS name, id::text AS key FROM adverse_event WHERE id::text = :id"
    " UNION ALL SELECT 'adverse_event_version', id::text FROM adverse_event_version WHERE adverse_event_id::text = :id"
    " UNION ALL SELECT 'adverse_event_coding', c.id::text FROM adverse_event_coding c"
    " JOIN adverse_event_version v ON v.id = c.version_id WHERE v.adverse_event_id::text = :id",
    "baseline_symptom": _alone("baseline_symptom"),
    "laboratory": _chain("laboratory_result"),
    "bad_day": _alone("bad_day"),
    "device": _alone("device"),
    "query": "SELECT 'query' AS name, id::text AS key FROM query WHERE id::text = :id UNION ALL"
    " SELECT 'query_event', id::text FROM query_event WHERE query_id::text = :id",
}
"""The rows in the database behind a record of each source table."""
_TELLS_THE_ARM = frozenset({"allocation", "allocation_in_error"})
"""Of these it is told who wrote them and when, and not what: that is the arm."""
_ENTRIES = text(
    "SELECT e.at, e.actor, e.reason, e.table_name, e.row_key, e.operation, e.old, e.new, e.id, l.seq"
    " FROM audit.entry e LEFT JOIN audit.link l USING (transaction)"
    " WHERE e.table_name = :table AND e.row_key IN :keys ORDER BY e.id"
).bindparams(bindparam("keys", expanding=True))


_WITHOUT_A_ROW = {
    "visit": "No visit was recorded: the calendar has it, by the protocol and the days of this person's trial",
    "device": "Paired with a linked account, and not seen in data yet",
}


@dataclass(frozen=True)
class _Entry:
    at: datetime
    step: Step


def record(session: Session, told: str, table: str, name: str, row: Mapping[str, Any]) -> Chain:
    """Return the chain of a record that somebody wrote. Raises ExportRefusedError for one that there is not."""
    rows = session.execute(text(ROWS[table]), {"id": name}).all()
    if not rows and not row:
        raise ExportRefusedError(f"{told}: there is no such record")
    value = Step("value", f"{table} {name}", facts(row))
    if not rows:
        note = _WITHOUT_A_ROW.get(table, "Nothing was written down by hand: it follows from others")
        return Chain(told, row.get("participant"), (value, Step("rule", note)))
    by_table: dict[str, list[str]] = {}
    for each in rows:
        by_table.setdefault(each.name, []).append(each.key)
    entries = [each for name, keys in by_table.items() for each in _trail(session, name, keys)]
    entries.sort(key=lambda each: each.at)
    person = _owner(session, rows[0].name, rows[0].key)
    steps = tuple(each.step for each in entries)
    if person is None:
        return Chain(told, None, (value, *steps))
    moment = entries[-1].at if entries else person.created_at
    agreed = consented.steps(session, person.id, moment)
    return Chain(told, person.code, (value, *steps, *agreed))


def _trail(session: Session, table: str, keys: list[str]) -> Iterator[_Entry]:
    found = session.execute(_ENTRIES, {"table": f"public.{table}", "keys": keys})
    for row in found:
        known = {
            "at": row.at,
            "by": row.actor,
            "why": row.reason or None,
            "row": f"{table}/{row.row_key}",
            "entry of the trail": row.id,
            "link of its chain": row.seq,
        }
        states = ({}, {}) if table in _TELLS_THE_ARM else (row.old, row.new)
        changed = {
            f"{name} became": now if old is None else f"{now} (was {old})"
            for name, (old, now) in trail.changes(*states).items()
            if now is not None or old is not None
        }
        title = f"{_DONE[row.operation]} by {row.actor} on {row.at:%Y-%m-%d}"
        yield _Entry(row.at, Step("trail", title, facts(known | changed)))


_DONE = {"INSERT": "Recorded", "UPDATE": "Changed", "DELETE": "Taken away"}


def _owner(session: Session, table: str, key: str) -> Participant | None:
    """Return the person whom a row is about."""
    if table == "participant":
        return session.get(Participant, UUID(key))
    path = tables.hanging()[table]
    made = Base.metadata.tables[table]
    query = select(path[-1]).select_from(made)
    for nearer, further in pairwise(path):
        (link,) = (each for each in nearer.foreign_keys if each.column.table is further.table)
        query = query.join(further.table, nearer == link.column)
    owner = session.scalar(query.where(cast(made.c.id, TEXT) == key))
    return None if owner is None else session.get(Participant, owner)
