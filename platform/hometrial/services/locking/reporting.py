"""The pilot report of a lock, of a twin's folder, or of what is stored now: page, paper and numbers in one folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.exports import folder, packs, vouching
from hometrial.exports.report import making as reports
from hometrial.exports.report import pages, record
from hometrial.exports.report.material import Material, Standing, material
from hometrial.exports.twin.making import twin
from hometrial.models import DataLock
from hometrial.services import twinning
from hometrial.services.capturing import capture
from hometrial.services.locking import keeping, settled, signing
from hometrial.services.locking.code import code
from hometrial.services.locking.folders import Snapshot
from hometrial.services.locking.report_paper import pdf
from hometrial.services.locking.wanted import wanted

NOW = "now"
"""Stands for what is stored now, instead of a lock."""
HTML, PDF, JSON = "report.html", "report.pdf", "report.json"


@dataclass(frozen=True)
class Written:
    """What was written."""

    folder: Path
    mark: str
    files: tuple[str, ...]


def write(database: Database, of: str, out: Path) -> Written:
    """Write the report of a lock (name or number), of the folder of a lock or a twin, or of NOW, into a folder.

    Raises UnknownLockError, ExportRefusedError for a folder that was changed or is a draft, or FlowError.
    """
    found = material_of(database, of)
    made = reports.report(found)
    bodies = {HTML: pages.html(made), PDF: pdf(made, found.standing), JSON: record.record(made)}
    _save(out, bodies)
    return Written(out, made.mark, tuple(bodies))


def write_pack(
    database: Database, of: str, pack: str, out: Path, *, masked: bool = False
) -> Written:
    """Write the open or the closed pack of a safety board, of the same things that a report can be made of."""
    found = material_of(database, of)
    if pack == packs.OPEN:
        made = packs.open_report(found)
    elif pack == packs.CLOSED:
        made = packs.closed_report(found, masked=masked)
    else:
        raise ExportRefusedError(f"pack: {pack} is none; choose {packs.OPEN} or {packs.CLOSED}")
    bodies = {
        f"{pack}-pack.html": pages.html(made),
        f"{pack}-pack.pdf": pdf(made, found.standing),
        f"{pack}-pack.json": record.record(made),
    }
    _save(out, bodies)
    return Written(out, made.mark, tuple(bodies))


def _save(out: Path, bodies: Mapping[str, bytes]) -> None:
    """Write files into a folder that holds nothing else; none appears half-written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        foreign = sorted(each.name for each in out.iterdir() if each.name not in bodies)
        if foreign:
            raise ExportRefusedError(
                f"{out} holds {foreign[0]}, which is no report; give a new folder, or move it away first"
            )
        for name, body in bodies.items():
            part = out / f".{name}.part"
            part.write_bytes(body)
            part.replace(out / name)
    except OSError as error:
        raise ExportRefusedError(f"{out} cannot be written: {error.strerror or error}") from error


def material_of(database: Database, of: str) -> Material:
    """Return what the report is made of."""
    place = Path(of)
    if of == NOW:
        return _now(database)
    if not (place / folder.MANIFEST).is_file():
        with database.reading() as session:
            return of_lock(session, database, keeping.find(session, of))
    facts = _facts(place)
    if facts["kind"] == "twin":
        return _of_twin(database, facts)
    if facts["kind"] != "lock":
        raise ExportRefusedError(
            f"{place} is a {facts['kind']}: it keeps nothing to reckon a report of; give a lock, or the word {NOW}"
        )
    with database.reading() as session:
        return of_lock(session, database, _by_root(session, place))


def _facts(place: Path) -> dict[str, Any]:
    found = vouching.verify(place)
    if found.problems:
        raise ExportRefusedError(f"{place} was changed since it was written: {found.problems[0]}")
    facts: dict[str, Any] = json.loads((place / folder.MANIFEST).read_bytes())
    return facts


def _by_root(session: Session, place: Path) -> DataLock:
    root = vouching.root_of(place)
    found = session.scalars(select(DataLock).where(DataLock.root == root)).one_or_none()
    if found is None:
        raise ExportRefusedError(
            f"{place} is a lock of another installation (root {root[:16]}); its report is made there"
        )
    return found


def of_lock(session: Session, database: Database, lock: DataLock) -> Material:
    """Return the material of a lock, as its profile lets it leave."""
    asked = wanted(tuple(lock.formats), lock.profile, tuple(lock.streams))
    cut = lock.made_at.astimezone(UTC)
    source = Snapshot(database, keeping.source_of(session, lock), asked, cut).released.source
    signers = tuple(f"{each['name']} ({each['role']})" for each in signing.told(session, lock))
    return material(source, standing(lock, signers))


def standing(lock: DataLock, signers: tuple[str, ...]) -> Standing:
    """Return what a report says of where its data come from; of a public lock it tells of no small cell."""
    return Standing(
        "lock", lock.name, lock.made_at.astimezone(UTC), _version(lock.facts["code"]), lock.root, lock.kind, signers,
        is_public=lock.profile == "public",
    )  # fmt: skip


def _version(told: Mapping[str, Any]) -> str:
    return f"{told['version']} ({told['sha256'][:16]})"


def _now(database: Database) -> Material:
    with database.reading() as session:
        _, moment = settled.newest(session)
        cut = moment.astimezone(UTC).replace(microsecond=0)
        source = Snapshot(database, capture(session), wanted(), cut).released.source
    return material(source, Standing("draft", "what is stored now", cut, _version(code())))


def _of_twin(database: Database, facts: Mapping[str, Any]) -> Material:
    """Make the people of a twin again, of its seed; nobody else's data are needed for it."""
    until = date.fromisoformat(facts["until"])
    order = twinning.Order(facts["people"], facts["seed"], facts["protocol"]["id"], until)
    with database.reading() as session:
        setting = twinning.setting(session, order)
    cut = datetime.combine(until, time(12), UTC)
    name = f"{facts['people']} people, seed {facts['seed']}"
    return material(twin(setting, order.people), Standing("twin", name, cut, _version(code())))
