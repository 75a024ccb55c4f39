"""Monitoring: source-data verification, the sampled plan, visit reports, endorsements, risk by site."""

from hometrial.staff.pages.monitoring import (
    endorsements,
    overview,
    person,
    planning,
    reports,
    sites,
)
from hometrial.staff.pages.monitoring.blueprint import pages

__all__ = ["endorsements", "overview", "pages", "person", "planning", "reports", "sites"]
