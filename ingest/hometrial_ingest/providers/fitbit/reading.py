"""A read of one stream: a page a local day of heart rate and steps, a page a range of sleep and weight."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import Caller, Page, Stream, TryLaterError, Window
from hometrial_ingest.providers.days import Minutes, parts_of_days, whole_days
from hometrial_ingest.providers.fitbit.client import SLEEP_VERSION, Answer, Client
from hometrial_ingest.providers.wire import Reply, mangled, read_json

_DETAIL = {
    "heart_rate": ("activities/heart", "1sec", "activities-heart"),
    "steps": ("activities/steps", "1min", "activities-steps"),
}
Part = TypeVar("Part")


class _Entry(Struct, rename="camel"):
    """{"dateTime": "2026-03-07", "value": ...}."""

    date_time: str


class _Details(Struct, rename="camel"):
    """{"dataset": [{"time": "00:00:10", "value": 68}], "datasetInterval": 1, "datasetType": "second"}."""

    dataset: list[Raw]
    dataset_interval: Annotated[int, Meta(ge=1, le=86_400)]
    dataset_type: Literal["second", "minute"]


_fields = Decoder(dict[str, Raw])
_array = Decoder(list[Raw])
_entry = Decoder(_Entry)
_details = Decoder(_Details)


def read(client: Client, caller: Caller, stream: Stream, window: Window) -> Iterator[Page]:
    """Yield the pages of a stream in a window. Raises an error of the closed set if one is missing."""
    if stream.name in _DETAIL:
        for day, minutes in parts_of_days(window):
            yield _day(client, caller, stream, day, minutes)
        return
    days = whole_days(window)
    read_range = {"sleep": _sleep, "weight": _weight}[stream.name]
    for at in range(0, len(days), stream.longest_days):
        chunk = days[at : at + stream.longest_days]
        answer = read_range(client, caller, chunk[0], chunk[-1])
        yield _page(f"{stream.name}/{chunk[0]}--{chunk[-1]}.json", answer)


def _day(
    client: Client, caller: Caller, stream: Stream, day: date, minutes: Minutes | None
) -> Page:
    resource, detail, array = _DETAIL[stream.name]
    start, end = minutes or (None, None)
    answer = client.ask(
        caller,
        lambda package: package.intraday_time_series(
            resource, base_date=day, detail_level=detail, start_time=start, end_time=end
        ),
        _expects(array, day),
    )
    return _page(f"{stream.name}/{day}.json", answer)


def _sleep(client: Client, caller: Caller, first: date, last: date) -> Answer[None]:
    return client.ask(
        caller,
        lambda package: package.time_series("sleep", base_date=first, end_date=last),
        _expects("sleep"),
        SLEEP_VERSION,
    )


def _weight(client: Client, caller: Caller, first: date, last: date) -> Answer[None]:
    return client.ask(
        caller,
        lambda package: package.get_bodyweight(base_date=first, end_date=last),
        _expects("weight"),
    )


def _page(name: str, answer: Answer[None]) -> Page:
    return Page(name, answer.reply.body, answer.request, answer.reply.request_id)


def _expects(array: str, day: date | None = None) -> Callable[[Reply, str], None]:
    """Return a judge of replies that must hold an array of that name: without it, nothing is known.

    With a day the details beside it must be of that day: they say times only.
    """

    def judge(reply: Reply, words: str) -> None:
        fields = read_json(reply, _fields, words)
        _refuse_pending(reply, words, fields)
        if array not in fields or "errors" in fields:
            raise mangled(reply, words, f"without {array!r}")
        entries = _part(reply, words, fields[array], _array)
        details = fields.get(f"{array}-intraday")
        if details is not None and _part(reply, words, details, _details).dataset:
            days = [_part(reply, words, entry, _entry).date_time for entry in entries]
            if days != [str(day)]:
                raise mangled(reply, words, "of another day")

    return judge


def _part(reply: Reply, words: str, raw: Raw, decoder: Decoder[Part]) -> Part:
    return read_json(Reply(reply.status, reply.headers, bytes(raw)), decoder, words)


def _refuse_pending(reply: Reply, words: str, fields: dict[str, Raw]) -> None:
    """Refuse {"meta": {"retryDuration": 3000, "state": "pending"}}, sent while sleep is computed."""
    if "meta" not in fields:
        return
    meta = _part(reply, words, fields["meta"], _fields)
    if bytes(meta.get("state", Raw(b""))) == b'"pending"':
        milliseconds = bytes(meta.get("retryDuration", Raw(b"")))
        wait = int(milliseconds) / 1000 if milliseconds.isdigit() else None
        text = f"{words}: the vendor is still computing."
        raise TryLaterError(text, request_id=reply.request_id, retry_after=wait)
