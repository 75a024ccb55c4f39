"""What stands at the head of every page about one person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ConsentSignature, Participant, ParticipantZone, Pause, Site
from hometrial.protocol.dosing.standing import NOT_STARTED, Standing
from hometrial.services import enrolling, pausing, working
from hometrial.services.agreeing import standing
from hometrial.services.asking import resting
from hometrial.services.dosing import footing, storing
from hometrial.services.messaging import silences
from hometrial.services.messaging.silences import Silence
from hometrial.services.trial import arms, following
from hometrial.services.working import OpenItem

T = TypeVar("T")


@dataclass(frozen=True)
class Head:
    """Who it is and how they stand now; what cannot be told, of somebody in no trial or without a zone, is None.

    `bad_day`: since when they rest on a bad day. `silence`: why nobody writes to them. `left`: choices of
    withdrawal in force.
    """

    person: Participant
    site: Site
    zones: Sequence[ParticipantZone]
    trial: str | None
    arm: str | None
    dose: Standing
    consent: ConsentSignature | None
    bad_day: datetime | None
    pause: Pause | None
    silence: Silence | None
    left: frozenset[str]
    items: Sequence[OpenItem]


def head(session: Session, person: Participant) -> Head:
    """Return what stands at the head of a person's pages; the queries do not grow with what is on record."""
    version = or_none(lambda: following.version_of(session, person))
    return Head(
        person,
        session.get_one(Site, person.site_id),
        enrolling.zone_rows(session, [person.id]).get(person.id, []),
        None if version is None else f"{version.protocol} {version.version}",
        or_none(lambda: arms.arm_of(session, person)),
        _dose(session, person),
        _consent(session, person),
        or_none(lambda: resting.rests(session, person)),
        pausing.current(session, person),
        or_none(lambda: silences.silence(session, person)),
        standing.choices(session, person),
        working.open_items(session, person.id),
    )


def or_none(ask: Callable[[], T]) -> T | None:
    """Return an answer, None where the service says that it cannot be told of this person."""
    try:
        return ask()
    except TrialError:
        return None


def _dose(session: Session, person: Participant) -> Standing:
    zones = or_none(lambda: enrolling.zones_of(session, person))
    if zones is None:
        return NOT_STARTED
    today = footing.local(zones, clock.now()).date()
    return storing.course_of(session, person).standing_on(today)


def _consent(session: Session, person: Participant) -> ConsentSignature | None:
    return session.scalars(
        select(ConsentSignature)
        .where(ConsentSignature.participant_id == person.id, ConsentSignature.part == "participant")
        .order_by(ConsentSignature.signed_at.desc())
        .limit(1)
    ).one_or_none()
