"""What is stored of each person held against what the clouds held when it was read, on every core."""

import multiprocessing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import recovery_causes
from comparison import STREAMS, View, compare
from recovery_causes import Causes
from recovery_people import Fate
from rehearsal import Person, Rehearsal

from hometrial import clock
from hometrial.db import Database
from hometrial_ingest.data_types import DATA_TYPE_OF


@dataclass
class Judged:
    """What became of one person's data. `differing`: in words."""

    samples: int
    differing: list[str]
    causes: Causes


@dataclass
class Judge:
    """All that is known when a run is over. `read_before`: when streams were read before consent ended."""

    rehearsal: Rehearsal
    fates: Mapping[int, Fate]
    read_last: datetime
    read_before: Mapping[int, Mapping[str, datetime]] = field(default_factory=dict)

    def everybody(self, processes: int = 2) -> Iterator[Judged]:
        """Yield what became of each person, in order.

        Processes are forked: they share the truth as it stands, and have a connection each.
        """
        _THE_JUDGE[:] = [self]
        with multiprocessing.get_context("fork").Pool(processes, _connect) as pool:
            yield from pool.imap(_judge, list(self.rehearsal.people))

    def person(self, number: int) -> Judged:
        """Judge one person's data."""
        person, fate = self.rehearsal.people[number], self.fates[number]
        # Who was never read has nothing.
        read_at = dict.fromkeys(STREAMS, fate.begins) | read_at_of(self.rehearsal, person)
        # The clock goes on while retries of a few are waited for: each is held against what was read.
        heart = read_at["heart_rate"]
        last = heart if fate.ends_dead or heart >= self.read_last else clock.now()
        view = View(fate.streams, fate.consent, read_at, self.read_before.get(number, {}))
        made = compare(self.rehearsal, person, view)
        differing = [f"({fate.kind}) {what}" for what in made.differing]
        late = [] if fate.ends_dead else self._late(fate, read_at)
        if late:
            differing.append(f"{person.code} ({fate.kind}): {late} not read at the end")
        causes = recovery_causes.judge(self.rehearsal, person, fate, last)
        return Judged(made.equal, differing, causes)

    def _late(self, fate: Fate, read_at: Mapping[str, datetime]) -> list[str]:
        """Return what should have been read in the last round and was not."""
        shared = STREAMS if fate.streams is None else fate.streams
        ends = clock.microseconds(self.read_last)  # what was withdrawn is not read any more
        wanted = [s for s in shared if fate.consent[DATA_TYPE_OF[STREAMS[s][0]]][1] > ends]
        return [stream for stream in wanted if read_at[stream] < self.read_last]


_THE_JUDGE: list[Judge] = []


def _connect() -> None:
    rehearsal = _THE_JUDGE[0].rehearsal
    rehearsal.database = Database(rehearsal.database.settings)


def _judge(number: int) -> Judged:
    return _THE_JUDGE[0].person(number)


def read_at_of(rehearsal: Rehearsal, person: Person) -> dict[str, datetime]:
    """Return when each stream of a person was last read."""
    rows = rehearsal.rows(
        "SELECT stream, read_at FROM sync.stream_state WHERE account_id = :account"
        " AND read_at IS NOT NULL",
        account=person.account_id,
    )
    return {str(stream): moment for stream, moment in rows}
