"""G5: pages, their order, their sizes and their tokens."""

from datetime import UTC, datetime

import pytest

from hometrial_ingest.simulators.days import Days

HEART = "heart_rate.sample_time.physical_time"
WINDOW = f'{HEART} >= "2026-03-01T00:00:00Z" AND {HEART} < "2026-03-20T00:00:00Z"'


def moments(points):
    return [point["heartRate"]["sampleTime"]["physicalTime"] for point in points]


def test_points_come_newest_first_over_all_pages_and_equal_the_truth(sims, client):
    points = client(4).points("heart-rate", filter=WINDOW, pageSize=500)
    window = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC))
    truth = sims.truth.records(4, "heart_rate", window=window)
    assert moments(points) == sorted(moments(points), reverse=True)
    values = [int(point["heartRate"]["beatsPerMinute"]) for point in reversed(points)]
    assert values == truth.value.tolist()
    assert len(values) > 2_000


def test_a_page_holds_1440_points_unless_more_are_asked_for_and_10000_at_most(sims, client):
    sims.truth._days = Days(heart_rate_every=5, cache_bytes=1 << 28)
    one = client(4)
    assert len(one.page("heart-rate", filter=WINDOW)["dataPoints"]) == 1_440
    assert len(one.page("heart-rate", filter=WINDOW, pageSize=20_000)["dataPoints"]) == 10_000
    sims.faults.google.page_cap = 5_000
    assert len(one.page("heart-rate", filter=WINDOW, pageSize=9_000)["dataPoints"]) == 5_000
    assert one.get("dataTypes/steps/dataPoints", pageSize="many").status_code == 400


def test_a_page_of_sleep_holds_25_sessions_whatever_is_asked(client):
    one = client(5)
    page = one.page("sleep", pageSize=1_000)
    assert len(page["dataPoints"]) == 25
    assert page["nextPageToken"]
    assert len(one.points("sleep")) > 25


@pytest.mark.parametrize(
    "changed",
    [
        {"filter": WINDOW.replace("2026-03-01", "2026-03-02")},
        {"pageSize": 200},
        {"dataSourceFamily": "users/me/dataSourceFamilies/google-wearables"},
        {"pageToken": "made-up"},
    ],
)
def test_a_token_is_bound_to_its_question(client, changed):
    one = client(4)
    asked = {"filter": WINDOW, "pageSize": 100}
    token = one.page("heart-rate", **asked)["nextPageToken"]
    again = asked | {"pageToken": token}
    assert one.get("dataTypes/heart-rate/dataPoints", **again).status_code == 200
    assert one.get("dataTypes/heart-rate/dataPoints", **(again | changed)).status_code == 400
    assert one.get("dataTypes/heart-rate/dataPoints:reconcile", **again).status_code == 400
    assert client(5).get("dataTypes/heart-rate/dataPoints", **again).status_code == 400


def test_an_empty_page_can_carry_a_token_and_the_points_come_after_it(sims, client):
    one = client(4)
    expected = moments(one.points("heart-rate", filter=WINDOW, pageSize=1_000))
    sims.faults.google.empty_page(person=4, times=2, of=3)
    first = one.page("heart-rate", filter=WINDOW, pageSize=1_000)
    assert first["dataPoints"] or first["nextPageToken"]
    sims.faults.google.clear()
    sims.faults.google.empty_page(person=4)
    first = one.page("heart-rate", filter=WINDOW, pageSize=1_000)
    assert first["dataPoints"] == []
    rest = one.points("heart-rate", filter=WINDOW, pageSize=1_000, pageToken=first["nextPageToken"])
    assert moments(rest) == expected


def test_both_ends_of_a_list_are_seen_an_absent_token_and_an_empty_one(client):
    one = client(4)
    ends, empties = set(), set()
    for day in range(1, 15):
        asked = WINDOW.replace("2026-03-01", f"2026-03-{day:02d}")
        ends.add(one.page("heart-rate", filter=asked, pageSize=9_000).get("nextPageToken"))
        nothing = f'{HEART} < "2020-01-{day:02d}T00:00:00Z"'
        empties.add(str(one.page("heart-rate", filter=nothing)))
    assert ends == {None, ""}
    assert empties == {"{}", "{'dataPoints': []}"}


def test_data_that_arrive_between_two_pages_repeat_points_and_lose_none(sims, client):
    sync = next(s for s in sims.truth.syncs(4) if s > datetime(2026, 3, 10, tzinfo=UTC).timestamp())
    sims.clock.set(datetime.fromtimestamp(int(sync) - 60, UTC))
    one = client(4)
    asked = {"filter": WINDOW, "pageSize": 100}
    first = one.page("heart-rate", **asked)
    sims.clock.set(datetime.fromtimestamp(int(sync), UTC))
    rest = one.points("heart-rate", **asked, pageToken=first["nextPageToken"])
    both = set(moments(first["dataPoints"])) & set(moments(rest))
    assert both
    again = moments(one.points("heart-rate", **asked))
    fresh = set(again) - set(moments(first["dataPoints"])) - set(moments(rest))
    assert min(again) not in fresh
    assert all(moment > max(moments(first["dataPoints"])) for moment in fresh)


def test_a_page_can_be_made_to_repeat_the_last_point_of_the_one_before(sims, client):
    one = client(4)
    expected = moments(one.points("heart-rate", filter=WINDOW, pageSize=1_000))
    sims.faults.google.duplicate_at_border = True
    found = moments(one.points("heart-rate", filter=WINDOW, pageSize=1_000))
    assert len(found) > len(expected)
    assert list(dict.fromkeys(found)) == expected


def test_asking_again_gives_the_same_bytes(sims, client):
    one = client(4)
    path = "dataTypes/heart-rate/dataPoints"
    first, second = (one.get(path, filter=WINDOW, pageSize=9_999).content for _ in range(2))
    assert first == second
    sims.faults.google.unknown_fields = True
    assert one.get(path, filter=WINDOW, pageSize=9_999).content != first
