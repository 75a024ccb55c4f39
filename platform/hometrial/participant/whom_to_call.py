"""Whom somebody can call at once, in the country where they are."""

from sqlalchemy.orm import Session

from hometrial.errors import ZoneNeededError
from hometrial.models import Participant
from hometrial.services import enrolling
from hometrial.services.asking import crisis
from hometrial.services.asking.crisis import Crisis


def whom_to_call(session: Session, person: Participant) -> Crisis:
    """Return the emergency number and the crisis lines of where a person is now, as far as that is known."""
    try:
        country = crisis.country_of(enrolling.zones_of(session, person))
    except ZoneNeededError:
        country = None
    return crisis.information(country)
