"""G12: subscribers, verification, signatures, and deliveries that go on until they are taken."""

import base64
import json
import time
from datetime import timedelta

import pytest
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from hometrial_ingest.simulators.google import Shape

TYPES = ["steps", "heart-rate", "sleep"]
SIGNATURE = "GOOGLE-HEALTH-API-SIGNATURE"


def admin(sims, method, path="", body=None, project="123456789", **query):
    return requests.request(
        method,
        f"{sims.base_url}/google/v4/projects/{project}/subscribers{path}",
        params=query,
        json=body,
        headers={"Authorization": f"Bearer {sims.google.service_token}"},
        timeout=10,
    )


def subscribe(sims, endpoint, policy="AUTOMATIC", subscriber="trial-one"):
    body = {
        "endpointUri": endpoint.url,
        "subscriberConfigs": [{"dataTypes": TYPES, "subscriptionCreatePolicy": policy}],
        "endpointAuthorization": {"secret": endpoint.secret},
    }
    return admin(sims, "POST", body=body, subscriberId=subscriber)


def public_keys(sims):
    """Read the published keyset as a client does."""
    found = {}
    keyset = requests.get(f"{sims.base_url}/google/keyset.json", timeout=10).json()
    for key in keyset["key"]:
        raw, coordinates, at = base64.b64decode(key["keyData"]["value"]), {}, 0
        while at < len(raw):
            tag, length = raw[at], raw[at + 1]
            coordinates[tag >> 3] = raw[at + 2 : at + 2 + length]
            at += 2 + length
        x, y = (int.from_bytes(coordinates[number], "big") for number in (3, 4))
        numbers = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1())
        found[key["keyId"]] = numbers.public_key()
    return keyset["primaryKeyId"], found


def check(sims, headers, body, name=SIGNATURE):
    """Raise InvalidSignature or KeyError unless the body is signed by a published key."""
    raw = base64.b64decode(headers[name])
    assert raw[0] == 1
    key_id = int.from_bytes(raw[1:5], "big")
    public_keys(sims)[1][key_id].verify(raw[5:], body, ec.ECDSA(SHA256()))
    return key_id


def test_a_subscriber_is_verified_with_and_without_its_secret(sims, endpoint):
    reply = subscribe(sims, endpoint)
    told = reply.json()
    assert told["done"]
    assert told["response"]["state"] == "ACTIVE"
    assert told["response"]["endpointAuthorization"] == {"secretSet": True}
    listed = admin(sims, "GET").json()
    assert listed["totalSize"] == 1
    assert endpoint.secret not in json.dumps(listed)
    assert subscribe(sims, endpoint).status_code == 409


@pytest.mark.parametrize("answers", [(201, 201), (204, 401), (403, 403), (201, 404)])
def test_an_endpoint_that_lets_everybody_in_or_nobody_is_refused(sims, endpoint, answers):
    endpoint.verifies = answers
    reply = subscribe(sims, endpoint)
    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert admin(sims, "GET").json()["subscribers"] == []


def test_subscribers_are_changed_and_deleted(sims, endpoint):
    subscribe(sims, endpoint)
    mask, path = "subscriberConfigs", "/trial-one"
    body = {"subscriberConfigs": [{"dataTypes": ["sleep"], "subscriptionCreatePolicy": "MANUAL"}]}
    told = admin(sims, "PATCH", path, body, updateMask=mask).json()["response"]
    assert told["subscriberConfigs"] == body["subscriberConfigs"]
    user = f"users/{sims.google.account_id(1)}"
    wanted = {"user": user, "dataTypes": [f"{user}/dataTypes/sleep"]}
    made = admin(sims, "POST", f"{path}/subscriptions", wanted, subscriptionId="night-one").json()
    assert made["dataTypes"] == wanted["dataTypes"]
    assert admin(sims, "GET", f"{path}/subscriptions").json() == {"subscriptions": [made]}
    assert admin(sims, "DELETE", path).status_code == 400
    assert admin(sims, "DELETE", path, force="true").json()["done"]
    assert admin(sims, "GET", path).status_code == 404


def test_the_projects_id_is_no_number_and_a_persons_token_no_service_account(sims, endpoint):
    reply = admin(sims, "GET", project="my-project")
    assert (reply.status_code, reply.json()["error"]["message"]) == (
        403, "The caller does not have permission",
    )  # fmt: skip
    sims.google.service_token = "another"  # noqa: S105 - a test's
    assert admin(sims, "GET").status_code == 401
    assert endpoint.arrived == []


def test_what_a_sync_brings_is_told_in_one_signed_array(sims, endpoint):
    subscribe(sims, endpoint)
    sims.google.grant(4)
    assert sims.google.deliver_due() == 0
    sims.clock.set(sims.truth.last_sync(4) - timedelta(days=5))
    sims.google.grant(4)
    since = sims.clock.advance(timedelta(0))
    sims.clock.advance(timedelta(days=1))
    assert sims.google.deliver_due() == 1
    ((headers, body),) = endpoint.arrived
    assert headers["Authorization"] == endpoint.secret
    check(sims, headers, body)
    assert {item["dataType"] for item in endpoint.items} == set(TYPES)
    assert {item["healthUserId"] for item in endpoint.items} == {sims.google.account_id(4)}
    assert {item["operation"] for item in endpoint.items} == {"UPSERT"}
    names = [item["clientProvidedSubscriptionName"] for item in endpoint.items]
    assert len(set(names)) == len(names)
    changes = {c.data_type for c in sims.truth.changes(4, since)}
    assert set(TYPES) <= changes
    assert sims.google.deliver_due() == 0


def test_an_item_has_the_captured_shape(sims, endpoint, captured):
    assert sims.google.deliver(endpoint.url, 1, shape=Shape(single=True)) == 204
    (told,) = endpoint.bodies
    like, data = captured("docs_webhook_notification")["data"], told["data"]
    assert data.keys() == like.keys()
    (interval,), (expected,) = data["intervals"], like["intervals"]
    assert {n: v.keys() for n, v in interval.items()} == {n: v.keys() for n, v in expected.items()}
    wall = interval["civilIso8601TimeInterval"]["startTime"]
    assert wall == "2026-03-21T08:00:00"
    assert interval["physicalTimeInterval"]["startTime"] == "2026-03-21T12:00:00Z"


def test_notifications_can_lack_parts_repeat_and_come_in_any_order(sims, endpoint):
    missing = ("healthUserId", "physicalTimeInterval", "civilDateTimeInterval")
    shape = Shape(missing=missing, copies=2, shuffled=True)
    sims.google.deliver(endpoint.url, 1, ["steps", "heart_rate"], shape=shape)
    assert [item["dataType"] for item in endpoint.items] == ["heart-rate"] * 2 + ["steps"] * 2
    for item in endpoint.items:
        assert "healthUserId" not in item
        assert [*item["intervals"][0]] == ["civilIso8601TimeInterval"]


@pytest.mark.parametrize(
    ("shape", "passes", "authorised"),
    [
        (Shape(), True, True),
        (Shape(signature="wrong"), False, True),
        (Shape(signature="garbled"), False, True),
        (Shape(signature="absent"), False, True),
        (Shape(authorization="absent"), True, False),
        (Shape(authorization="wrong"), True, False),
    ],
)
def test_signatures_and_secrets_can_be_wrong(sims, endpoint, shape, passes, authorised):
    sims.google.deliver(endpoint.url, 1, shape=shape)
    ((headers, body),) = endpoint.arrived
    assert (headers.get("Authorization") == endpoint.secret) == authorised
    try:
        check(sims, headers, body)
    except (InvalidSignature, KeyError, AssertionError):
        assert not passes
    else:
        assert passes


def test_a_signature_is_of_these_very_bytes_and_stood_elsewhere_in_spring(sims, endpoint):
    sims.google.deliver(endpoint.url, 1, shape=Shape(header="X-HEALTHAPI-SIGNATURE"))
    ((headers, body),) = endpoint.arrived
    check(sims, headers, body, "X-HEALTHAPI-SIGNATURE")
    with pytest.raises(InvalidSignature):
        check(sims, headers, body + b" ", "X-HEALTHAPI-SIGNATURE")


def test_keys_rotate_and_old_ones_verify_until_they_are_retired(sims, endpoint):
    sims.google.deliver(endpoint.url, 1)
    old = public_keys(sims)[0]
    new = sims.google.keyset.rotate()
    sims.google.deliver(endpoint.url, 1)
    assert new == public_keys(sims)[0] != old
    assert [check(sims, *each) for each in endpoint.arrived] == [old, new]
    sims.google.keyset.retire(old)
    with pytest.raises(KeyError):
        check(sims, *endpoint.arrived[0])


def test_anything_but_204_is_tried_again_with_growing_pauses(sims, endpoint):
    subscribe(sims, endpoint)
    sims.clock.set(sims.truth.last_sync(4) - timedelta(days=10))
    sims.google.grant(4)
    sims.clock.advance(timedelta(hours=12))
    endpoint.statuses = [200, 500, 204]
    assert sims.google.deliver_due() == 1
    assert sims.google.deliver_due() == 0
    sims.clock.advance(timedelta(seconds=60))
    sims.google.deliver_due()
    waiting = [d for d in sims.google.deliveries.waiting if d.attempts]
    assert [d.statuses for d in waiting] == [[200, 500]]
    sims.clock.advance(timedelta(seconds=120))
    sims.google.deliver_due()
    done = next(d for d in sims.google.deliveries.done if d.attempts == 3)
    assert done.statuses == [200, 500, 204]
    bodies = {body for _, body in endpoint.arrived[:2]}
    assert len(bodies) == 1


def test_after_seven_days_a_notification_is_lost(sims, endpoint):
    subscribe(sims, endpoint)
    sims.clock.set(sims.truth.last_sync(4) - timedelta(days=20))
    sims.google.grant(4)
    sims.clock.advance(timedelta(hours=12))
    endpoint.statuses = [503] * 1_000
    sims.google.deliver_due()
    (first,) = sims.google.deliveries.waiting
    for _ in range(8):
        sims.clock.advance(timedelta(days=1))
        sims.google.deliver_due()
    assert first in sims.google.deliveries.lost
    assert first.attempts == 8


@pytest.mark.parametrize("by", ["app", "user"])
def test_revocation_is_told_as_delete(sims, endpoint, by):
    subscribe(sims, endpoint)
    tokens = sims.google.grant(4)
    if by == "user":
        sims.google.revoke_by_user(4)
    else:
        form = {"token": tokens["refresh_token"]}
        requests.post(f"{sims.base_url}/google/revoke", data=form, timeout=10)
    sims.google.deliver_due()
    told = {(item["dataType"], item["operation"]) for item in endpoint.items}
    assert told == {(data_type, "DELETE") for data_type in TYPES}
    sims.clock.advance(timedelta(days=1))
    assert sims.google.deliver_due() == 0


def test_a_deleted_session_is_told_with_its_record(sims, endpoint):
    subscribe(sims, endpoint)
    sims.google.grant(4)
    sims.clock.advance(timedelta(seconds=1))
    record_id = sims.truth.records(4, "sleep").ids[3]
    sims.truth.delete(4, "sleep", record_id)
    sims.google.deliver_due()
    (told,) = [item for item in endpoint.items if item["operation"] == "DELETE"]
    assert (told["dataType"], told["recordId"]) == ("sleep", record_id)


def test_manual_subscriptions_tell_only_what_was_subscribed_to(sims, endpoint):
    subscribe(sims, endpoint, "MANUAL")
    user = f"users/{sims.google.account_id(4)}"
    body = {"user": user, "dataTypes": [f"{user}/dataTypes/steps"]}
    admin(sims, "POST", "/trial-one/subscriptions", body, subscriptionId="steps-four")
    sims.clock.set(sims.truth.last_sync(4) - timedelta(days=5))
    for person in (4, 5):
        sims.google.grant(person)
    sims.clock.advance(timedelta(days=1))
    sims.google.deliver_due()
    assert {(i["healthUserId"], i["dataType"]) for i in endpoint.items} == {
        (sims.google.account_id(4), "steps")
    }


def test_changes_are_told_by_themselves_when_that_is_asked_for(sims, endpoint):
    subscribe(sims, endpoint)
    sims.clock.set(sims.truth.last_sync(4) - timedelta(days=5))
    sims.google.grant(4)
    sims.clock.advance(timedelta(days=1))
    sims.watch()
    deadline = time.monotonic() + 20
    while not endpoint.arrived and time.monotonic() < deadline:
        time.sleep(0.02)
    assert endpoint.items
