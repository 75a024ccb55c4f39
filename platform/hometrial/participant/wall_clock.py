"""Times as a person reads them from their clock, made instants; what their clock never showed is no time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext

from hometrial import clock
from hometrial.services.dosing.telling import NIGHT_ENDS


def taken_at(here: ZoneInfo | None, on: date, shown: time, *, is_late: bool) -> datetime | str:
    """Return when a dose of a day was taken, or why that cannot be, in words.

    `is_late`: in the small hours it was the night after. A time that the clock showed twice is the first, unless
    only the second is over.
    """
    day = on + timedelta(days=1) if is_late and shown.hour < NIGHT_ENDS else on
    zone = here or ZoneInfo("UTC")
    wall = datetime.combine(day, shown, zone)
    if _shown(wall, zone) != wall.replace(tzinfo=None):
        return str(
            gettext("The clocks were put forward then: there was no such time. Choose another.")
        )
    if wall.astimezone(UTC) > clock.now():
        return str(gettext("That is still to come. Choose a time that is over."))
    return wall


def _shown(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
