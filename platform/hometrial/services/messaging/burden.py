"""How much people were written to: messages a person and week, and what became of the others (features.md N25)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Message, MessageState, Participant
from hometrial.models.message import ENDED
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial_ingest.local_time import ZoneHistory

_UTC = ZoneHistory.of([(None, "UTC")])


@dataclass(frozen=True)
class Week:
    """What a person got in a week of their own calendar, `first` its Monday.

    `sent`: messages that left, by kind. `ended`: how often messages ended otherwise, by how.
    """

    code: str
    first: date
    sent: dict[str, int]
    ended: dict[str, int]

    @property
    def total(self) -> int:
        """How many messages left."""
        return sum(self.sent.values())


def weeks(session: Session, person: Participant | None = None) -> list[Week]:
    """Return every week in which a message to a person came to its end, by person and week.

    Where nobody knows where a person lives, weeks are those of UTC.
    """
    query = (
        select(Participant.id, Participant.code, Message.kind, MessageState.state, MessageState.at)
        .join(Message, Message.participant_id == Participant.id)
        .join(MessageState, MessageState.message_id == Message.id)
        .where(MessageState.state.in_(ENDED))
    )
    if person is not None:
        query = query.where(Participant.id == person.id)
    rows = session.execute(query).all()
    zones = _zones(session, {row.id for row in rows})
    sent: dict[tuple[str, date], Counter[str]] = {}
    ended: dict[tuple[str, date], Counter[str]] = {}
    for row in rows:
        day = local_date(row.at, zones.get(row.id, _UTC))
        key = (row.code, day - timedelta(day.weekday()))
        for counts in (sent, ended):
            counts.setdefault(key, Counter())
        if row.state == "sent":
            sent[key][row.kind] += 1
        else:
            ended[key][row.state] += 1
    return [
        Week(
            code,
            first,
            dict(sorted(sent[code, first].items())),
            dict(sorted(ended[code, first].items())),
        )
        for code, first in sorted(sent)
    ]


def _zones(session: Session, people: set[UUID]) -> dict[UUID, ZoneHistory]:
    rows = enrolling.zone_rows(session, people)
    return {person: enrolling.zone_history(found) for person, found in rows.items()}
