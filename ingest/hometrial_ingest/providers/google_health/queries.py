"""The filters and bodies that are sent, in the API's grammar (a small part of AIP-160)."""

from datetime import UTC, date, datetime, timedelta

from hometrial_ingest.provider import Window
from hometrial_ingest.providers.days import whole_days
from hometrial_ingest.providers.google_health.calls import Request
from hometrial_ingest.providers.google_health.catalogue import Collection, Kind

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LONGEST_ROLL_UP = 90


def points(collection: Collection, window: Window, method: str = "") -> Request | None:
    """Return the request for all of a window's points: a list, or with ":reconcile" the merged stream.

    None if there is nothing in the window that may be asked for.
    """
    bounds = _days(window) if collection.kind is Kind.DAILY else _instants(window)
    if bounds is None:
        return None
    filters = " AND ".join(
        f'{collection.member} {operator} "{bound}"'
        for operator, bound in zip((">=", "<"), bounds, strict=True)
    )
    path = f"users/me/dataTypes/{collection.data_type}/dataPoints{method}"
    return Request(path, {"filter": filters, "pageSize": str(collection.page_size)})


def roll_ups(collection: Collection, window: Window) -> list[Request]:
    """Return the requests for the daily totals of a window's whole days."""
    days = whole_days(window)
    chunks = [days[at : at + _LONGEST_ROLL_UP] for at in range(0, len(days), _LONGEST_ROLL_UP)]
    path = f"users/me/dataTypes/{collection.data_type}/dataPoints:dailyRollUp"
    return [Request(path, body=_range(chunk[0], chunk[-1] + _DAY)) for chunk in chunks]


def _range(first: date, end: date) -> dict[str, object]:
    """{"range": {"start": {"date": {...}}, "end": {"date": {...}}}, ...}: civil days, end not included."""
    start, stop = (
        {"date": {"year": day.year, "month": day.month, "day": day.day}} for day in (first, end)
    )
    return {
        "range": {"start": start, "end": stop},
        "windowSizeDays": 1,
        "pageSize": _LONGEST_ROLL_UP,
    }


def _days(window: Window) -> tuple[str, str] | None:
    days = whole_days(window)
    return (days[0].isoformat(), (days[-1] + _DAY).isoformat()) if days else None


def _instants(window: Window) -> tuple[str, str] | None:
    """Return the window with a day's margin inside [earliest, latest), in whole seconds.

    Fractions are not known to be understood in a filter; what begins between two seconds at a bound of
    consent is left out.
    """
    first = max(window.start - _DAY, window.earliest).astimezone(UTC)
    end = min(window.end + _DAY, window.latest).astimezone(UTC).replace(microsecond=0)
    if first.microsecond:
        first = first.replace(microsecond=0) + _SECOND
    return (_rfc3339(first), _rfc3339(end)) if first < end else None


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
