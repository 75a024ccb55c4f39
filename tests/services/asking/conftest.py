"""A person at the beginning of a trial, everything in one transaction."""

from dataclasses import dataclass
from datetime import date

import pytest
from asked import MORNING, in_trial


@dataclass
class Ward:
    session: object
    person: object
    at_clock: object


@pytest.fixture
def ward(study, at_clock):
    """Somebody who consented this morning, in Berlin."""
    at_clock(MORNING)
    with study.database.transaction("test", "asking") as session:
        yield Ward(session, in_trial(session, consent=date(2026, 3, 2)), at_clock)
