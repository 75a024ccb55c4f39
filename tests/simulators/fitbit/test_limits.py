"""F2: a hundred and fifty calls an hour and person, and the counters."""

import pytest

PROFILE = "/1/user/-/profile.json"


def headers(reply) -> tuple[int, int, int]:
    names = ("Limit", "Remaining", "Reset")
    limit, remaining, reset = (int(reply.headers[f"Fitbit-Rate-Limit-{name}"]) for name in names)
    return limit, remaining, reset


def test_every_reply_says_where_the_account_stands(service):
    token = service.grant(1, ["profile"])
    service.after(minutes=20)
    assert headers(service.get(PROFILE, token)) == (150, 149, 2_400)
    refused = service.get("/1/user/-/devices.json", token)
    assert refused.status_code == 403
    assert headers(refused) == (150, 148, 2_400)


def test_the_hundred_and_fifty_first_call_of_an_hour_is_too_many(service):
    token = service.grant()
    service.after(minutes=59)
    service.face.limits.limit = 3  # for speed; the next test has the true number
    assert [service.get(PROFILE, token).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = service.get(PROFILE, token)
    assert refused.headers["Retry-After"] == "60"
    assert headers(refused) == (3, 0, 60)
    assert refused.json()["errors"][0]["message"] == "Too Many Requests"
    assert refused.json()["success"] is False
    assert service.face.limits.refused == {1: 2}


def test_the_true_limit_is_a_hundred_and_fifty(service):
    token = service.grant()
    account = (service.face.client_id, 1)
    for _ in range(149):
        service.face.limits.take(account, service.clock.now())
    assert service.get(PROFILE, token).status_code == 200
    assert service.get(PROFILE, token).status_code == 429


def test_the_hour_of_the_clock_ends_the_wait_and_not_an_hour_of_waiting(service):
    token = service.grant()
    service.face.limits.limit = 1
    service.after(minutes=59, seconds=59)
    assert service.get(PROFILE, token).status_code == 200
    assert service.get(PROFILE, token).status_code == 429
    service.after(seconds=1)
    assert service.get(PROFILE, token).status_code == 200


def test_a_person_does_not_use_up_anothers_hour(service):
    service.face.limits.limit = 1
    first, second = service.grant(1), service.grant(2)
    service.get(PROFILE, first)
    assert service.get(PROFILE, first).status_code == 429
    assert service.get(PROFILE, second).status_code == 200


def test_by_a_switch_the_refusal_does_not_say_when(service):
    service.face.faults.says_when = False
    service.face.faults.too_many()
    refused = service.get(PROFILE, service.grant())
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers


def test_by_a_switch_the_refusal_is_an_object(service):
    service.face.faults.too_many_as_object = True
    service.face.faults.too_many()
    refused = service.get(PROFILE, service.grant())
    assert refused.json() == {"error": {"code": 429, "message": "Too Many Requests"}}


def test_calls_are_counted_by_person_and_endpoint(service):
    for person, times in ((1, 2), (2, 1)):
        token = service.grant(person)
        for _ in range(times):
            service.get(PROFILE, token)
    service.get("/1/user/-/devices.json", token)
    service.refresh(service.face.grant(2)["refresh_token"])
    assert service.face.calls == {
        (1, "profile"): 2, (2, "profile"): 1, (2, "devices"): 1, (2, "token"): 1,
    }  # fmt: skip
    assert service.face.most_in_an_hour(1) == 2
    assert service.face.most_in_an_hour(3) == 0


@pytest.mark.parametrize("hours", [0, 1])
def test_the_most_in_an_hour_looks_at_hours_apart(service, hours):
    token = service.grant()
    service.get(PROFILE, token)
    service.after(hours=hours)
    service.get(PROFILE, token)
    assert service.face.most_in_an_hour(1) == 2 - hours
