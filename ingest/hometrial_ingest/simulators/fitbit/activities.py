"""Steps and heart rate: daily series, the detailed set of one day, and a window of it."""

import re
from datetime import date, timedelta

from werkzeug import Response

from hometrial_ingest.simulators.fitbit import series
from hometrial_ingest.simulators.fitbit.account_clock import UTC_CLOCK, AccountClock
from hometrial_ingest.simulators.fitbit.calls import Call, invalid
from hometrial_ingest.simulators.fitbit.replies import RefusedError, json_reply

_LONGEST = {"steps": 1_095, "heart": 366}  # days of a daily series
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


def daily(call: Call) -> Response:
    """Answer with a daily series of steps or heart rate."""
    kind = call.words["resource"]
    days = call.days(call.words["first"], call.words["last"], _LONGEST[kind])
    clock = call.wearer.clock
    entry = _steps_entry if kind == "steps" else _heart_entry
    return json_reply({f"activities-{kind}": [entry(call, day, clock) for day in days]})


def detailed(call: Call) -> Response:
    """Answer with one day and its detailed set, or with a window of that."""
    if not call.faults.intraday_approved:
        message = "This application does not have permission to access intraday data."
        raise RefusedError(403, "insufficient_permissions", message)
    kind, span = call.words["resource"], _window(call)
    day, every = _only_day(call, span), _every(call, kind)
    clock = UTC_CLOCK if _in_utc(call) else call.wearer.clock
    body = (
        _steps(call, day, every, clock, span)
        if kind == "steps"
        else _heart(call, day, every, clock, span)
    )
    return json_reply(body)


def _steps_entry(call: Call, day: date, clock: AccountClock) -> series.Entry:
    _, counts = call.wearer.steps(day, clock, call.now)
    return series.steps_day(day, int(counts.sum()))


def _heart_entry(call: Call, day: date, clock: AccountClock) -> series.Entry:
    zones = series.heart_zones(call.wearer.age, *call.wearer.heart_rate(day, clock, call.now))
    return series.heart_day(day, zones, call.wearer.resting_heart_rate(day, call.now))


def _steps(
    call: Call, day: date, every: int, clock: AccountClock, span: series.Span
) -> series.Entry:
    seconds, counts = call.wearer.steps(day, clock, call.now)
    kept = span.holds(seconds)
    grid = series.minutes_of_day(seconds, counts, call.faults.repeated_hour)
    dataset = series.steps_dataset(grid, every, span)
    return {
        "activities-steps": [series.steps_day(day, int(counts[kept].sum()))],
        "activities-steps-intraday": series.intraday(dataset, every),
    }


def _heart(
    call: Call, day: date, every: int, clock: AccountClock, span: series.Span
) -> series.Entry:
    seconds, rates = call.wearer.heart_rate(day, clock, call.now)
    kept = span.holds(seconds)
    zones = series.heart_zones(call.wearer.age, seconds[kept], rates[kept])
    dataset = series.heart_dataset(seconds, rates, every, span)
    if span == series.WHOLE_DAY:
        entry = series.heart_day(day, zones, call.wearer.resting_heart_rate(day, call.now))
    else:
        entry = series.heart_window(day, zones, dataset)
    body: series.Entry = {"activities-heart": [entry]}
    if dataset or call.faults.empty_intraday_key:
        body["activities-heart-intraday"] = series.intraday(dataset, every)
    return body


def _every(call: Call, kind: str) -> int:
    detail = call.words["detail"]
    if detail not in series.DETAILS or (kind == "steps" and detail == "1sec"):
        raise invalid("detail-level", f"Invalid detail level: {detail}")
    return series.DETAILS[detail]


def _only_day(call: Call, span: series.Span) -> date:
    """Return the day; another day as the end is beyond the 24 hours that a call may cover."""
    first, last = call.words["first"], call.words.get("last", "1d")
    day = call.day(first)
    if last == "1d" or call.day(last) == day:
        return day
    if call.day(last) == day + timedelta(days=1) and span != series.WHOLE_DAY:
        raise invalid("endDate", "A window over midnight is not simulated: ask day by day")
    raise invalid("endDate", "Intraday data is limited to 24 hours a request")


def _window(call: Call) -> series.Span:
    if "from" not in call.words:
        return series.WHOLE_DAY
    first, last = _seconds(call.words["from"]), _seconds(call.words["until"])
    if last < first:
        raise invalid("endTime", "The end time is before the start time")
    return series.Span(first, last + (0 if call.faults.window_ends_sharp else 59))


def _seconds(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise invalid("time", f"Invalid time: {text}")
    return int(found[1]) * 3_600 + int(found[2]) * 60


def _in_utc(call: Call) -> bool:
    zone = call.request.args.get("timezone")
    if zone not in (None, "UTC"):
        raise invalid("timezone", f"Invalid time zone: {zone}")
    return zone == "UTC"
