"""The drawing: small, true to the clock, and valid Vega-Lite."""

import re

import altair as alt
import pytest
from flask.testing import FlaskClient

ADDRESS = "/people/P-0001/chart.json?from=2026-10-24&to=2026-10-26"


def test_the_document_is_valid_vega_lite_and_small(staff: FlaskClient) -> None:
    answer = staff.get(ADDRESS)
    document = answer.get_json()
    assert len(answer.data) < 300_000
    assert alt.Chart.from_dict(document).to_dict()
    assert "url" not in str(document["vconcat"])


def test_a_day_with_a_clock_change_is_as_long_as_it_was(staff: FlaskClient) -> None:
    day = staff.get("/people/P-0001/chart.json?from=2026-10-25&to=2026-10-25").get_json()
    assert str(day).count("'domain': [0, 1500]") >= 5
    assert "datum.t < 180 ? 120 : 60" in str(day)
    # 02:00 comes twice: three hours after midnight it is two o'clock again.
    assert "'180': '10-25 02:00'" in str(day)


def test_a_point_holds_mean_least_and_highest_of_its_five_minutes(staff: FlaskClient) -> None:
    points = staff.get(ADDRESS).get_json()["datasets"]["heart_rate"]
    assert len(points) >= 3 * 280
    assert {point["t"] % 5 for point in points} == {0}
    assert all(point["low"] <= point["mean"] <= point["high"] for point in points)


def test_a_line_is_broken_where_hours_are_missing(staff: FlaskClient) -> None:
    points = staff.get(ADDRESS).get_json()["datasets"]["heart_rate"]
    before = {point["run"] for point in points if point["t"] < 1440 + 120}
    after = {point["run"] for point in points if point["t"] >= 1440 + 240}
    assert before == {0}
    assert after
    assert before.isdisjoint(after)


def test_minutes_asleep_that_follow_each_other_are_one_bar(staff: FlaskClient) -> None:
    bars = staff.get(ADDRESS).get_json()["datasets"]["sleep"]
    assert [bar["stage"] for bar in bars] == ["asleep", "restless", "awake"]
    assert bars[0]["until"] - bars[0]["t"] == 200


def test_steps_by_the_hour_add_up_to_those_of_the_day(staff: FlaskClient) -> None:
    bars = staff.get(ADDRESS).get_json()["datasets"]["steps"]
    first_day = sum(bar["steps"] for bar in bars if bar["t"] < 1440)
    assert first_day == sum(minute % 7 for minute in range(600, 1200))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_made_of_the_same_document(staff: FlaskClient, theme: str) -> None:
    answer = staff.get(f"/people/P-0001/chart.svg?theme={theme}")
    assert answer.mimetype == "image/svg+xml"
    assert "Steps by the hour" in answer.text


def test_a_day_without_sleep_and_steps_is_drawn_all_the_same(staff: FlaskClient) -> None:
    picture = staff.get("/people/P-0002/chart.svg?from=2026-10-24&to=2026-10-24").text
    size = re.search(r'<svg[^>]* width="(\d+)[^"]*" height="(\d+)', picture)
    assert size
    assert int(size[1]) > 900
    assert int(size[2]) > 400


@pytest.mark.parametrize("ask", ["width=9", "width=wide", "theme=pink"])
def test_an_impossible_picture_is_refused(staff: FlaskClient, ask: str) -> None:
    assert staff.get(f"/people/P-0001/chart.svg?{ask}").status_code == 400
