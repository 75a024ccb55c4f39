"""Two locks compared, or a lock with what is stored now."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.exports.differing import Difference, differences
from hometrial.services.locking import keeping


def compared(session: Session, before: str, after: str) -> Iterator[Difference]:
    """Yield what differs between two locks, by names or numbers.

    Raises UnknownLockError, and ExportRefusedError if the second is not the later one.
    """
    earlier, later = keeping.find(session, before), keeping.find(session, after)
    if earlier.number >= later.number:
        raise ExportRefusedError(
            f"{later.name} is lock {later.number} and {earlier.name} lock {earlier.number}; give the earlier one first"
        )
    sources = keeping.source_of(session, earlier), keeping.source_of(session, later)
    yield from differences(*sources, earlier.cutoff)
