"""Unlinking: nothing is read at once, tokens go, and the provider is asked until it confirms."""

from datetime import timedelta

import pytest

from hometrial.errors import TrialError
from hometrial.services.syncing import unlinking, vault
from hometrial.services.syncing.unlinking import AT_WITHDRAWAL
from hometrial.services.syncing.vault import LinkEndedError
from hometrial_ingest.provider import OurFaultError, TryLaterError


@pytest.fixture
def account(linker):
    """A linked account."""
    return linker.link(linker.enrol()).account_id


def live(linker):
    return linker.cloud.face.grants.live(1, linker.cloud.face.client_id)


def kept(linker):
    return linker.study.rows("SELECT access, refresh IS NOT NULL FROM vault.token")


def test_nothing_is_read_from_that_moment_on(linker, account):
    assert linker.unlink(account)
    with pytest.raises(LinkEndedError):
        linker.access(account)
    assert linker.status(account) == "unlinking"
    assert kept(linker) == [(b"", True)]


def test_a_confirmation_ends_it(linker, account):
    linker.unlink(account)
    assert linker.open_work() == [("revoke_pending", "fitbit")]
    assert linker.revoke(account)
    assert live(linker) is None
    assert kept(linker) == []
    assert linker.status(account) == "unlinked"
    assert linker.open_work() == []


def test_an_outage_is_waited_out(linker, account):
    linker.unlink(account)
    linker.cloud.face.faults.unavailable(times=20, path="/oauth2/revoke")
    for _ in range(2):
        with pytest.raises(TryLaterError):
            linker.revoke(account)
        assert linker.status(account) == "unlinking"
    with linker.site() as session:
        assert unlinking.waiting(session) == [(account, "fitbit")]
    linker.cloud.face.faults.clear()
    linker.cloud.clock.advance(timedelta(days=3))
    assert linker.revoke(account)
    assert live(linker) is None
    assert linker.status(account) == "unlinked"
    with linker.site() as session:
        assert unlinking.waiting(session) == []


def test_a_wrong_setting_of_ours_confirms_nothing(linker, account):
    linker.unlink(account)
    linker.cloud.face.oauth.applications.clear()
    with pytest.raises(OurFaultError):
        linker.revoke(account)
    assert linker.status(account) == "unlinking"


def test_a_grant_that_the_person_took_back_before_is_confirmed(linker, account):
    linker.unlink(account)
    linker.cloud.face.revoke(1)
    assert linker.revoke(account)
    assert linker.status(account) == "unlinked"


def test_a_provider_that_shut_needs_no_confirmation(linker, account):
    linker.unlink(account)
    linker.cloud.face.faults.retire(linker.cloud.clock.now())
    assert linker.revoke(account)
    assert linker.status(account) == "unlinked"
    assert "shut" in str(linker.study.one("SELECT status_reason FROM connection"))
    assert kept(linker) == []


def test_at_a_withdrawal_no_token_outlives_a_minute(linker, account):
    linker.unlink(account, at_latest=AT_WITHDRAWAL)
    linker.cloud.face.faults.unavailable(times=50, path="/oauth2/revoke")
    with pytest.raises(TryLaterError):
        linker.revoke(account)
    assert kept(linker) == [(b"", True)]
    linker.cloud.clock.advance(AT_WITHDRAWAL)
    with linker.site() as session:
        assert unlinking.destroy_overdue(session) == 1
    assert kept(linker) == []
    assert timedelta(seconds=60) > AT_WITHDRAWAL

    assert linker.status(account) == "unlinking"  # the provider has confirmed nothing
    reason = linker.study.one("SELECT reason FROM work_item WHERE closed_at IS NULL")
    assert "not confirmed" in str(reason)
    assert "https://myaccount.google.com/connections" in str(reason)
    assert linker.revoke(account)
    with linker.site() as session:
        assert unlinking.waiting(session) == []


def test_a_revocation_that_comes_too_late_destroys_instead(linker, account):
    linker.unlink(account, at_latest=AT_WITHDRAWAL)
    linker.cloud.clock.advance(timedelta(minutes=5))
    assert linker.revoke(account)
    assert kept(linker) == []
    assert live(linker) is not None  # nobody was asked: the token that could have asked is gone


def test_what_was_not_confirmed_can_be_confirmed_by_the_staff(linker, account):
    linker.unlink(account, at_latest=timedelta(0))
    linker.revoke(account)
    with linker.study.database.transaction("staff") as session:
        unlinking.confirm(session, account, "seen on the person's screen")
    assert linker.status(account) == "unlinked"
    assert linker.open_work() == []


def test_a_withdrawal_hastens_an_unlinking_under_way_and_never_slows_it(linker, account):
    linker.unlink(account)
    linker.unlink(account, at_latest=AT_WITHDRAWAL)
    linker.unlink(account, at_latest=timedelta(days=1))
    linker.unlink(account)
    linker.cloud.clock.advance(AT_WITHDRAWAL)
    with linker.site() as session:
        assert unlinking.destroy_overdue(session) == 1


def test_unlinking_twice_changes_nothing(linker, account):
    linker.unlink(account)
    linker.revoke(account)
    before = linker.study.contents()
    assert not linker.unlink(account)
    assert linker.revoke(account)
    assert linker.study.contents() == before


def test_a_person_who_links_again_while_it_waits_is_not_cut_off(linker):
    visit = linker.enrol()
    account = linker.link(visit).account_id
    linker.unlink(account)
    assert linker.link(visit).account_id == account
    assert linker.revoke(account)
    assert linker.access(account)
    assert linker.status(account) == "active"
    assert linker.open_work() == []


def test_a_dead_link_is_unlinked_too(linker, account):
    linker.cloud.face.revoke(1)
    token = linker.access(account)
    with pytest.raises(Exception, match="invalid_grant"):
        linker.access(account, stale=token)
    assert linker.unlink(account)
    assert linker.revoke(account)
    assert linker.status(account) == "unlinked"


def test_only_the_worker_can_revoke(linker, account):
    linker.unlink(account)
    with pytest.raises(Exception, match="permission denied"), linker.site() as session:
        unlinking.revoke(session, linker.keys, linker.cloud.provider, account)


def test_a_tampered_token_is_not_sent_to_the_provider(linker, account):
    linker.unlink(account)
    with linker.study.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE vault.token SET refresh = '\\x00'")
    with pytest.raises(TrialError):
        linker.revoke(account)
    assert vault.KEY == "tokens"
