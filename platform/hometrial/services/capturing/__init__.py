"""Source tables as they stand in the database, all of one snapshot; what they hold is `exports.source.tables`."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.services.capturing.registry import CAPTURES

_ONE_SNAPSHOT = ("repeatable read", "serializable")


def capture(session: Session) -> Source:
    """Return every source table as it stands now.

    Raises ExportRefusedError if the session is not one snapshot (`Database.reading`): its tables would not be of
    one moment; ZoneNeededError for a person with something to place in time and no zone.
    """
    isolation = session.execute(text("SHOW transaction_isolation")).scalar_one()
    if isolation not in _ONE_SNAPSHOT:
        raise ExportRefusedError(
            f"source tables are taken from one snapshot, this session is {isolation!r}; use Database.reading"
        )
    return Source({name: BY_NAME[name].table(read(session)) for name, read in CAPTURES.items()})
