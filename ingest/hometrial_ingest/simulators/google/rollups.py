"""`rollUp` and `dailyRollUp`: sums and ranges of the merged stream over windows."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from werkzeug import Request, Response

from hometrial_ingest.simulators.clock import microseconds
from hometrial_ingest.simulators.columns import Span
from hometrial_ingest.simulators.google.catalogue import MODELLED, DataType
from hometrial_ingest.simulators.google.errors import bad_fields, info, invalid, json_reply
from hometrial_ingest.simulators.google.stamps import stamp
from hometrial_ingest.simulators.records import Floats, Records
from hometrial_ingest.simulators.truth import Truth

_MICRO, _DAY = 1_000_000, 86_400
_EPOCH = date(1970, 1, 1)
_DURATION = re.compile(r"(\d{1,9})(?:\.0+)?s", re.ASCII)
_MOST_WINDOWS, _USUAL_WINDOWS = 10_000, 1_440
_COMMON = {"pageSize", "pageToken", "dataSourceFamily", "range"}
Body = dict[str, object]
Edges = npt.NDArray[np.int64]


def roll_up(request: Request, truth: Truth, person: int, data_type: DataType) -> Response:
    """Answer windows of physical time, anchored at the range's start; the last is cut at its end."""
    body = _body(request, _COMMON | {"windowSize"})
    bounds = _fields(body.get("range"), "range", {"startTime", "endTime"})
    start, end = (_moment(bounds.get(name), f"range.{name}") for name in ("startTime", "endTime"))
    size = _window_size(body.get("windowSize"))
    _check_range(end - start, data_type)
    edges = np.append(np.arange(start, end, size, dtype=np.int64), end)
    found = _merged(truth, person, data_type, (start, end))
    filled = [
        {"startTime": stamp(since * _MICRO), "endTime": stamp(until * _MICRO), **value}
        for since, until, value in _windows(found, found.at // _MICRO, edges, data_type)
    ]
    return _paged(filled, body, (_USUAL_WINDOWS, _MOST_WINDOWS))


def daily_roll_up(request: Request, truth: Truth, person: int, data_type: DataType) -> Response:
    """Answer windows of civil days, the newest first; days without anything are left out."""
    body = _body(request, _COMMON | {"windowSizeDays"})
    bounds = _fields(body.get("range"), "range", {"start", "end"})
    first, until = _civil_range(bounds)
    days = body.get("windowSizeDays", 1)
    if not isinstance(days, int) or days < 1:
        raise invalid("window_size_days must be at least 1.")
    _check_range((until - first).days * _DAY, data_type)
    start, end = ((day - _EPOCH).days * _DAY for day in (first, until))
    edges = np.append(np.arange(start, end, days * _DAY, dtype=np.int64), end)
    found = _merged(truth, person, data_type, (start - _DAY, end + _DAY))
    filled = [
        {"civilStartTime": _civil_day(since), "civilEndTime": _civil_day(to), **value}
        for since, to, value in _windows(found, found.local // _MICRO, edges, data_type, daily=True)
    ]
    most = data_type.rollup_days
    return _paged(filled[::-1], body, (most, most))


def _windows(
    found: Records, times: Edges, edges: Edges, data_type: DataType, *, daily: bool = False
) -> list[tuple[int, int, Body]]:
    shape = (_RANGES if daily and data_type.kind == "daily" else _SUMS).get(data_type.id)
    if shape is None or not len(found):
        return []
    listed = []
    for since, until in pairwise(edges.tolist()):
        own = found.value[(times >= since) & (times < until)]
        if len(own):
            listed.append((since, until, shape(own)))
    return listed


def _merged(truth: Truth, person: int, data_type: DataType, edges: tuple[int, int]) -> Records:
    if data_type.id not in MODELLED:
        return Records(data_type.id)
    now = truth.clock.seconds()
    return truth.held(person, data_type.id, Span(*edges, now), merged=True)


def _steps(own: Floats) -> Body:
    return {"steps": {"countSum": str(int(own.sum()))}}


def _distance(own: Floats) -> Body:
    return {"distance": {"millimetersSum": str(int(np.rint(own * 1_000).sum()))}}


def _heart_rate(own: Floats) -> Body:
    return {
        "heartRate": {
            "beatsPerMinuteAvg": round(float(own.mean()), 3),
            "beatsPerMinuteMax": float(own.max()),
            "beatsPerMinuteMin": float(own.min()),
        }
    }


def _weight(own: Floats) -> Body:
    return {"weight": {"weightGramsAvg": round(float(own.mean()) * 1_000)}}


def _resting_range(own: Floats) -> Body:
    middle = float(own.mean())
    bounds = {"beatsPerMinuteMin": round(middle - 4, 1), "beatsPerMinuteMax": round(middle + 4, 1)}
    return {"restingHeartRatePersonalRange": bounds}


def _variability_range(own: Floats) -> Body:
    middle, name = float(own.mean()), "averageHeartRateVariabilityMilliseconds"
    bounds = {f"{name}Min": round(middle * 0.8, 1), f"{name}Max": round(middle * 1.2, 1)}
    return {"heartRateVariabilityPersonalRange": bounds}


_SUMS: dict[str, Callable[[Floats], Body]] = {
    "steps": _steps,
    "distance": _distance,
    "heart-rate": _heart_rate,
    "weight": _weight,
}
_RANGES: dict[str, Callable[[Floats], Body]] = {
    "daily-resting-heart-rate": _resting_range,
    "daily-heart-rate-variability": _variability_range,
}


def _body(request: Request, names: set[str]) -> Body:
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    return _fields(body, "", names)


def _fields(value: object, where: str, names: set[str]) -> Body:
    """Return an object's fields; unknown names are refused one by one, as the API does."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise invalid(f"Invalid value at '{where}'")
    unknown = [(where, name) for name in value if name not in names]
    if unknown:
        raise bad_fields(unknown)
    return value


def _civil_range(bounds: Body) -> tuple[date, date]:
    """Return [first day, day after]; `date` has to be nested under `start` and `end`."""
    unknown = [
        (f"range.{edge}", name)
        for edge in ("start", "end")
        for name in (bounds.get(edge) or {})  # type: ignore[attr-defined]
        if name not in ("date", "time")
    ]
    if unknown:
        raise bad_fields(unknown)
    first, until = (_day(bounds.get(edge), f"range.{edge}") for edge in ("start", "end"))
    if until <= first:
        raise invalid("range.end must be after range.start.")
    return first, until


def _day(value: object, where: str) -> date:
    parts = _fields(
        _fields(value, where, {"date", "time"}).get("date"),
        f"{where}.date",
        {"year", "month", "day"},
    )
    try:
        return date(*(int(str(parts.get(name))) for name in ("year", "month", "day")))
    except ValueError as error:
        raise invalid(f"Invalid value at '{where}.date'") from error


@dataclass(frozen=True)
class _Page:
    size: int
    offset: int


def _paged(filled: list[Body], body: Body, sizes: tuple[int, int]) -> Response:
    usual, most = sizes
    asked, token = body.get("pageSize") or usual, str(body.get("pageToken") or "0")
    if not isinstance(asked, int) or not token.isdecimal():
        raise invalid("Invalid page size or page token.")
    page = _Page(min(asked, most), int(token))
    until = page.offset + page.size
    answer: Body = {"rollupDataPoints": filled[page.offset : until]} if filled else {}
    if until < len(filled):
        answer["nextPageToken"] = str(until)
    return json_reply(answer)


def _moment(value: object, where: str) -> int:
    try:
        moment = datetime.fromisoformat(str(value))
        return microseconds(moment) // _MICRO
    except ValueError as error:
        raise invalid(
            f"Invalid value at '{where}' (type.googleapis.com/google.protobuf.Timestamp)"
        ) from error


def _window_size(value: object) -> int:
    match = _DURATION.fullmatch(str(value))
    if match is None or int(match[1]) < 1:
        raise invalid("window_size must be at least 1s.")
    return int(match[1])


def _check_range(seconds: int, data_type: DataType) -> None:
    if seconds <= 0 or seconds > data_type.rollup_days * _DAY:
        reason = info("INVALID_ROLLUP_RANGE", "health.googleapis.com")
        raise invalid(
            f"The range must be positive and at most {data_type.rollup_days} days.", reason
        )


def _civil_day(midnight: int) -> Body:
    day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=midnight)).date()
    return {"date": {"year": day.year, "month": day.month, "day": day.day}, "time": {}}
