"""Without a session nothing of the study is told; a session ends when it should."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
import signed_in
from flask import Flask
from flask.testing import FlaskClient

from hometrial import clock
from hometrial.db import Database
from hometrial.services.staffing.sessions import IDLE, LONGEST
from hometrial.staff import create_app, permitting
from hometrial.staff.login import Link

TOKEN = "the-token-of-this-run"  # noqa: S105


def _address(rule: str) -> str:
    filled = rule.replace("<code>", "P-0001").replace("<day:when>", "2026-10-24")
    for name in ("batch_id", "verdict_id", "row_id", "query_id"):
        filled = filled.replace(f"<uuid:{name}>", "00000000-0000-0000-0000-000000000000")
    return filled


def test_every_other_address_answers_401(app: Flask, visitor: FlaskClient) -> None:
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if permitting.permit_of(app, rule.endpoint) is not None
    ]
    assert len(rules) > 12
    for rule in rules:
        method = "POST" if "POST" in rule.methods else "GET"
        answer = visitor.open(_address(rule.rule), method=method)
        assert answer.status_code in (400, 401), rule
        if method == "GET":
            assert answer.status_code == 401, rule
        assert "P-0001" not in answer.text
    assert visitor.get("/nowhere").status_code == 401


@pytest.fixture
def by_link(database: Database) -> FlaskClient:
    """A browser of a site that one link opens."""
    with database.transaction("test", "an account") as session:
        signed_in.account(session, "linked")
    return create_app(database, link=Link(TOKEN, "linked")).test_client()


def test_a_wrong_token_opens_nothing(by_link: FlaskClient) -> None:
    for wrong in ("", "x", TOKEN + "x", TOKEN[:-1]):
        assert by_link.get("/login", query_string={"token": wrong}).status_code == 401
    assert by_link.get("/people").status_code == 401


def test_the_token_is_left_behind_at_once_and_the_cookie_is_closed_to_scripts(
    by_link: FlaskClient,
) -> None:
    answer = by_link.get(f"/login?token={TOKEN}")
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert TOKEN not in by_link.get("/").text


def test_a_cookie_is_worth_nothing_after_logging_out(app: Flask, staff: FlaskClient) -> None:
    name = app.config["SESSION_COOKIE_NAME"]
    kept = staff.get_cookie(name)
    assert kept is not None
    token = staff.get("/people").text.split('name="csrf_token" value="')[1].split('"')[0]
    assert staff.post("/logout", data={"csrf_token": token}).status_code == 303
    staff.set_cookie(name, kept.value)
    assert staff.get("/people").status_code == 401


@pytest.mark.parametrize(
    ("pause", "times"), [(IDLE, 1), (IDLE * 0.9, int(LONGEST / (IDLE * 0.9)) + 1)]
)
def test_a_session_ends_when_idle_or_old(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch, pause: timedelta, times: int
) -> None:
    moment = clock.now()
    seen = []
    for _ in range(times):
        moment += pause + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        seen.append(staff.get("/audit").status_code)
    assert seen == [200] * (times - 1) + [401]


def test_the_site_starts_without_loading_great_expectations(own_home) -> None:
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
