"""The study and its people."""

from uuid import UUID

from sqlalchemy import select
from werkzeug.wrappers import Response

from hometrial.models import ProtocolVersion, Site
from hometrial.services.capturing.people import people as everybody
from hometrial.services.capturing.study import protocol_versions
from hometrial.services.locking import settled
from hometrial.services.serving import snapshots
from hometrial.services.serving.kept import ranges_of
from hometrial.staff.api import parameters, shapes, streams, tables
from hometrial.staff.api.declaring import Operation, door, given
from hometrial.staff.api.problems import NotThereError
from hometrial.staff.study import reading, sites, study


@door(
    Operation(
        "study",
        "/study",
        "The study",
        "The versions of its protocol that were in force, the sites whose people the token's owner sees, and how many people "
        "that are. `audit_entry`: the newest entry of the audit trail about what they see.",
        {"application/json": shapes.STUDY},
    )
)
def the_study() -> Response:
    """Tell of the study."""
    with reading() as session:
        found = list(protocol_versions(session))
        seen = session.scalars(select(Site).where(Site.id.in_(sites())).order_by(Site.code))
        told = {
            "protocols": [{k: v for k, v in each.items() if k != "body"} for each in found],
            "sites": [{"code": each.code, "name": each.name} for each in seen],
            "participants": len(everybody(session)),
            "audit_entry": settled.newest(session)[0],
        }
    return shapes.answer(_in_iso(told))


def _in_iso(told: dict[str, object]) -> dict[str, object]:
    for each in told["protocols"]:  # type: ignore[attr-defined]
        at = each["published_at"]
        each["published_at"] = at and at.isoformat().replace("+00:00", "Z")
    return told


@door(
    Operation(
        "protocol",
        "/protocols/<uuid:version_id>",
        "A version of the protocol",
        "The file as it was approved, in YAML.",
        {"application/yaml": {"type": "string"}},
        (
            parameters.place(
                "version_id", "Its id, as `study` lists it.", {"type": "string", "format": "uuid"}
            ),
        ),
        others=(404,),
    )
)
def protocol(version_id: UUID) -> Response:
    """Give a version of the protocol."""
    with reading() as session:
        found = session.get(ProtocolVersion, version_id)
        if found is None or str(version_id) not in {
            each["id"] for each in protocol_versions(session)
        }:
            raise NotThereError(
                "no version of the protocol has this id; GET /api/v1/study lists them"
            )
        return Response(found.body, mimetype="application/yaml")


@door(
    Operation(
        "participants",
        "/participants",
        "The people",
        "The table `participant`.",
        {"application/json": shapes.page({"type": "object"})},
        tables.READING,
        others=(304, 409, 410),
    )
)
def participants() -> Response:
    """List the people."""
    return tables.read(tables.table_of("participant"), given())


@door(
    Operation(
        "participant",
        "/participants/<code>",
        "One of the people",
        "A row of the table `participant`.",
        {"application/json": {"type": "object"}},
        (parameters.place("code", "The pseudonym."), parameters.PROFILE),
        others=(404, 409),
    )
)
def participant(code: str) -> Response:
    """Tell of one of the people."""
    wanted = tables.asked_of(tables.table_of("participant"), given())
    kept = snapshots.newest(study().database, wanted)
    found = [
        row
        for each in kept.tables(ranges_of(kept.chosen(people=(code,))))
        for row in streams.told(each)
    ]
    if not found:
        raise NotThereError(
            "nobody of this pseudonym is at your sites; GET /api/v1/participants lists them"
        )
    return shapes.answer(found[0])
