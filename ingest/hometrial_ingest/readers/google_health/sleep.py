"""Sleep sessions with their stages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hometrial_ingest.errors import shorten
from hometrial_ingest.frame import Frame, SampleColumns, Unreadable, nonempty
from hometrial_ingest.readers.google_health.points import (
    Point,
    SessionInterval,
    Sleep,
    SleepMetadata,
    SleepSummary,
    Stage,
)
from hometrial_ingest.readers.google_health.sources import origin
from hometrial_ingest.readers.google_health.times import MICROSECONDS, instants, utc_offset
from hometrial_ingest.signals import STAGES, Signal

_RESOURCE = "/dataPoints/"


class _OddFieldError(ValueError):
    def __init__(self, name: str, value: object, reason: str) -> None:
        self.name, self.value, self.reason = name, value, reason
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True)
class _Span:
    """A stretch of time; `duration` in seconds, None while it has no end."""

    at: int
    offset: int | None
    end_at: int | None
    end_offset: int | None

    @property
    def local(self) -> int | None:
        return _wall_clock(self.at, self.offset)

    @property
    def end_local(self) -> int | None:
        return None if self.end_at is None else _wall_clock(self.end_at, self.end_offset)

    @property
    def duration(self) -> int:
        return 0 if self.end_at is None else (self.end_at - self.at) // MICROSECONDS


@dataclass
class Nights:
    """Sessions and stages, grown point by point; `frames()` hands them over."""

    sessions: SampleColumns = field(default_factory=lambda: SampleColumns(Signal.SLEEP_SESSION))
    stages: SampleColumns = field(default_factory=lambda: SampleColumns(Signal.SLEEP_STAGE))

    def add(self, row: int, point: Point, sleep: Sleep) -> Unreadable | None:
        """Add one session with its stages; return why not, and add nothing, if it cannot be read."""
        try:
            shared = {"row": row, **_origin(point)}
            span = _span("sleep.interval", sleep.interval)
            stages = [*_stages(sleep)]
        except _OddFieldError as odd:
            return Unreadable(row, odd.name, shorten(odd.value), odd.reason)
        shared["session"] = _key(point, sleep)
        self.sessions.add(**shared, **_when(span), **_session(sleep, span))
        for stage in stages:
            self.stages.add(**shared, **stage)
        return None

    def frames(self) -> list[Frame]:
        """Return what was added as frames and start again empty."""
        return nonempty([self.sessions.frame(), self.stages.frame()])


def sleep_frames(
    rows: Sequence[int], points: Sequence[Point]
) -> tuple[list[Frame], list[Unreadable]]:
    """Return the sessions and stages of points, and the points that hold none that can be read."""
    nights, unreadable = Nights(), []
    for row, point in zip(rows, points, strict=True):
        fault = nights.add(row, point, point.sleep) if point.sleep else None
        if fault:
            unreadable.append(fault)
    return nights.frames(), unreadable


def _key(point: Point, sleep: Sleep) -> str:
    # "users/me/dataTypes/sleep/dataPoints/session-12345"; a saved page may have it blacked out.
    name = point.name or point.data_point_name or ""
    _, resource, key = name.partition(_RESOURCE)
    return key if resource and key else f"start {sleep.interval.start_time}"


def _origin(point: Point) -> dict[str, object]:
    data_source = bytes(point.data_source)
    known = origin(data_source)
    if known is None:
        raise _OddFieldError("dataSource", data_source.decode(), "not a data source")
    return {"source": known.source, "device": known.device}


def _session(sleep: Sleep, span: _Span) -> dict[str, object]:
    return {
        "end_at": span.end_at,
        "end_local": span.end_local,
        "end_offset": span.end_offset,
        "code": sleep.type and sleep.type.lower(),
        "in_progress": span.end_at is None,
        "main_sleep": sleep.metadata and _is_main(sleep.metadata),
        **(_minutes(sleep.summary) if sleep.summary else {}),
    }


def _is_main(metadata: SleepMetadata) -> bool:
    # false is a default, which protocol buffers leave out
    return bool(metadata.main_sleep or metadata.main)


def _minutes(summary: SleepSummary) -> dict[str, object]:
    return {
        "value": summary.minutes_asleep,
        "minutes_in_bed": summary.minutes_in_sleep_period,
        "minutes_awake": summary.minutes_awake,
        "minutes_to_fall_asleep": summary.minutes_to_fall_asleep,
        "minutes_after_wakeup": summary.minutes_after_wake_up,
    }


def _stages(sleep: Sleep) -> Iterator[dict[str, object]]:
    kinds = (("stages", sleep.stages, False), ("shortAwakenings", sleep.short_awakenings, True))
    for name, stages, overlay in kinds:
        for number, stage in enumerate(stages):
            span = _span(f"sleep.{name}[{number}]", stage)
            yield {**_when(span), "code": _code(stage), "overlay": overlay}


def _code(stage: Stage) -> str:
    code = (stage.type or "unknown").lower()
    return code if code in STAGES else "unknown"


def _when(span: _Span) -> dict[str, object]:
    return {
        "at": span.at, "local": span.local, "offset": span.offset, "duration": span.duration,
    }  # fmt: skip


def _span(place: str, given: SessionInterval | Stage) -> _Span:
    start, end = instants([given.start_time, given.end_time]).to_pylist()
    if start is None:
        raise _OddFieldError(f"{place}.startTime", given.start_time, "not a moment")
    if end is None and given.end_time is not None:
        raise _OddFieldError(f"{place}.endTime", given.end_time, "not a moment")
    if end is not None and end < start:
        raise _OddFieldError(f"{place}.endTime", given.end_time, "it ends before it begins")
    start_offset = _offset(f"{place}.startUtcOffset", given.start_utc_offset)
    end_offset = _offset(f"{place}.endUtcOffset", given.end_utc_offset)
    return _Span(start, start_offset, end, None if end is None else end_offset)


def _offset(name: str, text: str | None) -> int | None:
    seconds = None if text is None else utc_offset(text)
    if seconds is None and text is not None:
        raise _OddFieldError(name, text, "not an offset from UTC such as -14400s")
    return seconds


def _wall_clock(at: int, offset: int | None) -> int | None:
    return None if offset is None else at + offset * MICROSECONDS
