"""A read of one stream: a page a local day of heart rate and steps, a page a range of sleep and weight."""

from collections.abc import Callable, Iterator
from datetime import date

from msgspec import Raw
from msgspec.json import Decoder

from hometrial_ingest.provider import Caller, Page, Stream, TryLaterError, Window
from hometrial_ingest.providers.days import Minutes, parts_of_days, whole_days
from hometrial_ingest.providers.fitbit.client import SLEEP_VERSION, Answer, Client
from hometrial_ingest.providers.wire import Reply, mangled, read_json

_DETAIL = {
    "heart_rate": ("activities/heart", "1sec", "activities-heart"),
    "steps": ("activities/steps", "1min", "activities-steps"),
}
_fields = Decoder(dict[str, Raw])
_meta = Decoder(dict[str, Raw])
_array = Decoder(list[Raw])


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
        _expects(array),
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


def _expects(array: str) -> Callable[[Reply, str], None]:
    """Return a judge of replies that must hold an array of that name: without it, nothing is known."""

    def judge(reply: Reply, words: str) -> None:
        fields = read_json(reply, _fields, words)
        _refuse_pending(reply, words, fields)
        if array not in fields or "errors" in fields:
            raise mangled(reply, words, f"without {array!r}")
        read_json(Reply(reply.status, reply.headers, bytes(fields[array])), _array, words)

    return judge


def _refuse_pending(reply: Reply, words: str, fields: dict[str, Raw]) -> None:
    """Refuse {"meta": {"retryDuration": 3000, "state": "pending"}}, sent while sleep is computed."""
    if "meta" not in fields:
        return
    said = Reply(reply.status, reply.headers, bytes(fields["meta"]))
    meta = read_json(said, _meta, words)
    if bytes(meta.get("state", Raw(b""))) == b'"pending"':
        milliseconds = bytes(meta.get("retryDuration", Raw(b"")))
        wait = int(milliseconds) / 1000 if milliseconds.isdigit() else None
        text = f"{words}: the vendor is still computing."
        raise TryLaterError(text, request_id=reply.request_id, retry_after=wait)
