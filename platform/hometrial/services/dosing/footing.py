"""What a person's doses stand on: consent, arm, protocol, and the clock on that person's wall."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import once
from hometrial.models import Participant
from hometrial.protocol import applying
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.events import Order
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.protocol.dosing.terms import Terms
from hometrial.protocol.model import Protocol
from hometrial.protocol.titration import Titration
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.trial import arms, following
from hometrial_ingest.local_time import ZoneHistory

_STOPPED = frozenset({"stop_drug", "stop_drug_safety_only", "withdraw_completely"})
"""The choices of withdrawal after which no drug is given."""


@dataclass(frozen=True)
class Footing:
    """What holds for the doses of a person now.

    `consented_at` is in the person's zone. `withdrawn_at`: no new data since then. `takes_no_drug`: the person
    chose to stop the drug, or to withdraw.
    """

    person: UUID
    code: str
    protocol: Protocol
    arm: str
    zones: ZoneHistory
    consented_at: datetime
    withdrawn_at: datetime | None
    takes_no_drug: bool
    in_extension: bool

    @property
    def titration(self) -> Titration:
        """The dose plan of the person's arm."""
        return self.protocol.titration_of(self.arm)

    def local(self, moment: datetime) -> datetime:
        """Return an instant as the person's own clock shows it."""
        return local(self.zones, moment)

    def terms(self, *, sensitive: bool) -> Terms:
        """Return what new orders and doses are held against; `sensitive`: with the smaller doses first."""
        return applying.terms_of(
            self.protocol,
            self.arm,
            self.consented_at,
            in_extension=self.in_extension,
            sensitive=sensitive,
        )


def footing_of(session: Session, person: Participant) -> Footing:
    """Return what a person's doses stand on.

    Raises RecordRefusedError before consent and, where people are allocated, before that; NotInTrialError;
    ZoneNeededError.
    """
    return once(session, ("footing", person.id), lambda: _footing_of(session, person))


def _footing_of(session: Session, person: Participant) -> Footing:
    protocol = following.protocol_of(session, person)
    consented_at = standing.consented_at(session, person)
    if consented_at is None:
        raise RecordRefusedError(
            f"{person.code} has signed no consent; nothing about the drug is recorded before that"
        )
    arm = arms.arm_of(session, person)
    if arm is None:
        raise RecordRefusedError(
            f"{person.code} belongs to no arm of {protocol.id} yet; no drug before allocation"
        )
    zones = enrolling.zones_of(session, person)
    return Footing(
        person=person.id,
        code=person.code,
        protocol=protocol,
        arm=arm,
        zones=zones,
        consented_at=local(zones, consented_at),
        withdrawn_at=standing.withdrawn_at(session, person),
        takes_no_drug=not _STOPPED.isdisjoint(standing.choices(session, person)),
        in_extension=_is_extended(session, person, zones),
    )


def _is_extended(session: Session, person: Participant, zones: ZoneHistory) -> bool:
    """Whether the person is in an optional epoch on drug now, with its own highest dose."""
    days, today = following.anchors(session, person), local(zones, clock.now()).date()
    begun, ended = days.get("extension_start"), days.get("extension_end")
    return begun is not None and begun <= today and (ended is None or today <= ended)


def is_sensitive(course: Course) -> bool:
    """Whether a person began with the smaller doses: their steps have numbers below 1."""
    orders = (each for each in course.standing_events if isinstance(each, Order))
    return any(order.step is not None and order.step < 1 for order in orders)


def local(zones: ZoneHistory, moment: datetime) -> datetime:
    """Return an instant in the zone that a person lives in at that moment."""
    at = clock.microseconds(moment)
    lived = [zone for since, zone in zones.pieces if since is None or since <= at]
    return moment.astimezone(ZoneInfo(lived[-1]))


def local_day(moment: datetime, zone: str) -> date:
    """Return the day on which an instant lies in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()
