"""A tidy table taken out of the database by some people at a time, with no more source tables than it reads."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
from sqlalchemy.orm import Session
from typing_extensions import override

from hometrial.exports import blinding, deidentifying
from hometrial.exports.deidentifying import Profile
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.exports.tidy.tables import Tidy
from hometrial.services.capturing.people import narrow, people
from hometrial.services.capturing.registry import CAPTURES

AT_ONCE = 50
"""People whose rows are in memory together."""


class Taken(Mapping[str, pa.Table]):
    """Source tables, each taken out of the database when it is first asked for, as a profile lets it leave."""

    def __init__(self, session: Session, wanted: Profile) -> None:
        self._session, self._wanted = session, wanted
        self._tables: dict[str, pa.Table] = {}

    @override
    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._tables:
            known = BY_NAME[name]
            table = known.table(CAPTURES[name](self._session))
            if name == "item" and not self._wanted.unblinded:
                table = blinding.without_doses(table, self["instrument"])
            self._tables[name] = deidentifying.released(known, table, self._wanted)
        return self._tables[name]

    @override
    def get(self, name: str, default: object = None) -> pa.Table:
        """Return a table. Every one is there: an error in taking it must not look like one that is not."""
        return self[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(BY_NAME)

    @override
    def __len__(self) -> int:
        return len(BY_NAME)


def is_by_person(table: Tidy) -> bool:
    """Say whether a table's rows are sorted by person, so that some people's are made without the others'."""
    return table.keys[0] == "participant_id"


def gather(session: Session, table: Tidy, wanted: Profile) -> Iterator[pa.Table]:
    """Yield a table's rows in its order, some people's at a time.

    The session must be one snapshot (Database.reading). Raises ExportRefusedError where the records contradict each
    other, and for a profile that disguises people.
    """
    if not is_by_person(table):
        yield table.rows(Source(Taken(session, wanted)))
        return
    everybody = sorted(people(session).items(), key=lambda each: each[1].code)
    for start in range(0, len(everybody), AT_ONCE):
        narrow(session, dict(everybody[start : start + AT_ONCE]))
        yield table.rows(Source(Taken(session, wanted)))
