"""The least that the same bytes cost: decoded or parsed, and nothing made of them."""

import io
import time
from collections.abc import Callable

import pyarrow.csv
from msgspec import Struct
from msgspec.json import Decoder

from hometrial_ingest.readers.google_health.points import Point


class Device(Struct, rename="camel", gc=False):
    """{"formFactor", "displayName", ...}."""

    form_factor: str | None = None
    display_name: str | None = None
    manufacturer: str | None = None


class Source(Struct, rename="camel", gc=False):
    """{"recordingMethod", "device", "platform", ...}."""

    recording_method: str | None = None
    device: Device | None = None
    platform: str | None = None


class CivilDate(Struct, gc=False):
    """{"year", "month", "day"}."""

    year: int
    month: int
    day: int


class ClockTime(Struct, gc=False):
    """{"hours", "minutes", "seconds"}, zeros left out."""

    hours: int = 0
    minutes: int = 0
    seconds: int = 0


class CivilTime(Struct, gc=False):
    """{"date", "time"}."""

    date: CivilDate | None = None
    time: ClockTime | None = None


class SampleTime(Struct, rename="camel", gc=False):
    """{"physicalTime", "utcOffset", "civilTime"}."""

    physical_time: str
    utc_offset: str
    civil_time: CivilTime | None = None


class HeartRate(Struct, rename="camel", gc=False):
    """{"sampleTime", "beatsPerMinute"}."""

    sample_time: SampleTime
    beats_per_minute: int


class FullPoint(Struct, rename="camel", gc=False):
    """A heart-rate point with all of its parts."""

    heart_rate: HeartRate
    data_source: Source | None = None
    data_point_name: str | None = None


class FullPage(Struct, rename="camel"):
    """A page of full points."""

    data_points: list[FullPoint]


class OwnPage(Struct, rename="camel"):
    """A page of the points as the reader decodes them."""

    data_points: list[Point]


def decode_full(page: bytes) -> float:
    """Return the seconds that it takes to decode every part of every point."""
    decoder = Decoder(FullPage, strict=False)
    return _timed(lambda: decoder.decode(page))


def decode_own(page: bytes) -> float:
    """Return the seconds that it takes to decode what the reader keeps."""
    decoder = Decoder(OwnPage, strict=False)
    return _timed(lambda: decoder.decode(page))


def parse_csv(body: bytes) -> float:
    """Return the seconds that Arrow takes to parse a CSV on one core, stamps left as words."""
    options = pyarrow.csv.ReadOptions(use_threads=False)
    return _timed(lambda: pyarrow.csv.read_csv(io.BytesIO(body), read_options=options))


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
