"""F6: what goes wrong, planned and unplanned, in the vendor's shapes."""

import pytest
import requests

PROFILE = "/1/user/-/profile.json"


def only_error(reply: requests.Response) -> dict:
    body = reply.json()
    assert body["success"] is False
    (error,) = body["errors"]
    return error


def test_a_call_without_a_token_is_unauthorised(service):
    refused = service.get(PROFILE)
    assert refused.status_code == 401
    assert only_error(refused)["errorType"] == "invalid_request"


def test_an_unknown_token_is_repeated_in_the_message(service):
    refused = service.get(PROFILE, "made-up")
    assert refused.status_code == 401
    assert only_error(refused)["errorType"] == "invalid_token"
    assert "made-up" in only_error(refused)["message"]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/1/user/-/activities/steps/date/2026-03-10/1d.json", "activity"),
        ("/1/user/-/activities/heart/date/2026-03-10/1d/1min.json", "heartrate"),
        ("/1.2/user/-/sleep/date/2026-03-10.json", "sleep"),
        ("/1/user/-/body/log/weight/date/2026-03-10.json", "weight"),
        ("/1/user/-/profile.json", "profile"),
        ("/1/user/-/devices.json", "settings"),
    ],
)
def test_each_scope_opens_its_own_data_and_no_other(service, path, scope):
    others = {"activity", "heartrate", "sleep", "weight", "profile", "settings"} - {scope}
    assert service.get(path, service.grant(1, [scope])).status_code == 200
    refused = service.get(path, service.grant(1, others))
    assert refused.status_code == 403
    assert only_error(refused)["errorType"] == "insufficient_scope"


def test_another_persons_data_is_not_to_be_had(service):
    own, other = (service.face.account_id(person) for person in (1, 2))
    token = service.grant(1)
    assert service.get(f"/1/user/{own}/profile.json", token).status_code == 200
    refused = service.get(f"/1/user/{other}/profile.json", token)
    assert refused.status_code == 403
    assert only_error(refused)["errorType"] == "insufficient_permissions"


@pytest.mark.parametrize("path", ["/1/user/-/hrv/date/2026-03-10.json", "/2/user/-/profile.json"])
def test_an_unknown_path_is_not_found(service, path):
    refused = service.get(path, service.grant())
    assert refused.status_code == 404
    assert only_error(refused)["errorType"] == "not_found"


def test_a_wrong_field_is_named(service):
    refused = service.get("/1/user/-/sleep/date/yesterday.json", service.grant())
    assert only_error(refused)["fieldName"] == "date"


def test_the_edge_answers_in_html_twice_and_then_no_more(service):
    service.face.faults.bad_gateway(person=1, times=2)
    token = service.grant(1)
    for _ in range(2):
        broken = service.get(PROFILE, token)
        assert broken.status_code == 502
        assert broken.headers["Content-Type"].startswith("text/html")
        assert "<h1>502 Bad Gateway</h1>" in broken.text
    assert service.get(PROFILE, token).status_code == 200


def test_a_fault_hits_its_person_and_its_path_only(service):
    service.face.faults.unavailable(person=2, html=False, path="/devices")
    first, second = service.grant(1), service.grant(2)
    assert service.get("/1/user/-/devices.json", first).status_code == 200
    assert service.get(PROFILE, second).status_code == 200
    broken = service.get("/1/user/-/devices.json", second)
    assert broken.status_code == 503
    assert only_error(broken)["errorType"] == "system"


def test_the_token_endpoint_can_break_too_and_the_refresh_token_survives(service):
    pair = service.face.grant(1)
    service.face.faults.bad_gateway(path="/oauth2/token")
    assert service.refresh(pair["refresh_token"]).status_code == 502
    assert service.refresh(pair["refresh_token"]).status_code == 200


def test_a_401_can_come_without_json(service):
    service.face.faults.wordless_unauthorised()
    refused = service.get(PROFILE, service.grant())
    assert refused.status_code == 401
    with pytest.raises(requests.JSONDecodeError):
        refused.json()


def test_a_403_can_come_without_a_reason(service):
    service.face.faults.forbidden()
    refused = service.get(PROFILE, service.grant())
    assert (refused.status_code, only_error(refused)["errorType"]) == (403, "forbidden")


def test_a_200_can_be_a_page_or_half_an_answer(service):
    token = service.grant()
    service.face.faults.html_instead()
    assert service.get(PROFILE, token).text.startswith("<html>")
    service.face.faults.cut_short()
    half = service.get(PROFILE, token)
    assert half.status_code == 200
    assert half.text == service.get(PROFILE, token).text[: len(half.text)]
    with pytest.raises(requests.JSONDecodeError):
        half.json()


def test_a_connection_can_break_before_the_answer(service):
    token = service.grant()
    service.face.faults.reset()
    with pytest.raises(requests.ConnectionError):
        service.get(PROFILE, token)
    assert service.get(PROFILE, token).status_code == 200


def test_an_answer_can_be_late(service):
    token = service.grant()
    service.face.faults.slow(0.5)
    headers = {"Authorization": f"Bearer {token}"}
    with pytest.raises(requests.Timeout):
        requests.get(f"{service.url}{PROFILE}", headers=headers, timeout=0.1)


def test_what_was_planned_can_be_forgotten(service):
    service.face.faults.bad_gateway(times=5)
    service.face.faults.clear()
    assert service.get(PROFILE, service.grant()).status_code == 200
