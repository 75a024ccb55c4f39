"""G4: what the API refuses, in the words of captured replies."""

from datetime import timedelta

import pytest
import requests


def reasons(error):
    return [detail.get("reason") for detail in error.get("details", [])]


def test_no_token_and_a_bad_token_are_told_apart(sims, client, captured):
    address = f"{sims.base_url}/google/v4/users/me/identity"
    missing = requests.get(address, timeout=10)
    bad = requests.get(address, headers={"Authorization": "Bearer x"}, timeout=10)
    assert (bad.status_code, bad.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert "invalid authentication credentials" in bad.json()["error"]["message"]
    one = client()
    sims.faults.google.unauthenticated(times=1)
    assert [one.get("identity").status_code for _ in range(2)] == [401, 200]
    assert missing.status_code == 401
    assert missing.json() == captured("error_unauthenticated")


def test_a_missing_scope_closes_its_types_and_no_others(client, captured):
    one = client(1, ["steps"])
    for data_type in ("sleep", "heart-rate", "weight"):
        status, error = one.refusal(f"dataTypes/{data_type}/dataPoints")
        assert status == 403
    assert one.refusal("profile")[0] == 403
    assert one.get("dataTypes/steps/dataPoints").status_code == 200
    assert one.get("identity").status_code == 200
    assert error == captured("error_access_token_scope_insufficient")["error"]


def test_a_missing_scope_can_be_told_as_a_string(sims, client, captured):
    sims.faults.google.text_scope_errors = True
    reply = client(1, ["steps"]).get("dataTypes/sleep/dataPoints")
    assert reply.status_code == 403
    assert reply.json() == captured("error_oauth_insufficient_scope")


def test_an_account_without_a_health_profile_is_not_linked(sims, client):
    sims.faults.google.not_linked.add(2)
    status, error = client(2).refusal("dataTypes/steps/dataPoints")
    assert (status, error["status"], reasons(error)) == (
        400, "FAILED_PRECONDITION", ["ACCOUNT_NOT_LINKED"],
    )  # fmt: skip
    assert error["details"][0]["metadata"]["redirect_uri"].startswith("https://fitbit.google.com")
    assert client(1).get("identity").status_code == 200


def test_a_project_that_is_switched_off_refuses_everybody(sims, client, captured):
    sims.faults.google.service_disabled = True
    status, error = client().refusal("identity")
    assert status == 403
    assert error == captured("error_service_disabled")["error"]


def test_a_consent_of_a_legacy_account_has_no_details(sims, client):
    sims.faults.google.uber_mint.add(1)
    status, error = client(1).refusal("identity")
    assert status == 403
    assert error["message"] == "Could not mint UberMint from GaiaMint"
    assert "details" not in error


def test_an_incident_heals_after_its_hours(sims, client):
    one, two = client(1), client(2)
    sims.faults.google.incident(0.5, person=1)
    status, error = one.refusal("dataTypes/steps/dataPoints")
    assert (status, reasons(error)) == (403, ["RESOURCE_PERMISSION_DENIED"])
    assert two.get("identity").status_code == 200
    sims.clock.advance(timedelta(minutes=29))
    assert one.get("identity").status_code == 403
    sims.clock.advance(timedelta(minutes=1))
    assert one.get("identity").status_code == 200


def test_an_incident_can_last_until_the_person_consents_anew(sims, client):
    one = client(1)
    sims.faults.google.incident(1, person=1, until_consent=True)
    sims.clock.advance(timedelta(minutes=50))
    assert one.get("identity").status_code == 403
    assert client(1).get("identity").status_code == 200


@pytest.mark.parametrize(
    ("path", "post"),
    [
        ("dataTypes/steps/dataPoints:dailyRollup", True),
        ("dataTypes/steps/dataPoints:dailyRollUp", False),
        ("datatypes/steps/dataPoints", False),
        ("dataTypes/steps", False),
        ("identities", False),
    ],
)
def test_a_misspelt_path_or_a_wrong_verb_is_a_plain_404(client, path, post):
    one = client()
    reply = one.post(path, {}) if post else one.get(path)
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("text/html")


def test_unknown_types_unsupported_operations_and_other_people_are_refused(sims, client):
    one = client()
    status, error = one.refusal("dataTypes/blood-pressure/dataPoints")
    assert (status, reasons(error)) == (400, ["INVALID_PARENT_DATA_TYPE_COLLECTION"])
    assert one.refusal("dataTypes/floors/dataPoints")[1]["status"] == "INVALID_ARGUMENT"
    assert one.refusal("dataTypes/steps/dataPoints/123")[0] == 400
    assert one.post("dataTypes/sleep/dataPoints:dailyRollUp", {}).status_code == 400
    assert one.post("dataTypes/weight/dataPoints", {}).status_code == 403
    base = f"{sims.base_url}/google/v4/users"
    own, other = (sims.google.account_id(person) for person in (1, 2))
    assert one.session.get(f"{base}/{own}/identity", timeout=10).status_code == 200
    assert one.session.get(f"{base}/{other}/identity", timeout=10).status_code == 403


@pytest.mark.parametrize(("form", "kind"), [("json", "application/json"), ("html", "text/html")])
def test_a_retired_service_answers_410_everywhere(sims, client, form, kind):
    one = client()
    sims.faults.google.retired = form
    token = requests.post(f"{sims.base_url}/google/token", data={}, timeout=10)
    for reply in (one.get("identity"), token):
        assert reply.status_code == 410
        assert reply.headers["Content-Type"].startswith(kind)
