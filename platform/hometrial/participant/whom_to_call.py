"""Whom somebody can call at once, in the country where they are, and what waits until the team has spoken."""

from sqlalchemy.orm import Session

from hometrial.errors import ZoneNeededError
from hometrial.models import Participant
from hometrial.protocol.safety import judging
from hometrial.services import enrolling
from hometrial.services.asking import crisis
from hometrial.services.asking.crisis import Crisis
from hometrial.services.safety import events

URGENT = frozenset({"AL1", "SI1", "SE1", "LV1", "PG1", "OP1"})
"""Rules of alerts that show whom to call at once."""
STOPS_DRUG = frozenset({"AL1", "LV1", "PG1", "OP1"})
"""Those of them that say to take no more of the drug."""


def whom_to_call(session: Session, person: Participant) -> Crisis:
    """Return the emergency number and the crisis lines of where a person is now, as far as that is known."""
    try:
        country = crisis.country_of(enrolling.zones_of(session, person))
    except ZoneNeededError:
        country = None
    return crisis.information(country)


def waits_for_team(session: Session, person: Participant) -> bool:
    """Whether a person reported what speaks against the next dose, and nobody of the team has looked at it yet."""
    return any(
        not state.is_looked_at
        and state.details.ongoing is not False
        and not STOPS_DRUG.isdisjoint(judging.alerts_of(state.details))
        for state in events.states(session, person=person)
    )
