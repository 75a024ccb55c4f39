"""What is known of each stream of an account, and what stands in the way: written after every read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func
from sqlalchemy.dialects.postgresql import Insert, Range, insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import PairedDevice, StreamState
from hometrial_ingest import provider
from hometrial_ingest.provider import ProviderError

_STREAM = ("account_id", "stream")


def add(
    session: Session, account_id: UUID, stream: str, known: Iterable[tuple[datetime, datetime]]
) -> None:
    """Add spans [start, end) to what was read completely after the device had handed it over.

    The database merges them, so that two workers never undo each other's.
    """
    told = _ranges(known)
    if not told:
        return
    row = _row(account_id, stream, known=told)
    session.execute(
        row.on_conflict_do_update(index_elements=_STREAM, set_={"known": _more_known(row)})
    )


def succeed(
    session: Session,
    account_id: UUID,
    stream: str,
    read_at: datetime,
    data_until: datetime | None = None,
    known: Iterable[tuple[datetime, datetime]] = (),
) -> None:
    """Note a read that went well: no obstacle stands any more.

    `data_until`: the end of its newest sample; `known`: spans that `add` would add.
    """
    row = _row(account_id, stream, read_at=read_at, data_until=data_until, known=_ranges(known))
    newest = func.greatest  # of PostgreSQL: leaves nulls out
    session.execute(
        row.on_conflict_do_update(
            index_elements=_STREAM,
            set_={
                "known": _more_known(row),
                "read_at": newest(StreamState.read_at, row.excluded.read_at),
                "data_until": newest(StreamState.data_until, row.excluded.data_until),
                "obstacle": None,
                "obstacle_since": None,
                "obstacle_text": None,
                "failures": 0,
                "retry_at": None,
            },
        )
    )


def _ranges(spans: Iterable[tuple[datetime, datetime]]) -> list[Range[datetime]]:
    return [Range(start, end) for start, end in spans if start < end]


def _more_known(row: Insert) -> ColumnElement[Any]:
    return StreamState.known.op("+")(row.excluded.known)


def fail(
    session: Session,
    account_id: UUID,
    stream: str,
    error: ProviderError,
    retry_at: datetime | None = None,
) -> None:
    """Note a read that failed and why; an obstacle stands since the first failure of its kind."""
    named = f"{error.text} (request {error.request_id})" if error.request_id else error.text
    row = _row(
        account_id,
        stream,
        obstacle=error.kind,
        obstacle_since=clock.now(),
        obstacle_text=named,
        failures=1,
        retry_at=retry_at,
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=_STREAM,
            set_={
                "obstacle": row.excluded.obstacle,
                "obstacle_since": _since(row),
                "obstacle_text": row.excluded.obstacle_text,
                "failures": StreamState.failures + 1,
                "retry_at": row.excluded.retry_at,
            },
        )
    )


def _since(row: Insert) -> ColumnElement[datetime]:
    same = StreamState.obstacle == row.excluded.obstacle
    return case((same, StreamState.obstacle_since), else_=row.excluded.obstacle_since)


def _row(account_id: UUID, stream: str, **known: object) -> Insert:
    nothing: dict[str, object] = {"known": [], "failures": 0}
    return insert(StreamState).values(account_id=account_id, stream=stream, **nothing | known)


def note_devices(
    session: Session,
    account_id: UUID,
    devices: Iterable[provider.PairedDevice],
    seen_at: datetime,
) -> None:
    """Note an account's devices. One that is gone from the list stays, with when it was last seen."""
    rows = [
        {
            "account_id": account_id,
            "key": each.key,
            "model": each.model,
            "kind": each.kind,
            "battery": each.battery,
            "last_sync_at": each.last_sync_at,
            "seen_at": seen_at,
        }
        for each in devices
    ]
    if not rows:
        return
    row = insert(PairedDevice).values(rows)
    latest = func.greatest(PairedDevice.last_sync_at, row.excluded.last_sync_at)
    plain = {name: row.excluded[name] for name in ("model", "kind", "battery", "seen_at")}
    session.execute(
        row.on_conflict_do_update(
            index_elements=["account_id", "key"], set_=plain | {"last_sync_at": latest}
        )
    )
