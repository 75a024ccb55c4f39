"""F1: the authorise page, codes and who may exchange them."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

BACK = "http://trial.example/back"
VERIFIER = "a-verifier-that-is-long-enough-for-the-rules-of-pkce-000"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


def asking(service, **more) -> dict[str, str]:
    words = {
        "response_type": "code",
        "client_id": service.face.client_id,
        "redirect_uri": BACK,
        "scope": "activity heartrate sleep",
        "state": "s-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (words | more).items() if value is not None}


def answer(service, browser=requests, words=None, **form) -> requests.Response:
    form = {"person": "1", "answer": "allow", "all": "yes"} | form
    return browser.post(
        f"{service.url}/oauth2/authorize",
        params=words or asking(service),
        data={name: value for name, value in form.items() if value is not None},
        allow_redirects=False,
        timeout=10,
    )


def brought_back(reply: requests.Response) -> dict[str, str]:
    assert reply.status_code == 302
    parts = urlsplit(reply.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def exchange(service, code, **more) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    return service.token(**(form | {"code_verifier": VERIFIER} | more))


def test_the_page_offers_a_box_for_each_scope_that_was_asked_for_and_no_other(service):
    page = requests.get(f"{service.url}/oauth2/authorize", asking(service), timeout=10)
    assert page.status_code == 200
    assert all(f'value="{scope}"' in page.text for scope in ("activity", "heartrate", "sleep"))
    assert 'value="weight"' not in page.text


def test_a_person_who_agrees_comes_back_with_code_and_state_and_the_code_buys_tokens(service):
    back = brought_back(answer(service))
    assert back["state"] == "s-1"
    tokens = exchange(service, back["code"]).json()
    assert tokens["expires_in"] == 28_800
    assert len(tokens["refresh_token"]) == 64
    assert tokens["token_type"] == "Bearer"  # noqa: S105 - a word
    assert tokens["user_id"] == service.face.account_id(1)
    assert tokens["scope"] == "activity heartrate sleep"
    steps = "/1/user/-/activities/steps/date/2026-03-10/1d.json"
    assert service.get(steps, tokens["access_token"]).status_code == 200


def test_every_way_back_carries_the_tail_that_the_vendor_hangs_on(service):
    assert answer(service).headers["Location"].endswith("#_=_")


def test_only_ticked_boxes_are_granted(service):
    back = brought_back(answer(service, all=None, scope=["sleep", "weight"]))
    assert exchange(service, back["code"]).json()["scope"] == "sleep"


@pytest.mark.parametrize("form", [{"answer": "deny"}, {"all": None}])
def test_a_no_or_no_box_at_all_comes_back_as_access_denied(service, form):
    back = brought_back(answer(service, **form))
    assert back["error"] == "access_denied"
    assert back["state"] == "s-1"
    assert "code" not in back


def test_a_code_works_once(service):
    code = brought_back(answer(service))["code"]
    assert exchange(service, code).status_code == 200
    again = exchange(service, code)
    assert again.status_code == 400
    assert again.json()["errors"][0]["errorType"] == "invalid_grant"


@pytest.mark.parametrize(("seconds", "status"), [(600, 200), (601, 400)])
def test_a_code_lives_for_ten_minutes(service, seconds, status):
    code = brought_back(answer(service))["code"]
    service.after(seconds=seconds)
    assert exchange(service, code).status_code == status


@pytest.mark.parametrize(
    "more", [{"code_verifier": "another"}, {"code_verifier": ""}, {"redirect_uri": f"{BACK}/2"}]
)
def test_a_code_is_refused_without_its_verifier_and_address(service, more):
    code = brought_back(answer(service))["code"]
    refused = exchange(service, code, **more)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["errorType"] == "invalid_grant"


def test_without_a_challenge_no_verifier_is_needed(service):
    words = asking(service, code_challenge=None, code_challenge_method=None)
    code = brought_back(answer(service, words=words))["code"]
    assert exchange(service, code, code_verifier="").status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "nobody"},
        {"response_type": "token"},
        {"scope": "activity everything"},
        {"scope": ""},
        {"redirect_uri": None},
        {"code_challenge_method": "plain"},
        {"prompt": "perhaps"},
    ],
)
def test_a_wrong_request_is_shown_to_the_person_and_goes_nowhere(service, more):
    words = asking(service, **more)
    refused = requests.get(f"{service.url}/oauth2/authorize", words, timeout=10)
    assert refused.status_code == 400
    assert not refused.history


def test_a_registered_address_is_the_only_one(service):
    service.face.oauth.redirect_uris[service.face.client_id] = frozenset({BACK})
    assert answer(service).status_code == 302
    assert answer(service, words=asking(service, redirect_uri=f"{BACK}/2")).status_code == 400


def ask(service, browser, **more) -> requests.Response:
    url = f"{service.url}/oauth2/authorize"
    return browser.get(url, params=asking(service, **more), allow_redirects=False, timeout=10)


def test_who_agreed_before_is_sent_back_at_once_unless_a_prompt_is_asked_for(service):
    with requests.Session() as browser:
        exchange(service, brought_back(answer(service, browser))["code"])
        assert "code" in brought_back(ask(service, browser))
        assert ask(service, browser, prompt="consent").status_code == 200
        assert ask(service, browser, prompt="login").status_code == 200
        assert ask(service, browser, scope="activity weight").status_code == 200


def test_prompt_none_never_shows_a_page(service):
    with requests.Session() as browser:
        assert brought_back(ask(service, browser, prompt="none"))["error"] == "login_required"
        answer(service, browser)
        assert brought_back(ask(service, browser, prompt="none"))["error"] == "consent_required"


def test_an_application_without_a_secret_names_itself_in_the_body(service):
    words = asking(service, client_id=service.face.public_client_id)
    code = brought_back(answer(service, words=words))["code"]
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
        "code_verifier": VERIFIER, "client_id": service.face.public_client_id,
    }  # fmt: skip
    tokens = requests.post(f"{service.url}/oauth2/token", form, timeout=10).json()
    form = {
        "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"],
        "client_id": service.face.public_client_id,
    }  # fmt: skip
    assert requests.post(f"{service.url}/oauth2/token", form, timeout=10).status_code == 200
    # The Server application has no business with that token.
    assert service.refresh(tokens["refresh_token"]).status_code == 400


def test_a_server_application_must_show_its_secret(service):
    code = brought_back(answer(service))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    form |= {"code_verifier": VERIFIER, "client_id": service.face.client_id}
    url = f"{service.url}/oauth2/token"
    for auth in (None, (service.face.client_id, "wrong")):
        refused = requests.post(url, form, auth=auth, timeout=10)
        assert refused.json()["errors"][0]["errorType"] == "invalid_client"
    assert exchange(service, code).status_code == 200
