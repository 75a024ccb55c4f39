"""Sleep: logs of a day, of a range, of a list in pages; and the first version's logs of a day."""

from datetime import date, timedelta
from urllib.parse import urlencode

from werkzeug import Response

from hometrial_ingest.simulators.fitbit import sleep_logs
from hometrial_ingest.simulators.fitbit.calls import Call, invalid
from hometrial_ingest.simulators.fitbit.replies import json_reply
from hometrial_ingest.simulators.nights import Night

LONGEST = 100
"""Days of a range, and logs of a page."""

_RETRY = 3_000  # milliseconds


def of_day(call: Call) -> Response:
    """Answer with the logs that ended on a day, in version 1.2."""
    day = call.day(call.words["day"], padded=False)
    return _logs(call, _ended(call, day, day), with_summary=True)


def of_day_in_version_1(call: Call) -> Response:
    """Answer with the logs that ended on a day, minute by minute."""
    day = call.day(call.words["day"], padded=False)
    clock, renumber = call.wearer.clock, call.faults.edits_renumber
    logs = [
        sleep_logs.log_of_version_1(night, clock, renumber=renumber)
        for night in _ended(call, day, day)
    ]
    return json_reply({"sleep": logs, "summary": sleep_logs.day_summary(logs)})


def of_range(call: Call) -> Response:
    """Answer with the logs that ended on the days of a range, newest first."""
    days = call.days(call.words["first"], call.words["last"], LONGEST)
    return _logs(call, _ended(call, days[0], days[-1]), with_summary=False)


def listed(call: Call) -> Response:
    """Answer with a page of logs after or before a day, and where the next page is."""
    words = call.request.args
    sort, field = words.get("sort", ""), "afterDate" if "afterDate" in words else "beforeDate"
    if field not in words or sort != {"afterDate": "asc", "beforeDate": "desc"}[field]:
        raise invalid("sort", "afterDate goes with sort=asc and beforeDate with sort=desc")
    limit, offset = _number(call, "limit", LONGEST), _number(call, "offset", None)
    found = _beyond(call, field, call.day(words[field]))
    shown = found[offset : offset + limit]
    if pending := _pending(shown):
        return pending
    page = {field: words[field], "limit": limit, "offset": offset, "sort": sort}
    more = offset + limit < len(found)
    root = call.request.base_url
    page["next"] = f"{root}?{urlencode(page | {'offset': offset + limit})}" if more else ""
    page["previous"] = ""
    return json_reply({"pagination": page, "sleep": _told(call, shown)})


def _beyond(call: Call, field: str, limit: date) -> list[Night]:
    """Return the nights after or before a day (not of it), in the order of the list."""
    if field == "afterDate":
        return call.wearer.nights(call.now, first=limit + timedelta(days=1))
    return call.wearer.nights(call.now, last=limit - timedelta(days=1))[::-1]


def _ended(call: Call, first: date, last: date) -> list[Night]:
    """Return the finished nights that ended on the days of a range, newest first."""
    return call.wearer.nights(call.now, first, last)[::-1]


def _logs(call: Call, nights: list[Night], *, with_summary: bool) -> Response:
    if pending := _pending(nights):
        return pending
    logs = _told(call, nights)
    body: dict[str, object] = {"sleep": logs}
    if with_summary:
        body["summary"] = sleep_logs.day_summary(logs)
    return json_reply(body)


def _pending(nights: list[Night]) -> Response | None:
    """Return "still computing" in place of everything while one night is."""
    if all(night.processed for night in nights):
        return None
    return json_reply({"meta": {"retryDuration": _RETRY, "state": "pending"}})


def _told(call: Call, nights: list[Night]) -> list[sleep_logs.Log]:
    clock, renumber = call.wearer.clock, call.faults.edits_renumber
    return [sleep_logs.log(night, clock, renumber=renumber) for night in nights]


def _number(call: Call, name: str, largest: int | None) -> int:
    text = call.request.args.get(name, "")
    if not text.isascii() or not text.isdigit() or (largest and int(text) > largest):
        raise invalid(name, f"Invalid {name}: {text}")
    return int(text)
