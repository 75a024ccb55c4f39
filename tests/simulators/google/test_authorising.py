"""G1: the consent page, as a browser meets it."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from hometrial_ingest.simulators.google.catalogue import ACTIVITY, METRICS, SLEEP
from hometrial_ingest.simulators.google.tokens import challenge_of

BACK = "http://127.0.0.1:9/oauth/google"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
BOX = re.compile(r'<input type="checkbox" name="scope" value="([^"]+)"')
CHOSEN = re.compile(r'<option value="(\d+)" selected>')


def question(sims, **more):
    asked = {
        "client_id": sims.google.client_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": f"{ACTIVITY} {METRICS} {SLEEP}",
        "access_type": "offline",
        "prompt": "consent",
        "state": "state-1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    } | more
    return {name: value for name, value in asked.items() if value is not None}


def page_of(sims, **more):
    address = f"{sims.base_url}/google/o/oauth2/v2/auth"
    return requests.get(address, params=question(sims, **more), timeout=10)


def decide(page, scopes, decision="allow", account="1"):
    form = {"decision": decision, "scope": scopes, "account": account}
    reply = requests.post(page.url, data=form, timeout=10, allow_redirects=False)
    assert reply.status_code == 302
    address = reply.headers["Location"]
    assert address.startswith(BACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def trade(sims, code, **more):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": sims.google.client_id,
        "client_secret": sims.google.client_secret,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    } | more
    return requests.post(f"{sims.base_url}/google/token", data=form, timeout=10)


def test_a_person_unticks_a_box_and_the_token_says_so(sims):
    page = page_of(sims, login_hint="2")
    boxes = [html.unescape(value) for value in BOX.findall(page.text)]
    assert boxes == [ACTIVITY, METRICS, SLEEP]
    assert CHOSEN.findall(page.text) == ["2"]
    told = decide(page, [ACTIVITY, SLEEP], account="2")
    assert told["state"] == "state-1"
    assert told["scope"] == f"{ACTIVITY} {SLEEP}"
    tokens = trade(sims, told["code"]).json()
    assert tokens["scope"] == f"{ACTIVITY} {SLEEP}"
    assert (tokens["expires_in"], tokens["token_type"]) == (3599, "Bearer")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    identity = f"{sims.base_url}/google/v4/users/me/identity"
    reply = requests.get(identity, headers=bearer, timeout=10).json()
    assert reply["healthUserId"] == sims.google.account_id(2)
    assert reply["legacyUserId"] == sims.fitbit.account_id(2)


def test_a_code_is_good_once(sims):
    code = decide(page_of(sims), [SLEEP])["code"]
    assert trade(sims, code).status_code == 200
    again = trade(sims, code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_challenge_and_its_address(sims):
    stolen = trade(sims, decide(page_of(sims), [SLEEP])["code"], code_verifier="another")
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    code = decide(page_of(sims), [SLEEP])["code"]
    elsewhere = trade(sims, code, redirect_uri=f"{BACK}/other")
    assert elsewhere.json()["error"] == "redirect_uri_mismatch"


def test_a_refusal_comes_back_as_access_denied_with_the_state(sims):
    assert decide(page_of(sims), [SLEEP], "deny") == {"error": "access_denied", "state": "state-1"}
    assert decide(page_of(sims), [])["error"] == "access_denied"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "stranger"},
        {"redirect_uri": "https://elsewhere.example"},
        {"response_type": "token"},
        {"scope": "https://example.org/unknown"},
        {"code_challenge_method": "plain"},
    ],
)
def test_a_wrong_question_is_a_page_and_no_way_back(sims, wrong):
    page = page_of(sims, **wrong)
    assert page.status_code == 400
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.history == []


def test_a_refresh_token_comes_only_offline_and_only_first_unless_asked_for(sims):
    def tokens(**more):
        return trade(sims, decide(page_of(sims, **more), [SLEEP])["code"]).json()

    assert "refresh_token" not in tokens(access_type=None)
    sims.google.revoke_by_user(1)
    assert "refresh_token" in tokens(prompt=None)
    assert "refresh_token" not in tokens(prompt=None)
    assert "refresh_token" in tokens(prompt="consent")
