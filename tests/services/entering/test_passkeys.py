"""Passkeys: made by who is known, used by their owner alone, and every forged answer refused."""

import json
from threading import Thread

import pytest
from authenticator import PRESENT, VERIFIED, Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from hometrial.services import identifying
from hometrial.services.entering import challenges, freshness, passkeys
from hometrial.services.entering.freshness import NotConfirmedError
from hometrial.services.entering.parties import Party, party

ORIGIN = "https://trial.example.org"
SITE = Party("trial.example.org", ORIGIN)


@pytest.fixture
def ada(desk):
    """A person whom only a link has let in so far."""
    return desk.come_by_link(desk.enrol())


@pytest.fixture
def device(desk, ada):
    made = Authenticator(ORIGIN)
    assert register(desk, ada, made) is not None
    return made


def ask_to_register(desk, visit):
    with desk.site() as session:
        return passkeys.ask_to_register(session, SITE, visit, "Study")


def register(desk, visit, device, browser=None, **wrong):
    asked = ask_to_register(desk, visit)
    with desk.site() as session:
        answer = device.make(asked.options, **wrong)
        return passkeys.register(session, SITE, visit, browser or asked.browser, answer)


def ask(desk, visit=None):
    with desk.site() as session:
        return passkeys.ask_to_use(session, SITE, visit)


def use(desk, browser, answer, visit=None):
    with desk.site() as session:
        return passkeys.use(session, SITE, browser, answer, visit)


def sign_in(desk, device, visit=None, **wrong):
    asked = ask(desk, visit)
    return use(desk, asked.browser, device.sign(asked.options, **wrong), visit)


def mine(desk, visit):
    with desk.site() as session:
        return passkeys.mine(session, visit.participant_id)


def test_a_passkey_lets_its_owner_in_and_confirms_their_visit(desk, ada, device, now):
    registered = now(minutes=1)
    assert sign_in(desk, device) == ada.participant_id
    last = now(hours=1)
    assert sign_in(desk, device, desk.come_by_link(ada.participant_id)) == ada.participant_id
    [own] = mine(desk, ada)
    assert own.registered_at < registered
    assert own.used_at == last
    assert desk.study.rows("SELECT purpose FROM passkey_use ORDER BY used_at") == [
        ("enter",),
        ("confirm",),
    ]


def test_what_a_browser_is_asked_names_nobody_and_wants_the_owner_to_unlock(desk, ada, device):
    with desk.site() as session:
        cookie = freshness.confirm(session, ada, "passkey")
    ada = desk.visit(cookie)
    asked = json.loads(ask_to_register(desk, ada).options)
    assert asked["rp"] == {"name": "Study", "id": "trial.example.org"}
    assert asked["user"]["name"] == "P-0001"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert len(asked["excludeCredentials"]) == 1
    entering = json.loads(ask(desk).options)
    assert (entering["userVerification"], entering["allowCredentials"]) == ("required", [])
    assert len(json.loads(ask(desk, ada).options)["allowCredentials"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"challenge": "YWFhYWFhYWFhYWFhYWFhYQ"},
        {"origin": "https://trial.example.org.evil.example"},
        {"origin": "http://trial.example.org"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"kind": "webauthn.create"},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"owner": b"x" * 16},
        {"owner": None},
        {"counter": 1},
        {"counter": 0},
    ],
    ids=lambda wrong: "another key" if "key" in wrong else str(wrong),
)
def test_a_wrong_answer_opens_nothing(desk, device, wrong):
    assert sign_in(desk, device) is not None  # the counter stands at 1 now
    assert sign_in(desk, device, **wrong) is None
    refused = "SELECT count(*) FROM passkey_challenge WHERE outcome = 'refused'"
    assert desk.study.one(refused) == 1
    device.counter = 10
    assert sign_in(desk, device) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"challenge": "YWFhYWFhYWFhYWFhYWFhYQ"},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"kind": "webauthn.get"},
    ],
    ids=str,
)
def test_a_wrong_answer_registers_nothing(desk, ada, wrong):
    assert register(desk, ada, Authenticator(ORIGIN), **wrong) is None
    assert mine(desk, ada) == []


def test_an_answer_is_used_once_and_in_its_browser(desk, device):
    device.counter = -1  # a passkey whose counter stays at 0, as of phones
    asked, other = ask(desk), ask(desk)
    answer = device.sign(asked.options, counter=0)
    assert use(desk, other.browser, answer) is None
    assert use(desk, "forged", answer) is None
    assert use(desk, asked.browser, answer) is not None
    assert use(desk, asked.browser, answer) is None


def test_a_challenge_is_old_after_five_minutes(desk, device, now):
    asked = ask(desk)
    now(minutes=5)
    assert use(desk, asked.browser, device.sign(asked.options)) is None


def test_a_challenge_serves_one_purpose_and_one_visit(desk, ada, device):
    again = desk.come_by_link(ada.participant_id)
    with desk.site() as session:
        for purpose, other in (("register", "confirm"), ("confirm", "register")):
            browser, _ = challenges.mint(session, purpose, ada)
            assert challenges.spend(session, other, browser, ada) is None
            assert challenges.spend(session, purpose, browser, ada) is not None
    to_enter, to_confirm = ask(desk), ask(desk, ada)
    assert use(desk, to_enter.browser, device.sign(to_enter.options), ada) is None
    assert use(desk, to_confirm.browser, device.sign(to_confirm.options)) is None
    assert use(desk, to_confirm.browser, device.sign(to_confirm.options), again) is None
    assert use(desk, to_confirm.browser, device.sign(to_confirm.options), ada) is not None


def test_somebody_else_s_passkey_confirms_nothing(desk, device):
    bob = desk.come_by_link(desk.enrol())
    assert sign_in(desk, device, bob) is None
    assert sign_in(desk, device, bob, owner=bob.participant_id.bytes) is None
    assert sign_in(desk, device, bob, owner=None) is None


def test_a_passkey_belongs_to_one_person(desk, device):
    bob = desk.come_by_link(desk.enrol())
    assert register(desk, bob, device) is None
    assert mine(desk, bob) == []


def test_a_removed_passkey_opens_nothing_and_only_its_owner_removes_it(desk, ada, device):
    [own] = mine(desk, ada)
    bob = desk.come_by_link(desk.enrol())
    with desk.site() as session:
        assert not passkeys.remove(session, bob.participant_id, own.id)
    assert sign_in(desk, device) is not None
    with desk.site() as session:
        assert passkeys.remove(session, ada.participant_id, own.id)
        assert not passkeys.remove(session, ada.participant_id, own.id)
    assert mine(desk, ada) == []
    assert sign_in(desk, device) is None


def test_a_first_passkey_of_who_can_prove_nothing_stands_on_the_link_and_says_so(desk, ada, device):
    assert desk.study.one("SELECT registered_by FROM passkey") == "invitation"
    with pytest.raises(NotConfirmedError):
        ask_to_register(desk, ada)


def test_who_can_prove_who_they_are_does_so_before_a_passkey_is_made(desk, now):
    person = desk.enrol("ada@example.org")
    visit = desk.come_by_link(person)
    with pytest.raises(NotConfirmedError, match="has not just proved"):
        ask_to_register(desk, visit)
    with desk.site() as session:
        cookie = freshness.confirm(session, visit, "e-mail code")
    visit = desk.visit(cookie)
    asked = ask_to_register(desk, visit)
    made = Authenticator(ORIGIN).make(asked.options)
    now(minutes=11)
    with pytest.raises(NotConfirmedError), desk.site() as session:
        passkeys.register(session, SITE, visit, asked.browser, made)
    now(minutes=-11)
    with desk.site() as session:
        assert passkeys.register(session, SITE, visit, asked.browser, made) is not None
    assert desk.study.one("SELECT registered_by FROM passkey") == "e-mail code"


def test_an_address_stored_meanwhile_asks_for_a_proof_of_it(desk, ada):
    with desk.study.database.transaction("staff") as session:
        identifying.keep(session, b"i" * 32, ada.participant_id, email="ada@example.org")
    with pytest.raises(NotConfirmedError):
        ask_to_register(desk, ada)


def test_one_counter_is_taken_once_by_two_requests_at_the_same_time(desk, device):
    device.counter = 6
    answers = []
    asked = [ask(desk) for _ in range(2)]
    signed = [device.sign(each.options, counter=7) for each in asked]
    threads = [
        Thread(target=lambda n=n: answers.append(use(desk, asked[n].browser, signed[n])))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(answer is None for answer in answers) == [False, True]


def test_keys_and_uses_stay_as_they_are(desk, device):
    sign_in(desk, device)
    for change in ("UPDATE passkey SET sign_count = 0", "DELETE FROM passkey_use"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            desk.study.database.transaction("staff") as session,
        ):
            session.execute(text(change))
    trail = str(desk.study.rows("SELECT new FROM audit.entry WHERE table_name LIKE '%passkey%'"))
    assert "accepted" in trail
    assert device.id.hex() not in trail


@pytest.fixture
def open_desk(desk, device):
    return desk, device


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_no_damaged_answer_is_an_error_of_ours(open_desk, data):
    desk, device = open_desk
    asked = ask(desk)
    answer = json.loads(device.sign(asked.options))
    junk = st.one_of(
        st.none(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2),
        st.sampled_from(["AA", "", "é", "=", "e30", "bnVsbA", "W10", "IiI", answer["id"]]),
    )  # fmt: skip
    where = data.draw(st.sampled_from([answer, answer["response"]]))
    where[data.draw(st.sampled_from(sorted(where)))] = data.draw(junk)
    use(desk, asked.browser, json.dumps(answer))
    for broken in ("", "{", "[]", "null", '"x"', json.dumps(answer)[:-9]):
        assert use(desk, ask(desk).browser, broken) is None


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://trial.example.org", SITE),
        ("https://trial.example.org:443", SITE),
        ("https://trial.example.org:8443/base", Party("trial.example.org", f"{ORIGIN}:8443")),
        ("http://localhost:8401", Party("localhost", "http://localhost:8401")),
        ("http://127.0.0.1:8401", None),
        ("http://[::1]:8401", None),
    ],
)
def test_passkeys_are_made_for_the_public_address_and_for_no_number(address, found):
    assert party(address) == found
