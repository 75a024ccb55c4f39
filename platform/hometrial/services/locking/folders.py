"""The folder of a snapshot: released by its profile, written with its samples."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from hometrial.db import Database
from hometrial.exports import deidentifying, publishing
from hometrial.exports.building import Built, Delivery, build
from hometrial.exports.deidentifying import Disguise, Released
from hometrial.exports.provenance import Before
from hometrial.exports.source.reading import Source
from hometrial.services.locking.wanted import Wanted
from hometrial.services.streaming import files
from hometrial.services.streaming import writing as streaming
from hometrial_ingest.signals import Signal

RELEASE_KEY = "release"
Progress = Callable[[str], None]


def silent(_step: str) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Snapshot:
    """Source tables as they stand in the house, and how they are wanted."""

    database: Database
    source: Source
    wanted: Wanted
    at: datetime
    before: Before | None = None
    """The lock before, as it stands in the house."""

    @cached_property
    def released(self) -> Released:
        """The source tables as the profile lets them leave."""
        return deidentifying.release(
            self.source, self.wanted.profile, self._key, self.at.astimezone(UTC).date()
        )

    @cached_property
    def disguise(self) -> Disguise | None:
        """How people are disguised, if they are."""
        if not self.wanted.profile.shifted:
            return None
        return Disguise.of(self.source, self._key)

    @cached_property
    def _people(self) -> frozenset[str]:
        """Who is in the folder, by the pseudonym in the house."""
        told = frozenset(self.released.source.people)
        if self.disguise is None:
            return told
        return frozenset(old for old, new in self.disguise.names.items() if new in told)

    @property
    def _key(self) -> bytes:
        return self.database.settings.key(RELEASE_KEY)

    def write(self, place: Path, facts: dict[str, Any], progress: Progress = silent) -> Built:
        """Write the folder, with its manifest."""

        chunks = [
            row
            for row in self.source.rows("chunk")
            if self.wanted.has_stream(row["stream"])
            and row["samples"]
            and row["participant"] in self._people
        ]

        def samples(within: Path) -> dict[Path, int]:
            return streaming.write(
                self.database,
                chunks,
                within / "samples",
                self.disguise,
                progress,
                known_at=self.at,
            )

        return build(
            place,
            Delivery(
                source=self.released.source,
                formats=frozenset(self.wanted.formats),
                facts=facts | self._hidden,
                at=self._told_at,
                samples=samples if chunks else None,
                streams={
                    stream: files.variables_of(Signal(stream))
                    for stream in sorted({row["stream"] for row in chunks})
                },
                before=self._released_before(),
                progress=progress,
            ),
        )

    @property
    def _told_at(self) -> datetime:
        """The time that stands in the files."""
        return publishing.quarter(self.at) if self.wanted.profile.shifted else self.at

    @property
    def _hidden(self) -> dict[str, Any]:
        """What a folder with moved dates tells instead of when it was made: the house keeps it to the second."""
        if not self.wanted.profile.shifted:
            return {}
        return {"made_at": self._told_at.isoformat(), "cutoff": {"audit_entry": None}}

    def _released_before(self) -> Before | None:
        """Return the lock before as this profile lets it leave: the two can be compared, and no more is told.

        Not where dates are moved: what came since the lock before is of days between the two, which tells how far.
        """
        if self.before is None or self.wanted.profile.shifted:
            return None
        released = deidentifying.release(self.before.source, self.wanted.profile, self._key)
        return replace(self.before, source=released.source, trail=self._trail())

    def _trail(self) -> pa.Table:
        """Return the trail with the reasons that may leave."""
        whole, leaves = self.source.table("audit"), self.released.source.table("audit")
        place = whole.schema.get_field_index("reason")
        return whole.set_column(place, whole.schema.field(place), leaves["reason"])
