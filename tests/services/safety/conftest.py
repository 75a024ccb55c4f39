"""A person and short words for what is said about their events."""

from datetime import UTC, datetime

import pytest

from hometrial.services import enrolling
from hometrial.services.safety.reporting import Said

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def session(study, at_clock):
    at_clock(NOON)
    with study.database.transaction("test", "safety") as opened:
        yield opened


@pytest.fixture
def person(session):
    return enrolling.add_participant(session)


@pytest.fixture
def noise(session):
    """Somebody else, with an event of their own: nothing of it may show up."""
    return enrolling.add_participant(session)


@pytest.fixture
def staff():
    """Words of a nurse who learned of it at noon."""

    def said(by="dr-a", learned_at=NOON, **more):
        return Said(by, "contact", "staff", learned_at, **more)

    return said


@pytest.fixture
def told():
    """Words of the participant, from the site."""
    return Said("P-0001", "participant", "participant")
