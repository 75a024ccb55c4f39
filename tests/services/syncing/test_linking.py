"""Linking: a state is one visit's, one provider's, once; an account is one person's."""

import base64
import hashlib
import threading
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from hometrial import clock
from hometrial.models import Participant
from hometrial.services import consenting, enrolling, working
from hometrial.services.syncing import accounts, linking, vault
from hometrial.services.syncing.outcomes import (
    Failed,
    Linked,
    Refused,
    WrongAccount,
)
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import ReconnectNeededError

STREAMS = {"heart_rate", "resting_heart_rate", "steps", "distance", "sleep", "weight"}


def query(address):
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def person_of(session, visit):
    return session.get_one(Participant, visit.participant_id)


def test_a_trip_links_the_account_with_what_was_granted(linker):
    visit = linker.enrol()
    outcome = linker.link(visit)
    assert isinstance(outcome, Linked)
    assert outcome.missing == ()
    assert linker.access(outcome.account_id)
    assert linker.study.rows(
        "SELECT c.status, a.provider, a.external_id, c.streams FROM connection c"
        " JOIN wearable_account a ON a.id = c.account_id WHERE c.participant_id = :person",
        person=visit.participant_id,
    ) == [("active", "fitbit", linker.cloud.face.account_id(1), list(outcome.shared))]


def test_the_way_out_carries_a_challenge_and_no_secret(linker):
    visit = linker.enrol()
    words = query(linker.begin(visit))
    assert words["code_challenge_method"] == "S256"
    kept = linker.study.rows("SELECT state_sha256, verifier FROM sync.link_attempt")[0]
    assert words["state"] not in str(kept[0])
    verifier = vault.unseal(linker.keys, kept[0], "verifier", kept[1])
    digest = hashlib.sha256(verifier.encode()).digest()
    assert words["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert verifier.encode() not in bytes(kept[1])


def test_boxes_left_out_are_accepted_and_named(linker):
    visit = linker.enrol()
    outcome = linker.link(visit, all="", scope="sleep")
    assert isinstance(outcome, Linked)
    assert outcome.shared == ("sleep",)
    assert set(outcome.missing) == set(linker.cloud.provider.streams) - {"sleep"}
    assert linker.study.one("SELECT streams FROM connection") == ["sleep"]


def test_only_what_consent_covers_is_asked_for(linker):
    visit = linker.enrol()
    with linker.study.database.transaction("staff") as session:
        person = person_of(session, visit)
        consenting.grant(session, person, [DataType.SLEEP], source="test")
    scopes = set(query(linker.begin(visit))["scope"].split())
    assert "sleep" in scopes
    assert not scopes & {"heartrate", "activity", "weight"}
    outcome = linker.link(visit)
    assert (outcome.shared, outcome.missing) == (("sleep",), ())


def test_without_consent_in_force_there_is_nothing_to_ask_for(linker):
    visit = linker.enrol()
    with linker.study.database.transaction("staff") as session:
        person = person_of(session, visit)
        consenting.grant(session, person, [DataType.SLEEP], source="test")
        linker.cloud.clock.advance(timedelta(seconds=1))
        consenting.withdraw(session, person, [DataType.SLEEP], keep_late=False, source="test")
    with pytest.raises(linking.NothingToShareError):
        linker.begin(visit)


@pytest.mark.parametrize("form", [{"answer": "deny"}, {"all": ""}])
def test_a_no_links_nothing(linker, form):
    assert linker.link(linker.enrol(), **form) == Refused()
    assert linker.study.one("SELECT count(*) FROM wearable_account") == 0


def test_nothing_but_the_profile_is_a_no(linker):
    assert linker.link(linker.enrol(), all="", scope="profile") == Refused()
    assert linker.study.one("SELECT count(*) FROM vault.token") == 0


def test_a_state_is_used_up_by_its_first_use(linker):
    visit = linker.enrol()
    words = linker.sign_in(linker.begin(visit), 1)
    assert isinstance(linker.come_back(visit, words), Linked)
    assert linker.come_back(visit, words) == Failed("state")


def test_a_state_is_used_up_even_if_its_trip_comes_to_nothing(linker):
    visit = linker.enrol()
    words = linker.sign_in(linker.begin(visit), 1)
    assert linker.come_back(visit, words | {"code": "forged"}) == Failed("state")
    assert linker.come_back(visit, words) == Failed("state")
    assert linker.study.one("SELECT count(*) FROM vault.token") == 0


def test_a_state_is_worth_nothing_after_ten_minutes(linker):
    visit = linker.enrol()
    words = linker.sign_in(linker.begin(visit), 1)
    linker.cloud.clock.advance(timedelta(minutes=10))
    assert linker.come_back(visit, words) == Failed("state")
    assert "too old" in str(linker.study.one("SELECT outcome FROM sync.link_attempt"))


def test_a_state_is_worth_nothing_in_another_visit(linker):
    mine, attackers = linker.enrol(), linker.enrol()
    words = linker.sign_in(linker.begin(attackers), 2)
    assert linker.come_back(mine, words) == Failed("state")
    assert linker.study.one("SELECT count(*) FROM wearable_account") == 0


def test_a_state_is_worth_nothing_in_a_later_visit_of_the_same_person(linker):
    visit = linker.enrol()
    words = linker.sign_in(linker.begin(visit), 1)
    later = linking.Visit(visit.participant_id, visit.code, "0" * 64)
    assert linker.come_back(later, words) == Failed("state")


def test_a_state_is_worth_nothing_for_another_provider(linker):
    visit = linker.enrol()
    words = linker.sign_in(linker.begin(visit), 1)
    assert linker.come_back(visit, words, provider="google-health") == Failed("state")
    assert linker.come_back(visit, words) == Failed("state")


@pytest.mark.parametrize("state", ["", "forged", "x" * 5000, "\x00"])
def test_a_state_that_is_none_of_ours_is_refused(linker, state):
    assert linker.come_back(linker.enrol(), {"code": "c", "state": state}) == Failed("state")


def test_a_code_of_another_trip_is_refused_by_its_verifier(linker):
    mine, attackers = linker.enrol(), linker.enrol()
    stolen = linker.sign_in(linker.begin(mine), 1)
    own = linker.sign_in(linker.begin(attackers), 2)
    assert linker.come_back(attackers, own | {"code": stolen["code"]}) == Failed("state")
    assert linker.study.one("SELECT count(*) FROM vault.token") == 0


def test_an_account_belongs_to_one_person(linker):
    first, second = linker.enrol(), linker.enrol()
    linked = linker.link(first, person=1)
    assert linker.link(second, person=1) == WrongAccount("someone_elses")
    assert linker.study.one("SELECT count(*) FROM wearable_account") == 1
    assert linker.open_work() == [("wrong_account", "fitbit")]
    assert linker.status(linked.account_id) == "active"
    assert isinstance(linker.link(second, person=2), Linked)
    assert linker.open_work() == []


def test_two_people_at_once_cannot_both_have_an_account(linker):
    visits = [linker.enrol(), linker.enrol()]
    trips = [linker.sign_in(linker.begin(visit), 1) for visit in visits]
    start, outcomes = threading.Barrier(2), []

    def come_back(place):
        start.wait(timeout=10)
        outcomes.append(linker.come_back(visits[place], trips[place]))

    threads = [threading.Thread(target=come_back, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Linked", "WrongAccount"]
    assert linker.study.one("SELECT count(*) FROM connection") == 1


def test_an_account_that_an_older_service_knew_as_another_person_is_refused(linker):
    first, second = linker.enrol(), linker.enrol()
    linker.link(first, person=1)
    with linker.site() as session:
        former = linking.Account("999", former_id=linker.cloud.face.account_id(1))
        bound = accounts.bind(session, second.participant_id, "google-health", former)
        assert bound == WrongAccount("someone_elses")
        assert not isinstance(
            accounts.bind(session, first.participant_id, "google-health", former), WrongAccount
        )


def test_a_second_account_is_refused_and_given_back_while_the_first_goes_on(linker):
    visit = linker.enrol()
    linked = linker.link(visit, person=1)
    words = linker.sign_in(linker.begin(visit), 2)
    assert linker.come_back(visit, words) == WrongAccount("another_of_yours")
    assert linker.access(linked.account_id)
    assert linker.study.one("SELECT count(*) FROM wearable_account") == 1
    assert linker.cloud.face.grants.live(2, linker.cloud.face.client_id) is None
    assert linker.cloud.face.grants.live(1, linker.cloud.face.client_id) is not None


def test_a_new_account_is_linked_after_the_old_one_was_unlinked(linker):
    visit = linker.enrol()
    old = linker.link(visit, person=1)
    assert linker.unlink(old.account_id)
    new = linker.link(visit, person=2)
    assert isinstance(new, Linked)
    assert linker.open_work() == [("revoke_pending", "fitbit")]
    assert linker.revoke(old.account_id)
    assert linker.status(old.account_id) == "unlinked"
    assert linker.access(new.account_id)
    assert linker.open_work() == []


def test_linking_again_mends_the_link_and_closes_the_work(linker):
    visit = linker.enrol()
    account = linker.link(visit, all="", scope="sleep").account_id
    with linker.worker() as session:
        accounts.lost(session, account, ReconnectNeededError("invalid_grant"))
        working.open_item(session, visit.participant_id, "scope_missing", "fitbit/steps", "no")
    with linker.study.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sync.stream_state (account_id, stream, known, obstacle, obstacle_since,"
            " obstacle_text, failures, retry_at) SELECT id, s, '{}', 'reconnect_needed', now(),"
            " 'gone', 3, now() FROM wearable_account, unnest(ARRAY['sleep', 'steps']) s"
        )
    assert linker.open_work() == [("reconnect", "fitbit"), ("scope_missing", "fitbit/steps")]

    again = linker.link(visit)

    assert again.account_id == account
    assert again.missing == ()
    assert linker.status(account) == "active"
    assert linker.open_work() == []
    assert (
        linker.study.rows(
            "SELECT obstacle, obstacle_since, obstacle_text, failures, retry_at FROM sync.stream_state"
        )
        == [(None, None, None, 0, None)] * 2
    )
    assert linker.access(account)


def test_a_link_renewed_meanwhile_is_not_marked_dead(linker):
    """The refresh that fails holds the row: who links anew waits, and has the last word."""
    visit = linker.enrol()
    account = linker.link(visit).account_id
    words = linker.sign_in(linker.begin(visit), 1)
    renewed = threading.Thread(target=linker.come_back, args=(visit, words))
    with linker.worker() as session:
        stale = vault.access(session, linker.keys, linker.cloud.provider, account)
        linker.cloud.face.revoke(1)
        with pytest.raises(ReconnectNeededError) as caught:
            vault.access(session, linker.keys, linker.cloud.provider, account, stale=stale)
        renewed.start()
        renewed.join(timeout=1)
        assert renewed.is_alive()
        accounts.lost(session, account, caught.value)
    renewed.join(timeout=20)
    assert linker.status(account) == "active"
    assert linker.access(account)
    assert linker.open_work() == []


def test_an_outage_while_coming_back_links_nothing(linker):
    linker.cloud.face.faults.unavailable(times=20, path="/oauth2/token")
    assert linker.link(linker.enrol()) == Failed("try_later")
    assert linker.study.one("SELECT count(*) FROM wearable_account") == 0


def test_a_retired_provider_says_so(linker):
    visit = linker.enrol()
    words = linker.sign_in(linker.begin(visit), 1)
    linker.cloud.face.faults.retire(clock.now())
    assert linker.come_back(visit, words) == Failed("retired")


def test_our_own_fault_is_the_staff_s_work(linker):
    visit = linker.enrol()
    words = linker.sign_in(linker.begin(visit), 1)
    linker.cloud.face.oauth.applications.clear()
    assert linker.come_back(visit, words) == Failed("our_bug")
    assert linker.open_work() == [("our_bug", "fitbit")]


def test_the_log_of_trips_says_what_each_came_to(linker):
    visit = linker.enrol()
    linker.link(visit, answer="deny")
    linker.link(visit, all="", scope="sleep")
    linker.link(visit)
    linker.link(visit, person=2)
    outcomes = {row[0] for row in linker.study.rows("SELECT outcome FROM sync.link_attempt")}
    assert outcomes == {"refused", "linked in part", "linked", "another_of_yours"}


def test_an_imported_account_of_the_person_is_taken_up(linker):
    visit = linker.enrol()
    with linker.study.database.transaction("staff") as session:
        known = enrolling.link_account(
            session,
            visit.participant_id,
            provider="fitbit",
            external_id=linker.cloud.face.account_id(1),
        ).id
    assert linker.link(visit).account_id == known


def test_every_trip_leaves_an_audit_trail_that_verifies(linker):
    visit = linker.enrol()
    linker.link(visit)
    assert linker.study.verify().problems == ()
    assert not requests.get(linker.begin(visit), timeout=10).history


def test_somebody_else_s_link_is_not_ended_by_who_has_another_already(linker):
    first, second = linker.enrol(), linker.enrol()
    linker.link(first, person=1)
    linker.link(second, person=2)
    assert linker.link(second, person=1) == WrongAccount("someone_elses")
    assert linker.cloud.face.grants.live(1, linker.cloud.face.client_id) is not None
