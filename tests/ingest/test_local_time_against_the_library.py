"""Placing of wall clocks compared with what the zone library says, one instant at a time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.local_time import Placement, ZoneHistory, local_day

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Europe/Amsterdam",
    "UTC",
]


def micros(text: str) -> int:
    stamp = datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    return (stamp - EPOCH) // timedelta(microseconds=1)


@st.composite
def histories(draw):
    moves = draw(
        st.lists(st.integers(micros("1935-01-01"), micros("2037-01-01")), max_size=3, unique=True)
    )
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=len(moves) + 1, max_size=len(moves) + 1))
    return ZoneHistory.of(zip([None, *moves], zones, strict=True))


instants = st.one_of(
    st.integers(micros("1935-01-01"), micros("2037-01-01")),
    # Round about the clock changes, where it matters.
    st.builds(
        lambda change, minutes: change + minutes * 60_000_000,
        st.sampled_from(
            [
                micros("2026-03-08T07:00Z"),
                micros("2026-11-01T06:00Z"),
                micros("2026-10-03T15:30Z"),
                micros("2011-12-30T10:00Z"),
                micros("2017-10-15T03:00Z"),
                micros("2026-10-25T01:00Z"),
            ]
        ),
        st.integers(-1600, 1600),
    ),
)


def zone_at(history: ZoneHistory, at: int) -> ZoneInfo:
    return ZoneInfo([zone for begin, zone in history.pieces if begin is None or begin <= at][-1])


def offset_by_the_library(history: ZoneHistory, at: int) -> int:
    stamp = (EPOCH + timedelta(microseconds=at)).astimezone(zone_at(history, at))
    return int(stamp.utcoffset().total_seconds())


def instants_by_the_library(history: ZoneHistory, local: int) -> set[int]:
    """All instants whose wall clock is `local`, from every offset seen within two days of it."""
    begins = [begin for begin, _ in history.pieces if begin is not None]
    near = [local + hours * 3_600_000_000 for hours in range(-48, 49)]
    offsets = {offset_by_the_library(history, at) for at in [*near, *begins]}
    return {
        local - offset * 1_000_000
        for offset in offsets
        if offset_by_the_library(history, local - offset * 1_000_000) == offset
    }


@given(histories(), st.lists(instants, min_size=1, max_size=5))
def test_an_instant_gets_the_offset_that_the_zone_library_gives(history, times):
    offset, local = history.place_instant(np.array(times, np.int64))
    assert offset.tolist() == [offset_by_the_library(history, at) for at in times]
    assert (local - times).tolist() == [step * 1_000_000 for step in offset.tolist()]


@given(histories(), st.lists(instants, min_size=1, max_size=5))
def test_the_wall_clock_of_an_instant_leads_back_to_it_unless_it_happened_twice(history, times):
    at = np.array(times, np.int64)
    offset, local = history.place_instant(at)
    placed = history.place_local(local)
    assert not (placed.status == Placement.IN_GAP).any()
    once = placed.status == Placement.PLACED
    assert (placed.at[once] == at[once]).all()
    assert (placed.offset[once] == offset[once]).all()


@given(histories(), st.lists(instants, min_size=1, max_size=5))
def test_a_wall_clock_is_placed_exactly_if_one_instant_shows_it(history, wall_clocks):
    placed = history.place_local(np.array(wall_clocks, np.int64))
    for local, at, status in zip(wall_clocks, placed.at, placed.status, strict=True):
        found = instants_by_the_library(history, local)
        expected = [Placement.IN_GAP, Placement.PLACED, Placement.AMBIGUOUS][min(len(found), 2)]
        assert status == expected
        assert at == (found.pop() if expected is Placement.PLACED else 0)


@given(histories(), instants)
def test_days_follow_one_another_without_hole_or_overlap_where_nobody_moves(history, at):
    alone = ZoneHistory.of([(None, history.pieces[0][1])])
    offset, _ = alone.place_instant(np.array([at], np.int64))
    today = int(local_day(np.array([at], np.int64), offset)[0])
    week = np.arange(today - 3, today + 4, dtype=np.int64)
    begun, minutes = alone.first_instant_of_day(week), alone.day_length_minutes(week)
    lived = begun.status == Placement.PLACED
    assert (minutes[~lived] == 0).all()
    assert (np.diff(begun.at[lived]) == (minutes[lived] * 60_000_000)[:-1]).all()
