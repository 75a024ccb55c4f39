"""What keeps a linked person's hours from being known: accounts, consent and pauses as they stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, PairedDevice, Pause, StreamState
from hometrial.services import consenting
from hometrial.services.consenting import Consents
from hometrial.services.metrics import READ
from hometrial.services.metrics.spans import NOTHING, spans, union
from hometrial_ingest.data_types import DataType
from hometrial_ingest.local_time import Int64

Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]

_OF_STATUS = {
    "retired": "retired",
    "reconnect_needed": "token_dead",
    "unlinking": "token_dead",
    "unlinked": "token_dead",
    "not_linked": "not_in_source",
}
_OF_ERROR = {
    "retired": "retired",
    "reconnect_needed": "token_dead",
    "scope_missing": "scope_missing",
    "not_linked": "not_in_source",
    "try_later": "provider_outage",
    "rate_limited": "provider_outage",
}
_RANKED = ("retired", "token_dead", "scope_missing", "not_in_source", "provider_outage")
_EVER, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True)
class LinkedAccount:
    """One account of a person as it stands now; instants in µs UTC.

    `known`: by stream, the spans that were read completely; `errors`: by stream, why its last read
    failed (a `ProviderError.kind`); `handed_over`: when a device last gave its data to the provider.
    """

    account_id: UUID
    linked_at: int
    status: str
    streams: frozenset[str]
    known: Mapping[str, Int64] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    handed_over: int | None = None
    status_since: int = 0

    @property
    def delivers(self) -> bool:
        """Whether something may still come from it, now or once the person signs in again."""
        return self.status in ("active", "reconnect_needed", "not_linked")

    def why_unread(self, stream: str, ends: Int64) -> Words:
        """Return for each hour, by its end, why this account does not know it."""
        met = {_OF_STATUS.get(self.status), _OF_ERROR.get(self.errors.get(stream, ""))}
        if stream not in self.streams:
            met.add("scope_missing")
        first = next((cause for cause in _RANKED if cause in met), None)
        if first is not None:
            return np.full(len(ends), first, object)
        last = _EVER if self.handed_over is None else self.handed_over
        return np.where(ends > last, "not_synced", "unknown").astype(object)


@dataclass(frozen=True)
class Obstacles:
    """All that bears on a person's missing hours. `accounts`: the one that was linked last comes first."""

    accounts: tuple[LinkedAccount, ...]
    consents: Consents = field(default_factory=Consents)
    paused: Int64 = field(default_factory=lambda: NOTHING)
    now: int = 0

    @property
    def since(self) -> int:
        """The instant from which on hours can be missing: the first consent, else the first link."""
        first = self.consents.first()
        if first is not None:
            return clock.microseconds(first)
        return min(account.linked_at for account in self.accounts)

    def unread_since(self, changed_after: int) -> int | None:
        """Return from when on nothing is known, if the account linked last became unreadable since then; else None.

        Of the streams that some account knows; what was never known has one cause all along.
        """
        newest = self.accounts[0]
        if newest.status == "active" or newest.status_since < changed_after:
            return None
        names = {name for account in self.accounts for name in account.known}
        ends = [int(self.known(name)[-1, 1]) for name in names if len(self.known(name))]
        return min(ends, default=None)

    def consented(self, data_type: DataType) -> Int64:
        """Return the spans in which consent to a type of data was in force."""
        return union(_spans((s.start, s.end) for s in self.consents.spells.get(data_type, ())))

    def known(self, stream: str) -> Int64:
        """Return the spans that some account knows completely."""
        return union(
            np.concatenate([NOTHING, *(a.known.get(stream, NOTHING) for a in self.accounts)])
        )

    def reads(self, stream: str, starts: Int64, ends: Int64) -> tuple[str, ...]:
        """Return for each hour [start, end) that is over, in order, READ or why it was not read.

        `stream` is heart_rate, steps or sleep. GAP_RULE gives the order of causes.
        """
        over = ends <= self.now
        starts, ends = starts[over], ends[over]
        data_type = DataType(stream)
        consented = self.consented(data_type)
        asked = shared(consented, starts, ends)
        read = (asked > 0) & (shared(common(consented, self.known(stream)), starts, ends) == asked)
        rested = (asked > 0) & (shared(common(consented, self.paused), starts, ends) == asked)
        withdrawn = not shared(consented, *_moment(self.now))[0]
        refused = (asked == 0) | (withdrawn & ~read)
        told = self.accounts[0].why_unread(stream, ends)
        told[read] = READ
        told[rested] = "paused"
        told[refused] = "not_consented"
        return tuple(told.tolist())


def _moment(at: int) -> tuple[Int64, Int64]:
    return np.array([at], np.int64), np.array([at + 1], np.int64)


def shared(ordered: Int64, starts: Int64, ends: Int64) -> Int64:
    """Return how many µs of each [start, end) lie in a union."""
    if not len(ordered):
        return np.zeros(len(starts), np.int64)
    lengths = np.concatenate(([0], np.cumsum(ordered[:, 1] - ordered[:, 0])))
    return _until(ordered, lengths, ends) - _until(ordered, lengths, starts)


def _until(ordered: Int64, lengths: Int64, at: Int64) -> Int64:
    """Return how many µs of the union lie before each instant."""
    place = np.searchsorted(ordered[:, 0], at, "right")
    inside = at - np.concatenate(([0], ordered[:, 0]))[place]
    whole = np.concatenate(([0], ordered[:, 1] - ordered[:, 0]))[place]
    return lengths[np.maximum(place - 1, 0)] + np.where(place > 0, np.minimum(inside, whole), 0)


def common(one: Int64, other: Int64) -> Int64:
    """Return what two unions share."""
    starts = np.maximum.outer(one[:, 0], other[:, 0]).ravel()
    ends = np.minimum.outer(one[:, 1], other[:, 1]).ravel()
    return union(spans(starts, ends)[starts < ends])


def _spans(found: Iterable[tuple[datetime | None, datetime | None]]) -> Int64:
    rows = [
        (
            _EVER // 4 if start is None else clock.microseconds(start),
            _NEVER // 4 if end is None else clock.microseconds(end),
        )
        for start, end in found
    ]
    return np.array(rows, np.int64).reshape(-1, 2)


def load(
    session: Session, participant_ids: Iterable[UUID], now: datetime | None = None
) -> dict[UUID, Obstacles]:
    """Return the obstacles of those of these people who have ever linked an account: five queries.

    `now` (default: the clock's) says which hours are over.
    """
    linked: dict[UUID, list[Connection]] = {}
    for each in session.scalars(
        select(Connection)
        .where(Connection.participant_id.in_(list(participant_ids)))
        .order_by(Connection.linked_at.desc(), Connection.id)
    ):
        linked.setdefault(each.participant_id, []).append(each)
    if not linked:
        return {}
    accounts = [each.account_id for found in linked.values() for each in found]
    states, synced = _states(session, accounts), _hand_overs(session, accounts)
    consents, pauses = consenting.of_people(session, linked), _pauses(session, linked)
    moment = clock.microseconds(now or clock.now())
    return {
        person: Obstacles(
            tuple(_account(each, states.get(each.account_id, []), synced) for each in found),
            consents[person],
            pauses.get(person, NOTHING),
            moment,
        )
        for person, found in linked.items()
    }


def _states(session: Session, accounts: Sequence[UUID]) -> dict[UUID, list[StreamState]]:
    states: dict[UUID, list[StreamState]] = {}
    for state in session.scalars(
        select(StreamState)
        .where(StreamState.account_id.in_(accounts))
        .execution_options(populate_existing=True)  # coverage is written past the session
    ):
        states.setdefault(state.account_id, []).append(state)
    return states


def _account(
    connection: Connection, states: Sequence[StreamState], synced: Mapping[UUID, datetime | None]
) -> LinkedAccount:
    heard = [state.data_until for state in states if state.data_until is not None]
    last = synced.get(connection.account_id, max(heard, default=None))
    return LinkedAccount(
        connection.account_id,
        clock.microseconds(connection.linked_at),
        connection.status,
        frozenset(connection.streams),
        {state.stream: _known(state.known) for state in states},
        {state.stream: state.obstacle for state in states if state.obstacle},
        None if last is None else clock.microseconds(last),
        clock.microseconds(connection.status_since),
    )


def _known(ranges: Iterable[Range[datetime]]) -> Int64:
    return union(_spans((each.lower, each.upper) for each in ranges))


def _hand_overs(session: Session, accounts: Sequence[UUID]) -> dict[UUID, datetime | None]:
    """Return when a wearable of each account was last heard; a scale's word says nothing of a watch."""
    rows = session.execute(
        select(PairedDevice.account_id, func.max(PairedDevice.last_sync_at))
        .where(PairedDevice.account_id.in_(accounts), PairedDevice.kind != "scale")
        .group_by(PairedDevice.account_id)
    )
    return {account: last for account, last in rows}  # noqa: C416


def _pauses(session: Session, people: Iterable[UUID]) -> dict[UUID, Int64]:
    found: dict[UUID, list[tuple[datetime, datetime | None]]] = {}
    for pause in session.scalars(select(Pause).where(Pause.participant_id.in_(list(people)))):
        found.setdefault(pause.participant_id, []).append((pause.start_at, pause.end_at))
    return {person: union(_spans(rests)) for person, rests in found.items()}
