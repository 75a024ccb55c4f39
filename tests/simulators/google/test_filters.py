"""G7: the filter language, exactly that and the real refusals of everything else."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

S = "steps.interval.start_time"
A, B = '"2026-03-01T00:00:00Z"', '"2026-03-08T00:00:00Z"'


def told(client, data_type, text):
    reply = client.get(f"dataTypes/{data_type}/dataPoints", filter=text, pageSize=10)
    return reply.status_code, reply.json().get("error")


@pytest.mark.parametrize(
    ("data_type", "text"),
    [
        ("steps", f"{S} >= {A} AND {S} < {B}"),
        ("steps", f"{S}>={A}"),
        ("steps", f'{S} >= "2026-03-01T00:00:00.123456789Z"'),
        ("steps", f'{S} >= "2026-03-01T01:00:00+01:00"'),
        ("steps", 'steps.interval.civil_start_time >= "2026-03-01"'),
        ("steps", 'steps.interval.civil_start_time < "2026-03-01T12:34:56"'),
        ("heart-rate", f"heart_rate.sample_time.physical_time >= {A}"),
        ("heart-rate", 'heart_rate.sample_time.civil_time >= "2026-03-01"'),
        ("daily-resting-heart-rate", 'daily_resting_heart_rate.date >= "2026-03-07"'),
        ("sleep", f"sleep.interval.end_time >= {A} AND sleep.interval.end_time < {B}"),
        ("sleep", f"sleep.interval.end_time < {A} OR sleep.interval.end_time >= {B}"),
        ("sleep", 'sleep.interval.civil_end_time >= "2026-03-07"'),
        ("exercise", 'exercise.interval.civil_start_time >= "2026-03-07"'),
    ],
)
def test_what_is_documented_is_taken(client, data_type, text):
    assert told(client(), data_type, text) == (200, None)


@pytest.mark.parametrize(
    ("data_type", "text", "reason"),
    [
        ("steps", f"{S} > {A}", "DATA_TYPE_RESTRICTION"),
        ("steps", f"{S} <= {A}", "DATA_TYPE_RESTRICTION"),
        ("steps", f"{S} = {A}", "DATA_TYPE_RESTRICTION"),
        ("steps", f"{S}:{A}", "DATA_TYPE_RESTRICTION"),
        ("steps", f"{S} >= {A} and {S} < {B}", "UNEXPECTED_TOKEN"),
        ("steps", f"{S} >= {A} OR {S} < {B}", "EXPRESSION_STRUCTURE"),
        ("steps", f"{S} >= {A} AND", "UNEXPECTED_END_OF_INPUT"),
        ("steps", f"{S} >=", "UNEXPECTED_END_OF_INPUT"),
        ("steps", f"{S} >= 2026-03-01", "MISSING_TOKEN"),
        ("steps", f'{S} >= "2026-03-01"', "RESTRICTION_COMPARABLE"),
        ("steps", f'{S} >= "2026-13-01T00:00:00Z"', "RESTRICTION_COMPARABLE"),
        ("steps", f'{S} >= "2026-03-01T00:00:00', "SYNTAX"),
        ("steps", f"({S} >= {A})", "SYNTAX"),
        ("steps", f"steps.interval.end_time >= {A}", "DATA_TYPE_MEMBER"),
        ("steps", f"heart_rate.sample_time.physical_time >= {A}", "DATA_TYPE_MEMBER"),
        ("heart-rate", f"heart-rate.sample_time.physical_time >= {A}", "DATA_TYPE_MEMBER"),
        ("sleep", f"sleep.interval.start_time >= {A}", "DATA_TYPE_MEMBER"),
        ("exercise", f"exercise.interval.start_time >= {A}", "DATA_TYPE_MEMBER"),
        ("steps", quote(f"{S} >= {A}", safe=""), "EXPRESSION_STRUCTURE"),
    ],
)
def test_what_is_not_documented_is_refused_with_a_reason(client, data_type, text, reason):
    status, error = told(client(), data_type, text)
    assert (status, error["status"]) == (400, "INVALID_ARGUMENT")
    info = error["details"][0]
    assert info["reason"] == "INVALID_DATA_POINT_FILTER"
    assert info["metadata"]["detailedReasons"] == f"INVALID_DATA_POINT_FILTER_{reason}"


@pytest.mark.parametrize(
    ("name", "data_type", "text"),
    [
        (
            "hrv", "daily-heart-rate-variability",
            'daily_heart_rate_variability.interval.civil_start_time >= "2026-01-01" AND '
            'daily_heart_rate_variability.interval.civil_start_time < "2026-01-08"',
        ),
        (
            "rhr", "daily-resting-heart-rate",
            'daily_resting_heart_rate.civil_date >= "2026-01-01" AND '
            'daily_resting_heart_rate.civil_date < "2026-01-08"',
        ),
    ],
)  # fmt: skip
def test_a_refusal_is_word_for_word_the_captured_one(client, captured, name, data_type, text):
    error = told(client(), data_type, text)[1]
    expected = captured(f"real_error_filter_bad_member_{name}")["body"]["error"]
    columns = [v["description"] for v in expected["details"][1]["fieldViolations"]]
    found = [v["description"] for v in error["details"][1]["fieldViolations"]]
    # What stood before the second member in the capture is not known, only how long it was.
    assert found[0] == columns[0]
    assert found[1].partition("column")[0] == columns[1].partition("column")[0]
    assert error["message"] == expected["message"]
    assert error["details"][0] == expected["details"][0]


def test_a_filter_tests_the_start_of_an_interval_and_the_end_of_a_session(client):
    one = client(5)
    inside = one.points("steps", filter=f"{S} >= {A} AND {S} < {B}", pageSize=9_000)
    starts = [point["steps"]["interval"]["startTime"] for point in inside]
    assert min(starts) >= A.strip('"')
    assert max(starts) < B.strip('"')
    asked = f"sleep.interval.end_time >= {A} AND sleep.interval.end_time < {B}"
    ends = [point["sleep"]["interval"]["endTime"] for point in one.points("sleep", filter=asked)]
    assert 4 < len(ends) < 15
    assert min(ends) >= A.strip('"')
    assert max(ends) < B.strip('"')
    split = f"sleep.interval.end_time < {A} OR sleep.interval.end_time >= {B}"
    assert len(one.points("sleep", filter=split)) + len(ends) == len(one.points("sleep"))


@pytest.mark.parametrize("person", [1, 3])
def test_a_civil_filter_goes_by_the_persons_clock(sims, client, person):
    one = client(person)
    asked = (
        'steps.interval.civil_start_time >= "2026-03-03" AND '
        'steps.interval.civil_start_time < "2026-03-04"'
    )
    points = one.points("steps", filter=asked, pageSize=9_000)
    truth = sims.truth.records(person, "steps")
    day = datetime(2026, 3, 3, tzinfo=UTC).timestamp() * 1_000_000
    own = (truth.local >= day) & (truth.local < day + 86_400_000_000)
    counts = [int(point["steps"]["count"]) for point in reversed(points)]
    assert counts == truth.value[own].tolist()
    assert len(counts) > 50


def test_civil_filters_can_fall_silent_while_physical_ones_work(sims, client):
    sims.faults.google.civil_filters_empty = True
    one = client(3)
    assert one.points("steps", filter='steps.interval.civil_start_time >= "2026-03-03"') == []
    assert one.points("steps", filter=f"{S} >= {A}", pageSize=9_000)


def test_a_session_that_runs_is_listed_without_an_end(sims, client):
    running = next(
        versions[0]
        for day in sims.truth.scene.dates()
        for versions in sims.truth.day(4, day).nights
        if versions[0].seen_from < versions[1].seen_from
    )
    sims.clock.set(datetime.fromisoformat("2026-03-01T00:00:00+00:00"))
    now = datetime.fromtimestamp(running.seen_from + 5, sims.clock.now().tzinfo)
    sims.clock.set(now)
    since = f'sleep.interval.end_time >= "{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"'
    newest = client(4).points("sleep", filter=since)[0]
    assert newest["name"].endswith(running.id)
    assert "endTime" not in newest["sleep"]["interval"]
    assert not {"summary", "stages", "type"} & newest["sleep"].keys()
