"""Who changed what about a person, when and why: all of it, or of one value with what was corrected (features.md E18)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, Table, cast, column, literal, select, table, union_all
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from hometrial.db import Base, Instant
from hometrial.errors import TrialError
from hometrial.models import Participant

PER_PAGE = 60
_ENTERED = frozenset(
    {
        "adverse_event", "alert", "allocation", "anchor_day", "bad_day", "baseline_symptom", "connection",
        "consent_event", "consent_signature", "consent_talk", "contact", "deviation", "dose_event",
        "laboratory_result", "link_invitation", "medication", "message", "participant_zone",
        "participation", "passkey", "pause", "query", "endorsement", "verification_mark", "quiz_call", "quiz_try", "reminder_choice",
        "reminder_rest", "response", "screening", "section_read", "signature_refusal", "supply_count",
        "supply_movement", "told_history", "visit_record", "wearable_account", "withdrawal_choice",
        "work_item",
    }
)  # fmt: skip
"""What somebody enters, says or decides; of what watches fill, batches and the sync log tell."""
_OF_PARENT = {
    "answer": ("response_id", "response"),
    "sitting": ("response_id", "response"),
    "submission": ("response_id", "response"),
    "message_state": ("message_id", "message"),
    "adverse_event_version": ("adverse_event_id", "adverse_event"),
    "alert_event": ("alert_id", "alert"),
    "consent_copy": ("signature_id", "consent_signature"),
}
_ENTRY = table(
    "entry",
    *(column(each) for each in ("id", "actor", "reason", "table_name", "row_key", "operation")),
    column("at", Instant),
    column("old", JSONB),
    column("new", JSONB),
    schema="audit",
)
_BESIDE = frozenset({"answer", "sitting", "message_state", "section_read"})
"""What is told beside the value alone: of a whole trial there are thousands, and each hides the rest."""
_TECHNICAL = frozenset({"id", "participant_id", "key", "statement", "seal"})


class NoHistoryError(TrialError):
    """A value that this person does not have."""


@dataclass(frozen=True)
class Changed:
    """A field that changed, as text; None: there was nothing."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Entry:
    """One entry of the trail: who, when, why, and the fields that changed."""

    number: int
    at: datetime
    actor: str
    reason: str | None
    table: str
    row: str
    operation: str
    fields: Sequence[Changed]


@dataclass(frozen=True)
class EntryPage:
    """Some of a person's entries, the newest first; `more`: whether older ones follow."""

    entries: Sequence[Entry]
    start: int
    more: bool


def _tables() -> dict[str, Table]:
    known = _ENTERED | _OF_PARENT.keys()
    tables = {name: each for name, each in Base.metadata.tables.items() if name in known}
    return {
        name: each
        for name, each in tables.items()
        if name in _OF_PARENT or "participant_id" in each.c
    }


def page(session: Session, person: Participant, start: int = 0) -> EntryPage:
    """Return a page of what changed about a person, measurements left out: one query."""
    rows = union_all(
        select(literal("public.participant").label("name"), literal(str(person.id)).label("key")),
        *(
            select(literal(f"public.{name}"), cast(each.c.id, String)).where(_is_of(each, person))
            for name, each in _tables().items()
            if name not in _BESIDE
        ),
    ).subquery()
    found = session.execute(
        select(_ENTRY)
        .join(rows, (_ENTRY.c.table_name == rows.c.name) & (_ENTRY.c.row_key == rows.c.key))
        .order_by(_ENTRY.c.id.desc())
        .offset(start)
        .limit(PER_PAGE + 1)
    ).all()
    entries = [_told(row, row.old or {}) for row in found[:PER_PAGE]]
    return EntryPage(entries, start, len(found) > PER_PAGE)


def of_value(session: Session, person: Participant, name: str, row: UUID) -> Sequence[Entry]:
    """Return the entries of one row and of those that correct it or that it corrects, the oldest first.

    Raises NoHistoryError of a row that is not this person's.
    """
    if name == "participant" and row == person.id:
        keys = [row]
    else:
        keys = _family(session, person, name, row)
    found = session.execute(
        select(_ENTRY)
        .where(
            _ENTRY.c.table_name == f"public.{name}",
            _ENTRY.c.row_key.in_([str(each) for each in keys]),
        )
        .order_by(_ENTRY.c.id)
    ).all()
    entries, before = [], dict[str, Any]()
    for each in found:
        entries.append(_told(each, each.old or before))
        before = each.new or {}
    return entries


def _is_of(kept: Table, person: Participant) -> Any:
    if "participant_id" in kept.c:
        return kept.c.participant_id == person.id
    link, parent = _OF_PARENT[kept.name]
    of = Base.metadata.tables[parent]
    return kept.c[link].in_(select(of.c.id).where(of.c.participant_id == person.id))


def _family(session: Session, person: Participant, name: str, row: UUID) -> list[UUID]:
    """Return a row with all that correct it, or that it corrects, one after the other."""
    kept = _tables().get(name)
    if kept is None:
        raise NoHistoryError(f"{person.code} has nothing of the kind {name!r}")
    links = [kept.c[each] for each in _LINKS.get(name, _links(kept))]
    rows = session.execute(
        select(kept.c.id, *(each.label(None) for each in links)).where(_is_of(kept, person))
    ).all()
    if all(each.id != row for each in rows):
        raise NoHistoryError(f"{person.code} has no {name.replace('_', ' ')} {row}")
    if name in _LINKS:
        own = next(tuple(each)[1:] for each in rows if each.id == row)
        return [each.id for each in rows if tuple(each)[1:] == own]
    return _linked(rows, row) if links else [row]


_LINKS: Mapping[str, tuple[str, ...]] = {
    "answer": ("response_id", "item"),
    "submission": ("response_id",),
    "adverse_event_version": ("adverse_event_id",),
    "message_state": ("message_id",),
}
"""Tables in which rows of the same belong together, and what makes them the same."""


def _links(kept: Table) -> tuple[str, ...]:
    if "corrects_id" in kept.c:
        return ("id", "corrects_id")
    return ("number", "corrects") if "corrects" in kept.c else ()


def _linked(rows: Iterable[Any], row: UUID) -> list[UUID]:
    """Return the rows that hang together by what corrects what; each is (id, own name, the one it corrects)."""
    known = [tuple(each) for each in rows]
    names = {own for id_, own, _ in known if id_ == row}
    while True:
        more = {own for _, own, wrong in known if wrong in names}
        more |= {wrong for _, own, wrong in known if own in names and wrong is not None}
        if more <= names:
            return [id_ for id_, own, _ in known if own in names]
        names |= more


def _told(row: Any, before: Mapping[str, Any]) -> Entry:
    new = row.new or {}
    names = [each for each in (new or before) if each not in _TECHNICAL]
    fields = [
        Changed(each, _words(before.get(each)), _words(new.get(each)))
        for each in names
        if before.get(each) != new.get(each) and not each.endswith(("_id", "sha256", "_hmac"))
    ]
    return Entry(
        row.id, row.at, row.actor, row.reason, row.table_name.removeprefix("public."),
        row.row_key, row.operation, fields,
    )  # fmt: skip


def _words(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(each)}" for name, each in value.items() if _words(each))
    if isinstance(value, list):
        return ", ".join(filter(None, map(_words, value))) or None
    return str(value)
