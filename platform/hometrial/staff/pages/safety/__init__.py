"""Safety: what calls for somebody, adverse events and their reports, coding, deviations."""

from hometrial.staff.pages.safety import (
    alerting,
    coding,
    deviations,
    event,
    judging,
    listing,
    overview,
    recording,
)
from hometrial.staff.pages.safety.blueprint import pages

__all__ = [
    "alerting",
    "coding",
    "deviations",
    "event",
    "judging",
    "listing",
    "overview",
    "pages",
    "recording",
]
