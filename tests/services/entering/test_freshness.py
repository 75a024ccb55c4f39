"""Who signs has just proved who they are, in this visit; a link alone proves nothing."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from hometrial.services.entering import codes, freshness, visits
from hometrial.services.entering.freshness import NotConfirmedError, VisitEndedError


@pytest.fixture
def ada(desk):
    return desk.enrol("ada@example.org")


def confirmed(desk, visit):
    with desk.site() as session:
        return freshness.confirmed(session, visit)


def confirm(desk, visit, means="e-mail code"):
    with desk.site() as session:
        cookie = freshness.confirm(session, visit, means)
    return desk.visit(cookie)


def test_a_visit_that_a_link_opened_is_not_confirmed(desk, ada):
    visit = desk.come_by_link(ada)
    assert confirmed(desk, visit) is None
    with pytest.raises(NotConfirmedError, match="P-0001 has not proved"), desk.site() as session:
        freshness.require_fresh(session, visit)


@pytest.mark.parametrize("means", ["passkey", "e-mail code"])
def test_what_was_confirmed_counts_for_ten_minutes(desk, ada, now, means):
    visit = confirm(desk, desk.come_by_link(ada), means)
    now(minutes=9, seconds=59)
    with desk.site() as session:
        assert freshness.require_fresh(session, visit) == means
    now(seconds=1)
    assert confirmed(desk, visit) is None


def test_who_came_in_by_a_code_has_confirmed_and_the_visit_of_before_is_over(desk, ada):
    with desk.site() as session:
        first = freshness.open_visit(session, ada, "e-mail code", "")
    with desk.site() as session:
        second = freshness.open_visit(session, ada, "passkey", first)
    assert desk.visit(first) is None
    assert confirmed(desk, desk.visit(second)) == "passkey"


def test_a_confirmed_visit_has_another_cookie_and_is_no_longer_for_it(desk, ada, now):
    visit = desk.come_by_link(ada)
    for _ in range(35):
        now(minutes=20)
        with desk.site() as session:
            cookie = freshness.confirm(session, visit, "passkey")
        assert desk.study.one(
            "SELECT ended_at IS NOT NULL FROM sync.visitor WHERE cookie_sha256 = :old",
            old=visit.cookie_sha256,
        )
        visit = desk.visit(cookie)
    now(minutes=21)
    assert desk.visit(cookie) is None


def test_what_one_visit_confirmed_counts_for_no_other(desk, ada):
    visit = confirm(desk, desk.come_by_link(ada))
    assert confirmed(desk, desk.come_by_link(ada)) is None
    assert confirmed(desk, desk.come_by_link(desk.enrol())) is None
    assert confirmed(desk, visit) == "e-mail code"


def test_a_visit_that_has_ended_is_not_confirmed(desk, ada):
    visit = desk.come_by_link(ada)
    confirm(desk, visit)
    with pytest.raises(VisitEndedError):
        confirm(desk, visit)


def test_a_code_confirms_the_visit_that_asked_and_opens_none(desk, ada):
    visit, other = desk.come_by_link(ada), desk.come_by_link(ada)
    with desk.site() as session:
        browser = codes.ask_to_confirm(session, KEYS, visit, "192.0.2.7", desk.deliver)
    code = desk.post[0][1]
    for place in (codes.Place("192.0.2.7"), codes.Place("192.0.2.7", other)):
        assert desk.answer(browser, code, place) == "over"
    assert desk.answer(browser, code, codes.Place("192.0.2.7", visit)) == ada


def test_a_code_that_opens_a_visit_confirms_none(desk, ada):
    browser = desk.ask("ada@example.org")
    place = codes.Place("192.0.2.7", desk.come_by_link(ada))
    assert desk.answer(browser, desk.post[0][1], place) == "over"


def test_who_has_no_address_cannot_be_sent_a_code(desk):
    visit = desk.come_by_link(desk.enrol())
    with desk.site() as session:
        asked = codes.ask_to_confirm(session, KEYS, visit, "192.0.2.7", desk.deliver)
    assert asked is None
    assert desk.post == []


def test_all_other_visits_of_the_same_person_end_at_once(desk, ada, now):
    old = desk.come_by_link(ada)
    now(minutes=31)
    here, there, bob = (
        desk.come_by_link(ada),
        desk.come_by_link(ada),
        desk.come_by_link(desk.enrol()),
    )
    with desk.site() as session:
        assert visits.others(session, here) == 1
        assert visits.close_others(session, here) == 1
        assert visits.others(session, here) == 0
    ended = dict(desk.study.rows("SELECT cookie_sha256, ended_at IS NOT NULL FROM sync.visitor"))
    assert ended == {
        old.cookie_sha256: False,  # had ended by itself
        here.cookie_sha256: False,
        there.cookie_sha256: True,
        bob.cookie_sha256: False,
    }


def test_a_confirmation_is_on_record_and_stays_as_it_is(desk, ada):
    confirm(desk, desk.come_by_link(ada), "passkey")
    assert desk.study.rows(
        "SELECT new ->> 'means' FROM audit.entry WHERE table_name = 'public.visit_confirmation'"
    ) == [("passkey",)]
    with (
        pytest.raises(DatabaseError, match="append-only"),
        desk.study.database.transaction("staff") as session,
    ):
        session.execute(text("UPDATE visit_confirmation SET means = 'e-mail code'"))


KEYS = codes.Keys(codes=b"c" * 32, identity=b"i" * 32)
