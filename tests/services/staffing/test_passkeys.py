"""What a passkey signs belongs to one browser, one purpose and one session; a copy of it is found out."""

import pytest
from authenticator import Authenticator
from sqlalchemy.exc import IntegrityError

from hometrial.models import StaffPasskeyUse
from hometrial.services.entering.parties import party
from hometrial.services.staffing import passkeys
from hometrial.services.staffing.passkeys import Answered

PARTY = party("http://localhost:8400")
HERE, THERE = b"h" * 32, b"t" * 32


@pytest.fixture
def device(office):
    """Ada's device, with a passkey."""
    found = Authenticator(PARTY.origin)
    asked = office.act(passkeys.ask_to_register, PARTY, office.account("ada"), HERE)
    made = Answered(asked.browser, found.make(asked.options), HERE)
    assert office.act(passkeys.register, PARTY, office.account("ada").id, made)
    return found


def test_what_was_asked_in_one_session_is_answered_in_no_other(office, device):
    ada = office.account("ada")
    for bound, right in ((THERE, None), (None, None), (HERE, ada.id)):
        asked = office.act(passkeys.ask_to_use, PARTY, ada.id, HERE)
        given = Answered(asked.browser, device.sign(asked.options), bound)
        assert office.act(passkeys.use, PARTY, given, ada.id) == right
    asked = office.act(passkeys.ask_to_register, PARTY, ada, HERE)
    other = Answered(asked.browser, Authenticator(PARTY.origin).make(asked.options), THERE)
    assert not office.act(passkeys.register, PARTY, ada.id, other)


def test_what_was_asked_to_confirm_lets_nobody_in(office, device):
    asked = office.act(passkeys.ask_to_use, PARTY, office.account("ada").id, HERE)
    given = Answered(asked.browser, device.sign(asked.options))
    assert office.act(passkeys.use, PARTY, given) is None


def test_a_passkey_is_registered_once_and_for_one_account(office, device):
    bea = office.account("bea")
    asked = office.act(passkeys.ask_to_register, PARTY, bea, HERE)
    again = Answered(asked.browser, device.make(asked.options), HERE)
    assert not office.act(passkeys.register, PARTY, bea.id, again)


def test_the_same_count_is_never_shown_twice(office, device):
    asked = office.act(passkeys.ask_to_use, PARTY)
    given = Answered(asked.browser, device.sign(asked.options, counter=7))
    assert office.act(passkeys.use, PARTY, given) == office.account("ada").id
    for counter in (7, 6):
        asked = office.act(passkeys.ask_to_use, PARTY)
        copy = Answered(asked.browser, device.sign(asked.options, counter=counter))
        assert office.act(passkeys.use, PARTY, copy) is None
    [(key, at)] = office.study.rows("SELECT passkey_id, used_at FROM access.staff_passkey_use")
    with pytest.raises(IntegrityError), office.study.database.transaction("test") as session:
        session.add(StaffPasskeyUse(passkey_id=key, sign_count=7, used_at=at))


def test_what_is_asked_is_good_for_five_minutes(office, device, now):
    asked = office.act(passkeys.ask_to_use, PARTY)
    now(minutes=5)
    given = Answered(asked.browser, device.sign(asked.options))
    assert office.act(passkeys.use, PARTY, given) is None
