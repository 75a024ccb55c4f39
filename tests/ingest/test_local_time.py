from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hometrial_ingest.local_time import (
    Placement,
    TimeOutOfRangeError,
    UnknownZoneError,
    ZoneHistory,
    ZoneHistoryError,
    local_day,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str) -> int:
    stamp = datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    return (stamp - EPOCH) // timedelta(microseconds=1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH.date()).days


def days(*texts: str) -> np.ndarray:
    return np.array([day(text) for text in texts], np.int64)


def living_in(zone: str) -> ZoneHistory:
    return ZoneHistory.of([(None, zone)])


def place(history: ZoneHistory, text: str) -> tuple[int, int, int]:
    placed = history.place_local(np.array([micros(text)], np.int64))
    return int(placed.at[0]), int(placed.offset[0]), int(placed.status[0])


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("America/New_York", "2026-01-15 08:00", "2026-01-15T13:00Z"),
        ("America/New_York", "2026-07-15 08:00", "2026-07-15T12:00Z"),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25T02:00Z"),
        ("Asia/Kolkata", "2026-07-15 00:00", "2026-07-14T18:30Z"),
        ("Australia/Lord_Howe", "2026-07-01 12:00", "2026-07-01T01:30Z"),
        ("Australia/Lord_Howe", "2026-01-01 12:00", "2026-01-01T01:00Z"),
        ("Pacific/Apia", "2011-12-31 00:00", "2011-12-30T10:00Z"),
        ("Europe/Amsterdam", "1936-01-01 00:19:32.5", "1936-01-01T00:00:00.500Z"),
    ],
)
def test_a_wall_clock_that_happened_once_is_placed(zone, local, instant):
    at, offset, status = place(living_in(zone), local)
    assert status == Placement.PLACED
    assert at == micros(instant)
    assert offset * 1_000_000 == micros(local) - micros(instant)


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("America/New_York", "2016-03-13 02:00"),
        ("America/New_York", "2016-03-13 02:59:59.999999"),
        ("Europe/Berlin", "2026-03-29 02:30"),
        ("Australia/Lord_Howe", "2026-10-04 02:15"),
        ("America/Sao_Paulo", "2017-10-15 00:00"),
        ("Pacific/Apia", "2011-12-30 12:00"),
    ],
)
def test_a_wall_clock_that_was_skipped_is_in_a_gap_and_has_no_instant(zone, local):
    assert place(living_in(zone), local) == (0, 0, Placement.IN_GAP)


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("America/New_York", "2026-11-01 01:00"),
        ("America/New_York", "2026-11-01 01:59:59.999999"),
        ("Europe/Berlin", "2026-10-25 02:00"),
        ("Australia/Lord_Howe", "2026-04-05 01:45"),
        ("America/Sao_Paulo", "2018-02-17 23:30"),
    ],
)
def test_a_wall_clock_that_happened_twice_is_ambiguous_and_has_no_instant(zone, local):
    assert place(living_in(zone), local) == (0, 0, Placement.AMBIGUOUS)


def test_the_edges_of_a_gap_and_of_a_repeated_hour_are_placed():
    new_york = living_in("America/New_York")
    for local in ("2026-03-08 01:59:59.999999", "2026-03-08 03:00", "2026-11-01 00:59:59.999999"):
        assert place(new_york, local)[2] == Placement.PLACED
    assert place(new_york, "2026-11-01 02:00")[0] == micros("2026-11-01T07:00Z")


def flight(first: str, take_off: str, then: str) -> ZoneHistory:
    return ZoneHistory.of([(micros(take_off), then), (None, first)])


def test_a_flight_east_skips_wall_clocks():
    history = flight("America/New_York", "2026-06-01T12:00Z", "Europe/Berlin")
    assert place(history, "2026-06-01 07:59")[0] == micros("2026-06-01T11:59Z")
    assert place(history, "2026-06-01 10:00") == (0, 0, Placement.IN_GAP)
    assert place(history, "2026-06-01 14:00") == (
        micros("2026-06-01T12:00Z"),
        7200,
        Placement.PLACED,
    )


def test_a_flight_west_repeats_wall_clocks():
    history = flight("Europe/Berlin", "2026-06-01T12:00Z", "America/New_York")
    assert place(history, "2026-06-01 07:59")[0] == micros("2026-06-01T05:59Z")
    assert place(history, "2026-06-01 10:00") == (0, 0, Placement.AMBIGUOUS)
    assert place(history, "2026-06-01 14:00")[0] == micros("2026-06-01T18:00Z")


def test_a_move_between_zones_of_one_offset_changes_nothing():
    history = flight("Europe/Berlin", "2026-06-01T12:00Z", "Europe/Paris")
    assert place(history, "2026-06-01 14:00") == place(
        living_in("Europe/Berlin"), "2026-06-01 14:00"
    )


@pytest.mark.parametrize(
    ("zone", "the_day", "first", "minutes"),
    [
        ("America/New_York", "2026-06-01", "2026-06-01T04:00Z", 1440),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00Z", 1380),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00Z", 1500),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30Z", 1410),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00Z", 1470),
        ("America/Sao_Paulo", "2017-10-15", "2017-10-15T03:00Z", 1380),
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00Z", 1500),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00Z", 1440),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", 1440),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", 1440),
        # Clocks in Havana went back from 01:00 to midnight: midnight happened twice.
        ("America/Havana", "2025-11-02", "2025-11-02T04:00Z", 1500),
    ],
)
def test_a_local_day_begins_at_its_first_instant_and_has_its_own_length(
    zone, the_day, first, minutes
):
    history = living_in(zone)
    begun = history.first_instant_of_day(days(the_day))
    assert begun.at.tolist() == [micros(first)]
    assert begun.offset.tolist() == [
        int(datetime.fromisoformat(first).astimezone(ZoneInfo(zone)).utcoffset().total_seconds())
    ]
    assert begun.status.tolist() == [Placement.PLACED]
    assert history.day_length_minutes(days(the_day)).tolist() == [minutes]


def test_a_day_that_was_skipped_has_no_first_instant_and_no_length():
    apia = living_in("Pacific/Apia")
    skipped = apia.first_instant_of_day(days("2011-12-30"))
    assert (skipped.at[0], skipped.offset[0], skipped.status[0]) == (0, 0, Placement.IN_GAP)
    assert apia.day_length_minutes(days("2011-12-30")).tolist() == [0]


def test_days_may_be_asked_for_in_any_order_and_more_than_once():
    berlin = living_in("Europe/Berlin")
    asked = days("2026-10-25", "2026-03-29", "2026-10-25", "2026-10-26")
    assert berlin.day_length_minutes(asked).tolist() == [1500, 1380, 1500, 1440]
    first = berlin.first_instant_of_day(asked).at
    assert first[0] == first[2]
    assert first[3] - first[0] == 1500 * 60_000_000


def test_the_day_of_a_flight_is_as_long_as_it_was_lived():
    east = flight("America/New_York", "2026-06-01T12:00Z", "Europe/Berlin")
    west = flight("Europe/Berlin", "2026-06-01T12:00Z", "America/New_York")
    assert east.day_length_minutes(days("2026-06-01")).tolist() == [1080]
    assert west.day_length_minutes(days("2026-06-01")).tolist() == [1800]


def test_a_flight_over_midnight_begins_the_day_where_it_was_first_lived():
    east = flight("America/New_York", "2026-06-02T03:00Z", "Europe/Berlin")  # 23:00 becomes 05:00
    west = flight("Europe/Berlin", "2026-06-01T22:30Z", "America/New_York")  # 00:30 becomes 18:30
    assert east.first_instant_of_day(days("2026-06-02")).at[0] == micros("2026-06-02T03:00Z")
    assert west.first_instant_of_day(days("2026-06-02")).at[0] == micros("2026-06-01T22:00Z")
    assert place(west, "2026-06-02 00:10") == (0, 0, Placement.AMBIGUOUS)


def test_offsets_are_steps_that_begin_at_the_second_of_the_change():
    table = living_in("Europe/Berlin").offsets(micros("2026-01-01"), micros("2026-12-31"))
    changes = {"2026-03-29T01:00Z": 7200, "2026-10-25T01:00Z": 3600}
    steps = dict(zip(table.starts.tolist(), table.offsets.tolist(), strict=True))
    assert {at: steps[at] for at in steps if at in {micros(text) for text in changes}} == {
        micros(text): offset for text, offset in changes.items()
    }
    assert (np.diff(table.offsets) != 0).all()


def test_a_step_ends_only_where_the_offset_changes():
    range_asked = micros("2026-05-01"), micros("2026-07-01")
    moved = flight("Europe/Berlin", "2026-06-01T12:00Z", "Europe/Paris").offsets(*range_asked)
    stayed = living_in("Europe/Berlin").offsets(*range_asked)
    assert moved.starts.tolist() == stayed.starts.tolist()


def test_a_local_day_is_the_date_on_the_wall():
    at = np.array([micros("2026-01-01T02:00Z"), micros("1969-12-31T23:59:59.999999Z")], np.int64)
    assert local_day(at, np.array([-18_000, 0], np.int32)).tolist() == [day("2025-12-31"), -1]
    assert local_day(at, np.array([0, 1], np.int32)).dtype == np.int32


def test_nothing_asked_is_nothing_answered():
    nothing = np.array([], np.int64)
    berlin = living_in("Europe/Berlin")
    assert berlin.place_local(nothing).at.size == 0
    assert berlin.place_instant(nothing)[0].size == 0
    assert berlin.first_instant_of_day(nothing).at.size == 0
    assert berlin.day_length_minutes(nothing).size == 0


@pytest.mark.parametrize("zone", ["Berlin", "", "Europe", "../etc/passwd", "localtime", "EST5"])
def test_a_name_that_is_no_zone_is_refused_with_a_way_out(zone):
    with pytest.raises(UnknownZoneError, match=f"{zone!r}; use an IANA name such as Europe/Berlin"):
        ZoneHistory.of([(None, zone)])


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [(0, "Europe/Berlin")],
        [(None, "Europe/Berlin"), (None, "Europe/Paris")],
        [(None, "Europe/Berlin"), (0, "Europe/Paris"), (0, "Asia/Kolkata")],
    ],
)
def test_a_history_with_a_hole_or_two_zones_at_once_is_refused(pieces):
    with pytest.raises(ZoneHistoryError):
        ZoneHistory.of(pieces)


@pytest.mark.parametrize("at", [-(2**62), 2**62, micros("0001-06-01"), micros("9999-06-01")])
def test_a_time_outside_the_calendar_is_refused(at):
    with pytest.raises(TimeOutOfRangeError, match="in the years 2 to 9998"):
        living_in("Europe/Berlin").place_local(np.array([at], np.int64))


def test_a_month_of_heart_rate_is_placed_in_a_moment():
    local = micros("2016-04-12") + np.arange(1_300_000, dtype=np.int64) * 2_000_000
    history = living_in("America/New_York")
    history.place_local(local[:1])
    begun = perf_counter()
    placed = history.place_local(local)
    assert perf_counter() - begun < 0.5  # 0.05 s on a quiet machine
    assert (placed.status == Placement.PLACED).all()
