"""What the record says of a site, as the report on a visit keeps it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.db import among
from hometrial.models import (
    ConsentSignature,
    Deviation,
    Participant,
    Query,
    Site,
    VerificationMark,
)
from hometrial.protocol.dosing import supply
from hometrial.services.dosing import accounting
from hometrial.services.monitoring import counting, sampling, verifying


def of_site(session: Session, site: Site, since: date) -> dict[str, Any]:
    """Return what the record says of a site: verification, consents, deviations, drug, queries."""
    people = {
        row.id: row.code
        for row in session.execute(
            select(Participant.id, Participant.code).where(Participant.site_id == site.id)
        )
    }
    drawn = sampling.newest(session)
    found = counting.shares(session, people, drawn)
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for shares in found.values():
        for kind, each in shares.items():
            kinds[kind] = [a + b for a, b in zip(kinds[kind], (each.drawn, each.verified, each.dropped), strict=True)]  # fmt: skip
    return {
        "people": len(people),
        "plan": None if drawn.plan is None else drawn.plan.number,
        "seed": None if drawn.plan is None else drawn.plan.seed,
        "sample": dict(kinds),
        "marked_since": _marked(session, people, since),
        "dropped": sorted(
            f"{people[person]}: {each.kind.replace('_', ' ')} {each.key}"
            for person, some in verifying.dropped(session, list(people)).items()
            for each in some
        ),
        "consents_since": _consents(session, people, since),
        "deviations": _deviations(session, people),
        "drug": list(_drug(session)),
        "queries": _queries(session, people),
    }


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _marked(session: Session, people: Mapping[UUID, str], since: date) -> dict[str, int]:
    rows = session.execute(
        select(VerificationMark.kind, func.count())
        .where(
            among(VerificationMark.participant_id, people),
            VerificationMark.marked_at >= _start(since),
        )
        .group_by(VerificationMark.kind)
    )
    return {kind: count for kind, count in rows}  # noqa: C416 - rows are no pairs to mypy


def _consents(session: Session, people: Mapping[UUID, str], since: date) -> list[str]:
    rows = session.scalars(
        select(ConsentSignature)
        .where(
            among(ConsentSignature.participant_id, people),
            ConsentSignature.part == "participant",
            ConsentSignature.signed_at >= _start(since),
        )
        .order_by(ConsentSignature.signed_at)
    )
    return [
        f"{people[row.participant_id]}: {row.document} {row.version}, {row.signed_at:%Y-%m-%d %H:%M} UTC,"
        f" identity by {row.identity_check}"
        for row in rows
    ]


def _deviations(session: Session, people: Mapping[UUID, str]) -> list[str]:
    rows = session.scalars(
        select(Deviation)
        .where(among(Deviation.participant_id, people))
        .ext(distinct_on(Deviation.participant_id, Deviation.number))
        .order_by(Deviation.participant_id, Deviation.number, Deviation.version.desc())
    )
    return sorted(
        f"{people[row.participant_id]} {row.number}: {row.category.replace('_', ' ')}, {row.impact},"
        f" {row.happened_on}, {'closed' if row.is_closed else 'open'}"
        for row in rows
    )


def _queries(session: Session, people: Mapping[UUID, str]) -> list[str]:
    rows = session.scalars(
        select(Query)
        .where(among(Query.participant_id, people), Query.closed_at.is_(None))
        .order_by(Query.opened_at)
        .limit(200)
    )
    return [
        f"{people[row.participant_id]}: {row.question} ({row.status} since {row.opened_at:%Y-%m-%d})"
        for row in rows
        if row.participant_id is not None
    ]


def _drug(session: Session) -> Iterable[str]:
    book = accounting.movements(session)
    for place, lot in sorted({(each.place, each.lot) for each in book}):
        held = supply.place_balance(book, place, lot)
        yield (
            f"lot {lot} at {place}: {held.on_hand} on hand, {held.quarantined} quarantined, {held.returned} returned"
        )
