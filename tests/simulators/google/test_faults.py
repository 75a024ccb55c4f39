"""G11: limits, outages, broken replies and connections."""

from datetime import timedelta

import pytest
import requests

EXHAUSTED = "RATE_LIMIT_EXCEEDED"


def test_the_301st_call_within_a_minute_is_one_too_many(sims, client):
    one, two = client(1), client(2)
    sims.google.quotas.per_minute = 30
    codes = [one.get("identity").status_code for _ in range(31)]
    assert codes == [200] * 30 + [429]
    reply = one.get("identity")
    assert reply.json()["error"]["details"][0]["reason"] == EXHAUSTED
    assert float(reply.headers["Retry-After"]) == 60
    assert two.get("identity").status_code == 200
    assert sims.google.most_in_a_minute(1) == sims.google.most_in_a_minute() == 32
    sims.clock.advance(timedelta(seconds=60))
    assert one.get("identity").status_code == 200
    assert sims.google.calls[1, "identity"] == 33


def test_the_limit_is_300_a_minute(sims):
    assert sims.google.quotas.per_minute == 300


def test_the_limit_can_keep_silent_about_when(sims, client):
    sims.google.quotas.per_minute = 0
    sims.faults.google.quota_says_when = False
    reply = client().get("identity")
    assert reply.status_code == 429
    assert "Retry-After" not in reply.headers


@pytest.mark.parametrize(("after", "header"), [(None, None), (7, "7")])
def test_a_rate_limit_can_be_planned(sims, client, after, header):
    sims.faults.google.rate_limited(after, person=1)
    one, two = client(1), client(2)
    assert two.get("identity").status_code == 200
    reply = one.get("identity")
    assert (reply.status_code, reply.headers.get("Retry-After")) == (429, header)
    assert one.get("identity").status_code == 200


def test_k_of_n_calls_fail(sims, client):
    sims.faults.google.unavailable(times=3, of=10)
    one = client()
    codes = [one.get("identity").status_code for _ in range(14)]
    assert codes.count(503) == 3
    assert codes[10:] == [200] * 4


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_outage_is_worded_by_the_api_or_by_what_stands_before_it(sims, client, status, html):
    sims.faults.google.unavailable(status, html=html)
    reply = client().get("identity")
    assert reply.status_code == status
    if html:
        assert reply.text.startswith("<!DOCTYPE html>")
    else:
        assert reply.json()["error"]["code"] == status


def test_a_fault_hits_the_path_that_it_is_for(sims, client):
    sims.faults.google.unavailable(path="dataTypes/sleep", times=2)
    one = client()
    assert one.get("dataTypes/steps/dataPoints", pageSize=1).status_code == 200
    assert one.get("dataTypes/sleep/dataPoints").status_code == 503


def test_a_reset_is_no_reply_at_all(sims, client):
    sims.faults.google.reset()
    one = client()
    with pytest.raises(requests.ConnectionError):
        one.get("identity")
    assert one.get("identity").status_code == 200
    assert sims.google.calls[1, "identity"] == 2


def test_a_slow_reply_comes_late_but_right(sims, client):
    sims.faults.google.slow(0.3)
    one = client()
    reply = one.get("identity")
    assert reply.elapsed >= timedelta(seconds=0.3)
    assert reply.json()["healthUserId"]
    sims.faults.google.slow(5)
    with pytest.raises(requests.Timeout):
        one.session.get(f"{one.base}/identity", timeout=0.2)


def test_truncated_json_and_html_come_with_200(sims, client):
    sims.faults.google.truncated()
    one = client()
    reply = one.get("dataTypes/steps/dataPoints", pageSize=5)
    assert reply.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        reply.json()
    sims.faults.google.html_with_200()
    reply = one.get("dataTypes/steps/dataPoints", pageSize=5)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")


def test_a_storm_strikes_a_share_of_all_calls_and_passes(sims, client):
    sims.faults.google.storm(0.5, seed=3)
    one = client()
    outcomes = []
    for _ in range(60):
        try:
            reply = one.get("dataTypes/steps/dataPoints", pageSize=1)
            outcomes.append((reply.status_code, reply.headers["Content-Type"].split(";")[0]))
        except requests.ConnectionError:
            outcomes.append(("reset", ""))
    assert 15 <= outcomes.count((200, "application/json")) <= 50
    assert len(set(outcomes)) >= 4
    sims.faults.google.clear()
    assert all(one.get("identity").status_code == 200 for _ in range(10))
