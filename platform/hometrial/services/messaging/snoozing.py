"""Remind me later: inside the window of what is open, never into quiet hours."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.protocol.windows import local_date
from hometrial.services.messaging import hours, planning, silences, states, wishes
from hometrial.services.messaging.states import MessageRefusedError, Step

_EVENING = time(18)
_LENGTHS = {"in_1_hour": timedelta(hours=1), "in_3_hours": timedelta(hours=3)}
EVENING = "this_evening"
_SAME = timedelta(minutes=15)
"""Two times that are no further apart are one to choose."""


@dataclass(frozen=True)
class Later:
    """A time to which a person may put off what is open."""

    name: str
    at: datetime


def offers(session: Session, person: Participant) -> tuple[Later, ...]:
    """Return to when a person may put off what is open now; none if nothing is.

    Raises NotInTrialError, ZoneNeededError.
    """
    wanted = wishes.wishes_of(session, person)
    found = planning.open_forms(session, person, wanted.language)
    if not found:
        return ()
    zones, now = wanted.hours.zones, clock.now()
    closes = max(each.closes_at for each in found)
    times = [Later(name, now + length) for name, length in _LENGTHS.items()]
    evening = hours.next_at(zones, now, _EVENING)
    is_other = all(abs(each.at - evening) > _SAME for each in times)
    if local_date(evening, zones) == local_date(now, zones) and is_other:
        times.append(Later(EVENING, evening))
    return tuple(each for each in times if each.at < closes and not wanted.hours.is_quiet(each.at))


def put_off(session: Session, person: Participant, name: str, *, by: str) -> Later:
    """Have a person reminded later, and not before; what waits to be sent is not.

    Raises MessageRefusedError of a time that is not offered (any more).
    """
    states.hold(session, person.id)
    found = {each.name: each for each in offers(session, person)}
    if name not in found:
        listed = ", ".join(found) or "none: nothing is open for long enough"
        raise MessageRefusedError(f"remind me {name!r}: that is not offered now; there is {listed}")
    later = found[name]
    silences.rest(session, person, "snooze", later.at, by=by)
    for each in states.unended(session, person.id):
        if each.message.kind == "reminder" and each.last.next_at is not None:
            reason = f"put off until {later.at:%Y-%m-%d %H:%M} UTC"
            states.record(session, each.message, Step("snoozed", by, reason=reason))
    return later
