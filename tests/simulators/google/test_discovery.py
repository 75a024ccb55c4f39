"""Every reply of every method against Google's own discovery document."""

import json
import re
from datetime import date, datetime
from importlib.resources import files

import pytest

from hometrial_ingest.simulators.google.catalogue import DATA_TYPES

DOCUMENT = json.loads(
    (files("googleapiclient") / "discovery_cache/documents/health.v4.json").read_text()
)
SCHEMAS = DOCUMENT["schemas"]
DURATION = re.compile(r"-?\d+(\.\d+)?s")
FORMATS = {
    "int64": lambda v: isinstance(v, str) and str(int(v)) == v,
    "int32": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "double": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "google-datetime": lambda v: v.endswith("Z") and bool(datetime.fromisoformat(v)),
    "google-duration": lambda v: bool(DURATION.fullmatch(v)),
}
TYPES = {"string": str, "integer": int, "number": int | float, "boolean": bool, "object": dict}


def faults(value, schema, where):
    """Yield where a reply is not what the document says."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"]]
    if "properties" in schema:
        if not isinstance(value, dict):
            yield f"{where}: no object"
            return
        for name, inner in value.items():
            known = schema["properties"].get(name)
            if known is None:
                yield f"{where}.{name}: no such field"
            else:
                yield from faults(inner, known, f"{where}.{name}")
    elif schema.get("type") == "array":
        for number, inner in enumerate(value):
            yield from faults(inner, schema["items"], f"{where}[{number}]")
    else:
        yield from plain_faults(value, schema, where)


def plain_faults(value, schema, where):
    if not isinstance(value, TYPES.get(schema.get("type", "object"), object)):
        yield f"{where}: {value!r} is no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not in {schema['enum']}"
    elif schema.get("format") in FORMATS and not FORMATS[schema["format"]](value):
        yield f"{where}: {value!r} is no {schema['format']}"


def conforms(reply, schema):
    assert reply.status_code == 200, reply.text
    assert list(faults(reply.json(), {"$ref": schema}, schema)) == []
    return reply.json()


@pytest.mark.parametrize("data_type", DATA_TYPES)
def test_points_are_what_the_document_says(client, data_type):
    for person in (1, 2, 3):
        one = client(person)
        path = f"dataTypes/{data_type}/dataPoints"
        ops = DATA_TYPES[data_type].ops
        if "L" in ops:
            told = conforms(one.get(path, pageSize=300), "ListDataPointsResponse")
            for point in told.get("dataPoints", [])[:2] if "G" in ops else []:
                name = point["name"].partition("/dataTypes/")[2]
                conforms(one.get(f"dataTypes/{name}"), "DataPoint")
        if "R" in ops:
            conforms(one.get(f"{path}:reconcile", pageSize=300), "ReconcileDataPointsResponse")


@pytest.mark.parametrize("data_type", [t for t in DATA_TYPES if set("UD") & set(DATA_TYPES[t].ops)])
def test_roll_ups_are_what_the_document_says(client, data_type):
    one, path = client(1), f"dataTypes/{data_type}/dataPoints"
    if "U" in DATA_TYPES[data_type].ops:
        bounds = {"startTime": "2026-03-03T00:00:00Z", "endTime": "2026-03-10T00:00:00Z"}
        body = {"range": bounds, "windowSize": "21600s"}
        conforms(one.post(f"{path}:rollUp", body), "RollUpDataPointsResponse")
    if "D" in DATA_TYPES[data_type].ops:
        start, end = ({"date": {"year": 2026, "month": 3, "day": day}} for day in (3, 10))
        told = one.post(f"{path}:dailyRollUp", {"range": {"start": start, "end": end}})
        conforms(told, "DailyRollUpDataPointsResponse")


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("identity", "Identity"),
        ("profile", "Profile"),
        ("settings", "Settings"),
        ("pairedDevices", "ListPairedDevicesResponse"),
    ],
)
def test_account_resources_are_what_the_document_says(client, path, schema):
    told = conforms(client().get(path), schema)
    assert told


def test_the_irn_profile_and_a_single_device_are_too(client):
    one = client(1, ["https://www.googleapis.com/auth/googlehealth.irn.readonly", "steps"])
    conforms(one.get("irnProfile"), "IrnProfile")
    (device, *_) = client(1).get("pairedDevices").json()["pairedDevices"]
    name = device["name"].removeprefix("users/me/")
    conforms(client(1).get(name), "PairedDevice")


def test_subscribers_and_subscriptions_are_what_the_document_says(sims, endpoint):
    import requests

    headers = {"Authorization": f"Bearer {sims.google.service_token}"}
    base = f"{sims.base_url}/google/v4/projects/123456789/subscribers"

    def call(method, path="", schema="Operation", **more):
        reply = requests.request(method, base + path, headers=headers, timeout=10, **more)
        return conforms(reply, schema)

    body = {
        "endpointUri": endpoint.url,
        "subscriberConfigs": [{"dataTypes": ["steps"], "subscriptionCreatePolicy": "AUTOMATIC"}],
        "endpointAuthorization": {"secret": endpoint.secret},
    }
    made = call("POST", "?subscriberId=trial-one", json=body)
    assert list(faults(made["response"], {"$ref": "Subscriber"}, "Subscriber")) == []
    call("GET", schema="ListSubscribersResponse")
    call("PATCH", "/trial-one?updateMask=subscriberConfigs", json=body)
    user = f"users/{sims.google.account_id(1)}"
    wanted = {"user": user, "dataTypes": [f"{user}/dataTypes/steps"]}
    path = "/trial-one/subscriptions"
    call("POST", f"{path}?subscriptionId=one-1", "Subscription", json=wanted)
    call("PATCH", f"{path}/one-1?updateMask=dataTypes", "Subscription", json=wanted)
    call("GET", path, "ListSubscriptionsResponse")
    call("DELETE", f"{path}/one-1", "Empty")
    call("DELETE", "/trial-one")


def test_the_check_itself_finds_what_is_wrong():
    point = {"steps": {"count": 17, "interval": {"startTime": "2026-03-01", "start": 1}}}
    source = {"platform": "GARMIN"}
    found = list(
        faults(
            {"dataPoints": [{"dataSource": source, **point}]},
            {"$ref": "ListDataPointsResponse"},
            "page",
        )
    )
    assert len(found) == 4


def test_every_reading_method_of_the_document_is_served():
    def methods(resources):
        for each in resources.values():
            yield from each.get("methods", {}).values()
            yield from methods(each.get("resources", {}))

    names = {m["id"] for m in methods(DOCUMENT["resources"]["users"]["resources"])}
    reading = {
        name.rpartition(".")[2]
        for name in names
        if not re.search(r"(create|patch|batchDelete|exportExerciseTcx)$", name)
    }
    assert reading == {"list", "get", "reconcile", "rollUp", "dailyRollUp"}
    assert isinstance(date.min, date)
