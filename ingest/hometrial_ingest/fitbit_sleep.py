"""Fitbit sleep logs, which the Web API and the account export write in the same words.

Shapes: Fitbit Web API reference, "Get Sleep Log by Date", versions 1.2 and 1. Every stamp is the wall
clock of the wearer's account without a zone, so that rows have `local` and never `at`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from hometrial_ingest.errors import shorten
from hometrial_ingest.frame import Frame, SampleColumns, Unreadable, nonempty
from hometrial_ingest.json_text import unreadable
from hometrial_ingest.signals import Signal

_STAGES = {
    "wake": "awake", "awake": "awake", "light": "light", "deep": "deep", "rem": "rem",
    "asleep": "asleep", "restless": "restless",
}  # fmt: skip
_MINUTES = {"1": "asleep", "2": "restless", "3": "awake"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)", re.ASCII)

# Whole and not negative, and small enough for a 64-bit column and for an exact double.
_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Stage(msgspec.Struct, rename="camel", gc=False):
    # a stage: {"dateTime": "2020-10-10T01:46:30.000", "level": "light", "seconds": 420}
    date_time: str
    level: str
    seconds: _Whole


class _Levels(msgspec.Struct, rename="camel", gc=False):
    data: list[_Stage] = []
    short_data: list[_Stage] = []


class _Minute(msgspec.Struct, rename="camel", gc=False):
    # a minute: {"dateTime": "23:31:00", "value": "1"}
    date_time: str
    value: str


class _Log(msgspec.Struct, rename="camel", gc=False):
    # 1.2: {"logId": 26311786557, "startTime": "2020-10-10T01:46:30.000", "duration": 22980000, ...,
    #       "isMainSleep": true, "type": "stages", "levels": {"data": [stage...], "shortData": [...]}}
    # 1:   {"logId": 29744, ..., "minuteData": [minute...]}, with neither type nor levels
    # The account export says "mainSleep" for "isMainSleep".
    log_id: _Whole | str
    start_time: str
    duration: _Whole
    end_time: str | None = None
    time_in_bed: _Whole | None = None
    minutes_asleep: _Whole | None = None
    minutes_awake: _Whole | None = None
    minutes_to_fall_asleep: _Whole | None = None
    minutes_after_wakeup: _Whole | None = None
    is_main_sleep: bool | None = None
    main_sleep: bool | None = None
    type: str | None = None
    levels: _Levels | None = None
    minute_data: list[_Minute] | None = None


@dataclass(frozen=True)
class _Span:
    local: int
    duration: int
    code: str
    overlay: bool = False


class _OddFieldError(ValueError):
    def __init__(self, name: str, value: object, reason: str) -> None:
        self.name, self.value, self.reason = name, value, reason
        super().__init__(f"{name}: {reason}")


@dataclass
class SleepLogs:
    """Sessions and stages, grown log by log; `frames()` hands them over.

    A log becomes one `sleep_session` row (`value`: minutes asleep, `duration`: the log's own, never the
    difference of two wall clocks) and its `sleep_stage` rows, all with the log's `row`; or, if any part
    of it is not as Fitbit writes it, nothing at all and one Unreadable.
    """

    source: str
    sessions: SampleColumns = field(default_factory=lambda: SampleColumns(Signal.SLEEP_SESSION))
    stages: SampleColumns = field(default_factory=lambda: SampleColumns(Signal.SLEEP_STAGE))

    def add(self, row: int, log: msgspec.Raw | bytes) -> Unreadable | None:
        """Add one log of version 1.2 or 1; return why not if it cannot be read."""
        try:
            parsed = msgspec.json.decode(log, type=_Log)
            session, spans = _session(parsed), list(_spans(parsed))
        except _OddFieldError as odd:
            return Unreadable(row, odd.name, shorten(odd.value), odd.reason)
        except msgspec.ValidationError as error:
            return unreadable(row, log, error)
        self.sessions.add(row=row, source=self.source, **session)
        for span in spans:
            self.stages.add(
                row=row, source=self.source, session=session["session"], local=span.local,
                duration=span.duration, code=span.code, overlay=span.overlay,
            )  # fmt: skip
        return None

    def frames(self) -> list[Frame]:
        """Return what was added as frames and start again empty."""
        return nonempty([self.sessions.frame(), self.stages.frame()])


def _session(log: _Log) -> dict[str, object]:
    milliseconds = log.duration
    if milliseconds % 1000:
        raise _OddFieldError("duration", milliseconds, "not a whole number of seconds")
    return {
        "session": str(log.log_id),
        "local": _local("startTime", log.start_time),
        "duration": milliseconds // 1000,
        "end_local": None if log.end_time is None else _local("endTime", log.end_time),
        "value": log.minutes_asleep,
        "code": _kind(log),
        "minutes_in_bed": log.time_in_bed,
        "minutes_awake": log.minutes_awake,
        "minutes_to_fall_asleep": log.minutes_to_fall_asleep,
        "minutes_after_wakeup": log.minutes_after_wakeup,
        "main_sleep": log.main_sleep if log.is_main_sleep is None else log.is_main_sleep,
        "in_progress": False,
    }


def _kind(log: _Log) -> str | None:
    if log.type is None and log.minute_data is not None:
        return "classic"  # version 1 knew no other
    return log.type


def _spans(log: _Log) -> Iterator[_Span]:
    if log.levels is not None:
        yield from _stages("levels.data", log.levels.data, overlay=False)
        yield from _stages("levels.shortData", log.levels.short_data, overlay=True)
    elif log.minute_data is not None:
        yield from _runs(_minutes(log.start_time, log.minute_data))


def _stages(place: str, stages: Iterable[_Stage], *, overlay: bool) -> Iterator[_Span]:
    for number, stage in enumerate(stages):
        local = _local(f"{place}[{number}].dateTime", stage.date_time)
        yield _Span(local, stage.seconds, _STAGES.get(stage.level, "unknown"), overlay)


def _minutes(start: str, minutes: Iterable[_Minute]) -> Iterator[_Span]:
    # A minute says the time of day only. Twelve hours back is midnight passed, less is a clock put back.
    before = datetime.fromisoformat(start).replace(tzinfo=UTC)
    for number, minute in enumerate(minutes):
        clock = _CLOCK.fullmatch(minute.date_time)
        if clock is None:
            raise _OddFieldError(f"minuteData[{number}].dateTime", minute.date_time, "not HH:MM:SS")
        hours, past, seconds = map(int, clock.groups())
        now = before.replace(hour=hours, minute=past, second=seconds, microsecond=0)
        if before - now > timedelta(hours=12):
            now += timedelta(days=1)
        yield _Span((now - _EPOCH) // _MICROSECOND, 60, _MINUTES.get(minute.value, "unknown"))
        before = now


def _runs(minutes: Iterable[_Span]) -> Iterator[_Span]:
    run: _Span | None = None
    for minute in minutes:
        if run and run.code == minute.code and run.local + run.duration * 1_000_000 == minute.local:
            run = _Span(run.local, run.duration + minute.duration, run.code)
            continue
        if run:
            yield run
        run = minute
    if run:
        yield run


def _local(name: str, stamp: str) -> int:
    if not _STAMP.fullmatch(stamp):
        raise _OddFieldError(name, stamp, "not a wall clock like 2020-10-10T01:46:30.000")
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError as impossible:
        raise _OddFieldError(name, stamp, "no such date or time") from impossible
    return (moment.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
