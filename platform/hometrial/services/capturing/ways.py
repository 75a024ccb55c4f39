"""Source tables of people's way through the study: whom it has, which days count, epochs, visits, deviations."""

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.db import among
from hometrial.errors import ZoneNeededError
from hometrial.exports.source.reading import Row
from hometrial.models import Deviation, Participation, Site, VisitRecord
from hometrial.protocol.epochs import epochs_lived
from hometrial.services.capturing.people import moment, people
from hometrial.services.trial import arms, calendars, followers, following, publishing
from hometrial.services.trial.calendars import VisitLine


def participants(session: Session) -> Iterator[Row]:
    """Yield everybody of the study."""
    sites = {each.id: each.code for each in session.scalars(select(Site))}
    for each in people(session).values():
        yield {
            "id": each.code,
            "participant": each.code,
            "site": sites[each.row.site_id],
            "status": each.row.status,
            "created": each.local(each.row.created_at),
        }


def participations(session: Session) -> Iterator[Row]:
    """Yield the versions that each person followed, in order; the last one holds."""
    known = people(session)
    rows = session.scalars(
        select(Participation)
        .where(among(Participation.participant_id, known))
        .order_by(Participation.participant_id, Participation.number)
    )
    for person, followed in groupby(rows, lambda row: row.participant_id):
        for number, row in enumerate(followed, start=1):
            yield {
                "id": str(row.id),
                "participant": known[person].code,
                "protocol_version": str(row.protocol_version_id),
                "number": number,
                "since": known[person].local(row.since),
            }


def anchors(session: Session) -> Iterator[Row]:
    """Yield the days that each person's trial is counted from, as they stand."""
    known = people(session)
    for person, days in following.anchors_of(session, known).items():
        code = known[person].code
        for anchor, day in days.items():
            yield {"id": f"{code}/{anchor}", "participant": code, "anchor": anchor, "day": day}


def epochs(session: Session) -> Iterator[Row]:
    """Yield the epochs that each person was in by now, by the version of the protocol that they follow."""
    known = people(session)
    versions = followers.versions_of(session, known)
    drawn = arms.arms_of(session, [each.row for each in known.values()])
    for person, days in following.anchors_of(session, known).items():
        if not days or person not in versions:
            continue
        protocol, code = publishing.of(versions[person]), known[person].code
        today = known[person].day(moment(session))
        lived = epochs_lived(protocol, drawn[person], days, today)
        for number, each in enumerate(lived, start=1):
            yield {
                "id": f"{code}/{each.epoch}",
                "participant": code,
                "epoch": each.epoch,
                "number": number,
                "first": each.first,
                "last": each.last,
            }


def visits(session: Session) -> Iterator[Row]:
    """Yield the visits that the protocol asks of each person, and those that were held besides.

    Raises ZoneNeededError of a person whose visits cannot be told without a time zone.
    """
    known = people(session)
    agenda = calendars.agenda_of_all(session)
    if agenda.problems:
        raise ZoneNeededError("; ".join(agenda.problems))
    codes = {each.code for each in known.values()}
    records = calendars.last_records(session, list(known))
    left = {row.id: row for found in records.values() for row in found.values()}
    for line in agenda.lines:
        if line.code in codes:
            if line.record is not None:
                left.pop(line.record.id, None)
            yield _visit(line)
    for row in left.values():
        yield _beside(known[row.participant_id].code, row)


def _visit(line: VisitLine) -> Row:
    due, record = line.due, line.record
    return {
        "id": f"{line.code}/{due.visit}/{due.number}" if record is None else str(record.id),
        "participant": line.code,
        "visit": due.visit,
        "number": due.number,
        "due": due.due,
        "first": due.window.first,
        "last": due.window.last,
        "outcome": line.status.value,
        "day": record and record.day,
        "days_outside": line.days_outside,
        "mode": record and record.mode,
        "reason": record and record.reason,
    }


def _beside(code: str, row: VisitRecord) -> Row:
    """Return a visit that was held and is not planned: unscheduled, or asked by the days known at the time."""
    return {
        "id": str(row.id),
        "participant": code,
        "visit": row.visit,
        "number": row.number,
        "due": row.due,
        "outcome": row.outcome,
        "day": row.day,
        "days_outside": row.days_outside,
        "mode": row.mode,
        "reason": row.reason,
    }


def deviations(session: Session) -> Iterator[Row]:
    """Yield every protocol deviation as its newest version tells it."""
    known = people(session)
    rows = session.scalars(
        select(Deviation)
        .where(among(Deviation.participant_id, known))
        .ext(distinct_on(Deviation.participant_id, Deviation.number))
        .order_by(Deviation.participant_id, Deviation.number, Deviation.version.desc())
    )
    for row in rows:
        yield {
            "id": str(row.id),
            "participant": known[row.participant_id].code,
            "number": row.number,
            "category": row.category,
            "impact": row.impact,
            "happened": row.happened_on,
            "found": row.found_on,
            "description": row.description,
            "reported": row.reported_on,
            "closed": row.is_closed,
        }
