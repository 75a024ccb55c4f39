"""Which version of a protocol a person follows, and the days from which their visits are counted."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import AnchorDay, Participant, Participation, ProtocolVersion
from hometrial.protocol.arms import Anchor
from hometrial.protocol.model import Protocol
from hometrial.services.trial import publishing


class NotInTrialError(TrialError):
    """A person who follows no protocol."""


def version_of(
    session: Session, person: Participant, at: datetime | None = None
) -> ProtocolVersion:
    """Return the version that a person follows, now or at a moment. Raises NotInTrialError."""
    query = (
        select(ProtocolVersion)
        .join(Participation, Participation.protocol_version_id == ProtocolVersion.id)
        .where(Participation.participant_id == person.id)
        .order_by(Participation.number.desc())
        .limit(1)
    )
    if at is not None:
        query = query.where(Participation.since <= at)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotInTrialError(
            f"{person.code} follows no protocol{'' if at is None else f' at {at.isoformat()}'}; "
            "open a screening first: hometrial screening open"
        )
    return found


def protocol_of(session: Session, person: Participant) -> Protocol:
    """Return the protocol that a person follows. Raises NotInTrialError."""
    return publishing.of(version_of(session, person))


def move(session: Session, person: Participant, version: ProtocolVersion) -> None:
    """Have a person follow a version from now on. Raises NotInTrialError if it is not in force."""
    if version.state != "published":
        raise NotInTrialError(
            f"{version.protocol} {version.version} is {version.state}; nobody can follow it yet"
        )
    session.add(
        Participation(participant_id=person.id, protocol_version_id=version.id, since=clock.now())
    )
    session.flush()


def anchor(
    session: Session, person: Participant, which: Anchor, day: date | None, *, because: str
) -> None:
    """Record a day of a person's trial; a later word on the same anchor corrects it, None: it never was."""
    session.add(
        AnchorDay(
            participant_id=person.id,
            anchor=which,
            day=day,
            recorded_at=clock.now(),
            because=because,
        )
    )
    session.flush()


def anchors(session: Session, person: Participant) -> dict[Anchor, date]:
    """Return the days of a person's trial that are known by now."""
    return anchors_of(session, [person.id])[person.id]


def anchors_of(session: Session, people: Iterable[UUID]) -> dict[UUID, dict[Anchor, date]]:
    """Return of each of these people the known days, in one query; the newest word on each holds."""
    found: dict[UUID, dict[Anchor, date]] = {each: {} for each in people}
    rows = session.scalars(
        select(AnchorDay)
        .where(AnchorDay.participant_id.in_(list(found)))
        .order_by(AnchorDay.number)
    )
    for row in rows:
        anchor = cast(Anchor, row.anchor)
        if row.day is None:
            found[row.participant_id].pop(anchor, None)
        else:
            found[row.participant_id][anchor] = row.day
    return found
