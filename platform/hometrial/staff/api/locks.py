"""Data locks: listed, told; their files as they were when they were made."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Response as FlaskResponse
from flask import send_file
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hometrial.errors import ExportRefusedError
from hometrial.exports.folder import MANIFEST
from hometrial.models import DataLock, DataRequest, Site
from hometrial.services import delivering
from hometrial.services.locking import keeping, signing
from hometrial.services.locking.signing import Standing
from hometrial.services.locking.wanted import wanted
from hometrial.staff.api import parameters, shapes
from hometrial.staff.api.declaring import Operation, door
from hometrial.staff.api.problems import NotReadyError, NotThereError
from hometrial.staff.study import me, reading, sites, study, writing
from hometrial.tasks import delivering as tasks

NAME = parameters.place("name", "The lock's name, or its number.")
_BYTES = {"application/octet-stream": {"type": "string", "format": "binary"}}
_PIECE = 1 << 20


@door(
    Operation(
        "locks",
        "/locks",
        "The locks",
        "The newest first. `stands`: both have signed; else `awaits` says who has not.",
        {"application/json": shapes.listed(shapes.LOCK)},
    )
)
def listing() -> Response:
    """List the locks."""
    with reading() as session:
        found = signing.standings(session, keeping.locks(session))
    return shapes.answer({"data": [_told(each) for each in found]})


def _told(standing: Standing) -> dict[str, Any]:
    lock = standing.lock
    names = ("number", "name", "kind", "reason", "profile", "made_by", "root")
    return {
        **{name: getattr(lock, name) for name in names},
        "made_at": lock.made_at.isoformat(),
        "stands": standing.stands,
        "awaits": list(standing.awaits),
    }


@door(
    Operation(
        "lock",
        "/locks/<name>",
        "A lock",
        "What it is, and the facts of its manifest: code, protocol, instruments, rules, rows, what is left out and why.",
        {"application/json": shapes.one(**shapes.LOCK["properties"], facts={"type": "object"})},
        (NAME,),
        others=(404,),
    )
)
def one(name: str) -> Response:
    """Tell of a lock."""
    with reading() as session:
        found = signing.standing(session, keeping.find(session, name))
    return shapes.answer({**_told(found), "facts": found.lock.facts})


@door(
    Operation(
        "signatures",
        "/locks/<name>/signatures",
        "Who signed a lock",
        "With the meaning of each signature, and the root that it is for.",
        {"application/json": shapes.one(root=shapes.TEXT, data={"type": "array", "items": shapes.SIGNED})},
        (NAME,),
        others=(404,),
    )
)  # fmt: skip
def signatures(name: str) -> Response:
    """Tell who signed."""
    with reading() as session:
        lock = keeping.find(session, name)
        return shapes.answer({"root": lock.root, "data": signing.told(session, lock)})


def require(session: Session, lock: DataLock) -> None:
    """Raise ExportRefusedError unless a role of theirs may ask for the lock's profile, and they see every site."""
    every = session.scalar(select(func.count()).select_from(Site))
    if len(sites()) != every:
        raise ExportRefusedError(
            f"lock {lock.name} holds everybody, and {me().name} sees {len(sites())} of {every} sites; "
            "somebody who sees all of them takes it"
        )
    asked = wanted(tuple(lock.formats), lock.profile, tuple(lock.streams))
    delivering.require_profile(me(), asked, sites())


@door(
    Operation(
        "ask_for_files",
        "/locks/<name>/files",
        "Ask for a lock's files",
        "A worker makes them of what the lock keeps, byte for byte; GET tells how far it is. They are kept for a week.",
        {"application/json": shapes.DELIVERY},
        (NAME,),
        method="POST",
        action="export.request",
        others=(404, 409),
    )
)
def ask(name: str) -> Response:
    """Ask for a lock's files; who has asked before is not asked again."""
    with writing("ask for the files of a lock") as session:
        lock = keeping.find(session, name)
        require(session, lock)
        found = _request(session, lock)
        if found is None:
            found = delivering.ask_files(session, me(), sites(), lock)
            tasks.defer(session, found.id)
        return shapes.answer(_delivery(found), 200 if found.state == "ready" else 202)


def _request(session: Session, lock: DataLock) -> DataRequest | None:
    """Return the newest request of one's own for a lock's files that is not over, made after the last signature."""
    signed = [each.signed_at for each in signing.standing(session, lock).signatures]
    rows = session.scalars(
        select(DataRequest)
        .where(
            DataRequest.account_id == me().account_id,
            DataRequest.lock_id == lock.id,
            DataRequest.kind == "rebuild",
            DataRequest.state.in_(("waiting", "running", "ready")),
        )
        .order_by(DataRequest.requested_at.desc())
    )
    home = study().database.settings.home
    return next(
        (
            row
            for row in rows
            if (not signed or row.requested_at > max(signed))
            and delivering.standing(home, row) in ("waiting", "running", "ready")
        ),
        None,
    )


def _delivery(request: DataRequest) -> dict[str, Any]:
    return {
        "state": request.state,
        "step": request.step,
        "done": request.done,
        "steps": request.steps,
    }


@door(
    Operation(
        "files",
        "/locks/<name>/files",
        "How far a lock's files are",
        "`state` is waiting, running or ready; when it is ready, manifest, files and archive can be read.",
        {"application/json": shapes.DELIVERY},
        (NAME,),
        others=(404, 409),
    )
)
def standing(name: str) -> Response:
    """Tell how far the files are."""
    with reading() as session:
        found = _request(session, keeping.find(session, name))
    if found is None:
        raise _not_asked(name)
    return shapes.answer(_delivery(found))


def _not_asked(name: str) -> NotReadyError:
    return NotReadyError(
        f"the files of lock {name} are not there: POST /api/v1/locks/{name}/files asks for them"
    )


def _archive(name: str) -> tuple[Path, DataRequest]:
    with reading() as session:
        lock = keeping.find(session, name)
        require(session, lock)
        found = _request(session, lock)
    if found is None:
        raise _not_asked(name)
    if found.state != "ready":
        raise NotReadyError(f"the files of lock {name} are not ready yet: {found.step}")
    return delivering.place(study().database.settings.home, found.id), found


@door(
    Operation(
        "archive",
        "/locks/<name>/archive",
        "All files of a lock in one",
        "A zip archive. With Range a download goes on where it broke off.",
        {"application/zip": {"type": "string", "format": "binary"}},
        (NAME,),
        others=(206, 304, 404, 409, 416),
    )
)
def archive(name: str) -> Response:
    """Give the archive."""
    path, found = _archive(name)
    return send_file(path, mimetype="application/zip", conditional=True, etag=found.sha256 or True)


@door(
    Operation(
        "manifest",
        "/locks/<name>/manifest",
        "A lock's manifest",
        "MANIFEST.json as it was written: every file with its rows, bytes and SHA-256.",
        {"application/json": {"type": "object", "required": ["files"]}},
        (NAME,),
        others=(404, 409),
    )
)
def manifest(name: str) -> Response:
    """Give the manifest."""
    with zipfile.ZipFile(_archive(name)[0]) as opened:
        return FlaskResponse(opened.read(MANIFEST), mimetype="application/json")


@door(
    Operation(
        "file",
        "/locks/<name>/files/<path:path>",
        "A file of a lock",
        "By its path in the manifest, or MANIFEST.json, MANIFEST.sha256, MANIFEST.sig, SIGNATURES.json.",
        _BYTES,
        (NAME, parameters.place("path", "As tidy-parquet/participant_day.parquet.")),
        others=(404, 409),
    )
)
def file(name: str, path: str) -> Response:
    """Give a file."""
    place, _ = _archive(name)
    with zipfile.ZipFile(place) as opened:
        try:
            size = opened.getinfo(path).file_size
        except KeyError as error:
            raise NotThereError(
                f"lock {name} has no file {path}; its manifest lists them"
            ) from error
    answer = FlaskResponse(_pieces(place, path), mimetype="application/octet-stream")
    answer.content_length = size
    return answer


def _pieces(place: Path, path: str) -> Iterator[bytes]:
    with zipfile.ZipFile(place) as opened, opened.open(path) as found:
        while piece := found.read(_PIECE):
            yield piece
