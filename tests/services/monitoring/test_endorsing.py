"""A signature stands as long as every value that it covers and every word of its own is as it was (T-SIG-01, T-SIG-02)."""

import pytest

from hometrial import clock
from hometrial.protocol.safety.details import Details
from hometrial.services import enrolling
from hometrial.services.monitoring import endorsing
from hometrial.services.monitoring.endorsing import CASEBOOK, EndorsementRefusedError
from hometrial.services.monitoring.reviewing import Signer
from hometrial.services.safety import reporting
from hometrial.services.safety.reporting import Said

SIGNER = Signer("staff:ivo", "Ivo Investigator")


@pytest.fixture
def session(study):
    with study.database.transaction("test", "sign") as opened:
        yield opened


@pytest.fixture
def person(session):
    return enrolling.add_participant(session)


def told(session, person, words):
    said = Said("staff:ann", "contact", "staff", clock.now())
    return reporting.report(session, person, Details(verbatim=words), said)


def sign(session, person):
    return endorsing.sign(session, person, CASEBOOK, SIGNER, meaning="complete and right")


def only(session, person):
    (found,) = endorsing.endorsed(session, person)
    return found


def test_nothing_is_signed_for_where_nothing_is_recorded(session, person):
    with pytest.raises(EndorsementRefusedError, match="nothing is recorded"):
        sign(session, person)
    told(session, person, "dizzy")
    with pytest.raises(EndorsementRefusedError, match="meaning"):
        endorsing.sign(session, person, CASEBOOK, SIGNER, meaning=" ")


def test_it_breaks_with_a_newer_value_and_names_it(session, person):
    event = told(session, person, "dizzy")
    noise = enrolling.add_participant(session)
    sign(session, person)
    told(session, noise, "of somebody else")
    assert only(session, person).stands
    said = Said("staff:ann", "contact", "staff", clock.now())
    reporting.amend(session, event, {"verbatim": "very dizzy"}, said, because="told more")
    found = only(session, person)
    assert not found.stands
    assert found.changed == ("adverse_event",)
    assert found.newer == ("adverse event 1",)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("meaning", "something else"),
        ("signed_name", "Another Name"),
        ("signed_by", "staff:other"),
        ("subject", "casebook "),
    ],
)
def test_any_changed_word_of_its_own_voids_it(session, person, column, value):
    told(session, person, "dizzy")
    row = sign(session, person)
    with session.no_autoflush:
        setattr(row, column, value)
        found = only(session, person)
        assert not found.stands
        assert "the signature itself" in found.changed
        session.expire(row)
    assert only(session, person).stands
