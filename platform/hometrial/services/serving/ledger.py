"""Since when each person's rows in a table have been what they are: by their content, whatever it was that changed them.

A correction, a new file, another rule, a day that went by: each leaves other rows behind, and nothing else counts. Who
has a version of a table asks for everybody whose rows were seen to be others since.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

NOBODY = ""
"""Stands for all rows of a table that is not about people one by one."""


@dataclass(frozen=True)
class Standing:
    """What one person's rows are, and the moment when they were first seen so."""

    digest: str
    since: datetime


@dataclass
class Ledger:
    """The standings of a table at one time."""

    at: datetime
    before: Mapping[str, Standing]
    now: dict[str, Standing] = field(default_factory=dict)

    def note(self, person: str, rows: pa.Table) -> None:
        """Note a person's rows."""
        self._set(person, digest(rows))

    def end(self) -> None:
        """Note that whoever was not noted has no rows any more."""
        for person in self.before.keys() - self.now.keys():
            self._set(person, "")

    def _set(self, person: str, now: str) -> None:
        known = self.before.get(person)
        self.now[person] = known if known and known.digest == now else Standing(now, self.at)


def digest(rows: pa.Table) -> str:
    """Return a digest of rows; it holds within one version of the libraries, and a needless change does no harm."""
    found = hashlib.sha256(str(rows.schema.names).encode())
    # A slice shares its last bytes with its neighbours; taken out, it has bytes of its own.
    own = rows.take(pa.array(range(rows.num_rows), pa.int64())).combine_chunks()
    for batch in own.to_batches():
        found.update(batch.serialize())
    return found.hexdigest()


def read(path: Path) -> dict[str, Standing]:
    """Return the standings that were kept; none where nothing is: then everybody's rows are new."""
    if not path.exists():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    return {
        person: Standing(digest, datetime.fromisoformat(since))
        for person, (digest, since) in told.items()
    }


def keep(path: Path, standings: Mapping[str, Standing]) -> None:
    """Keep standings; the file appears whole or not at all."""
    draft = path.with_suffix(".part")
    told = {
        person: (each.digest, each.since.isoformat()) for person, each in sorted(standings.items())
    }
    draft.write_text(json.dumps(told), encoding="utf-8")
    draft.replace(path)
