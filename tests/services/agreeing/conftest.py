"""A study in which people may consent."""

import pytest
from agreed import NOON, Trial

from hometrial.services.agreeing.sealing import Keys


@pytest.fixture
def trial(study, at_clock):
    """A study's open transaction; its clock stands still."""
    at_clock(NOON)
    with study.database.transaction("test", "consent") as session:
        yield Trial(session, Keys.of(study.database.settings))
