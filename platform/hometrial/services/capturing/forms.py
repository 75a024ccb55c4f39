"""Forms that were opened, and of each the submission that stands: what the source tables of answers are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import among, once
from hometrial.exports.source.reading import Row
from hometrial.models import InstrumentVersion, Response, Sitting, Submission
from hometrial.services.capturing.people import Person, people


@dataclass(frozen=True)
class Opened:
    """A form of a person, with its instrument's name and version.

    `stands`: the submission whose answers hold, the newest that says something; of a form that somebody was only
    ever too ill for, the newest; None if it was never sent. `first`: the one that was in time or late.
    `sitting`: that of the submission that stands, else the newest.
    """

    person: Person
    response: Response
    instrument: str
    version: str
    stands: Submission | None
    first: Submission | None
    sitting: Sitting | None

    @property
    def is_answered(self) -> bool:
        """Whether it was sent with answers."""
        return self.stands is not None and self.stands.kind != "too_ill"

    def local(self, moment: datetime | None) -> str | None:
        """Return an instant as the person's clock shows it."""
        return self.person.local(moment)


def opened(session: Session) -> Mapping[UUID, Opened]:
    """Return every form that was opened for the people of the study, by the response's id."""
    return once(session, "capturing.forms", lambda: _opened(session))


def _opened(session: Session) -> dict[UUID, Opened]:
    known = people(session)
    rows = session.execute(
        select(Response, InstrumentVersion.instrument, InstrumentVersion.version)
        .join(InstrumentVersion, InstrumentVersion.sha256 == Response.definition_sha256)
        .where(among(Response.participant_id, known))
        .order_by(Response.participant_id, Response.opened_at, Response.id)
    ).all()
    sent = _submissions(session, known)
    sittings = _sittings(session, known)
    found = {}
    for response, instrument, version in rows:
        mine = sent.get(response.id, [])
        said = [each for each in mine if each.kind != "too_ill"] or mine
        stands = said[-1] if said else None
        seated = sittings.get(response.id, [])
        sitting = next((each for each in seated if stands and each.id == stands.sitting_id), None)
        found[response.id] = Opened(
            known[response.participant_id],
            response,
            instrument,
            version,
            stands,
            said[0] if said else None,
            sitting or (seated[-1] if seated else None),
        )
    return found


def _submissions(
    session: Session, known: Mapping[UUID, Person]
) -> Mapping[UUID, Sequence[Submission]]:
    rows = session.scalars(
        select(Submission)
        .join(Response, Response.id == Submission.response_id)
        .where(among(Response.participant_id, known))
        .order_by(Submission.response_id, Submission.revision)
    )
    found: dict[UUID, list[Submission]] = {}
    for row in rows:
        found.setdefault(row.response_id, []).append(row)
    return found


def _sittings(session: Session, known: Mapping[UUID, Person]) -> Mapping[UUID, Sequence[Sitting]]:
    rows = session.scalars(
        select(Sitting)
        .join(Response, Response.id == Sitting.response_id)
        .where(among(Response.participant_id, known))
        .order_by(Sitting.response_id, Sitting.began_at, Sitting.id)
    )
    found: dict[UUID, list[Sitting]] = {}
    for row in rows:
        found.setdefault(row.response_id, []).append(row)
    return found


def responses(session: Session) -> Iterator[Row]:
    """Yield every form that was opened; one that somebody was too ill for was sent, and has no answers."""
    for each in opened(session).values():
        response, stands, first = each.response, each.stands, each.first
        yield {
            "id": str(response.id),
            "participant": each.person.code,
            "form": response.form,
            "instrument": each.instrument,
            "instrument_version": each.version,
            "kind": response.kind,
            "occasion": response.occasion,
            "due": response.due,
            "opened": each.local(response.opened_at),
            "submitted": each.local(None if first is None else first.submitted_at),
            "revision": 0 if stands is None else stands.revision,
            "mode": None if each.sitting is None else each.sitting.mode,
            "respondent": None if each.sitting is None else each.sitting.respondent,
            "language": None if each.sitting is None else each.sitting.language,
            "late": None if first is None else first.late,
        }
