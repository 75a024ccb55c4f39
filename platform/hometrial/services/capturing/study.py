"""Source tables of the study itself: its protocol and its sites."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.exports.source.reading import Row
from hometrial.models import ProtocolVersion, Site

_APPLIED = ("published", "superseded")


def protocol_versions(session: Session) -> Iterator[Row]:
    """Yield every version that was in force once, the one in force now marked; no rehearsal's."""
    for each in session.scalars(
        select(ProtocolVersion).where(
            ProtocolVersion.is_test.is_(False), ProtocolVersion.state.in_(_APPLIED)
        )
    ):
        yield {
            "id": str(each.id),
            "protocol": each.protocol,
            "version": each.version,
            "in_force": each.state == "published",
            "body": each.body,
            "published_at": each.published_at,
        }


def sites(session: Session) -> Iterator[Row]:
    """Yield every site."""
    for each in session.scalars(select(Site)):
        yield {"id": each.code, "name": each.name, "country": None}
