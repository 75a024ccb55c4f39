"""Quarantined rows under their queries, and the evidence that a decision about one needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from hometrial.clock import microseconds
from hometrial.models import Answer, Batch, Participant, QuarantinedRow, Query
from hometrial.services import storing
from hometrial.services.asking import settling, words
from hometrial.services.querying.steps import ROWS
from hometrial.services.viewing import snippets
from hometrial.services.viewing.snippets import Place, Snippet
from hometrial_ingest.local_time import SECOND
from hometrial_ingest.signals import SIGNALS, Shape, Signal

PER_PAGE = 50
ROWS_SHOWN = 100
NEIGHBOUR_SECONDS = 300
NEIGHBOURS_SHOWN = 200
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Wanted:
    """Which queries are asked for: their rows `open` or not, of one rule, of one person."""

    still_open: bool = True
    rule: str | None = None
    participant: str | None = None


@dataclass(frozen=True)
class QueryLine:
    """A query with the number of its rows and of those still open; `code` is None for a whole batch."""

    query: Query
    code: str | None
    rows: int
    open_rows: int


@dataclass(frozen=True)
class QueryList:
    """One page of queries, oldest first, of `total`."""

    lines: Sequence[QueryLine]
    total: int
    start: int


@dataclass(frozen=True)
class QueryDetail:
    """A query with its batch and its first rows, open ones first."""

    line: QueryLine
    batch: Batch
    rows: Sequence[QuarantinedRow]
    without_instant: int


@dataclass(frozen=True)
class Neighbour:
    """A sample that stands in the current chunk near the quarantined one."""

    at: int
    offset: int
    duration: int
    value: float | None
    code: str | None
    source: str


@dataclass(frozen=True)
class Evidence:
    """All that bears on one quarantined row."""

    row: QuarantinedRow
    query: Query
    batch: Batch
    code: str
    label: str
    unit: str
    neighbours: Sequence[Neighbour]
    more_neighbours: int
    place: Place
    snippet: Snippet | str
    of_form: bool = False

    @property
    def has_instant(self) -> bool:
        """False if the row's wall clock did not exist or happened twice."""
        return has_instant(self.row)


def has_instant(row: QuarantinedRow) -> bool:
    """Say whether a quarantined row could be placed in time."""
    return bool(row.sample["placement"] == "placed")


def rules(session: Session) -> list[str]:
    """Return the rules that have opened queries."""
    return list(
        session.scalars(
            select(Query.rule).where(Query.subject == ROWS).distinct().order_by(Query.rule)
        )
    )


def open_rows(session: Session) -> int:
    """Return how many rows wait for a decision."""
    waiting = (
        select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.status == "open")
    )
    return session.scalar(waiting) or 0


def queries(session: Session, wanted: Wanted, start: int = 0) -> QueryList:
    """Return a page of the queries that are asked for, oldest first."""
    conditions = _conditions(wanted)
    total = session.scalar(
        select(func.count())
        .select_from(Query)
        .outerjoin(Participant, Participant.id == Query.participant_id)
        .where(*conditions)
    )
    page = (
        select(Query.id)
        .outerjoin(Participant, Participant.id == Query.participant_id)
        .where(*conditions)
        .order_by(Query.opened_at, Participant.code, Query.signal, Query.rule)
        .offset(start)
        .limit(PER_PAGE)
    )
    return QueryList(_lines(session, list(session.scalars(page))), total or 0, start)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    waits = Query.closed_at.is_(None) if wanted.still_open else Query.closed_at.is_not(None)
    return [
        waits,
        Query.subject == ROWS,
        true() if wanted.rule is None else Query.rule == wanted.rule,
        true() if wanted.participant is None else Participant.code == wanted.participant,
    ]


def _lines(session: Session, ids: Sequence[UUID]) -> list[QueryLine]:
    waiting = func.count().filter(QuarantinedRow.status == "open")
    counts = (
        select(QuarantinedRow.query_id, func.count().label("rows"), waiting.label("waiting"))
        .where(QuarantinedRow.query_id.in_(ids))
        .group_by(QuarantinedRow.query_id)
        .subquery()
    )
    rows = session.execute(
        select(Query, Participant.code, counts.c.rows, counts.c.waiting)
        .outerjoin(Participant, Participant.id == Query.participant_id)
        .outerjoin(counts, counts.c.query_id == Query.id)
        .where(Query.id.in_(ids))
        .order_by(Query.opened_at, Participant.code, Query.signal, Query.rule)
    )
    return [QueryLine(query, code, count or 0, left or 0) for query, code, count, left in rows]


def query(session: Session, query_id: UUID) -> QueryDetail | None:
    """Return a query with its first rows, None if there is no such query."""
    lines = _lines(session, [query_id])
    if not lines or lines[0].query.batch_id is None:
        return None
    rows = session.scalars(
        select(QuarantinedRow)
        .where(QuarantinedRow.query_id == query_id)
        .order_by(QuarantinedRow.status != "open", QuarantinedRow.row, QuarantinedRow.id)
        .limit(ROWS_SHOWN)
    ).all()
    unplaced = session.scalar(
        select(func.count()).where(
            QuarantinedRow.query_id == query_id,
            QuarantinedRow.status == "open",
            QuarantinedRow.sample["placement"].astext != "placed",
        )
    )
    batch = session.get_one(Batch, lines[0].query.batch_id)
    return QueryDetail(lines[0], batch, rows, unplaced or 0)


def open_row_ids(session: Session, query_id: UUID) -> list[UUID]:
    """Return the rows of a query that wait for a decision."""
    return list(
        session.scalars(
            select(QuarantinedRow.id).where(
                QuarantinedRow.query_id == query_id, QuarantinedRow.status == "open"
            )
        )
    )


def evidence(session: Session, row_id: UUID) -> Evidence | None:
    """Return what bears on a quarantined row, None if there is no such row."""
    row = session.get(QuarantinedRow, row_id)
    if row is None:
        return None
    batch = session.get_one(Batch, row.batch_id)
    place = snippets.place_of(session, row, batch)
    code = session.get_one(Participant, row.participant_id).code
    of_form = row.signal == settling.KIND
    label, unit = _named(row)
    near = _beside(session, row) if of_form else _neighbours(session, row, code)
    return Evidence(
        row=row,
        query=session.get_one(Query, row.query_id),
        batch=batch,
        code=code,
        label=label,
        unit=unit,
        neighbours=near[:NEIGHBOURS_SHOWN],
        more_neighbours=len(near) - len(near[:NEIGHBOURS_SHOWN]),
        place=place,
        snippet=snippets.snippet(session, place),
        of_form=of_form,
    )


def _named(row: QuarantinedRow) -> tuple[str, str]:
    """Return what a row holds, and its unit; an answer of a form has none."""
    if row.signal == settling.KIND:
        return f"Answer to {row.sample['item']}", ""
    spec = SIGNALS[Signal(row.signal)]
    return spec.label, spec.unit


def _beside(session: Session, row: QuarantinedRow) -> list[Neighbour]:
    """Return the other answers of the same submission that were accepted."""
    answer = session.get_one(Answer, UUID(row.sample["answer"]))
    said = words.spoken(session, answer.response_id, answer.revision + 1)
    aside = {each.sample["answer"] for each in _rows_of(session, row.batch_id)}
    return [
        Neighbour(
            at=microseconds(each.answered_at),
            offset=row.sample["offset"],
            duration=0,
            value=each.value if isinstance(each.value, int | float) else None,
            code=str(each.value) if each.skipped is None else f"skipped: {each.skipped}",
            source=each.item,
        )
        for each in words.last(said).values()
        if str(each.id) not in aside
    ]


def _rows_of(session: Session, batch_id: UUID) -> Sequence[QuarantinedRow]:
    return session.scalars(select(QuarantinedRow).where(QuarantinedRow.batch_id == batch_id)).all()


def reach(signal: Signal) -> int:
    """Return within how many seconds a sample counts as a neighbour: a day for days and nights."""
    moments = SIGNALS[signal].shape in (Shape.INSTANT, Shape.INTERVAL)
    return NEIGHBOUR_SECONDS if moments else _DAY_SECONDS


def _neighbours(session: Session, row: QuarantinedRow, code: str) -> list[Neighbour]:
    """Return what stands around the row; around its wall clock if it has no instant."""
    signal, sample = Signal(row.signal), row.sample
    found = storing.current_chunks(session, signal, [code], sample["day"] - 1, sample["day"] + 1)
    table: Any = storing.load_table(found, signal).to_pandas()
    placed = has_instant(row)
    clock = table["at"] if placed else table["at"] + table["offset"].astype("int64") * SECOND
    middle = sample["at"] if placed else sample["local"]
    near = table[(clock - middle).abs() <= reach(signal) * SECOND].sort_values("at", kind="stable")
    columns = ("at", "offset", "duration", "value", "code", "source")
    values = near[list(columns)].astype(object).where(near[list(columns)].notna(), None)
    return [Neighbour(*line) for line in values.itertuples(index=False, name=None)]
