"""One round of reads of one account: token, devices, pages; then the gate is called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

import procrastinate
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import WORKER_ROLE, Database
from hometrial.services.syncing import (
    accounts,
    coverage,
    failing,
    learning,
    limiting,
    planning,
    pulling,
    vault,
)
from hometrial.services.syncing.planning import Due
from hometrial.services.syncing.pulling import Asked, Link, Span
from hometrial.tasks import engine
from hometrial.tasks.engine import House
from hometrial_ingest.provider import (
    Caller,
    PairedDevice,
    Provider,
    ProviderError,
    ReconnectNeededError,
    RetiredError,
    ScopeMissingError,
)
from hometrial_ingest.providers.wire import AccessExpiredError

ACTOR = "worker:read"
EACH_HOUR = frozenset({"heart_rate", "steps", "sleep"})
"""What a round of the hour reads; what a provider computes once a day waits for the night, or a notice."""
T = TypeVar("T")


@engine.app.task(name="read", pass_context=True)
def read(
    context: procrastinate.JobContext,
    account_id: str,
    kind: str,
    first_day: str,
    last_day: str,
    stream: str,
) -> None:
    """Make one round of reads; the arguments are an account and local days."""
    span = Span(date.fromisoformat(first_day), date.fromisoformat(last_day))
    make_round(engine.house(context), Due(UUID(account_id), kind, span), stream)


def make_round(house: House, due: Due, stream: str = "") -> None:
    """Read an account's streams, or one of them, over some days, and hand the pages to the gate."""
    with house.database.reading() as session:
        link = pulling.find_link(session, due.account_id)
        name = pulling.provider_of(session, due.account_id)
    if link is None or link.zones is None or name not in house.clouds:
        return
    made = Round(house.database, house.clouds[name], link, due, stream)
    try:
        made.run()
    except ProviderError as error:
        made.fail(error)
    except vault.LinkEndedError:
        return  # it was unlinked a moment ago: nothing more is read


@dataclass
class Round:
    """One round while it goes on. Every transaction is short; calls are made between them."""

    database: Database
    provider: Provider
    link: Link
    due: Due
    stream: str
    caller: Caller = field(init=False)
    passing: bool = False
    """A stream failed in a way that goes by itself: the round stays due."""

    def run(self) -> None:
        """Read what may be read and note what came of it. Raises what ends the round as a whole."""
        self.caller = Caller(self._token(), self._spend)
        try:
            devices = self._call(lambda: self.provider.devices(self.caller))
        except ScopeMissingError:
            devices = []  # not shared; then the newest sample is the proof of a hand-over
        asked, synced_at = self._ask(devices)
        kept = [self._read(each, synced_at) for each in asked]
        self._close(any_fetched="fetched" in kept, stopped="stopped" in kept)

    def _token(self, stale: str | None = None) -> str:
        """Return a token that works now. A grant that is gone is noted while its row is still locked."""
        keys = vault.keys(self.database.settings)
        with self.database.transaction(ACTOR, "access token", role=WORKER_ROLE) as session:
            try:
                return vault.access(session, keys, self.provider, self.due.account_id, stale=stale)
            except (ReconnectNeededError, RetiredError) as error:
                accounts.lost(session, self.due.account_id, error)
                gone = error
        raise gone

    def _spend(self) -> None:
        with self.database.transaction(ACTOR) as session:
            limiting.spend(
                session, self.provider.name, self.link.account_id, self.provider.limits, clock.now()
            )

    def _call(self, call: Callable[[], T]) -> T:
        """Call the provider; a token that it refuses is refreshed once. A second refusal is the end."""
        try:
            return call()
        except AccessExpiredError:
            self.caller.token = self._token(stale=self.caller.token)
            return call()

    def _ask(self, devices: Sequence[PairedDevice]) -> tuple[list[Asked], datetime | None]:
        """Note the devices, decide whether there can be anything new, and open the round's lines."""
        streams = [self.stream] if self.stream else self._streams()
        with self.database.transaction(ACTOR, f"{self.due.kind} read") as session:
            coverage.note_devices(session, self.link.account_id, devices, clock.now())
            synced_at = learning.last_hand_over(session, self.link.account_id)
            if self.due.kind == "hourly" and planning.nothing_new(
                session, self.link.account_id, streams
            ):
                return [], synced_at
            span = self._span(session, streams)
            asked = pulling.open_round(
                session, self.provider, self.link, self.due.kind, span, streams
            )
        return asked, synced_at

    def _streams(self) -> list[str]:
        """Return what this round is about: each hour what changes by the hour, else everything."""
        streams = self.link.streams & frozenset(self.provider.streams)
        return sorted(streams & EACH_HOUR if self.due.kind == "hourly" else streams)

    def _span(self, session: Session, streams: Sequence[str]) -> Span:
        """Widen a trailing round to the last hand-over that was read: a device may have been silent long."""
        span, zones = self.due.span, self.link.zones
        if self.due.kind not in ("hourly", "nightly") or zones is None:
            return span
        settled = planning.settled_until(session, self.link.account_id, streams)
        if settled is None:
            return span
        return Span(min(span.first_day, pulling.today(zones, settled)), span.last_day)

    def _read(self, asked: Asked, synced_at: datetime | None) -> str:
        """Read one stream to its last page and keep it; a failure of one stream never stops the others."""
        before = self.caller.calls
        try:
            pages = self._call(
                lambda: list(self.provider.pages(self.caller, asked.stream, asked.window))
            )
        except ProviderError as error:
            if error.kind in failing.PERMANENT:
                raise
            self._note(asked, error)
            return "failed"
        with self.database.transaction(ACTOR, f"{self.due.kind} read") as session:
            calls = self.caller.calls - before
            state = pulling.keep(session, self.link, asked, pages, synced_at, calls)
            if state == "done":
                learning.learn_again(session, asked.pull_id)
        return state

    def _note(self, asked: Asked, error: ProviderError) -> None:
        self.passing |= error.kind in planning.TRANSIENT
        with self.database.transaction(ACTOR, f"{self.due.kind} read failed") as session:
            pulling.close(
                session,
                [asked.pull_id],
                "failed",
                error=error.text,
                kind=error.kind,
                request_id=error.request_id,
            )
            failing.note(session, self.link, self.provider.name, [asked.stream.name], error)

    def _close(self, *, any_fetched: bool, stopped: bool) -> None:
        if not any_fetched and self.passing:
            return
        with self.database.transaction(ACTOR, f"{self.due.kind} read") as session:
            if not self.passing and not stopped and self.link.zones is not None:
                planning.note(session, self.due, clock.now(), self.link.zones)
            if any_fetched:
                engine.absorb_job(session, self.link.account_id)

    def fail(self, error: ProviderError) -> None:
        """Note an error that ended the round; lines that are still open end with it."""
        with self.database.transaction(ACTOR, f"{self.due.kind} read failed") as session:
            pulling.give_up(session, self.link.account_id, error.text, error.kind)
            failing.log_round(
                session, self.link, self.provider.name, self.due.kind, self.due.span, error
            )
            streams = [self.stream] if self.stream else self._streams()
            failing.note(session, self.link, self.provider.name, streams, error)
            engine.absorb_job(session, self.link.account_id)
