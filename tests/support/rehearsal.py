"""A study beside simulators: people linked and consenting, rounds planned, read and taken in by hand."""

from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from hometrial import clock
from hometrial.cli.rehearsing import Cast
from hometrial.db import WORKER_ROLE, Database
from hometrial.models import Participant
from hometrial.services.syncing import accounts, planning, pulling
from hometrial.services.syncing.clouds import clouds
from hometrial.services.syncing.outcomes import Linked
from hometrial.services.syncing.planning import Due
from hometrial.services.syncing.pulling import Span
from hometrial.settings import Settings
from hometrial.tasks import absorbing, keeping, reading
from hometrial.tasks.engine import SHARDS, House
from hometrial_ingest.data_types import DataType
from hometrial_ingest.simulators import Simulators


@dataclass(frozen=True)
class Person:
    """A simulated person as the study knows them."""

    number: int
    code: str
    participant_id: UUID
    account_id: UUID


@dataclass
class Rehearsal:
    """One study and the simulators that it reads."""

    sims: Simulators
    database: Database
    people: dict[int, Person] = field(default_factory=dict)

    @property
    def house(self) -> House:
        return House(self.database, clouds(self.database.settings))

    def link(
        self,
        number: int,
        *,
        provider: str = "google-health",
        types: Iterable[DataType] = tuple(DataType),
        since: datetime | None = None,
        streams: frozenset[str] | None = None,
    ) -> Person:
        """Enrol a simulated person, record consent, and link the account by the short way."""
        cast = Cast(self.database, self.sims)
        with self.database.transaction("rehearsal", "link", role=WORKER_ROLE) as session:
            person = cast.enrol(session, number, tuple(types), since)
            account = cast.link(session, person, number, provider, streams)
        made = Person(number, person.code, person.id, account)
        self.people[number] = made
        return made

    def link_again(self, number: int, streams: frozenset[str] | None = None) -> None:
        """Link a person's account once more, as the person would at the participant site."""
        with self.database.transaction("rehearsal", "link", role=WORKER_ROLE) as session:
            owner = session.get_one(Participant, self.people[number].participant_id)
            account = Cast(self.database, self.sims).link(session, owner, number, streams=streams)
            linked = pulling.find_link(session, account)
            shared = tuple(linked.streams) if linked else ()
            accounts.note(session, owner.id, "google-health", Linked(account, shared, ()))
            planning.begin_anew(session, [account])

    def asked_to_reconnect(self) -> dict[int, str]:
        """Return who is asked to connect again, by number, with the code."""
        rows = self.rows("SELECT participant_id FROM connection WHERE status = 'reconnect_needed'")
        asked = {row[0] for row in rows}
        return {n: each.code for n, each in self.people.items() if each.participant_id in asked}

    def read(self, person: Person, kind: str = "manual", days: tuple[date, date] | None = None,
             stream: str = "") -> None:  # fmt: skip
        """Make one round of reads of a person, by default of all days up to the clock."""
        first, last = days or (
            self.sims.truth.scene.first_day,
            clock.now().date() + timedelta(days=1),
        )
        reading.make_round(self.house, Due(person.account_id, kind, Span(first, last)), stream)

    def absorb(self) -> int:
        """Take in everything that waits."""
        return sum(absorbing.drain(self.house, shard) for shard in range(SHARDS))

    def sync(self, person: Person, **how: object) -> None:
        """Read a person and take it in."""
        self.read(person, **how)
        self.absorb()

    def rounds(self) -> int:
        """Make every round that is due now, until none is, and take everything in; return how many."""
        count = 0
        for _ in range(100):
            with self.database.reading() as session:
                due = planning.due(session, clock.now())
            for each in due:
                reading.make_round(self.house, each)
            self.absorb()
            count += len(due)
            if not due:
                return count
        raise AssertionError("rounds are due without end")

    def settle(self) -> None:
        """Make days final and bring the gap ledger up to the clock."""
        keeping.settle_now(self.house)

    def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def one(self, query: str, **values: object) -> object:
        """Return the single value of a query."""
        return self.rows(query, **values)[0][0]


@contextmanager
def rehearse(database: Database, folder: Path, **scene: object):
    """Run simulators beside a study whose settings point at them; the study's clock follows theirs."""
    file = folder / "clock"
    sims = Simulators(clock_file=file, **scene)  # type: ignore[arg-type]
    with sims.start():
        clock.follow(file)
        settings = Settings(
            home=database.settings.home,
            database_url=database.settings.database_url,
            simulators=sims.base_url,
            clock_file=file,
            public_url=database.settings.public_url,
        )
        beside = Database(settings)
        try:
            yield Rehearsal(sims, beside)
        finally:
            beside.close()
            clock.unfollow()
