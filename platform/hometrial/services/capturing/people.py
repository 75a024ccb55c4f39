"""Whom the source tables are about, and the clock on each person's wall."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import forget, once
from hometrial.errors import ZoneNeededError
from hometrial.models import (
    ConsentSignature,
    DayChunk,
    Participant,
    Participation,
    ProtocolVersion,
    Screening,
)
from hometrial.services import enrolling
from hometrial.services.dosing import footing
from hometrial_ingest.local_time import ZoneHistory


@dataclass(frozen=True)
class Person:
    """Somebody of the study: the row, and the zones lived in.

    `needs_zone` names everybody of whom none is on record, and says what to do.
    """

    row: Participant
    zones: ZoneHistory | None
    needs_zone: str

    @property
    def code(self) -> str:
        """The pseudonym."""
        return self.row.code

    def wall(self, moment: datetime) -> datetime:
        """Return an instant as the person's own clock shows it. Raises ZoneNeededError."""
        if self.zones is None:
            raise ZoneNeededError(self.needs_zone)
        return footing.local(self.zones, moment)

    def local(self, moment: datetime | None) -> str | None:
        """Return an instant as a column of kind `local` holds it, to the second. Raises ZoneNeededError."""
        return None if moment is None else written(self.wall(moment))

    def day(self, moment: datetime) -> date:
        """Return the day that the person's own calendar shows at an instant. Raises ZoneNeededError."""
        return self.wall(moment).date()


def written(wall: datetime) -> str:
    """Return a wall clock with its offset as a column of kind `local` holds it, to the second."""
    return wall.isoformat(timespec="seconds")


def people(session: Session) -> Mapping[UUID, Person]:
    """Return everybody who signed, was screened, follows a protocol or has data, by pseudonym; nobody of a rehearsal."""
    return once(session, "capturing.people", lambda: _people(session))


def moment(session: Session) -> datetime:
    """Return when the snapshot is taken: the same instant for all its tables."""
    return once(session, "capturing.moment", clock.now)


def narrow(session: Session, few: Mapping[UUID, Person]) -> None:
    """Have a session of one snapshot take these people alone out of the database from now on, at the same moment."""
    at = moment(session)
    forget(session)
    once(session, "capturing.moment", lambda: at)
    once(session, "capturing.people", lambda: few)


def _people(session: Session) -> dict[UUID, Person]:
    rows = _rows(session)
    zones = enrolling.zone_rows(session, [row.id for row in rows])
    lacking = "; ".join(_no_zone(session, row) for row in rows if row.id not in zones)
    return {
        row.id: Person(
            row, enrolling.zone_history(zones[row.id]) if row.id in zones else None, lacking
        )
        for row in rows
    }


def _no_zone(session: Session, row: Participant) -> str:
    try:
        enrolling.zones_of(session, row)
    except ZoneNeededError as error:
        return str(error)
    raise AssertionError(row.code)  # one snapshot: a zone cannot come about in between


def _rows(session: Session) -> list[Participant]:
    tested = (
        select(Participation.participant_id)
        .join(ProtocolVersion, ProtocolVersion.id == Participation.protocol_version_id)
        .where(ProtocolVersion.is_test)
    )
    there = (ConsentSignature, Screening, Participation, DayChunk)
    first, *others = [select(table.participant_id) for table in there]
    return list(
        session.scalars(
            select(Participant)
            .where(Participant.id.in_(first.union(*others)), Participant.id.not_in(tested))
            .order_by(Participant.code)
        )
    )
