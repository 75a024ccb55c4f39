"""F3: steps and heart rate, daily and in detail, against the truth."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

DAY = date(2026, 3, 10)


def path(resource: str, rest: str) -> str:
    return f"/1/user/-/activities/{resource}/date/{rest}.json"


def of_the_day(service, person: int, data_type: str, day: date, zone: str) -> list[tuple]:
    """The truth of a zone's day as (local datetime, value), oldest first, by the standard library."""
    found = service.truth.records(person, data_type, service.clock.now(), merged=True)
    local = [
        datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(ZoneInfo(zone))
        for at in found.at.tolist()
    ]
    pairs = zip(local, found.value.tolist(), strict=True)
    return [(at, int(value)) for at, value in pairs if at.date() == day]


def steps_dataset(service, rest: str, person: int = 1) -> tuple[str, list[dict]]:
    body = service.get(path("steps", rest), service.grant(person)).json()
    (entry,) = body["activities-steps"]
    return entry["value"], body["activities-steps-intraday"]["dataset"]


def test_a_steps_series_has_strings_and_a_zero_where_there_is_nothing(service):
    reply = service.get(path("steps", "2026-02-23/2026-02-26"), service.grant()).json()
    days = reply["activities-steps"]
    assert [day["dateTime"] for day in days] == [f"2026-02-{number}" for number in range(23, 27)]
    assert [day["value"] for day in days[:2]] == ["0", "0"]
    assert all(isinstance(day["value"], str) for day in days)
    for day in days[2:]:
        on = date.fromisoformat(day["dateTime"])
        truth = of_the_day(service, 1, "steps", on, "America/New_York")
        assert int(day["value"]) == sum(value for _, value in truth) > 0


@pytest.mark.parametrize(("period", "first"), [("1d", 10), ("7d", 4), ("1w", 4)])
def test_a_period_ends_on_its_day(service, period, first):
    reply = service.get(path("steps", f"2026-03-10/{period}"), service.grant()).json()
    days = [entry["dateTime"] for entry in reply["activities-steps"]]
    assert (days[0], days[-1]) == (f"2026-03-{first:02d}", "2026-03-10")


def test_today_is_the_accounts_day(service):
    service.clock.set(datetime(2026, 3, 12, 20, 0, tzinfo=UTC))  # the 13th in Kolkata
    reply = service.get(path("steps", "today/1d"), service.grant(3)).json()
    assert reply["activities-steps"][0]["dateTime"] == "2026-03-13"


@pytest.mark.parametrize(
    ("resource", "rest"),
    [
        ("steps", "2023-03-10/2026-03-10"), ("heart", "2025-03-01/2026-03-10"),
        ("steps", "2026-03-10/2026-03-09"), ("steps", "2026-3-10/1d"), ("steps", "2026-02-30/1d"),
        ("steps", "2026-03-10/2d"), ("steps", "2026-03-10/1d/1sec"), ("heart", "2026-03-10/1d/2min"),
        ("steps", "2026-03-10/1d/1min/time/25:00/26:00"), ("heart", "2026-03-10/2026-03-12/1min"),
        ("steps", "2026-03-10/1d/1min/time/09:00/08:00"),
    ],
)  # fmt: skip
def test_what_is_no_day_no_range_or_too_long_is_a_validation_error(service, resource, rest):
    refused = service.get(path(resource, rest), service.grant())
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["errorType"] == "validation"


@pytest.mark.parametrize(
    ("person", "zone"), [(1, "America/New_York"), (2, "Europe/Berlin"), (3, "Asia/Kolkata")]
)
def test_the_detailed_steps_are_those_of_the_accounts_day_zeros_listed(service, person, zone):
    total, dataset = steps_dataset(service, f"{DAY}/1d/1min", person)
    expected = {
        at.strftime("%H:%M:00"): value
        for at, value in of_the_day(service, person, "steps", DAY, zone)
    }
    assert len(dataset) == 1_440
    assert {e["time"]: e["value"] for e in dataset if e["value"]} == expected
    assert total == str(sum(expected.values()))


@pytest.mark.parametrize(("detail", "minutes"), [("5min", 5), ("15min", 15)])
def test_coarser_steps_are_sums(service, detail, minutes):
    total, fine = steps_dataset(service, f"{DAY}/1d/1min")
    again, coarse = steps_dataset(service, f"{DAY}/1d/{detail}")
    values = [entry["value"] for entry in fine]
    sums = [sum(values[at : at + minutes]) for at in range(0, 1_440, minutes)]
    assert [entry["value"] for entry in coarse] == sums
    assert total == again


def test_a_day_without_a_device_lists_its_zeros_all_the_same(service):
    total, dataset = steps_dataset(service, "2026-01-01/1d/1min")
    assert total == "0"
    assert [entry["value"] for entry in dataset] == [0] * 1_440


def test_a_window_of_steps_includes_both_ends(service):
    _, whole = steps_dataset(service, f"{DAY}/1d/1min")
    total, part = steps_dataset(service, f"{DAY}/1d/1min/time/12:00/13:00")
    assert part == whole[720:781]
    assert total == str(sum(entry["value"] for entry in part))


def test_in_utc_the_day_is_that_of_greenwich(service):
    _, dataset = steps_dataset(service, f"{DAY}/1d/1min", person=3)
    rest = f"{path('steps', f'{DAY}/1d/1min')}?timezone=UTC"
    utc = service.get(rest, service.grant(3)).json()
    expected = {
        at.strftime("%H:%M:00"): value for at, value in of_the_day(service, 3, "steps", DAY, "UTC")
    }
    found = utc["activities-steps-intraday"]["dataset"]
    assert {e["time"]: e["value"] for e in found if e["value"]} == expected
    assert found != dataset


def test_another_zone_than_utc_is_refused(service):
    rest = f"{path('steps', f'{DAY}/1d/1min')}?timezone=Europe/Berlin"
    assert service.get(rest, service.grant()).status_code == 400


def test_the_spring_day_has_its_missing_hour_as_zeros(service):
    _, dataset = steps_dataset(service, "2026-03-08/1d/1min")
    assert len(dataset) == 1_440
    assert [entry["value"] for entry in dataset[120:180]] == [0] * 60
    assert sum(entry["value"] for entry in dataset[180:]) > 0


@pytest.mark.parametrize("rule", ["later", "earlier", "summed"])
def test_the_autumn_day_has_one_hour_for_two_and_the_total_of_both(autumn, rule):
    autumn.face.faults.repeated_hour = rule
    day, zone = date(2026, 11, 1), "America/New_York"
    minutes = defaultdict(list)
    for at, value in of_the_day(autumn, 1, "steps", day, zone):
        minutes[at.strftime("%H:%M:00")].append(value)
    rules = {"later": lambda v: v[-1], "earlier": lambda v: v[0], "summed": sum}
    total, dataset = steps_dataset(autumn, f"{day}/1d/1min")
    assert len(dataset) == 1_440
    found = {entry["time"]: entry["value"] for entry in dataset if entry["value"]}
    assert found == {at: rules[rule](values) for at, values in minutes.items()}
    assert int(total) == sum(map(sum, minutes.values()))


def heart(service, rest: str, person: int = 1) -> dict:
    return service.get(path("heart", rest), service.grant(person)).json()


def test_every_heart_rate_sample_is_there_by_the_second_and_nothing_else(service):
    body = heart(service, f"{DAY}/1d/1sec")["activities-heart-intraday"]
    truth = of_the_day(service, 1, "heart_rate", DAY, "America/New_York")
    assert [(e["time"], e["value"]) for e in body["dataset"]] == [
        (at.strftime("%H:%M:%S"), value) for at, value in truth
    ]
    assert (body["datasetInterval"], body["datasetType"]) == (1, "second")


@pytest.mark.parametrize(("detail", "minutes"), [("1min", 1), ("5min", 5), ("15min", 15)])
def test_coarser_heart_rates_are_averages_and_gaps_are_left_out(service, detail, minutes):
    slots = defaultdict(list)
    for at, value in of_the_day(service, 1, "heart_rate", DAY, "America/New_York"):
        minute = (at.hour * 60 + at.minute) // minutes * minutes
        slots[f"{minute // 60:02d}:{minute % 60:02d}:00"].append(value)
    body = heart(service, f"{DAY}/1d/{detail}")["activities-heart-intraday"]
    assert len(slots) < 1_440 / minutes, "the day should have a gap to leave out"
    assert [entry["time"] for entry in body["dataset"]] == sorted(slots)
    for entry in body["dataset"]:
        values = slots[entry["time"]]
        assert abs(entry["value"] - sum(values) / len(values)) <= 0.5
    assert (body["datasetInterval"], body["datasetType"]) == (minutes, "minute")


def test_a_day_without_heart_data_has_no_detailed_set_unless_the_switch_says_so(service):
    assert "activities-heart-intraday" not in heart(service, "2026-01-01/1d/1min")
    service.face.faults.empty_intraday_key = True
    assert heart(service, "2026-01-01/1d/1min")["activities-heart-intraday"]["dataset"] == []


def test_a_day_of_heart_rate_has_four_zones_and_the_resting_rate(service):
    (entry,) = heart(service, f"{DAY}/1d")["activities-heart"]
    zones = entry["value"]["heartRateZones"]
    assert [zone["name"] for zone in zones] == ["Out of Range", "Fat Burn", "Cardio", "Peak"]
    assert set(zones[0]) == {"caloriesOut", "max", "min", "minutes", "name"}
    minutes = {
        at.strftime("%H:%M")
        for at, _ in of_the_day(service, 1, "heart_rate", DAY, "America/New_York")
    }
    assert sum(zone["minutes"] for zone in zones) == len(minutes)
    resting = service.truth.day(1, DAY).daily.resting_heart_rate
    assert entry["value"]["restingHeartRate"] == resting


def test_the_resting_rate_is_left_out_until_it_is_known(service):
    service.after(days=1)
    (entry,) = heart(service, "2026-03-12/1d")["activities-heart"]
    assert "restingHeartRate" in entry["value"]
    service.clock.set(datetime(2026, 3, 12, 6, 0, tzinfo=UTC))
    (entry,) = heart(service, "2026-03-12/1d")["activities-heart"]
    assert "restingHeartRate" not in entry["value"]


def test_a_window_of_heart_rate_moves_the_zones_up_and_the_value_is_an_average_in_a_string(service):
    body = heart(service, f"{DAY}/1d/1min/time/12:00/12:20")
    (entry,) = body["activities-heart"]
    dataset = body["activities-heart-intraday"]["dataset"]
    assert all("12:00:00" <= e["time"] <= "12:20:00" for e in dataset)
    assert entry["value"] == f"{sum(e['value'] for e in dataset) / len(dataset):.1f}"
    assert len(entry["heartRateZones"]) == 4


@pytest.mark.parametrize(("sharp", "last"), [(False, "12:20:59"), (True, "12:20:00")])
def test_the_last_minute_of_a_window_is_inside_as_a_whole_or_by_a_switch_not(service, sharp, last):
    service.face.faults.window_ends_sharp = sharp
    body = heart(service, f"{DAY}/1d/1sec/time/12:00/12:20")["activities-heart-intraday"]
    whole = heart(service, f"{DAY}/1d/1sec")["activities-heart-intraday"]["dataset"]
    assert body["dataset"] == [e for e in whole if "12:00:00" <= e["time"] <= last]
    assert any("12:20:00" < e["time"] <= "12:20:59" for e in whole)


def test_what_is_not_synchronised_yet_is_not_there(service):
    last = service.truth.last_sync(1, service.clock.now())
    local = last.astimezone(ZoneInfo("America/New_York"))
    service.clock.set(last)
    before = heart(service, f"{local.date()}/1d/1sec")["activities-heart-intraday"]["dataset"]
    assert before[-1]["time"] <= local.strftime("%H:%M:%S")
    service.after(hours=1)
    same = heart(service, f"{local.date()}/1d/1sec")["activities-heart-intraday"]["dataset"]
    assert same == before
    service.after(days=2)
    later = heart(service, f"{local.date()}/1d/1sec")["activities-heart-intraday"]["dataset"]
    assert len(later) > len(before)


def test_intraday_needs_the_vendors_approval(service):
    service.face.faults.intraday_approved = False
    refused = service.get(path("heart", f"{DAY}/1d/1min"), service.grant())
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["errorType"] == "insufficient_permissions"
    assert service.get(path("heart", f"{DAY}/1d"), service.grant()).status_code == 200


def test_over_a_journey_no_step_is_lost_or_told_twice(service):
    days = [date(2026, 3, 3) + timedelta(days=number) for number in range(6)]
    first, last = days[0].isoformat(), days[-1].isoformat()
    reply = service.get(path("steps", f"{first}/{last}"), service.grant(4)).json()
    told = sum(int(day["value"]) for day in reply["activities-steps"])
    found = service.truth.records(4, "steps", service.clock.now(), merged=True)
    # The journey of the 5th starts in Berlin and ends in New York.
    start = datetime(2026, 3, 3, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1_000_000
    end = datetime(2026, 3, 9, tzinfo=ZoneInfo("America/New_York")).timestamp() * 1_000_000
    assert told == found.value[(found.at >= start) & (found.at < end)].sum()
