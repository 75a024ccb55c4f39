"""Source tables of the study itself: its protocol, its questionnaires and its sites."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import among
from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import Row
from hometrial.models import InstrumentVersion, ProtocolVersion, Response, Site
from hometrial.services.capturing.people import people

_APPLIED = ("published", "superseded")


def protocol_versions(session: Session) -> Iterator[Row]:
    """Yield every version that was in force once, the one in force now marked; no rehearsal's.

    Raises ExportRefusedError if several protocols are in force: a data set is of one trial.
    """
    rows = session.scalars(
        select(ProtocolVersion).where(
            ProtocolVersion.is_test.is_(False), ProtocolVersion.state.in_(_APPLIED)
        )
    ).all()
    in_force = sorted(each.protocol for each in rows if each.state == "published")
    if len(in_force) > 1:
        raise ExportRefusedError(
            f"the protocols {', '.join(in_force)} are in force together, and data sets are of one trial; keep "
            "each trial in a database of its own (HOMETRIAL_HOME)"
        )
    for each in rows:
        yield {
            "id": str(each.id),
            "protocol": each.protocol,
            "version": each.version,
            "in_force": each.state == "published",
            "body": each.body,
            "published_at": each.published_at,
        }


def instruments(session: Session) -> Iterator[Row]:
    """Yield the questionnaires as they were asked; one changed under its number has its hash in its id, too."""
    asked = select(Response.definition_sha256).where(
        among(Response.participant_id, people(session))
    )
    rows = session.scalars(
        select(InstrumentVersion)
        .where(InstrumentVersion.sha256.in_(asked))
        .order_by(InstrumentVersion.kept_at, InstrumentVersion.sha256)
    )
    known: set[str] = set()
    for row in rows:
        name = f"{row.instrument}/{row.version}"
        yield {
            "id": f"{name}/{row.sha256[:12]}" if name in known else name,
            "instrument": row.instrument,
            "version": row.version,
            "body": row.body,
            "sha256": row.sha256,
        }
        known.add(name)


def sites(session: Session) -> Iterator[Row]:
    """Yield every site."""
    for each in session.scalars(select(Site)):
        yield {"id": each.code, "name": each.name, "country": each.country}
