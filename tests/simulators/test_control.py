"""The control panel: the same things as JSON, for other processes."""

from datetime import UTC, datetime

import pytest
import requests

from hometrial_ingest.simulators import Simulators


@pytest.fixture
def panel(sims):
    def call(path, body=None):
        address = f"{sims.base_url}/control/{path}"
        if body is None:
            return requests.get(address, timeout=10)
        return requests.post(address, json=body, timeout=10)

    return call


def test_the_clock_is_read_set_and_advanced(sims, panel):
    assert panel("clock").json() == {"now": "2026-03-22T12:00:00+00:00", "real": False}
    told = panel("clock", {"set": "2026-03-10T08:00:00+00:00", "advance_seconds": 30}).json()
    assert told["now"] == "2026-03-10T08:00:30+00:00"
    assert sims.clock.now() == datetime(2026, 3, 10, 8, 0, 30, tzinfo=UTC)
    assert panel("clock", {"real": True}).json()["real"]


def test_people_consent_and_take_it_back(sims, panel):
    token = panel("grant/google", {"person": 2, "streams": ["steps"]}).json()
    address = f"{sims.base_url}/google/v4/users/me/dataTypes/steps/dataPoints"
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert requests.get(address, headers=headers, timeout=10).status_code == 200
    panel("faults/google", {"revoked_at_once": True})
    assert panel("revoke/google", {"person": 2}).status_code == 200
    assert requests.get(address, headers=headers, timeout=10).status_code == 401
    told = panel("calls/google").json()
    assert {"person": 2, "endpoint": "steps/list", "times": 1} in told["calls"]
    assert told["most_in_a_minute"] == 1
    assert panel("grant/fitbit", {"person": 2}).json()["access_token"]


def test_faults_are_switched_and_planned(sims, panel):
    assert (
        panel("faults/google", {"not_linked": [3], "page_cap": 5_000}).json()["page_cap"] == 5_000
    )
    assert sims.faults.google.not_linked == {3}
    panel("faults/google/unavailable", {"times": 1, "html": True, "person": 1})
    token = sims.google.grant(1)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{sims.base_url}/google/v4/users/me/identity"
    codes = [requests.get(address, headers=headers, timeout=10).status_code for _ in range(2)]
    assert codes == [503, 200]


def test_the_truth_is_told(sims, panel):
    people = panel("truth").json()
    assert len(people) == 12
    assert people[0]["devices"] == ["Charge 6", "Pixel Watch 3"]
    told = panel("truth/steps?person=1&merged=1").json()
    truth = sims.truth.records(1, "steps", merged=True)
    assert told["value"] == truth.value.tolist()
    assert set(told["source"]) == {"google-health/reconciled"}
    total = panel("truth/daily_total?person=1&data_type=steps&day=2026-03-03").json()
    assert total["total"] > 0
    hours = panel("truth/hours?person=1&at=2026-03-01T15:00:00%2B00:00").json()
    at = datetime(2026, 3, 1, 15, tzinfo=UTC)
    assert [hour["state"] for hour in hours] == [h.state for h in sims.truth.hours(1, at=at)]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clocks", None),
        ("clock", {"set": "noon"}),
        ("faults/google", {"no_such_switch": True}),
        ("faults/google/_plan", {}),
        ("faults/google/no_such_fault", {}),
        ("grant/google", {"person": 99}),
        ("truth/steps", None),
    ],
)
def test_what_cannot_be_done_is_said(panel, path, body):
    reply = panel(path, body)
    assert reply.status_code == 400
    assert reply.json()["error"]


def test_nothing_else_is_there(sims):
    assert requests.get(f"{sims.base_url}/elsewhere", timeout=10).status_code == 404


def test_the_server_stops_and_starts_again_on_another_port():
    sims = Simulators(people=1, days=2)
    with pytest.raises(RuntimeError, match="not running"):
        _ = sims.base_url
    with sims:
        first = sims.base_url
        assert requests.get(f"{first}/control/clock", timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{first}/control/clock", timeout=10)
    with sims.start():
        assert requests.get(f"{sims.base_url}/control/clock", timeout=10).status_code == 200
