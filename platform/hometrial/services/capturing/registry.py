"""Which function takes which source table out of the database."""

from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session

from hometrial.exports.source.reading import Row
from hometrial.services.capturing import study

CAPTURES: dict[str, Callable[[Session], Iterable[Row]]] = {
    # The study itself
    "protocol_version": study.protocol_versions,
    "site": study.sites,
}
"""Every table by its name: a function of a session of one snapshot that returns the table's rows."""
