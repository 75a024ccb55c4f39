"""Somebody of the case series, consented two weeks before the first dose."""

from datetime import UTC, datetime

import pytest
from tests.support.dosed import Dosed, eligible


@pytest.fixture
def somebody(study, at_clock):
    at_clock(datetime(2026, 2, 16, 9, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        person = eligible(session)
    return Dosed(study, at_clock, person).at(0)
