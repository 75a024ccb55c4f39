"""The real package `fitbit` 0.3.1 against the face: its ways, its errors, its refreshes."""

from datetime import date

import fitbit
import pytest
import requests
from fitbit import exceptions
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError

DAY = "2026-03-10"


@pytest.fixture
def client(service, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def made(pair: dict | None = None, version: object = 1, **more) -> fitbit.Fitbit:
        pair = pair or service.face.grant(1)
        names = {"API_ENDPOINT": service.url, "API_VERSION": version}
        found = type("Ours", (fitbit.Fitbit,), names)(
            service.face.client_id, service.face.client_secret,
            access_token=pair["access_token"], refresh_token=pair["refresh_token"],
            system=fitbit.Fitbit.METRIC, timeout=10, **more,
        )  # fmt: skip
        url = f"{service.url}/oauth2/token"
        found.client.refresh_token_url = found.client.access_token_url = url
        found.client.session.auto_refresh_url = url
        return found

    return made


def test_it_reads_all_that_the_house_reads(service, client):
    ours = client()
    steps = ours.time_series("activities/steps", base_date=DAY, period="7d")
    assert len(steps["activities-steps"]) == 7
    heart = ours.intraday_time_series("activities/heart", base_date=DAY, detail_level="1sec")
    assert len(heart["activities-heart-intraday"]["dataset"]) > 1_000
    part = ours.intraday_time_series(
        "activities/steps", base_date=DAY, start_time="12:00", end_time="13:00"
    )
    assert len(part["activities-steps-intraday"]["dataset"]) == 61
    assert ours.get_devices()[0]["type"] == "TRACKER"
    assert ours.user_profile_get()["user"]["encodedId"] == service.face.account_id(1)
    assert ours.get_bodyweight(base_date=DAY, period="30d")["weight"]
    assert ours.sleep(date=DAY)["sleep"]


def test_its_days_of_sleep_have_no_zeros_and_are_understood(service, client):
    night = client().get_sleep(date(2026, 3, 5))["sleep"]
    assert [log["dateOfSleep"] for log in night if log["isMainSleep"]] == ["2026-03-05"]
    assert night[0]["minuteData"]


def test_as_version_12_it_reads_ranges_of_sleep(service, client):
    ours = client(version="1.2")
    found = ours.time_series("sleep", base_date="2026-03-01", end_date="2026-03-10")["sleep"]
    assert {log["type"] for log in found} >= {"stages"}


def test_its_subscriptions_work(service, client):
    service.face.notices.register("http://127.0.0.1:9/hook")
    ours = client()
    made = ours.subscription("7", "1", collection="sleep")
    assert made["subscriptionId"] == "7"
    assert len(ours.list_subscriptions("sleep")["apiSubscriptions"]) == 1
    assert ours.subscription("7", "1", collection="sleep", method="DELETE") is True


def test_an_expired_token_is_refreshed_once_and_the_call_made_again(service, client):
    kept = []
    ours = client(refresh_cb=kept.append)
    service.face.expire(1)
    assert ours.get_devices()
    (token,) = kept
    assert token["user_id"] == service.face.account_id(1)
    assert token["expires_in"] == 28_800
    assert service.face.refreshes[1] == 1


def test_without_a_callback_the_expired_call_fails(service, client):
    ours = client()
    service.face.expire(1)
    with pytest.raises(exceptions.HTTPUnauthorized):
        ours.get_devices()
    assert service.face.refreshes[1] == 0


def test_a_used_refresh_token_is_its_invalid_grant(service, client):
    pair = service.face.grant(1)
    service.refresh(pair["refresh_token"])
    service.after(hours=9)
    with pytest.raises(InvalidGrantError):
        client(pair, refresh_cb=[].append).get_devices()


def test_too_many_calls_name_their_seconds_and_break_it_if_they_do_not(service, client):
    ours = client()
    service.face.faults.too_many()
    with pytest.raises(exceptions.HTTPTooManyRequests) as refused:
        ours.get_devices()
    assert refused.value.retry_after_secs == 60
    service.face.faults.says_when = False
    service.face.faults.too_many()
    with pytest.raises(KeyError):
        ours.get_devices()


def plan(service, name: str, **more) -> None:
    getattr(service.face.faults, name)(**more)


@pytest.mark.parametrize(
    ("fault", "more", "error"),
    [
        ("bad_gateway", {}, exceptions.HTTPServerError),
        ("wordless_unauthorised", {}, ValueError),
        ("html_instead", {}, exceptions.BadResponse),
        ("cut_short", {}, exceptions.BadResponse),
        ("forbidden", {}, exceptions.HTTPForbidden),
        ("reset", {}, requests.ConnectionError),
    ],
)
def test_each_fault_is_the_error_that_the_package_makes_of_it(service, client, fault, more, error):
    ours = client()
    plan(service, fault, **more)
    with pytest.raises(error):
        ours.get_devices()
    assert ours.get_devices()


def test_a_missing_scope_is_forbidden_and_retirement_a_bad_request(service, client):
    with pytest.raises(exceptions.HTTPForbidden):
        client(service.face.grant(1, ["sleep"])).get_devices()
    service.face.faults.retire(at=service.clock.now())
    with pytest.raises(exceptions.HTTPBadRequest):
        client().get_devices()
