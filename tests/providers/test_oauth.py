"""Linking and unlinking at both vendors: sign-in, code, refresh, revocation, and what refusals mean."""

from base64 import b64decode
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.providers.conftest import KEY, Answer, captured, cut

from hometrial_ingest.provider import (
    Grant,
    OurFaultError,
    ProviderError,
    RateLimitedError,
    ReconnectNeededError,
    RetiredError,
    TryLaterError,
)
from hometrial_ingest.providers.fitbit import Fitbit, FitbitConfig
from hometrial_ingest.providers.google_health import GoogleHealth, GoogleHealthConfig

HERE = "https://trial.example.org/link/callback"
GOOGLE = "https://www.googleapis.com/auth/googlehealth."
CLOUDS = ["google", "fitbit"]


@pytest.fixture(params=CLOUDS)
def cloud(request):
    return request.getfixturevalue(request.param)


def sign_in(cloud, *streams):
    url = cloud.authorisation_url(
        state="a state", challenge="a-challenge", redirect_uri=HERE, streams=frozenset(streams)
    )
    address, _, query = url.partition("?")
    return address, {name: values[0] for name, values in parse_qs(query).items()}


def form(asked):
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}


def test_google_is_asked_for_the_streams_the_settings_and_a_refresh_token(google, vendor):
    address, asked = sign_in(google, "steps", "distance", "sleep")
    assert address == f"{vendor.url}/google/o/oauth2/v2/auth"
    assert set(asked.pop("scope").split()) == {
        f"{GOOGLE}{name}.readonly" for name in ("activity_and_fitness", "sleep", "settings")
    }
    assert asked == {
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": HERE,
        "state": "a state",
        "code_challenge": "a-challenge",
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
    }


def test_fitbit_is_asked_for_the_streams_the_profile_and_the_settings(fitbit, vendor):
    address, asked = sign_in(fitbit, "heart_rate", "steps")
    assert address == f"{vendor.url}/fitbit/oauth2/authorize"
    assert set(asked["scope"].split()) == {"heartrate", "activity", "profile", "settings"}
    assert (asked["code_challenge"], asked["code_challenge_method"]) == ("a-challenge", "S256")


def test_without_another_address_the_vendors_own_are_used():
    google = GoogleHealth(GoogleHealthConfig("id", "secret"))
    fitbit = Fitbit(FitbitConfig(client_id="id", client_secret=KEY))
    assert sign_in(google)[0] == "https://accounts.google.com/o/oauth2/v2/auth"
    assert sign_in(fitbit)[0] == "https://www.fitbit.com/oauth2/authorize"
    assert google.ends_on is None
    assert str(fitbit.ends_on) == "2026-11-02"
    assert Fitbit(FitbitConfig("http://other", client_id="id", client_secret=KEY)).ends_on is None


def test_a_code_is_traded_at_google_with_its_verifier_and_the_secret_in_the_form(google, vendor):
    vendor.says(
        Answer(200, b'{"access_token": "a", "expires_in": 3599, "scope": "x y", "token_type": '
                    b'"Bearer", "refresh_token": "r", "refresh_token_expires_in": 604799}')
    )  # fmt: skip
    grant = google.exchange(code="c", verifier="v", redirect_uri=HERE)
    assert grant == Grant("a", 3599, frozenset({"x", "y"}), "r", 604799, None)
    asked = vendor.asked[0]
    assert (asked.method, asked.target) == ("POST", "/google/token")
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert form(asked) == {
        "grant_type": "authorization_code", "code": "c", "redirect_uri": HERE,
        "code_verifier": "v", "client_id": "id", "client_secret": "secret",
    }  # fmt: skip


def test_a_code_is_traded_at_fitbit_with_the_secret_in_a_header(fitbit, vendor):
    vendor.says(Answer(200, captured("fitbit_web_api/ha_token_response.json")))
    grant = fitbit.exchange(code="c", verifier="v", redirect_uri=HERE)
    scopes = frozenset({"profile", "heartrate", "activity", "sleep"})
    assert grant == Grant("server-access-token", 60, scopes, "server-refresh-token")
    asked = vendor.asked[0]
    assert asked.target == "/fitbit/oauth2/token"
    assert b64decode(asked.headers["Authorization"].removeprefix("Basic ")) == b"id:secret"
    assert form(asked) == {
        "grant_type": "authorization_code", "code": "c", "redirect_uri": HERE, "code_verifier": "v",
    }  # fmt: skip


def test_a_grant_says_whose_it_is_where_the_vendor_does(fitbit, vendor):
    vendor.says(Answer(200, b'{"access_token": "a", "expires_in": 28800, "user_id": "ABC123"}'))
    assert fitbit.refresh("r").external_id == "ABC123"


def test_a_refresh_without_a_new_refresh_token_leaves_the_one_that_is_known(cloud, vendor):
    vendor.says(Answer(200, b'{"access_token": "a", "expires_in": "60", "scope": ["x"]}'))
    assert cloud.refresh("r") == Grant("a", 60, frozenset({"x"}), None)
    asked = form(vendor.asked[0])
    assert (asked["grant_type"], asked["refresh_token"]) == ("refresh_token", "r")


HTML = b"<!doctype html>"
REFUSALS = [
    (400, b'{"error": "invalid_grant", "error_description": "Expired"}', ReconnectNeededError),
    (400, b'{"errors": [{"errorType": "invalid_grant"}], "success": false}', ReconnectNeededError),
    (401, b'{"errors": [{"errorType": "invalid_client"}]}', OurFaultError),
    (401, b'{"error": "invalid_client"}', OurFaultError),
    (400, b'{"error": "redirect_uri_mismatch"}', OurFaultError),
    (400, b'{"error": "invalid_request"}', OurFaultError),
    (400, b'{"error": "temporarily_unavailable"}', TryLaterError),
    (400, HTML, TryLaterError),
    (400, b"{}", TryLaterError),
    (400, b'{"error": {"code": 400}}', TryLaterError),
    (400, b'"invalid_grant"', TryLaterError),
    (400, b"invalid_grant", TryLaterError),
    (403, HTML, TryLaterError),
    (200, HTML, TryLaterError),
    (200, b"{}", TryLaterError),
    (200, b'{"access_token": ""}', TryLaterError),
    (200, b'{"error": "invalid_grant"}', TryLaterError),
    (500, b'{"error": "invalid_grant"}', TryLaterError),
    (503, HTML, TryLaterError),
    (429, b'{"error": "invalid_grant"}', RateLimitedError),
    (410, b'{"error": "invalid_grant"}', RetiredError),
    (410, HTML, RetiredError),
]


@pytest.mark.parametrize(("status", "body", "error"), REFUSALS)
def test_only_the_vendors_own_invalid_grant_ends_a_link(cloud, vendor, status, body, error):
    vendor.says(Answer(status, body))
    with pytest.raises(ProviderError) as raised:
        cloud.refresh("a-refresh-token")
    assert type(raised.value) is error
    assert "a-refresh-token" not in raised.value.text


def test_an_answer_that_was_lost_is_asked_for_again_with_the_old_token(cloud, vendor):
    vendor.says(cut, Answer(200, b'{"access_token": "a", "refresh_token": "n"}'))
    assert cloud.refresh("r") == Grant("a", 3600, frozenset(), "n")
    assert [form(asked)["refresh_token"] for asked in vendor.asked] == ["r", "r"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b""),
        Answer(200, b"{}"),
        Answer(400, b'{"error": "invalid_token"}'),
        Answer(400, b'{"errors": [{"errorType": "invalid_token"}]}'),
    ],
)
def test_a_grant_is_taken_back_also_where_it_was_gone_already(cloud, vendor, answer):
    vendor.says(answer)
    cloud.revoke("t")
    assert urlsplit(vendor.asked[0].target).path.endswith("/revoke")
    assert form(vendor.asked[0]).items() >= {"token": "t"}.items()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, b'{"error": "invalid_token"}', TryLaterError),
        (400, HTML, TryLaterError),
        (401, b'{"error": "invalid_client"}', OurFaultError),
        (410, b"", RetiredError),
    ],
)
def test_a_revocation_that_was_not_confirmed_is_an_error(cloud, vendor, status, body, error):
    vendor.says(Answer(status, body))
    with pytest.raises(error):
        cloud.revoke("t")
