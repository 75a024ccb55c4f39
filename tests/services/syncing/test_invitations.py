"""Invitations: looked at as often as one likes, used once; visits end by themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.services import enrolling
from hometrial.services.syncing import invitations
from hometrial.services.syncing.invitations import InvitationRefusedError


@pytest.fixture
def now(monkeypatch):
    """A clock in the test's hands."""
    hand = [datetime(2026, 3, 10, 12, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: hand[0])

    def advance(**step):
        hand[0] += timedelta(**step)

    return advance


@pytest.fixture
def token(study, now):
    with study.database.transaction("staff") as session:
        person = enrolling.add_participant(session)
        return invitations.invite(session, person, "new watch")


def site(study):
    return study.database.transaction("site", role=PARTICIPANT_ROLE)


def look(study, token):
    with site(study) as session:
        return invitations.look(session, token)


def enter(study, token):
    with site(study) as session:
        return invitations.enter(session, token)[1]


def visit(study, cookie):
    with site(study) as session:
        return invitations.visit(session, cookie)


def test_looking_uses_nothing_up(study, token):
    assert [look(study, token) for _ in range(3)] == ["open"] * 3
    assert visit(study, enter(study, token)).code == "P-0001"


def test_a_link_opens_one_visit(study, token):
    enter(study, token)
    assert look(study, token) == "used"
    with pytest.raises(InvitationRefusedError) as caught:
        enter(study, token)
    assert caught.value.state == "used"
    assert study.one("SELECT count(*) FROM sync.visitor") == 1


def test_a_link_is_old_after_a_week(study, token, now):
    now(days=7)
    assert look(study, token) == "old"
    with pytest.raises(InvitationRefusedError):
        enter(study, token)


def test_a_link_of_nobody_opens_nothing(study, token):
    assert look(study, token[:-1]) == "unknown"
    with pytest.raises(InvitationRefusedError):
        enter(study, "x")


def test_only_hashes_are_kept(study, token):
    cookie = enter(study, token)
    kept = str(study.rows("SELECT token_sha256 FROM link_invitation"))
    kept += str(study.rows("SELECT cookie_sha256 FROM sync.visitor"))
    assert token not in kept
    assert cookie not in kept
    assert len(token) >= 43  # 256 bits
    assert len(cookie) >= 43


def test_a_visit_ends_half_an_hour_after_its_last_use(study, token, now):
    cookie = enter(study, token)
    for _ in range(3):
        now(minutes=29)
        assert visit(study, cookie)
    now(minutes=31)
    assert visit(study, cookie) is None


def test_a_visit_ends_after_twelve_hours_of_use(study, token, now):
    cookie = enter(study, token)
    for _ in range(36):
        now(minutes=20)
        assert visit(study, cookie)
    now(minutes=1)
    assert visit(study, cookie) is None


def test_a_visit_that_was_left_is_over(study, token):
    cookie = enter(study, token)
    with site(study) as session:
        invitations.leave(session, cookie)
    assert visit(study, cookie) is None


def test_a_visit_in_use_is_not_written_at_each_request(study, token, now):
    cookie = enter(study, token)
    first = study.one("SELECT seen_at FROM sync.visitor")
    now(seconds=30)
    assert visit(study, cookie)
    assert study.one("SELECT seen_at FROM sync.visitor") == first
