"""The simulators' clock and the file through which others follow it."""

from datetime import UTC, datetime, timedelta

import pytest

from hometrial import clock as platform_clock
from hometrial_ingest.simulators.clock import Clock

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)


def test_the_platform_follows_what_the_clock_writes(tmp_path):
    clock = Clock(NOON, tmp_path / "clock")
    platform_clock.follow(tmp_path / "clock")
    try:
        assert platform_clock.now() == NOON
        clock.advance(timedelta(hours=1, microseconds=3))
        assert platform_clock.now() == NOON + timedelta(hours=1, microseconds=3)
    finally:
        platform_clock.unfollow()


def test_a_virtual_clock_stands_still_until_it_is_moved():
    clock = Clock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.set(NOON - timedelta(days=1))
    assert clock.now() == NOON - timedelta(days=1)


def test_a_real_clock_runs_and_is_told_as_zero(tmp_path):
    clock = Clock(NOON, tmp_path / "clock")
    clock.real()
    assert (tmp_path / "clock").read_bytes() == bytes(8)
    assert clock.is_real
    assert abs(clock.now() - platform_clock.now()) < timedelta(seconds=5)
    with pytest.raises(RuntimeError, match="real time"):
        clock.advance(timedelta(seconds=1))


def test_a_clock_takes_no_naive_instant():
    with pytest.raises(ValueError, match="no time zone"):
        Clock(NOON).set(datetime(2026, 3, 8))  # noqa: DTZ001 - what is refused
