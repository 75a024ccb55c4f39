"""One's own account: ways to log in come and go, sessions end, codes and tokens are shown once."""

import re
from datetime import timedelta

import pytest
from staff_door import PASSWORD, Door, code

from hometrial import clock
from hometrial.services.staffing import accounts, tokens
from hometrial.staff.pages import entering

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(entering, "EVEN", 0.0)


@pytest.fixture
def now(monkeypatch):
    """Let time go on: now(minutes=3)."""
    hand = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: hand[0])

    def advance(**step):
        hand[0] += timedelta(**step)
        return hand[0]

    return advance


@pytest.fixture
def door(app, database, request) -> Door:
    """A browser in which somebody of the test's own has just logged in."""
    return entered(app, database, name_of(request))


def name_of(request):
    return "o" + re.sub(r"[^a-z]", "", request.node.name.removeprefix("test_"))[:30]


def entered(app, database, name, **of):
    found = Door(app, database)
    found.name, found.offered = name, found.with_password(name, **of)
    assert found.enter(name, code=code(found.offered)).status_code == 303
    return found


def another(door):
    """Return another browser of the same person, logged in a minute later by a code on paper."""
    found = Door(door.app, door.database)
    assert found.enter(door.name, code=door.codes_on_paper(door.name)[0]).status_code == 303
    return found


def test_a_passkey_is_added_and_used_and_the_other_sessions_end(door):
    other = another(door)
    asked = door.ask("/account/passkeys/ask", "/account/passkeys/new")
    before = door.cookie()
    added = door.post("/account/passkeys", "/account/passkeys/new", answer=door.device.make(asked))
    assert added.status_code == 303
    assert door.is_in()
    assert door.cookie() != before
    assert not other.is_in()
    fresh = Door(door.app, door.database, device=door.device)
    assert fresh.enter_by_passkey().status_code == 303


def test_a_passkey_is_added_in_no_session_but_the_one_that_asked(door):
    other = another(door)
    asked = door.ask("/account/passkeys/ask", "/account/passkeys/new")
    answer = door.device.make(asked)
    other.ask("/account/passkeys/ask", "/account/passkeys/new")
    assert (
        other.post("/account/passkeys", "/account/passkeys/new", answer=answer).status_code == 422
    )


def test_the_only_way_to_log_in_stays_and_any_other_goes(door):
    assert door.post("/account/password/remove", "/account/password/remove").status_code == 422
    asked = door.ask("/account/passkeys/ask", "/account/passkeys/new")
    door.post("/account/passkeys", "/account/passkeys/new", answer=door.device.make(asked))
    assert door.post("/account/password/remove", "/account/password/remove").status_code == 303
    [key] = re.findall(r"/account/passkeys/[-0-9a-f]{36}/remove", door.get("/account").text)
    refused = door.post(key, key)
    assert refused.status_code == 422
    assert "only way to log in" in refused.text
    assert door.get("/account/passkeys/00000000-0000-0000-0000-000000000000/remove").status_code == 404  # fmt: skip


def test_a_removed_passkey_opens_nothing(door):
    asked = door.ask("/account/passkeys/ask", "/account/passkeys/new")
    door.post("/account/passkeys", "/account/passkeys/new", answer=door.device.make(asked))
    [key] = re.findall(r"/account/passkeys/[-0-9a-f]{36}/remove", door.get("/account").text)
    assert door.post(key, key).status_code == 303
    fresh = Door(door.app, door.database, device=door.device)
    assert fresh.enter_by_passkey().status_code == 422


def test_another_password_counts_with_the_same_app(door, now):
    other = another(door)
    new = {"password": "vier blaue Hunde bellen", "again": "vier blaue Hunde bellen"}
    weak = door.post("/account/password", "/account/password", **dict.fromkeys(new, "password12345"))  # fmt: skip
    assert weak.status_code == 422
    assert other.is_in()
    assert door.post("/account/password", "/account/password", **new).status_code == 303
    assert door.is_in()
    assert not other.is_in()
    now(minutes=1)
    fresh = Door(door.app, door.database)
    assert fresh.enter(door.name, PASSWORD, code(door.offered)).status_code == 422
    assert fresh.enter(door.name, new["password"], code(door.offered)).status_code == 303


def test_another_app_counts_with_the_same_password(door, now):
    shown = door.get("/account/app").text
    offered = re.search(r'class="secret">([A-Z2-7]+)<', shown)[1]
    now(minutes=1)
    assert door.post("/account/app", "/account/app", code="000000").status_code == 422
    assert door.post("/account/app", "/account/app", code=code(offered)).status_code == 303
    now(minutes=1)
    fresh = Door(door.app, door.database)
    assert fresh.enter(door.name, PASSWORD, code(door.offered)).status_code == 422
    assert fresh.enter(door.name, PASSWORD, code(offered)).status_code == 303


def test_codes_on_paper_are_shown_once(door):
    assert "<li>" not in door.get("/account/codes").text.split("<main")[1]
    made = door.post("/account/codes", "/account/codes").text
    found = re.findall(r"<li>([-2-9a-z]{17})</li>", made)
    assert len(found) == 10
    assert found[0] not in door.get("/account").text
    assert "10 of 10 codes on paper left" in door.get("/account").text
    fresh = Door(door.app, door.database)
    assert fresh.enter(door.name, code=found[9]).status_code == 303
    assert "9 of 10" in door.get("/account").text


def test_sessions_are_ended_one_by_one_or_all_but_this(door, app, database):
    one, two = another(door), another(door)
    shown = door.get("/account").text
    ends = re.findall(r'action="(/account/sessions/[-0-9a-f]{36}/end)"', shown)
    assert len(ends) == 2
    assert door.post(ends[0], "/account").status_code == 303
    assert sorted((one.is_in(), two.is_in())) == [False, True]
    assert door.post("/account/sessions/end-others", "/account").status_code == 303
    assert [one.is_in(), two.is_in()] == [False, False]
    assert door.is_in()
    stranger = entered(app, database, "somebody-else")
    mine = door.get("/account").text
    assert stranger.name not in mine
    assert stranger.post(ends[0], "/account").status_code == 404


def test_nobody_ends_a_session_or_revokes_a_token_of_another(app, database):
    one = entered(app, database, "reader-one", roles=("statistician",), sites=("S-01",))
    two = entered(app, database, "reader-two", roles=("statistician",), sites=("S-01",))
    other = another(one)
    end = re.search(r'action="(/account/sessions/[-0-9a-f]{36}/end)"', one.get("/account").text)[1]
    assert two.post(end, "/account").status_code == 404
    assert other.is_in()
    made = one.post("/account/tokens/new", "/account/tokens/new", name="figures", days="30").text
    token = re.search(r'id="token">(hometrial_[\w-]+)<', made)[1]
    assert token not in one.get("/account").text
    revoke = re.search(r'action="(/account/tokens/[-0-9a-f]{36}/revoke)"', one.get("/account").text)[1]  # fmt: skip
    assert two.post(revoke, "/account").status_code == 404
    assert one.act(tokens.actor, token).name == "reader-one"
    assert one.post(revoke, "/account").status_code == 303
    assert one.act(tokens.actor, token) is None
    for typed in ({"name": "", "days": "30"}, {"name": "x", "days": "400"}, {"name": "x", "days": "?"}):  # fmt: skip
        assert one.post("/account/tokens/new", "/account/tokens/new", **typed).status_code == 422


def test_a_role_without_tokens_makes_none(door):
    assert "Tokens of programs" not in door.get("/account").text
    assert door.get("/account/tokens/new").status_code == 403


def test_whoever_is_logged_in_has_an_account_page_whatever_their_role(app, database):
    for role in ("dsmb", "admin", "monitor"):
        assert entered(app, database, f"own-{role}", roles=(role,)).is_in()
    nothing = entered(app, database, "own-nothing", roles=())
    assert nothing.get("/account").status_code in (200, 403)
    assert nothing.act(accounts.find, "own-nothing").disabled_at is None
