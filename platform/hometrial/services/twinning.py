"""A synthetic twin of the study that is in force here: its protocol and questionnaires, and nobody's data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.exports import folder, vouching
from hometrial.exports.source.reading import Source
from hometrial.exports.twin.making import twin
from hometrial.exports.twin.setting import UNTIL, Metric, Setting
from hometrial.models import ProtocolVersion
from hometrial.protocol import loading
from hometrial.protocol.model import Protocol
from hometrial.questionnaires import loading as questionnaires
from hometrial.services.locking import telling
from hometrial.services.locking.folders import Progress, Snapshot, silent
from hometrial.services.locking.wanted import Wanted
from hometrial.services.metrics.rules import RULES
from hometrial.services.trial import publishing

MOST_PEOPLE = 10_000


@dataclass(frozen=True)
class Order:
    """How many people of which seed, up to which day; `protocol` None: the one in force here."""

    people: int
    seed: int
    protocol: str | None = None
    until: date = UNTIL


def write(
    database: Database, order: Order, asked: Wanted, out: Path, progress: Progress = silent
) -> dict[str, Any]:
    """Write the folder of a twin, the same bytes for the same order; return its manifest's facts and root hash.

    Raises ExportRefusedError for a number of people that cannot be, samples that are wanted (a twin has none), no
    protocol, or a folder that holds something else.
    """
    _require_possible(order, asked)
    with database.reading() as session:
        made_of = setting(session, order)
    with folder.replaced(out) as place:
        progress("people")
        source = twin(made_of, order.people)
        at = datetime.combine(order.until, time(12), UTC)
        snapshot = Snapshot(database, source, asked, at)
        facts = {
            "kind": "twin",
            "seed": order.seed,
            "people": order.people,
            "until": str(order.until),
            "made_at": at.isoformat(),
            **telling.facts(snapshot.released, state(source), asked, 0),
        }
        built = snapshot.write(place, facts, progress)
    return facts | {"files": len(built.files), "root": vouching.root_of(out)}


def _require_possible(order: Order, asked: Wanted) -> None:
    if not 1 <= order.people <= MOST_PEOPLE:
        raise ExportRefusedError(f"people: {order.people}; give 1 to {MOST_PEOPLE:,}")
    if asked.streams:
        raise ExportRefusedError(
            f"streams: {asked.streams[0]}; a twin has daily figures and no samples, leave it out"
        )


def setting(session: Session, order: Order) -> Setting:
    """Return what the twin of an order is made of. Raises ExportRefusedError if it is not clear of which protocol."""
    protocol, body = _protocol(session, order.protocol)
    names = sorted({each.instrument for each in protocol.forms if each.instrument})
    metrics = {name: Metric(rule.unit, rule.version) for name, rule in RULES.items()}
    bodies = {name: _declared(name) for name in names}
    return Setting(protocol, body, bodies, metrics, order.seed, order.until)


def _protocol(session: Session, wanted: str | None) -> tuple[Protocol, str]:
    found = {each.protocol: each for each in _in_force(session)}
    if wanted is None and len(found) == 1:
        (wanted,) = found
    if wanted is None:
        listed = ", ".join(sorted(found) or loading.shipped())
        raise ExportRefusedError(
            f"protocol: {len(found)} are in force here; say of which (--protocol): {listed}"
        )
    if wanted in found:
        return publishing.of(found[wanted]), found[wanted].body
    body = loading.shipped_text(wanted)
    return publishing.read(body, f"{wanted}.yaml"), body


def _in_force(session: Session) -> Iterator[ProtocolVersion]:
    query = select(ProtocolVersion).where(
        ProtocolVersion.state == "published", ProtocolVersion.is_test.is_(False)
    )
    yield from session.scalars(query)


def _declared(name: str) -> str:
    """Return a questionnaire as the database keeps it."""
    declared = questionnaires.named(name).model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    return json.dumps(declared, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def state(source: Source) -> dict[str, Any]:
    """Return how far a twin's data are settled, as a manifest tells it of a study."""
    suites: dict[str, set[int]] = {}
    for row in source.rows("verdict"):
        suites.setdefault(row["suite"], set()).add(row["suite_version"])
    rules: dict[str, int] = {}
    for row in source.rows("quarantined"):
        if row["status"] != "released":
            rules[row["rule"]] = rules.get(row["rule"], 0) + 1
    rejected = [row for row in source.rows("batch") if row["status"] == "rejected"]
    return {
        "suites": {name: sorted(versions) for name, versions in sorted(suites.items())},
        "open_queries": sum(row["status"] != "closed" for row in source.rows("query")),
        "quarantined_open": _count(source, "quarantined", "open"),
        "excluded_samples_by_rule": dict(sorted(rules.items())),
        "rejected_batches": len(rejected),
        "rows_in_rejected_batches": sum(row["rows_quarantined"] for row in rejected),
        "provisional_days": _count(source, "data_day", "provisional"),
    }


def _count(source: Source, table: str, status: str) -> int:
    return sum(row["status"] == status for row in source.rows(table))
