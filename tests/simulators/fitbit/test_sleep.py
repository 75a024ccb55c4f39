"""F4: sleep logs of both versions against the truth's nights."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

NEW_YORK = ZoneInfo("America/New_York")
DAYS = [date(2026, 2, 26) + timedelta(days=number) for number in range(13)]


def v12(service, rest: str, person: int = 1, **params) -> dict:
    path = f"/1.2/user/-/sleep/{rest}.json"
    return service.get(path, service.grant(person), params=params).json()


def nights_of(service, person: int) -> list:
    """All finished nights that the cloud has, oldest first."""
    found = service.truth.records(person, "sleep", service.clock.now(), merged=True).nights
    return sorted((night for night in found if night.ends_at), key=lambda night: night.starts_at)


def local(seconds: int, zone: ZoneInfo = NEW_YORK) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%S.000")


def versions(service, person: int, number: int = 0) -> tuple:
    """All versions of a main night that has at least `number` + 1 of them and begins after day 3."""
    for day in DAYS[3:]:
        for found in service.truth.day(person, day).nights:
            if found[0].seen_from < found[2].seen_from - 300 and len(found) > number:
                return found
    raise AssertionError("the scene has no such night")


def test_a_night_with_stages_is_told_as_it_was(service):
    night = next(n for n in nights_of(service, 1) if n.kind == "stages" and n.awakenings)
    day = datetime.fromtimestamp(night.ends_at, NEW_YORK).date()
    logs = v12(service, f"date/{day}")["sleep"]
    log = next(one for one in logs if one["logId"] == int(night.id))
    assert log["dateOfSleep"] == day.isoformat()
    assert (log["startTime"], log["endTime"]) == (local(night.starts_at), local(night.ends_at))
    assert log["duration"] == (night.ends_at - night.starts_at) * 1_000
    assert (log["type"], log["infoCode"], log["isMainSleep"]) == ("stages", 0, night.main)
    names = {"awake": "wake"}
    told = [(e["dateTime"], e["level"], e["seconds"]) for e in log["levels"]["data"]]
    assert told == [
        (local(s.starts_at), names.get(s.code, s.code), s.ends_at - s.starts_at)
        for s in night.stages
    ]
    short = [(e["dateTime"], e["level"], e["seconds"]) for e in log["levels"]["shortData"]]
    assert short == [
        (local(s.starts_at), "wake", s.ends_at - s.starts_at) for s in night.awakenings
    ]


def test_short_awakenings_count_as_wake_and_the_minutes_add_up(service):
    logs = [log for day in DAYS for log in v12(service, f"date/{day}")["sleep"]]
    staged = [log for log in logs if log["type"] == "stages"]
    assert len(staged) > 5
    for log in staged:
        summary = log["levels"]["summary"]
        assert list(summary) == ["deep", "light", "rem", "wake"]
        assert sum(stage["minutes"] for stage in summary.values()) == log["timeInBed"]
        asleep = sum(summary[stage]["minutes"] for stage in ("deep", "light", "rem"))
        assert asleep == log["minutesAsleep"]
        assert summary["wake"]["minutes"] == log["minutesAwake"]
        wakes = [e["seconds"] for e in log["levels"]["data"] if e["level"] == "wake"]
        wakes += [e["seconds"] for e in log["levels"]["shortData"]]
        assert abs(log["minutesAwake"] * 60 - sum(wakes)) < 60
        assert summary["wake"]["count"] == len(wakes)
        assert all(entry["seconds"] <= 180 for entry in log["levels"]["shortData"])


def test_a_classic_log_has_its_own_levels_and_no_short_data(service):
    logs = [log for day in DAYS for log in v12(service, f"date/{day}", 2)["sleep"]]
    classic = [log for log in logs if log["type"] == "classic"]
    assert classic
    for log in classic:
        assert set(log["levels"]) == {"data", "summary"}
        assert {entry["level"] for entry in log["levels"]["data"]} <= {
            "asleep",
            "restless",
            "awake",
        }
        assert all(entry["seconds"] % 60 == 0 for entry in log["levels"]["data"])
        summary = log["levels"]["summary"]
        assert all(set(stage) == {"count", "minutes"} for stage in summary.values())
        assert log["minutesAwake"] == summary["awake"]["minutes"] + summary["restless"]["minutes"]
        assert log["infoCode"] == (2 if log["timeInBed"] < 180 else log["infoCode"]) != 0


def test_a_day_has_a_summary_and_stages_in_it_only_beside_a_log_with_stages(service):
    seen = set()
    for day in DAYS:
        body = v12(service, f"date/{day}", 2)
        logs, summary = body["sleep"], body["summary"]
        assert summary["totalSleepRecords"] == len(logs)
        assert summary["totalTimeInBed"] == sum(log["timeInBed"] for log in logs)
        assert summary["totalMinutesAsleep"] == sum(log["minutesAsleep"] for log in logs)
        staged = any(log["type"] == "stages" for log in logs)
        assert ("stages" in summary) is staged
        seen.add(staged)
    assert seen == {True, False}


def test_a_day_without_sleep_is_empty_and_not_an_error(service):
    assert v12(service, "date/2026-01-01") == {
        "sleep": [],
        "summary": {"totalMinutesAsleep": 0, "totalSleepRecords": 0, "totalTimeInBed": 0},
    }
    assert v12(service, "date/2026-01-01/2026-01-05") == {"sleep": []}


def test_the_night_of_the_clock_change_ends_an_hour_off_its_duration(service):
    (log,) = (log for log in v12(service, "date/2026-03-08")["sleep"] if log["isMainSleep"])
    start, end = (datetime.fromisoformat(log[name]) for name in ("startTime", "endTime"))
    assert (end - start) - timedelta(milliseconds=log["duration"]) == timedelta(hours=1)
    assert sum(entry["seconds"] for entry in log["levels"]["data"]) * 1_000 == log["duration"]


def test_a_range_has_every_night_that_ended_in_it_newest_first_and_no_summary(service):
    body = v12(service, f"date/{DAYS[0]}/{DAYS[-1]}")
    assert set(body) == {"sleep"}
    starts = [log["startTime"] for log in body["sleep"]]
    assert starts == sorted(starts, reverse=True)
    own = [
        night.id
        for night in nights_of(service, 1)
        if DAYS[0] <= datetime.fromtimestamp(night.ends_at, NEW_YORK).date() <= DAYS[-1]
    ]
    assert sorted(own) == sorted(str(log["logId"]) for log in body["sleep"])


def test_a_range_has_a_hundred_days_at_most(service):
    assert "sleep" in v12(service, "date/2025-11-20/2026-02-27")
    path = "/1.2/user/-/sleep/date/2025-11-19/2026-02-27.json"
    refused = service.get(path, service.grant())
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["errorType"] == "validation"


def test_the_list_pages_to_the_end_by_its_own_addresses(service):
    token = service.grant()
    params = {"afterDate": str(DAYS[0]), "sort": "asc", "limit": 3, "offset": 0}
    reply = service.get("/1.2/user/-/sleep/list.json", token, params=params).json()
    logs = list(reply["sleep"])
    assert len(logs) == 3
    while reply["pagination"]["next"]:
        following = reply["pagination"]["next"].removeprefix(service.url)
        reply = service.get(following, token).json()
        logs += reply["sleep"]
    starts = [log["startTime"] for log in logs]
    assert starts == sorted(starts)
    expected = v12(service, f"date/{DAYS[1]}/2026-03-20")["sleep"]
    assert logs == expected[::-1]


def test_the_list_before_a_day_goes_backwards(service):
    found = v12(service, "list", beforeDate="2026-03-05", sort="desc", limit=2, offset=0)["sleep"]
    assert found == v12(service, "date/2026-02-25/2026-03-04")["sleep"][:2]


@pytest.mark.parametrize(
    "more",
    [{"sort": "desc"}, {"limit": 101}, {"afterDate": None}, {"offset": None}, {"limit": "x"}],
)
def test_a_list_that_is_asked_for_wrongly_is_a_validation_error(service, more):
    params = {"afterDate": "2026-03-01", "sort": "asc", "limit": 10, "offset": 0} | more
    refused = service.get("/1.2/user/-/sleep/list.json", service.grant(), params=params)
    assert refused.status_code == 400


def test_a_night_is_pending_between_the_sync_and_its_stages(service):
    _, ended, final = versions(service, 1)[:3]
    day = datetime.fromtimestamp(final.ends_at, NEW_YORK).date()
    for at, state in ((ended.seen_from, "pending"), (final.seen_from, "there")):
        service.clock.set(datetime.fromtimestamp(at, UTC))
        for rest in (f"date/{day}", f"date/{day}/{day}"):
            body = v12(service, rest)
            if state == "pending":
                assert body == {"meta": {"retryDuration": 3_000, "state": "pending"}}
            else:
                assert int(final.id) in [log["logId"] for log in body["sleep"]]


def test_a_running_night_is_not_there_yet(service):
    running = versions(service, 1)[0]
    service.clock.set(datetime.fromtimestamp(running.seen_from, UTC))
    assert running.id in service.truth.records(1, "sleep", service.clock.now()).ids
    body = v12(service, f"date/{datetime.fromtimestamp(running.starts_at, NEW_YORK).date()}")
    assert int(running.id) not in [log["logId"] for log in body["sleep"]]


def test_by_a_switch_the_next_requests_for_sleep_are_pending(service):
    service.face.faults.sleep_pending(times=2)
    pending = [v12(service, "date/2026-03-05").get("meta") for _ in range(3)]
    assert [bool(meta) for meta in pending] == [True, True, False]


@pytest.mark.parametrize("renumber", [False, True])
def test_an_edited_night_keeps_its_id_or_gets_another(own, renumber):
    own.face.faults.edits_renumber = renumber
    before = next(log for log in v12(own, "date/2026-03-05")["sleep"] if log["isMainSleep"])
    own.truth.correct(1, str(before["logId"]), own.clock.now())
    after = next(log for log in v12(own, "date/2026-03-05")["sleep"] if log["isMainSleep"])
    assert after["startTime"] > before["startTime"]
    assert after["endTime"] == before["endTime"]
    assert (after["logId"] == before["logId"]) is not renumber
    assert after["levels"]["data"][0]["dateTime"] == after["startTime"]


@pytest.mark.parametrize("day", ["2026-3-5", "2026-03-05"])
def test_version_1_takes_days_without_zeros_and_goes_minute_by_minute(service, day):
    body = service.get(f"/1/user/-/sleep/date/{day}.json", service.grant()).json()
    (new,) = (log for log in v12(service, "date/2026-03-05")["sleep"] if log["isMainSleep"])
    (old,) = (log for log in body["sleep"] if log["isMainSleep"])
    assert old["logId"] == new["logId"]
    assert "levels" not in old
    assert len(old["minuteData"]) == old["timeInBed"] == new["timeInBed"]
    assert old["minuteData"][0]["dateTime"] == old["startTime"][11:19]
    values = [minute["value"] for minute in old["minuteData"]]
    assert set(values) <= {"1", "2", "3"}
    assert old["minutesAsleep"] == values.count("1")
    assert abs(old["minutesAsleep"] - new["minutesAsleep"]) <= 3
    assert body["summary"]["totalSleepRecords"] == len(body["sleep"])


def test_version_1_tells_restless_minutes_of_a_classic_night(service):
    night = next(n for n in nights_of(service, 2) if n.kind == "classic" and n.processed)
    day = datetime.fromtimestamp(night.ends_at, ZoneInfo("Europe/Berlin")).date()
    body = service.get(f"/1/user/-/sleep/date/{day}.json", service.grant(2)).json()
    log = next(one for one in body["sleep"] if one["logId"] == int(night.id))
    values = [minute["value"] for minute in log["minuteData"]]
    for code, value in (("asleep", "1"), ("restless", "2"), ("awake", "3")):
        minutes = sum(s.ends_at - s.starts_at for s in night.stages if s.code == code) // 60
        assert values.count(value) == minutes
    assert log["restlessDuration"] == values.count("2")
