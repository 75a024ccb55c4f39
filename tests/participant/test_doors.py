"""What the site has, and what it has not: addresses, headers, forms, hosts, redirects."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

from hometrial.db import Database
from hometrial.participant import create_app
from hometrial.participant.headers import PAGE_POLICY
from hometrial.settings import Settings
from hometrial.staff import create_app as create_staff

ADDRESSES = {
    ("GET", "/"),
    ("GET", "/join/<token>"),
    ("POST", "/join/<token>"),
    ("POST", "/leave"),
    ("GET", "/enter"),
    ("POST", "/enter"),
    ("GET", "/enter/code"),
    ("POST", "/enter/code"),
    ("POST", "/enter/passkey/ask"),
    ("POST", "/enter/passkey"),
    ("GET", "/confirm"),
    ("POST", "/confirm"),
    ("GET", "/confirm/code"),
    ("POST", "/confirm/code"),
    ("POST", "/confirm/passkey/ask"),
    ("POST", "/confirm/passkey"),
    ("GET", "/passkeys"),
    ("POST", "/passkeys"),
    ("GET", "/passkeys/new"),
    ("POST", "/passkeys/ask"),
    ("POST", "/passkeys/<uuid:passkey_id>/remove"),
    ("POST", "/passkeys/close"),
    ("POST", "/connect/<provider>"),
    ("GET", "/linked/<provider>"),
    ("GET", "/result"),
    ("GET", "/unlink/<provider>"),
    ("POST", "/unlink/<provider>"),
    ("GET", "/health"),
    ("GET", "/watch"),
    ("GET", "/look"),
    ("POST", "/look"),
    ("GET", "/team"),
    ("GET", "/team/call"),
    ("POST", "/team/call"),
    ("GET", "/team/message"),
    ("POST", "/team/message"),
    ("GET", "/worker.js"),
    ("GET", "/ask/without-network"),
    ("GET", "/ask/packages"),
    ("GET", "/ask/send"),
    ("POST", "/ask/send"),
    ("GET", "/ask/practice"),
    ("POST", "/ask/practice"),
    ("GET", "/ask/<form>/<occasion>"),
    ("POST", "/ask/<form>/<occasion>"),
    ("GET", "/ask/<form>/<occasion>/too-ill"),
    ("POST", "/ask/<form>/<occasion>/too-ill"),
    ("GET", "/ask/<form>/<occasion>/<item>"),
    ("POST", "/ask/<form>/<occasion>/<item>"),
    ("GET", "/ask/<form>/<occasion>/<item>/no-answer"),
    ("POST", "/ask/<form>/<occasion>/<item>/no-answer"),
    ("GET", "/ask/<form>/<occasion>/<item>/call-now"),
    ("POST", "/ask/<form>/<occasion>/<item>/call-now"),
    ("GET", "/ask/<form>/<occasion>/all-answers"),
    ("POST", "/ask/<form>/<occasion>/all-answers"),
    ("GET", "/ask/<form>/<occasion>/<item>/pause"),
    ("POST", "/ask/<form>/<occasion>/to-correct"),
    ("GET", "/leaving"),
    ("POST", "/leaving/check"),
    ("POST", "/leaving/confirm"),
    ("GET", "/leaving/receipt"),
    ("GET", "/leaving/receipt.pdf"),
    ("GET", "/leaving/back/<choice>"),
    ("POST", "/leaving/back/<choice>"),
    ("GET", "/mine"),
    ("GET", "/mine/everything.zip"),
    ("GET", "/charts"),
    ("GET", "/dose"),
    ("POST", "/dose/<on>/<at>/taken"),
    ("GET", "/dose/<on>/<at>/<any(time, amount, missed):how>"),
    ("POST", "/dose/<on>/<at>/<any(time, amount, missed):how>"),
    ("GET", "/dose/change/<int:number>"),
    ("POST", "/dose/change/<int:number>"),
    ("GET", "/dose/run-out"),
    ("POST", "/dose/run-out"),
    ("POST", "/dose/there"),
    ("GET", "/dose/again"),
    ("POST", "/dose/again"),
    ("GET", "/dose/why"),
    ("POST", "/dose/why"),
    ("GET", "/dose/step"),
    ("POST", "/dose/step"),
    ("POST", "/bad-day"),
    ("GET", "/bad-day"),
    ("POST", "/bad-day/until"),
    ("POST", "/bad-day/how-bad"),
    ("POST", "/bad-day/better"),
    ("GET", "/problem"),
    ("GET", "/problem/new"),
    ("GET", "/problem/new/<what>"),
    ("POST", "/problem/new/<what>"),
    ("GET", "/problem/<int:number>"),
    ("POST", "/problem/<int:number>"),
    ("GET", "/medicines"),
    ("GET", "/medicines/new"),
    ("POST", "/medicines/new"),
    ("GET", "/medicines/<int:number>"),
    ("GET", "/medicines/<int:number>/stop"),
    ("POST", "/medicines/<int:number>/stop"),
    ("GET", "/medicines/<int:number>/correct"),
    ("POST", "/medicines/<int:number>/correct"),
    ("POST", "/medicines/<int:number>/never"),
    ("GET", "/static/<path:filename>"),
    ("GET", "/hooks/<name>"),
    ("POST", "/hooks/<name>"),
    ("POST", "/push/v1"),
    ("GET", "/push/v1/schema.json"),
    ("GET", "/consent"),
    ("GET", "/consent/call"),
    ("GET", "/consent/choices"),
    ("POST", "/consent/choices"),
    ("GET", "/consent/copies"),
    ("GET", "/consent/copies/<uuid:signature>.pdf"),
    ("GET", "/consent/next"),
    ("GET", "/consent/no"),
    ("POST", "/consent/no"),
    ("GET", "/consent/questions/<int:number>"),
    ("POST", "/consent/questions/<int:number>"),
    ("GET", "/consent/questions/again"),
    ("GET", "/consent/questions/right"),
    ("GET", "/consent/read/<name>"),
    ("POST", "/consent/read/<name>"),
    ("GET", "/consent/rest"),
    ("GET", "/consent/sharing"),
    ("GET", "/consent/sharing/<kind>"),
    ("POST", "/consent/sharing/<kind>"),
    ("GET", "/consent/sign"),
    ("POST", "/consent/sign"),
    ("GET", "/consent/signed"),
    ("GET", "/consent/talk"),
    ("POST", "/consent/think-again"),
    ("GET", "/consent/told"),
    ("GET", "/reminders"),
    ("POST", "/reminders/go-on"),
    ("GET", "/reminders/how"),
    ("POST", "/reminders/how"),
    ("POST", "/reminders/later"),
    ("GET", "/reminders/messages"),
    ("POST", "/reminders/pause"),
}
"""Every address of the site. One more is one more door to the internet: think before adding it."""
OPEN = ("/health", "/static/participant.css", "/nowhere", "/join/x")
INSIDE = ("/", "/result", "/unlink/google-health", "/linked/google-health")


@pytest.fixture(scope="module")
def guest(place):
    """Somebody whose visit goes on through all tests of this module."""
    return place.visitor()


def raw(client, path, **more):
    """Ask for a path as it stands, past what the test's client would make of it."""
    return client.get(
        "/", environ_overrides={"PATH_INFO": unquote(path).encode().decode("latin-1")}, **more
    )


def rules(app):
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_the_site_has_these_addresses_and_no_others(place):
    assert rules(place.app) == ADDRESSES


def test_without_anybody_to_do_the_work_the_doors_of_machines_do_not_exist(place):
    app = create_app(place.database, clouds={})
    assert not [rule for _, rule in rules(app) if rule.startswith(("/hooks", "/push"))]


def staff_paths():
    with tempfile.TemporaryDirectory() as home:
        app = create_staff(Database(Settings(home=Path(home))))
    own = {rule for _, rule in ADDRESSES}
    for rule in app.url_map.iter_rules():
        if rule.rule not in own and not rule.rule.startswith("/static"):
            yield re.sub(r"<[^>]+>", "P-0001", rule.rule)


@pytest.mark.parametrize("path", sorted(set(staff_paths())))
def test_no_form_of_a_staff_address_leads_anywhere(guest, path):
    forms = {
        path, quote(path, safe=""), quote(quote(path, safe="/"), safe=""), f"/{path}", f"/.{path}",
        f"/static/..{path}", f"/static/%2e%2e{path}", path.upper() if path != "/" else "/x",
    }  # fmt: skip
    for form in forms:
        for headers in (
            {},
            {"X-Original-URL": path, "X-Rewrite-URL": path, "X-Forwarded-Prefix": path},
            {"X-HTTP-Method-Override": "POST", "X-Forwarded-Host": "staff.example.org"},
        ):
            answer = raw(guest.client, form, headers=headers)
            assert answer.status_code in (404, 308) or (form, path) == ("/", "/"), form
            if answer.status_code == 308:
                assert urlsplit(answer.headers["Location"]).hostname in (None, "localhost")


def test_the_site_loads_nothing_of_the_staff_s():
    program = (
        "import sys, hometrial.participant;"
        "print([m for m in sys.modules if m.startswith(('hometrial.staff', 'great_expectations'))])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert answer.stdout == "[]\n"


@pytest.mark.parametrize("path", INSIDE)
def test_without_a_visit_nothing_is_shown(place, path):
    answer = place.app.test_client().get(path)
    assert answer.status_code == 401
    assert "Your page is closed" in answer.text


@pytest.mark.parametrize("path", [*OPEN, *INSIDE])
@pytest.mark.parametrize("inside", [True, False])
def test_every_answer_carries_the_strict_headers(place, guest, path, inside):
    client = guest.client if inside else place.app.test_client()
    with client.get(path) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == PAGE_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")
    assert "Strict-Transport-Security" not in headers  # the tests' address is http


def test_the_policy_allows_scripts_of_our_own_files_alone():
    assert "default-src 'none'" in PAGE_POLICY
    assert "script-src 'self';" in PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert "http" not in PAGE_POLICY


def test_on_https_the_cookie_is_bound_to_the_host_and_the_host_to_https(place, tmp_path):
    settings = place.database.settings.model_copy(
        update={"public_url": "https://trial.example.org"}
    )
    database = Database(settings)
    client = create_app(database, clouds={}).test_client()
    answer = client.get(place.enrol(), base_url="https://trial.example.org")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-hometrial=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    database.close()


@pytest.mark.parametrize(
    "host", ["evil.example.org", "localhost.evil.example.org", "127.0.0.1", ""]
)
def test_another_host_is_refused(guest, host):
    answer = guest.client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


@pytest.mark.parametrize("path", ["/leave", "/connect/google-health", "/unlink/google-health"])
def test_a_form_without_its_token_changes_nothing(guest, path):
    for data in ({}, {"csrf_token": "forged"}):
        answer = guest.client.post(path, data=data)
        assert answer.status_code == 400
        assert "Nothing was changed" in answer.text
    assert guest.client.get("/watch").status_code == 200


def test_a_link_cannot_be_opened_from_another_site(place):
    address, client = place.enrol(), place.app.test_client()
    assert client.post(address).status_code == 400
    assert client.get(address).status_code == 200  # it is still worth something


ELSEWHERE = [
    "//evil.example.org", "https://evil.example.org", "\\\\evil.example.org", "/\\evil.example.org",
    "https:evil.example.org", "http:\\\\evil.example.org", "/\t/evil.example.org",
    "https://localhost@evil.example.org", "//localhost\\@evil.example.org", "javascript:alert(1)",
    "https://evil。example。org", "/%2f%2fevil.example.org", "/%5cevil.example.org", "///evil.example.org",
    "////evil.example.org", "http://evil.example.org%00.localhost", ".evil.example.org",
    "/..//evil.example.org", "https://[::1]@evil.example.org", "\r\nLocation: https://evil.example.org",
]  # fmt: skip
NAMES = [
    "next",
    "url",
    "redirect_uri",
    "return_to",
    "continue",
    "state",
    "code",
    "error",
    "scope",
    "iss",
]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_nothing_that_is_asked_for_leads_elsewhere(guest, elsewhere):
    for name in NAMES:
        for path in ("/linked/google-health", "/", "/result", "/look"):
            answer = guest.client.get(path, query_string={name: elsewhere})
            assert answer.headers.get("Location", "/result") in ("/result", "/", "/watch"), name
            assert "evil" not in answer.text, name


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_address_leads_elsewhere(guest, elsewhere):
    for path in (elsewhere, f"/{elsewhere}", f"/join/{elsewhere}", f"/connect/{elsewhere}"):
        answer = raw(guest.client, path)
        where = urlsplit(answer.headers.get("Location", ""))
        assert where.hostname in (None, "localhost")
        assert where.netloc in ("", "localhost")


def test_the_way_back_is_never_made_from_what_a_request_says(visitor):
    answer = visitor.client.post(
        "/connect/google-health",
        data={"csrf_token": visitor.token("/watch")},
        headers={"X-Forwarded-Host": "evil.example.org", "Forwarded": "host=evil.example.org"},
    )
    assert "redirect_uri=http%3A%2F%2Flocalhost%2Flinked%2Fgoogle-health" in answer.text
    assert "evil" not in answer.text


def test_a_page_is_small_and_holds_no_script_or_address_of_others(place, visitor):
    for path in ("/", "/result", "/nowhere", place.enrol()):
        page = visitor.client.get(path).text
        assert len(page) < 20_000
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", page)
        assert not re.search(
            r'(?:src|href)="(?:https?:)?//(?!(myaccount|fitbit)\.google\.com)', page
        )
    with visitor.client.get("/static/participant.css") as css:
        assert len(css.data) < 20_000


def test_a_form_that_is_too_large_is_refused(visitor):
    answer = visitor.client.post("/leave", data={"csrf_token": "x" * 100_000})
    assert answer.status_code == 413
    assert visitor.client.get("/watch").status_code == 200
