"""The run-in: it begins by itself the day after a person is both eligible and signed; its last day is staff's word."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import DailyMetric, Participant, Response, Submission
from hometrial.protocol.arms import Anchor, Epoch
from hometrial.protocol.model import Protocol
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.agreeing import reading, standing
from hometrial.services.trial import following

FIRST: Anchor = "run_in_start"
LAST: Anchor = "run_in_end"
_LATER: tuple[Anchor, ...] = ("randomisation", "first_dose")
"""What comes after the run-in: a day of it is not moved to where it would lie after them."""


class RunInRefusedError(TrialError):
    """A first or last day of a run-in that cannot be recorded."""


@dataclass(frozen=True)
class RunIn:
    """A person's run-in: its days as far as they are known, and the days counted in it against what is asked."""

    epoch: Epoch
    first: date | None
    last: date | None
    diary_days: int
    worn_days: int

    @property
    def planned(self) -> date | None:
        """The last day as the protocol plans it."""
        return None if self.first is None else self.first + timedelta(self.epoch.days - 1)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What the protocol asks of its days and is not there."""
        asked = self.epoch.requires
        if asked is None:
            return ()
        told = (
            (self.worn_days, asked.valid_wear_days, "days of valid wear"),
            (self.diary_days, asked.diary_days, "days of diary"),
        )
        return tuple(f"{there} of {least} {what}" for there, least, what in told if there < least)


def epoch_of(protocol: Protocol) -> Epoch | None:
    """Return the epoch of a protocol that the first day of the run-in begins; None if it has none."""
    return next(
        (each for each in protocol.epochs if each.begins and each.begins.anchor == FIRST), None
    )


def begin_next_day(session: Session, person: Participant) -> None:
    """Begin the run-in on a person's next day; call it of somebody who is eligible.

    Nothing happens before they have signed, of who has withdrawn, in a protocol without a run-in, or where its first
    day is known already; nor of who has no zone on record, whose next day cannot be told: `begin` records it.
    """
    if epoch_of(following.protocol_of(session, person)) is None:
        return
    if standing.consented_at(session, person) is None or _has_left(session, person):
        return
    has_zone = bool(enrolling.zone_rows(session, [person.id]))
    if not has_zone or FIRST in following.anchors(session, person):
        return
    tomorrow = _today(session, person) + timedelta(1)
    following.anchor(session, person, FIRST, tomorrow, because="eligible and signed the day before")


def begin(session: Session, person: Participant, day: date, *, because: str) -> None:
    """Record or move the first day of a run-in. Raises RunInRefusedError."""
    reading.hold(session, person)
    _require_runs_in(session, person)
    anchors = following.anchors(session, person)
    if "consent" not in anchors or day < anchors["consent"]:
        signed = f"on {anchors['consent']}" if "consent" in anchors else "not yet"
        raise RunInRefusedError(
            f"{person.code} signed {signed}: a run-in cannot begin on {day}; give a day from then on"
        )
    _require_reason(because)
    _require_order(person, {**anchors, FIRST: day})
    following.anchor(session, person, FIRST, day, because=because)


def end(session: Session, person: Participant, day: date, *, because: str = "") -> RunIn:
    """Record or move the last day of a run-in; return it with what its days hold.

    Raises RunInRefusedError for a day before its first, after the protocol's longest or after what follows it, and,
    without a reason, where its days are not what the protocol asks for.
    """
    reading.hold(session, person)
    epoch = _require_runs_in(session, person)
    anchors = following.anchors(session, person)
    first = anchors.get(FIRST)
    if first is None:
        raise RunInRefusedError(
            f"the run-in of {person.code} has not begun; hometrial run-in begin {person.code}"
        )
    _require_order(person, {**anchors, LAST: day})
    longest = first + timedelta(epoch.longest - 1)
    if day > longest:
        raise RunInRefusedError(
            f"a run-in that began on {first} lasts until {longest} at the longest, not until {day}"
        )
    found = _found(session, person, epoch, first, day)
    if (found.lacks or LAST in anchors) and not because.strip():
        short = "; ".join(found.lacks) or f"its last day is recorded as {anchors[LAST]}"
        raise RunInRefusedError(f"{person.code}: {short}; say with --because why it ends on {day}")
    reason = because.strip() or "its days are what the protocol asks for"
    following.anchor(session, person, LAST, day, because=reason)
    return found


def of_person(session: Session, person: Participant) -> RunIn:
    """Return a person's run-in as far as it is known. Raises RunInRefusedError of a protocol without one."""
    epoch = _require_protocol_has_one(session, person)
    anchors = following.anchors(session, person)
    return _found(session, person, epoch, anchors.get(FIRST), anchors.get(LAST))


def _found(
    session: Session, person: Participant, epoch: Epoch, first: date | None, last: date | None
) -> RunIn:
    if first is None:
        return RunIn(epoch, None, last, 0, 0)
    until = last or _today(session, person)
    return RunIn(
        epoch,
        first,
        last,
        _diary_days(session, person, first, until),
        _worn_days(session, person, first, until),
    )


def _diary_days(session: Session, person: Participant, first: date, until: date) -> int:
    """Count the days of which a diary was handed in, none of which is a form of a week."""
    daily = [
        each.form for each in following.protocol_of(session, person).diaries if each.every_days == 1
    ]
    counted = session.scalar(
        select(func.count(func.distinct(Response.due)))
        .join(Submission, Submission.response_id == Response.id)
        .where(
            Response.participant_id == person.id,
            Response.kind == "diary",
            Response.form.in_(daily),
            Response.due.between(first, until),
        )
    )
    return counted or 0


def _worn_days(session: Session, person: Participant, first: date, until: date) -> int:
    counted = session.scalar(
        select(func.count()).where(
            DailyMetric.participant_id == person.id,
            DailyMetric.metric == "valid_day",
            DailyMetric.value == 1,
            DailyMetric.day.between(first, until),
        )
    )
    return counted or 0


def _require_runs_in(session: Session, person: Participant) -> Epoch:
    if _has_left(session, person):
        raise RunInRefusedError(f"{person.code} withdrew completely; nothing begins or ends anew")
    return _require_protocol_has_one(session, person)


def _require_protocol_has_one(session: Session, person: Participant) -> Epoch:
    protocol = following.protocol_of(session, person)
    found = epoch_of(protocol)
    if found is None:
        raise RunInRefusedError(f"{protocol.id} has no run-in: no epoch begins at {FIRST}")
    return found


def _require_reason(because: str) -> None:
    if not because.strip():
        raise RunInRefusedError("--because: say why the run-in begins on that day")


def _require_order(person: Participant, anchors: dict[Anchor, date]) -> None:
    pairs = [(FIRST, LAST), *((each, later) for each in (FIRST, LAST) for later in _LATER)]
    for before, after in pairs:
        if before in anchors and after in anchors and anchors[after] < anchors[before]:
            raise RunInRefusedError(
                f"{person.code}: {before} on {anchors[before]} would lie after {after} on {anchors[after]}"
            )


def _has_left(session: Session, person: Participant) -> bool:
    return standing.withdrawn_at(session, person) is not None


def _today(session: Session, person: Participant) -> date:
    return local_date(clock.now(), enrolling.zones_of(session, person))
