"""A password goes with a code that works once; codes on paper stand in once; guessing is slow and tells nothing."""

from threading import Thread

import pytest
from sqlalchemy.exc import DatabaseError

from hometrial.errors import TrialError
from hometrial.services.entering.budgets import Wait
from hometrial.services.staffing import (
    accounts,
    factors,
    links,
    passkeys,
    passwords,
    recovery,
    sessions,
    totp,
)
from hometrial.services.staffing.factors import FactorRefusedError
from hometrial.services.staffing.passwords import PasswordRefusedError

pytestmark = pytest.mark.long


@pytest.fixture
def app(office, now):
    """Ada's app; the code with which it was set up is over."""
    offered = office.with_password("ada")
    now(minutes=2)
    return offered


def test_name_password_and_code_together_prove_who_comes(office, app):
    found = office.enter(" ADA ", office.password, office.code(app))
    assert found == (office.account("ada").id, "password and code")


def test_no_part_alone_does(office, app, now):
    other = f"{(int(office.code(app)) + 1) % 10**6:06}"
    assert office.enter("ada", office.password, "") is None
    assert office.enter("ada", office.password, other) is None
    assert office.enter("ada", "correct purple giraffe", office.code(app)) is None
    assert office.enter("bea", office.password, office.code(app)) is None
    now(minutes=10)
    assert office.enter("ada", office.password, office.code(app))


def test_a_code_works_once_also_at_the_same_moment(office, app):
    code, found = office.code(app), []

    def enter():
        found.append(office.enter("ada", office.password, code))

    threads = [Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(each is not None for each in found) == [False, False, True]


def test_the_code_with_which_an_app_was_set_up_does_not_log_in(office):
    offered = office.with_password("bea")
    assert office.enter("bea", office.password, office.code(offered)) is None


@pytest.mark.parametrize(("astray", "right"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_an_app_may_be_half_a_minute_astray(office, app, now, astray, right):
    now(seconds=astray)
    code = office.code(app)
    now(seconds=-astray)
    assert (office.enter("ada", office.password, code) is not None) is right


def test_a_wrong_password_uses_no_code_up(office, app):
    code = office.code(app)
    assert office.enter("ada", "correct purple giraffe", code) is None
    assert office.enter("ada", office.password, code) is not None


def test_a_code_on_paper_stands_in_for_the_app_once(office, app):
    ada = office.account("ada")
    codes = office.act(recovery.renew, office.keys.hash, ada.id)
    assert len(set(codes)) == 10
    typed = codes[3].upper().replace("-", " ")
    assert office.enter("ada", office.password, typed) == (ada.id, "password and recovery code")
    assert office.enter("ada", office.password, codes[3]) is None
    assert office.act(recovery.left, ada.id) == 9


def test_new_codes_on_paper_end_the_old_ones_and_are_nobody_elses(office, app):
    office.with_password("bea")
    ada = office.account("ada")
    old = office.act(recovery.renew, office.keys.hash, ada.id)
    new = office.act(recovery.renew, office.keys.hash, ada.id)
    assert office.enter("ada", office.password, old[0]) is None
    assert office.enter("bea", office.password, new[0]) is None
    assert office.enter("ada", office.password, new[0])


def test_an_account_is_tried_ten_times_in_ten_minutes_from_wherever_and_is_open_again_later(
    office, app, now
):
    tried = 0
    for number in range(100):
        found = office.enter("ada", "correct purple giraffe", "000000", f"198.51.100.{number}")
        tried += not isinstance(found, Wait)
        now(seconds=6)
    assert 5 <= tried <= 15  # half at once and then one a minute: fewer than ten in any ten minutes
    assert isinstance(office.enter("ada", "x" * 12, "000000"), Wait)
    now(minutes=2)
    assert office.enter("ada", office.password, office.code(app))


def test_one_place_tries_few_accounts(office):
    found = [office.enter(f"name{n}", office.password, "000000") for n in range(31)]
    assert [isinstance(each, Wait) for each in found] == [False] * 30 + [True]
    assert office.enter("name1", office.password, "000000", "203.0.113.9") is None


def test_a_name_that_nobody_has_is_answered_like_one_that_somebody_has(office, app):
    def answers(name):
        found = [office.enter(name, "correct purple giraffe", "0") for _ in range(6)]
        return [each if each is None else type(each) for each in found]

    assert answers("ada") == answers("nobody") == answers("cyn") == [None] * 5 + [Wait]


def test_an_unknown_name_costs_the_same_comparison(office, app, monkeypatch):
    compared = []
    verify = passwords._hasher.verify
    monkeypatch.setattr(
        passwords, "_hasher", type("Counted", (), {"verify": lambda _s, kept, typed: compared.append(kept.rsplit("$", 2)[0]) or verify(kept, typed)})()
    )  # fmt: skip
    monkeypatch.setattr(passwords, "_nobodys", lambda: passwords.PasswordHasher().hash("nobody"))
    for name in ("ada", "nobody", "cyn"):
        office.enter(name, "correct purple giraffe", "0")
    assert len(compared) == 3
    assert len(set(compared)) == 1  # algorithm and costs


def test_a_disabled_account_proves_nothing(office, app, now):
    office.with_password("bea")
    now(minutes=2)
    bea = office.account("bea")

    def disable(session):
        accounts.disable(session, accounts.find(session, "bea"), "left the team")

    office.act(disable)
    secret = totp.secret(office.keys.hash, "bea")
    assert office.enter("bea", office.password, office.code(secret)) is None
    assert office.act(factors.ways, bea.id).any


def test_password_and_app_are_set_together_or_not_at_all(office):
    cyn, offered = office.account("cyn"), totp.secret(office.keys.hash, "cyn")
    with pytest.raises(FactorRefusedError, match="not what the app shows"):
        office.act(factors.set_password, office.keys, cyn, (office.password, offered, "123"))
    code = office.code(offered)
    with pytest.raises(PasswordRefusedError):
        office.act(factors.set_password, office.keys, cyn, ("cyn-example-12", offered, code))
    assert not office.act(factors.ways, cyn.id).any
    with pytest.raises(DatabaseError):
        office.study.rows("INSERT INTO access.staff_password (account_id, password_hash, set_at) SELECT id, 'x', now() FROM staff_account RETURNING 1")  # fmt: skip


def test_the_only_way_to_log_in_is_not_taken_away(office, app):
    ada = office.account("ada")
    with pytest.raises(FactorRefusedError, match="only way"):
        office.act(factors.remove_password, ada.id)
    assert not office.act(passkeys.remove, ada.id, ada.id)


def test_the_secret_of_an_app_is_sealed_and_bound_to_its_account(office, app):
    [(sealed,)] = office.study.rows("SELECT app_secret FROM access.staff_password")
    assert app.encode() not in bytes(sealed)
    ada, bea = office.account("ada"), office.account("bea")
    assert totp.unseal(office.keys.seal, ada.id, sealed) == app
    with pytest.raises(TrialError, match="another account"):
        totp.unseal(office.keys.seal, bea.id, sealed)
    with pytest.raises(TrialError, match="another key"):
        totp.unseal(b"x" * 32, ada.id, sealed)
    trail = office.study.rows("SELECT new::text FROM audit.entry WHERE table_name LIKE 'access.%'")
    assert trail
    assert all("argon2" not in text and app not in text for (text,) in trail)


def test_what_was_opened_before_ends_when_the_ways_to_log_in_change(office, app):
    ada = office.account("ada")
    opened = office.act(sessions.begin, ada.id, "test", "here")
    link = office.act(links.make, ada, "cli:root")
    office.act(factors.changed, ada.id)
    assert office.act(sessions.live, opened) is None
    assert office.act(links.owner, link) is None
