"""G9: roll-ups over civil days and over physical windows."""

from datetime import UTC, date, datetime

import pytest

from hometrial_ingest.simulators import Simulators


def civil(day):
    return {"date": {"year": day.year, "month": day.month, "day": day.day}}


def days(client, first, until, data_type="steps", **more):
    body = {"range": {"start": civil(first), "end": civil(until)}} | more
    return client.post(f"dataTypes/{data_type}/dataPoints:dailyRollUp", body)


def windows(client, start, end, size, data_type="steps", **more):
    body = {"range": {"startTime": start, "endTime": end}, "windowSize": size} | more
    return client.post(f"dataTypes/{data_type}/dataPoints:rollUp", body)


def day_of(point):
    return date(**point["civilStartTime"]["date"])


def test_days_come_newest_first_in_the_captured_shape_and_equal_the_truth(captured, sims, client):
    reply = days(client(4), date(2026, 3, 1), date(2026, 3, 12)).json()
    points = reply["rollupDataPoints"]
    found = [day_of(point) for point in points]
    assert found == sorted(found, reverse=True)
    assert points[0]["civilStartTime"]["time"] == {}
    for point in points:
        truth = sims.truth.daily_total(4, "steps", day_of(point))
        assert point["steps"] == {"countSum": f"{truth:.0f}"}
    empty = {date(2026, 3, n) for n in range(1, 12)} - set(found)
    assert all(sims.truth.daily_total(4, "steps", day) is None for day in empty)
    like = captured("real_steps_dailyRollUp")["rollupDataPoints"][0]
    assert points[0].keys() == like.keys()


def test_a_date_that_is_not_nested_is_refused_in_the_captured_words(captured, client):
    body = {
        "range": {
            "start": {"year": 2025, "month": 12, "day": 31},
            "end": {"year": 2026, "month": 1, "day": 7},
        }
    }
    reply = client().post("dataTypes/steps/dataPoints:dailyRollUp", body)
    assert reply.status_code == 400
    assert reply.json() == captured("real_error_dailyRollUp_bad_range")["body"]


def test_a_number_with_a_leading_zero_is_no_json(client):
    one = client()
    text = '{"range":{"start":{"date":{"year":2026,"month":03,"day":08}}}}'
    address = f"{one.base}/dataTypes/steps/dataPoints:dailyRollUp"
    reply = one.session.post(address, data=text, timeout=10)
    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("data_type", "allowed"), [("steps", 90), ("distance", 90), ("heart-rate", 14)]
)
def test_a_range_has_a_longest_length(client, data_type, allowed):
    one, first = client(), date(2026, 1, 1)
    until, longer = (date.fromordinal(first.toordinal() + n) for n in (allowed, allowed + 1))
    assert days(one, first, until, data_type).status_code == 200
    assert days(one, first, longer, data_type).status_code == 400
    assert days(one, first, first, data_type).status_code == 400


def test_windows_of_several_days_and_pages_of_them(client):
    one = client(5)
    whole = days(one, date(2026, 3, 1), date(2026, 3, 11)).json()["rollupDataPoints"]
    pairs = days(one, date(2026, 3, 1), date(2026, 3, 11), windowSizeDays=2).json()
    assert len(pairs["rollupDataPoints"]) == 5
    sums = [
        sum(int(p["steps"]["countSum"]) for p in found)
        for found in (whole, pairs["rollupDataPoints"])
    ]
    assert sums[0] == sums[1] > 0
    first = days(one, date(2026, 3, 1), date(2026, 3, 11), pageSize=4).json()
    assert first["rollupDataPoints"] == whole[:4]
    token = first["nextPageToken"]
    second = days(one, date(2026, 3, 1), date(2026, 3, 11), pageSize=4, pageToken=token).json()
    assert second["rollupDataPoints"] == whole[4:8]


@pytest.mark.parametrize(
    ("person", "first", "day", "hours"),
    [
        (1, date(2026, 3, 1), date(2026, 3, 8), 23),
        (1, date(2026, 10, 25), date(2026, 11, 1), 25),
        (2, date(2026, 10, 18), date(2026, 10, 25), 25),
    ],
)
def test_a_civil_day_over_a_clock_change_has_its_own_length(person, first, day, hours):
    with Simulators(7, 2, first, 14, 300) as sims:
        start = sims.truth.day_start(person, day)
        end = sims.truth.day_start(person, date.fromordinal(day.toordinal() + 1))
        assert end - start == hours * 3_600
        edges = tuple(datetime.fromtimestamp(at, UTC) for at in (start, end))
        truth = sims.truth.records(person, "steps", merged=True, window=edges)
        assert truth.value.sum() == sims.truth.daily_total(person, "steps", day)
        assert truth.value.sum() > 0


def test_windows_are_anchored_at_the_start_and_the_last_is_cut(sims, client):
    one = client(4)
    start, end = "2026-03-03T06:30:00Z", "2026-03-03T18:10:00Z"
    points = windows(one, start, end, "3600s").json()["rollupDataPoints"]
    assert all(point["startTime"].endswith(":30:00Z") for point in points)
    assert {point["endTime"][-6:] for point in points} <= {"30:00Z"[-6:], "10:00Z"[-6:]}
    edges = tuple(datetime.fromisoformat(edge) for edge in (start, end))
    truth = sims.truth.records(4, "steps", merged=True, window=edges)
    assert sum(int(point["steps"]["countSum"]) for point in points) == truth.value.sum() > 0
    shifted = windows(one, "2026-03-03T06:00:00Z", end, "3600s").json()["rollupDataPoints"]
    assert {p["startTime"] for p in shifted}.isdisjoint({p["startTime"] for p in points})


def test_heart_rate_rolls_up_to_average_and_range(sims, client):
    start, end = "2026-03-03T08:00:00Z", "2026-03-03T20:00:00Z"
    edges = tuple(datetime.fromisoformat(edge) for edge in (start, end))
    truth = sims.truth.records(4, "heart-rate", merged=True, window=edges)
    (point,) = windows(client(4), start, end, "43200s", "heart-rate").json()["rollupDataPoints"]
    told = point["heartRate"]
    assert told["beatsPerMinuteMax"] == truth.value.max()
    assert told["beatsPerMinuteMin"] == truth.value.min()
    assert told["beatsPerMinuteAvg"] == pytest.approx(truth.value.mean(), abs=0.001)


@pytest.mark.parametrize("size", ["0s", "1h", "-5s", ""])
def test_a_window_has_a_length_in_seconds(client, size):
    reply = windows(client(), "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z", size)
    assert reply.status_code == 400


def test_resting_heart_rate_rolls_up_to_a_personal_range_which_is_no_days_value(client):
    reply = days(client(4), date(2026, 3, 1), date(2026, 3, 8), "daily-resting-heart-rate").json()
    told = reply["rollupDataPoints"][0]["restingHeartRatePersonalRange"]
    assert told["beatsPerMinuteMax"] - told["beatsPerMinuteMin"] == pytest.approx(8)


def test_unknown_fields_of_a_body_are_refused(client):
    reply = days(client(), date(2026, 3, 1), date(2026, 3, 2), window_days=1)
    assert reply.status_code == 400
    assert "window_days" in reply.json()["error"]["message"]
