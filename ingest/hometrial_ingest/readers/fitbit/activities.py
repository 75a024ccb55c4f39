"""Heart rate and steps: the daily series and the detailed ("intraday") set of one day."""

from typing import Annotated

from msgspec import Meta, Raw, Struct, ValidationError
from msgspec.json import Decoder

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.fitbit.replies import DAILY, Fields, array, elements
from hometrial_ingest.readers.fitbit.rows import OddFieldError, Rows
from hometrial_ingest.readers.fitbit.stamps import clock, midnight
from hometrial_ingest.signals import Signal

# Beyond 2^53 a double is not exact any more.
_Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class _StepsDay(Struct, rename="camel", gc=False):
    """{"dateTime": "2026-03-07", "value": "9000"}."""

    date_time: str
    value: _Whole


class _HeartZones(Struct, rename="camel", gc=False):
    """{"heartRateZones": [...], "restingHeartRate": 72}."""

    resting_heart_rate: float | None = None


class _HeartDay(Struct, rename="camel", gc=False):
    """{"dateTime": "2026-03-07", "value": {...}}; with a time window `value` is "64.2", an average."""

    date_time: str
    value: _HeartZones | str | float | None = None


class _Entry(Struct, gc=False):
    """{"time": "00:00:10", "value": 68}."""

    time: str
    value: _Whole


class _Intraday(Struct, rename="camel", gc=False):
    """{"dataset": [...], "datasetInterval": 1, "datasetType": "minute"}."""

    dataset: Raw
    dataset_interval: Annotated[int, Meta(ge=1, le=86_400)]
    dataset_type: str


class _Day(Struct, rename="camel", gc=False):
    date_time: str


_SECONDS = {"second": 1, "minute": 60}

# Numbers of the daily series arrive as strings, those of the detailed set as numbers.
_steps_day = Decoder(_StepsDay, strict=False)
_heart_day = Decoder(_HeartDay)
_entry = Decoder(_Entry, strict=False)
_intraday = Decoder(_Intraday, strict=False)
_day = Decoder(_Day)


def read_activities(file: SourceFile, fields: Fields, rows: Rows) -> None:
    """Take the daily values and the detailed set of heart rate and of steps.

    Raises UnreadableFileError if the detailed set does not say its day or its spacing.
    """
    for raw in elements(file, fields, "activities-heart"):
        _take_heart_day(raw, rows)
    _take_intraday(file, fields, "activities-heart", rows)
    for raw in elements(file, fields, "activities-steps"):
        _take_steps_day(raw, rows)
    _take_intraday(file, fields, "activities-steps", rows)


def _take_heart_day(raw: Raw, rows: Rows) -> None:
    try:
        day = _heart_day.decode(raw)
        # Without a resting heart rate the entry holds zones or an average of what is listed below.
        if isinstance(day.value, _HeartZones) and day.value.resting_heart_rate is not None:
            local = midnight("dateTime", day.date_time)
            rows.keep(Signal.RESTING_HEART_RATE, local, day.value.resting_heart_rate)
    except (OddFieldError, ValidationError) as error:
        rows.refuse("activities-heart", raw, error)


def _take_steps_day(raw: Raw, rows: Rows) -> None:
    try:
        day = _steps_day.decode(raw)
        rows.keep(Signal.STEPS_DAILY, midnight("dateTime", day.date_time), day.value)
    except (OddFieldError, ValidationError) as error:
        rows.refuse("activities-steps", raw, error)


def _take_intraday(file: SourceFile, fields: Fields, daily: str, rows: Rows) -> None:
    name = DAILY[daily]
    if name not in fields:
        return
    intraday = _described(file, name, fields[name])
    entries = array(file, f"{name}.dataset", intraday.dataset)
    if not entries:
        return
    start = _only_day(file, fields, daily)
    seconds = intraday.dataset_interval * _spacing(file, name, intraday)
    signal = Signal.HEART_RATE if daily == "activities-heart" else Signal.STEPS
    duration = seconds if signal == Signal.STEPS else 0
    for raw in entries:
        try:
            entry = _entry.decode(raw)
            rows.keep(signal, start + clock("time", entry.time), entry.value, duration)
        except (OddFieldError, ValidationError) as error:
            rows.refuse(f"{name}.dataset", raw, error)


def _described(file: SourceFile, name: str, raw: Raw) -> _Intraday:
    try:
        return _intraday.decode(raw)
    except ValidationError as error:
        problem = f"the detailed set is not as the API describes it: {error}"
        raise UnreadableFileError(
            file.path, problem, "fetch the reply again", field=name
        ) from error


def _spacing(file: SourceFile, name: str, intraday: _Intraday) -> int:
    if intraday.dataset_type not in _SECONDS:
        raise UnreadableFileError(
            file.path, "an unknown spacing of the detailed set", "fetch it by second or by minute",
            field=f"{name}.datasetType", value=intraday.dataset_type,
        )  # fmt: skip
    return _SECONDS[intraday.dataset_type]


def _only_day(file: SourceFile, fields: Fields, daily: str) -> int:
    """Return the midnight of the one day that stands beside a detailed set of clock times."""
    days = elements(file, fields, daily)
    if len(days) != 1:
        problem = f"the detailed set says times of day only, and {len(days)} days stand beside it"
        raise UnreadableFileError(file.path, problem, "fetch one day a reply", field=daily)
    try:
        return midnight("dateTime", _day.decode(days[0]).date_time)
    except (OddFieldError, ValidationError) as error:
        problem = f"the detailed set does not say its day: {error}"
        raise UnreadableFileError(file.path, problem, "fetch it again", field=daily) from error
