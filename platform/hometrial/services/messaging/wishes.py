"""How a person wants to be written to: by which ways, when, in which language; the newest choice holds."""

from dataclasses import dataclass
from datetime import time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import ConsentSignature, ConsentText, Participant, ReminderChoice
from hometrial.protocol.visits import Reminders
from hometrial.services import enrolling
from hometrial.services.messaging import channels, states
from hometrial.services.messaging.channels import Channels
from hometrial.services.messaging.hours import Hours
from hometrial.services.messaging.states import MessageRefusedError
from hometrial.services.messaging.wording import LANGUAGES
from hometrial.services.trial import following

_FIRST = ("push", "sms", "email")
"""Of several ways that somebody switched on, the one that is used: what is asked for besides mail is liked more."""


class WishRefusedError(MessageRefusedError):
    """A wish that cannot be met; `field` is the part of it that has to change."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field = field


@dataclass(frozen=True)
class Wanted:
    """What a person chooses; times are on their own clock, None: as the protocol has it."""

    language: str
    by_email: bool = True
    by_sms: bool = False
    by_push: bool = False
    preferred_at: time | None = None
    quiet_from: time | None = None
    quiet_to: time | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        """The channels that are on, the one to use first."""
        on = {"email": self.by_email, "sms": self.by_sms, "push": self.by_push}
        return tuple(each for each in _FIRST if on[each])


@dataclass(frozen=True)
class Wishes:
    """What holds for a person: what they chose, and the protocol's own where they chose nothing."""

    ways: tuple[str, ...]
    language: str
    hours: Hours
    most_a_day: int
    before_close: timedelta


def choose(
    session: Session, configured: Channels, person: Participant, wanted: Wanted, *, by: str
) -> ReminderChoice:
    """Record a person's choice; the same choice again changes nothing.

    Raises WishRefusedError of a way that is chosen anew and not set up, quiet hours without an end, a time
    that is liked and quiet at once.
    """
    states.hold(session, person.id)
    before = choice_of(session, person.id)
    _require_ways(session, configured, person, wanted)
    _require_hours(session, person, wanted)
    if wanted.language not in LANGUAGES:
        raise WishRefusedError(
            "language",
            f"language {wanted.language!r}: messages are written in {', '.join(LANGUAGES)}",
        )
    if before is not None and _said(before) == wanted:
        return before
    row = ReminderChoice(
        participant_id=person.id,
        by_email=wanted.by_email,
        by_sms=wanted.by_sms,
        by_push=wanted.by_push,
        preferred_at=wanted.preferred_at,
        quiet_from=wanted.quiet_from,
        quiet_to=wanted.quiet_to,
        language=wanted.language,
        at=clock.now(),
        by=by,
    )
    session.add(row)
    session.flush()
    return row


def _require_ways(
    session: Session, configured: Channels, person: Participant, wanted: Wanted
) -> None:
    """A way that was on may stay on, so that whoever chooses a time need not care how mail is sent just now."""
    before = wanted_by(session, person.id).ways
    for way in wanted.ways:
        if way in before:
            continue
        try:
            channels.require(configured, way)
        except MessageRefusedError as error:
            raise WishRefusedError(f"by_{way}", str(error)) from error


def _require_hours(session: Session, person: Participant, wanted: Wanted) -> None:
    if (wanted.quiet_from is None) != (wanted.quiet_to is None):
        lacking = "quiet_to" if wanted.quiet_to is None else "quiet_from"
        raise WishRefusedError(
            lacking, "quiet hours have a beginning and an end; give both or none"
        )
    if wanted.quiet_from is not None and wanted.quiet_from == wanted.quiet_to:
        raise WishRefusedError(
            "quiet_to",
            f"quiet hours from {wanted.quiet_from:%H:%M} to the same time are all day or none; "
            "to get no messages, switch every way off",
        )
    reminders = following.protocol_of(session, person).reminders
    found = quiet_hours(wanted, reminders)
    if wanted.preferred_at is not None and found.is_quiet(wanted.preferred_at):
        raise WishRefusedError(
            "preferred_at",
            f"{wanted.preferred_at:%H:%M} lies in the quiet hours from {found.quiet_from:%H:%M} to "
            f"{found.quiet_to:%H:%M}; choose another time, or other quiet hours",
        )


def quiet_hours(wanted: Wanted, reminders: Reminders) -> Reminders:
    """Return the protocol's reminders with the quiet hours that hold for a person."""
    if wanted.quiet_from is None or wanted.quiet_to is None:
        return reminders
    own = {"quiet_from": wanted.quiet_from, "quiet_to": wanted.quiet_to}
    return reminders.model_copy(update=own)


def choice_of(session: Session, participant_id: UUID) -> ReminderChoice | None:
    """Return a person's newest choice; None if they made none."""
    return session.scalars(
        select(ReminderChoice)
        .where(ReminderChoice.participant_id == participant_id)
        .order_by(ReminderChoice.at.desc(), ReminderChoice.id.desc())
        .limit(1)
    ).one_or_none()


def wanted_by(session: Session, participant_id: UUID) -> Wanted:
    """Return what a person chose; of who chose nothing: e-mail, in the language in which they signed."""
    row = choice_of(session, participant_id)
    return Wanted(_language(session, participant_id)) if row is None else _said(row)


def wishes_of(session: Session, person: Participant) -> Wishes:
    """Return what holds for a person. Raises NotInTrialError, ZoneNeededError."""
    protocol = following.protocol_of(session, person)
    wanted = wanted_by(session, person.id)
    quiet = quiet_hours(wanted, protocol.reminders)
    zones = enrolling.zones_of(session, person)
    return Wishes(
        wanted.ways,
        wanted.language,
        Hours(zones, quiet.quiet_from, quiet.quiet_to, wanted.preferred_at),
        protocol.reminders.most_a_day,
        timedelta(minutes=protocol.reminders.minutes_before_close),
    )


def _said(row: ReminderChoice) -> Wanted:
    return Wanted(
        row.language,
        row.by_email,
        row.by_sms,
        row.by_push,
        row.preferred_at,
        row.quiet_from,
        row.quiet_to,
    )


def _language(session: Session, participant_id: UUID) -> str:
    signed = session.scalar(
        select(ConsentText.language)
        .join(ConsentSignature, ConsentSignature.text_id == ConsentText.id)
        .where(ConsentSignature.participant_id == participant_id)
        .order_by(ConsentSignature.signed_at.desc())
        .limit(1)
    )
    short = (signed or "")[:2]
    return short if short in LANGUAGES else LANGUAGES[0]
