"""Where one instrument of a person took over from another: the series goes on, the seam is shown (A23)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Device
from hometrial.services import enrolling
from hometrial.services.comparing import day_of
from hometrial.services.histories import local_day
from hometrial.services.metrics.priority import kind_of

WORN = ("watch", "tracker", "ring")
"""Kinds of source that a person swaps; a phone or a scale goes on beside them."""
OVERLAP = timedelta(days=3)
"""So long two instruments may be seen side by side and one still take over from the other."""


@dataclass(frozen=True)
class Seam:
    """On this local day a person's data began to come from another instrument."""

    day: date
    from_device: str
    to_device: str


@dataclass(frozen=True)
class Spell:
    """An instrument of one provider, from when to when it was seen."""

    provider: str
    model: str
    first: datetime
    last: datetime


def seams(session: Session, participant_id: UUID) -> list[Seam]:
    """Return where instruments of a person took over from one another, in order of time."""
    rows = enrolling.zone_rows(session, [participant_id]).get(participant_id)
    if not rows:
        return []
    zones = enrolling.zone_history(rows)
    return [
        Seam(day_of(local_day(zones, clock.microseconds(at))), before, after)
        for at, before, after in swaps(_seen(session, participant_id))
    ]


def swaps(seen: Iterable[Spell]) -> list[tuple[datetime, str, str]]:
    """Return when one instrument followed another of the same provider, and which.

    Instruments that were worn side by side for longer than OVERLAP did not follow one another.
    """
    by_provider: dict[str, list[Spell]] = {}
    for spell in sorted(seen, key=lambda each: (each.first, each.model)):
        by_provider.setdefault(spell.provider, []).append(spell)
    found = [
        (later.first, earlier.model, later.model)
        for spells in by_provider.values()
        for earlier, later in pairwise(spells)
        if earlier.model != later.model and earlier.last <= later.first + OVERLAP
    ]
    return sorted(found)


def _seen(session: Session, participant_id: UUID) -> list[Spell]:
    """Return the instruments of samples; what an account merely lists was not worn yet."""
    devices = session.scalars(select(Device).where(Device.participant_id == participant_id)).all()
    merged: dict[tuple[str, str], Spell] = {}
    for each in devices:
        if kind_of(each.source) not in WORN:
            continue
        key = (each.provider, each.model)
        known = merged.get(key)
        first = min(each.first_seen_at, known.first) if known else each.first_seen_at
        last = max(each.last_seen_at, known.last) if known else each.last_seen_at
        merged[key] = Spell(each.provider, each.model, first, last)
    return list(merged.values())
