"""Work for the staff: opened once, told in the order of risk, closed when its cause is gone."""

from datetime import timedelta

import linked
import pytest

from hometrial import clock
from hometrial.models import Connection, PairedDevice, StreamState
from hometrial.services import consenting, sunsets, working


@pytest.fixture
def session(study):
    with study.database.transaction("test", "work") as opened:
        yield opened


def kinds(session):
    return [(each.code, each.item.kind, each.item.subject) for each in working.open_items(session)]


def connection_of(session, account):
    return session.query(Connection).filter_by(account_id=account.id).one()


def test_an_item_is_open_once_and_takes_a_changed_reason(session):
    who = linked.person(session)
    for reason in ("refused at 02:11", "refused at 02:11", "refused at 08:40"):
        working.open_item(session, who.id, "reconnect", "google-health", reason)
    (only,) = working.open_items(session)
    assert (only.item.reason, only.code) == ("refused at 08:40", who.code)


def test_a_closed_item_stays_on_record_and_a_new_one_may_open(session):
    who = linked.person(session)
    working.open_item(session, who.id, "our_bug", "fitbit/sleep", "first")
    assert working.close_items(session, who.id, "our_bug", "fitbit/steps", because="not that") == 0
    assert working.close_items(session, who.id, "our_bug", because="mended") == 1
    assert kinds(session) == []
    working.open_item(session, who.id, "our_bug", "fitbit/sleep", "second")
    assert [each.item.reason for each in working.open_items(session)] == ["second"]


def test_what_loses_every_stream_comes_before_what_loses_one_and_older_before_newer(session):
    first, second = linked.person(session), linked.person(session)
    for who, kind in ((first, "relink_before_end"), (first, "scope_missing"), (second, "reconnect"),
                      (first, "something_new"), (first, "reconnect")):  # fmt: skip
        working.open_item(session, who.id, kind, "google-health", "why")
        session.flush()
    assert [(code, kind) for code, kind, _ in kinds(session)] == [
        (second.code, "reconnect"),
        (first.code, "reconnect"),
        (first.code, "scope_missing"),
        (first.code, "relink_before_end"),
        (first.code, "something_new"),
    ]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("reconnect", "reconnect_needed"), ("not_linked", "not_linked"), ("retired", "retired"),
     ("revoke_pending", "unlinking")],
)  # fmt: skip
def test_an_item_about_a_connection_lives_as_long_as_its_state(session, kind, status):
    account = linked.link(session, who := linked.person(session), status=status)
    working.open_item(session, who.id, kind, "google-health", "why")
    assert working.sweep(session) == 0
    connection_of(session, account).status = "unlinked" if status == "unlinking" else "active"
    session.flush()
    assert working.sweep(session) == 1
    assert kinds(session) == []


def test_a_revocation_is_pending_until_confirmed_even_beside_a_new_account(session):
    who = linked.person(session)
    linked.link(session, who, status="unlinking")
    linked.link(session, who)
    working.open_item(session, who.id, "revoke_pending", "google-health", "why")
    assert working.sweep(session) == 0


def test_a_refused_stream_is_work_until_it_is_shared(session):
    account = linked.link(session, who := linked.person(session))
    linked.hold_up(session, account, "scope_missing", "sleep")
    for stream in ("sleep", "steps"):
        working.open_item(session, who.id, "scope_missing", f"google-health/{stream}", "why")
    assert working.sweep(session) == 1
    assert kinds(session) == [(who.code, "scope_missing", "google-health/sleep")]
    for each in session.query(StreamState):
        each.obstacle = None
    session.flush()
    assert working.sweep(session) == 1


def test_a_fault_of_ours_is_work_until_its_stream_is_read_well_after_it(session):
    linked.link(session, who := linked.person(session))
    for subject in ("google-health/sleep", "google-health/all", "google-health"):
        working.open_item(session, who.id, "our_bug", subject, "the gate cannot take it in")
    assert working.sweep(session) == 0  # the last good read was before it
    for each in session.query(StreamState).filter_by(stream="sleep"):
        each.read_at = clock.now()
    session.flush()
    assert working.sweep(session) == 2
    assert kinds(session) == [(who.code, "our_bug", "google-health")]


def test_a_scope_that_was_never_granted_is_missing_though_nothing_failed(session):
    account = linked.link(session, who := linked.person(session), streams=("steps",))
    working.open_item(session, who.id, "scope_missing", "google-health/sleep", "why")
    assert working.sweep(session) == 0
    connection_of(session, account).streams = ["steps", "sleep"]
    session.flush()
    assert working.sweep(session) == 1


def test_a_silent_device_is_asked_about_and_no_more_when_it_speaks(session):
    account = linked.link(session, who := linked.person(session))
    assert working.alert_quiet(session) == 0
    long_ago = clock.now() - timedelta(hours=30)
    device = session.query(PairedDevice).one()
    device.last_sync_at = long_ago
    for each in session.query(StreamState):
        each.data_until = long_ago
    session.flush()
    assert working.alert_quiet(session) == working.alert_quiet(session) == 1
    assert kinds(session) == [(who.code, "no_data", account.provider)]
    assert working.sweep(session) == 0
    device.last_sync_at = clock.now()
    session.flush()
    assert working.sweep(session) == 1


def test_nobody_is_asked_about_who_rests_or_just_linked(session):
    old = clock.now() - timedelta(hours=40)
    resting, new = linked.person(session), linked.person(session)
    linked.link(session, resting)
    linked.link(session, new, since=clock.now() - timedelta(hours=3))
    session.query(PairedDevice).update({"last_sync_at": old})
    session.query(StreamState).update({"data_until": old})
    consenting.pause(session, resting, old, None, "relapse")
    assert working.alert_quiet(session) == 0


def test_whoever_withdraws_is_asked_for_nothing_more(session):
    linked.link(session, who := linked.person(session), status="reconnect_needed")
    linked.link(session, who, "fitbit", status="unlinking")
    working.open_item(session, who.id, "reconnect", "google-health", "why")
    working.open_item(session, who.id, "revoke_pending", "fitbit", "why")
    who.status = "withdrawn"
    session.flush()
    assert working.sweep(session) == 1
    assert kinds(session) == [(who.code, "revoke_pending", "fitbit")]


def test_an_item_of_an_unknown_kind_is_left_to_whoever_opened_it(session):
    who = linked.person(session)
    working.open_item(session, who.id, "call_back", "phone", "why")
    assert working.sweep(session) == 0
    assert sunsets.open_relinks(session, clock.now().date()) == 0
