"""Who proves who they are is let in; nobody else learns anything; and a session ends when it should."""

import hashlib
import json
import re
import subprocess
import sys
from datetime import timedelta

import pytest
import staff_door
from authenticator import PRESENT, Authenticator
from staff_door import Door, code

from hometrial import clock
from hometrial.db import Database
from hometrial.services.staffing import links, sessions
from hometrial.services.staffing.sessions import IDLE, LONGEST
from hometrial.settings import Settings
from hometrial.staff import create_app, permitting
from hometrial.staff.opening import WRONG
from hometrial.staff.pages import entering

pytestmark = pytest.mark.long


def told(answer):
    """Return what a page says, without what is of this very request."""
    return re.sub(r'(name="csrf_token"[^>]*|name="name"[^>]*) value="[^"]*"', r"\1", answer.text)


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
def door(app, database) -> Door:
    return Door(app, database)


@pytest.fixture(scope="session")
def rehearsal(database):
    """The same study as a rehearsal's site shows it."""
    settings = Settings(
        **database.settings.model_dump(exclude={"simulators"}), simulators="http://localhost:9"
    )
    beside = Database(settings)
    yield create_app(beside)
    beside.close()


def _address(rule: str) -> str:
    filled = rule.replace("<code>", "P-0001").replace("<day:when>", "2026-10-24")
    return re.sub(
        r"<(\w+:)?\w+>",
        lambda part: "00000000-0000-0000-0000-000000000000" if part[1] == "uuid:" else "1",
        filled,
    )


def test_every_other_address_answers_401_with_the_way_in(app, visitor):
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if permitting.permit_of(app, rule.endpoint) is not None
        and not rule.rule.startswith("/api/")  # programs come with a token (test_api)
    ]
    assert len(rules) > 12
    for rule in rules:
        method = "POST" if "POST" in rule.methods else "GET"
        answer = visitor.open(_address(rule.rule), method=method)
        assert answer.status_code in (400, 401), rule
        if "GET" in rule.methods:
            answer = visitor.get(_address(rule.rule))
            assert answer.status_code == 401, rule
            blank = re.sub(r'name="next" value="[^"]*"', "", told(answer))
            assert blank == re.sub(r'name="next" value="[^"]*"', "", told(visitor.get("/login")))
    assert visitor.get("/nowhere").status_code == 401


def test_name_password_and_code_open_a_session_and_lead_on(door):
    offered = door.with_password("ann")
    answer = door.enter("ann", code=code(offered), next="/people?show=active")
    assert (answer.status_code, answer.location) == (303, "/people?show=active")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert door.is_in()
    assert door.get("/login?next=/account").location == "/account"


def test_nobody_learns_which_part_was_wrong_or_whether_there_is_such_an_account(
    door, app, database
):
    offered = door.with_password("bob")
    door.account("cas")  # has nothing set up
    tries = [
        ("bob", "correct purple giraffe", code(offered)),
        ("bob", staff_door.PASSWORD, "000000"),
        ("bob", "", ""),
        ("cas", staff_door.PASSWORD, "000000"),
        ("nobody", staff_door.PASSWORD, "000000"),
        ("'; DROP TABLE staff_account", "x", "x"),
    ]
    answers = [Door(app, database).enter(*typed) for typed in tries]
    assert {answer.status_code for answer in answers} == {422}
    assert len({told(answer) for answer in answers}) == 1
    assert WRONG in answers[0].text
    assert staff_door.PASSWORD not in answers[1].text
    assert door.enter("bob", code=code(offered)).status_code == 303


def test_an_answer_takes_as_long_whoever_is_asked_about(door, monkeypatch):
    door.with_password("dee")
    lasted = []
    monkeypatch.setattr(entering, "EVEN", 5.0)
    hands = iter(range(1000))
    monkeypatch.setattr(entering.time, "monotonic", lambda: float(next(hands)))
    monkeypatch.setattr(entering.time, "sleep", lasted.append)
    for name in ("dee", "nobody"):
        door.enter(name, "correct purple giraffe", "0")
    assert lasted == [4.0, 4.0]  # one of five has passed by these hands


def test_guessing_is_slowed_down_and_no_header_moves_one_elsewhere(door, app, database, now):
    offered = door.with_password("eve")
    statuses = [
        door.enter(
            "eve", "correct purple giraffe", "0", headers={"X-Forwarded-For": f"192.0.2.{n}"}
        )
        for n in range(6)
    ]
    assert [answer.status_code for answer in statuses] == [422] * 5 + [429]
    assert int(statuses[-1].headers["Retry-After"]) > 0
    assert "Too many tries" in statuses[-1].text
    elsewhere = Door(app, database)
    assert elsewhere.enter("eve", code=code(offered)).status_code == 429
    unknown = [Door(app, database).enter("nobody-2", "x", "0").status_code for _ in range(6)]
    assert unknown == [422] * 5 + [429]
    now(minutes=3)
    assert elsewhere.enter("eve", code=code(offered)).status_code == 303


def test_who_was_guessed_at_is_told_at_the_next_log_in(door, app, database, now):
    offered = door.with_password("fay")
    stranger = Door(app, database)
    for _ in range(2):
        stranger.enter("fay", "correct purple giraffe", "0")
    now(minutes=1)
    door.enter("fay", code=code(offered))
    assert "2 log-ins in your name refused since your last one" in door.get("/account").text
    now(minutes=1)
    door.enter("fay", code=code(offered), page="/account")
    assert "refused since" not in door.get("/account").text


def test_logging_in_again_ends_the_session_before(door):
    offered = door.with_password("gil")
    door.enter("gil", code=code(offered))
    before = door.cookie()
    page = f"/setup/{door.link(door.account('gil'))}"
    paper = door.codes_on_paper("gil")
    door.post(f"{page}/code", page, code=paper[0])
    assert door.cookie() != before
    assert door.is_in()
    door.client.set_cookie(door.app.config["SESSION_COOKIE_NAME"], before)
    assert not door.is_in()


def test_a_session_that_somebody_else_laid_out_is_not_taken_over(door, app, database):
    offered = door.with_password("hal")
    laid = Door(app, database)
    laid.csrf()
    door.client.set_cookie(app.config["SESSION_COOKIE_NAME"], laid.cookie())
    door.enter("hal", code=code(offered))
    assert door.is_in()
    assert not laid.is_in()


def test_a_cookie_is_worth_nothing_after_logging_out(door):
    offered = door.with_password("ida")
    door.enter("ida", code=code(offered))
    kept = door.cookie()
    assert door.post("/logout", "/account").status_code == 303
    door.client.set_cookie(door.app.config["SESSION_COOKIE_NAME"], kept)
    assert not door.is_in()


@pytest.mark.parametrize(
    ("pause", "times"), [(IDLE, 1), (IDLE * 0.9, int(LONGEST / (IDLE * 0.9)) + 1)]
)
def test_a_session_ends_when_idle_or_old(staff, now, pause, times):
    seen = []
    for _ in range(times):
        now(seconds=pause.total_seconds() + 1)
        seen.append(staff.get("/account").status_code)
    assert seen == [200] * (times - 1) + [401]


def test_a_passkey_alone_logs_in(door, app, database):
    account = door.account("jan")
    assert door.with_passkey(account).status_code == 200
    other = Door(app, database, device=door.device)
    answer = other.enter_by_passkey()
    assert (answer.status_code, answer.location) == (303, "/")
    assert other.is_in()


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost.evil.example:8400"},
        {"origin": "https://localhost:8400"},
        {"host": "evil.example"},
        {"flags": PRESENT},  # nobody unlocked it
        {"counter": 0},
        {"challenge": "AAAA"},
        {"kind": "webauthn.create"},
        {"owner": b"somebody else"},
        {"owner": None},
        {"key": Authenticator("x").key},
    ],
)
def test_a_passkey_that_is_not_right_opens_nothing(door, app, database, wrong):
    account = door.account(f"kim{hashlib.sha256(str(wrong).encode()).hexdigest()[:8]}")
    door.with_passkey(account)
    other = Door(app, database, device=door.device)
    assert other.enter_by_passkey().status_code == 303
    stranger = Door(app, database, device=door.device)
    assert stranger.enter_by_passkey(**wrong).status_code == 422
    assert not stranger.is_in()


def test_what_a_passkey_signs_is_good_once_and_in_one_browser(door, app, database, now):
    door.with_passkey(door.account("leo"))
    one, other = Door(app, database, device=door.device), Door(app, database, device=door.device)
    asked = one.ask("/login/passkey/ask", "/login")
    answer = door.device.sign(asked)
    other.ask("/login/passkey/ask", "/login")
    assert other.post("/login/passkey", answer=answer).status_code == 422
    assert one.post("/login/passkey", answer=answer).status_code == 303
    assert other.post("/login/passkey", answer=answer).status_code == 422
    late = one.ask("/login/passkey/ask", "/confirm")
    now(minutes=5)
    assert (
        Door(app, database).post("/login/passkey", answer=door.device.sign(late)).status_code == 422
    )


def test_a_link_sets_up_password_and_app_once_and_logs_in(door, now):
    account = door.account("mia")
    page = f"/setup/{door.link(account)}"
    shown = door.get(page).text
    offered = re.search(r'class="secret">([A-Z2-7]+)<', shown)[1]
    assert offered in door.get(page).text  # looked at anew, it is the same
    typed = {"password": "vier blaue Hunde bellen", "again": "vier blaue Hunde bellen"}
    weak = door.post(f"{page}/password", page, password="password1234", again="password1234", code=code(offered))  # fmt: skip  # noqa: S106
    assert weak.status_code == 422
    assert "guessed first" in weak.text
    assert "password1234" not in weak.text
    unlike = door.post(f"{page}/password", page, **typed | {"again": "x"}, code=code(offered))
    assert "not the same as above" in unlike.text
    no_code = door.post(f"{page}/password", page, **typed, code="000")
    assert "not what the app shows" in no_code.text
    done = door.post(f"{page}/password", page, **typed, code=code(offered))
    assert done.status_code == 200
    assert len(re.findall(r"<li>[2-9a-z]{5}-[2-9a-z]{5}-[2-9a-z]{5}</li>", done.text)) == 10
    assert door.is_in()
    assert door.get(page).status_code == 404
    now(minutes=1)
    assert door.enter("mia", "vier blaue Hunde bellen", code(offered), page="/account").status_code == 303  # fmt: skip


def test_each_browser_is_offered_a_secret_of_its_own(door, app, database):
    page = f"/setup/{door.link(door.account('ned'))}"
    found = {
        re.search(r'class="secret">([A-Z2-7]+)<', each.get(page).text)[1]
        for each in (door, Door(app, database))
    }
    assert len(found) == 2


def test_a_link_opens_nothing_of_an_account_in_use_without_a_code(door, app, database):
    offered = door.with_password("oda")
    account = door.account("oda")
    stranger = Door(app, database)
    page = f"/setup/{door.link(account)}"
    shown = stranger.get(page).text
    assert "Log in with a code" in shown
    assert 'class="secret"' not in shown
    good = {"password": "vier blaue Hunde bellen", "again": "vier blaue Hunde bellen", "code": "0"}
    assert stranger.post(f"{page}/password", page, **good).location == page
    asked = stranger.ask(f"{page}/passkey/ask", page)
    assert asked.location == page
    assert stranger.post(f"{page}/passkey", page, answer="{}").location == page
    assert stranger.post(f"{page}/code", page, code="000000").status_code == 422
    assert not stranger.is_in()
    assert door.post(f"{page}/code", page, code=code(offered)).status_code == 303
    assert door.is_in()
    assert stranger.get(page).status_code == 404


def test_links_are_guessed_at_no_faster_than_passwords(door, app, database):
    door.with_password("pia")
    page = f"/setup/{door.link(door.account('pia'))}"
    statuses = [door.post(f"{page}/code", page, code="000000").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_a_link_is_made_for_the_address_that_is_set_and_no_host_header_changes_it(door):
    account = door.account("quy")
    token = door.link(account)
    assert links.address(door.database.settings, token).startswith("http://localhost:8400/setup/")
    for header in ({"Host": "evil.example"}, {"Host": "localhost.evil.example"}):
        assert door.get(f"/setup/{token}", headers=header).status_code == 400
    shown = door.get(f"/setup/{token}", headers={"X-Forwarded-Host": "evil.example"})
    assert shown.status_code == 200
    assert "evil.example" not in shown.text
    assert shown.headers["Referrer-Policy"] == "no-referrer"


def test_only_in_a_rehearsal_a_link_logs_in_at_once(rehearsal, database, door):
    account = door.account("rob")
    path = f"/setup/{door.link(account)}"
    assert door.get(path).status_code == 200
    assert not door.is_in()
    for _ in range(2):  # until its time is over
        beside = Door(rehearsal, database)
        assert beside.get(path).location == "/"
        assert beside.is_in()


def test_only_in_a_rehearsal_ones_word_is_proof_enough(rehearsal, database, door, now):
    beside = Door(rehearsal, database)
    beside.get(f"/setup/{door.link(door.account('sam'))}")
    now(minutes=6)
    assert beside.get("/account/codes").location == "/confirm?next=/account/codes"
    assert beside.post("/confirm/rehearsal", "/confirm", next="/account/codes").status_code == 303
    assert beside.get("/account/codes").status_code == 200
    offered = door.with_password("tom")
    door.enter("tom", code=code(offered))
    assert door.post("/confirm/rehearsal", "/account").status_code == 404


def test_a_proof_is_asked_for_anew_after_five_minutes_and_gives_another_cookie(door, now):
    offered = door.with_password("uma")
    door.enter("uma", code=code(offered))
    assert door.get("/account/codes").status_code == 200
    now(minutes=5, seconds=1)
    asked = door.get("/account/codes")
    assert asked.location == "/confirm?next=/account/codes"
    before = door.cookie()
    wrong = door.post("/confirm", "/confirm", password="x" * 12, code=code(offered))
    assert wrong.status_code == 422
    assert door.get("/account/codes").status_code == 303
    right = {"password": staff_door.PASSWORD, "code": code(offered), "next": "/account/codes"}
    done = door.post("/confirm", "/confirm", **right)
    assert (done.status_code, done.location) == (303, "/account/codes")
    assert door.get("/account/codes").status_code == 200
    door.client.set_cookie(door.app.config["SESSION_COOKIE_NAME"], before)
    assert not door.is_in()


def test_a_session_is_confirmed_by_its_own_passkey_alone(door, app, database, now):
    door.with_passkey(door.account("vic"))
    other = Door(app, database)
    other.with_passkey(other.account("wim"))
    now(minutes=6)
    asked = door.ask("/confirm/passkey/ask", "/confirm")
    assert door.post("/confirm/passkey", "/confirm", answer=other.device.sign(asked)).status_code == 422  # fmt: skip
    asked = door.ask("/confirm/passkey/ask", "/confirm")
    assert door.post("/confirm/passkey", "/confirm", answer=door.device.sign(asked)).status_code == 303  # fmt: skip
    assert door.get("/account/codes").status_code == 200


def _elsewhere():
    hosts = ("evil.example", "evil。example", "evil%2eexample", "localhost:8400@evil.example")
    starts = (
        "//{}", "///{}", "////{}", "/\\{}", "\\\\{}", "\\/{}", "/\t/{}", "/\n/{}", "\t//{}", " //{}", "/ /{}",
        "http://{}", "https://{}", "HtTpS://{}", "https:{}", "https:/{}", "https:///{}", "ftp://{}", "//{}/account",
        "/account//{}", "/%09/{}", "/%2f{}", "/%5c{}", "/.//{}", "/..//{}", "/;@{}", "?//{}", "#//{}", "@{}", "{}",
        "//user:word@{}", "http://localhost:8400@{}", "http://localhost:8400.{}", "//localhost:8400\\@{}",
        "javascript:alert(1)//{}", "data:text/html,{}", "vbscript:{}", "//{}%00", "/\x00/{}", "/\u2028/{}", "／／{}",
        "//{}#/account", "//{}?/account", "/account\r\nLocation: //{}", "/account\\..\\..//{}", "/login/../..//{}",
        "//[::1]@{}", "http:\\\\{}", "/https://{}", "/{}",
    )  # fmt: skip
    return [start.format(host) for start in starts for host in hosts]


def test_nobody_is_led_to_another_site(app):
    ways = _elsewhere()
    assert len(ways) >= 200
    from hometrial.staff.ways import inside

    with app.test_request_context():
        led = {way: inside(way) for way in ways}
        assert {way: to for way, to in led.items() if to != "/"} == {}
        for path in ("/", "/account", "/people?show=active&start=50", "/people/P-0001"):
            assert inside(path) == path
        assert inside("/logout") == "/"  # not a page to look at
        assert inside("/nowhere") == "/"


def test_log_ins_refusals_and_log_outs_are_in_the_access_log_without_what_was_typed(door, database):
    offered = door.with_password("xia")
    door.enter("xia", "correct purple giraffe", "0")
    door.enter("my password typed as a name", "x", "0")
    door.enter("xia", code=code(offered))
    door.post("/logout", "/account")
    place = door.client.environ_base["REMOTE_ADDR"]
    with database.reading() as session:
        from sqlalchemy import text

        query = (
            "SELECT who, kind, what FROM access.access_record WHERE address = :place ORDER BY id"
        )
        found = [tuple(row) for row in session.execute(text(query), {"place": place})]
    assert found == [
        ("staff:xia", "refused_log_in", "wrong"),
        ("nobody", "refused_log_in", "wrong"),
        ("staff:xia", "log_in", "by password and code"),
        ("staff:xia", "log_out", "by hand"),
    ]


def test_a_form_of_another_site_logs_nobody_in_or_out(door):
    offered = door.with_password("yan")
    typed = {"name": "yan", "password": staff_door.PASSWORD, "code": code(offered)}
    assert door.client.post("/login", data=typed).status_code == 400
    door.enter("yan", code=code(offered))
    assert door.client.post("/logout").status_code == 400
    assert door.is_in()


def test_ended_sessions_are_dead_at_once(door):
    offered = door.with_password("zoe")
    door.enter("zoe", code=code(offered))
    assert door.is_in()
    door.act(sessions.end_all, door.account("zoe").id, "a test")
    assert not door.is_in()


def test_the_site_starts_without_loading_great_expectations(own_home):
    program = (
        "import sys, json, pathlib\n"
        "from hometrial.db import Database\nfrom hometrial.settings import Settings\n"
        "from hometrial.staff import create_app\n"
        f"create_app(Database(Settings(home=pathlib.Path({str(own_home)!r}))))\n"
        "names = {name.split('.')[0] for name in sys.modules} | set(sys.modules)\n"
        "print(json.dumps([n for n in ('great_expectations', 'hometrial_validation.gate') if n in names]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == []
