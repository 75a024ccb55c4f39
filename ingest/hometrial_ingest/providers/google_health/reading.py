"""A read of one stream: list for provenance, the merged stream where sources compete, daily totals."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import MsgspecError, Raw, Struct
from msgspec.json import Decoder, decode, encode

from hometrial_ingest.provider import Caller, Page, Window
from hometrial_ingest.providers.google_health.calls import Api, Request
from hometrial_ingest.providers.google_health.catalogue import Collection
from hometrial_ingest.providers.google_health.queries import points, roll_ups
from hometrial_ingest.providers.wire import Reply, mangled, read_json

_ARRAYS = ("dataPoints", "reconciledDataPoints", "rollupDataPoints")
_TOKEN = "nextPageToken"  # noqa: S105 - a field's name


class _Point(Struct, rename="camel", gc=False):
    """{"dataSource": {"platform": "FITBIT", ...}, "steps": {...}}."""

    data_source: Raw = Raw(b"")


@dataclass(frozen=True)
class _Answer:
    """A page as it came, with what is needed to go on. `sources`: one wording of each data source."""

    reply: Reply
    sources: frozenset[bytes]
    next_page_token: str


_fields = Decoder(dict[str, Raw])
_points = Decoder(list[_Point])
_token = Decoder(str | None)


def read(api: Api, caller: Caller, collection: Collection, window: Window) -> Iterator[Page]:
    """Yield the pages of a stream in a window. Raises an error of the closed set if one is missing."""
    sources: set[bytes] = set()
    listed = points(collection, window)
    if listed is not None:
        for number, answer in enumerate(api.ask_all(caller, listed, _judge), 1):
            sources |= answer.sources
            yield _page(collection, "list", number, listed, answer)
    # The stream of a single source is merged already.
    merged = points(collection, window, ":reconcile") if len(sources) > 1 else None
    if merged is not None:
        for number, answer in enumerate(api.ask_all(caller, merged, _judge), 1):
            yield _page(collection, "reconcile", number, merged, answer)
    if collection.rolled_up:
        yield from _daily(api, caller, collection, window)


def _daily(api: Api, caller: Caller, collection: Collection, window: Window) -> Iterator[Page]:
    number = 0
    for request in roll_ups(collection, window):
        for answer in api.ask_all(caller, request, _judge):
            number += 1
            yield _page(collection, "daily", number, request, answer)


def _page(
    collection: Collection, what: str, number: int, request: Request, answer: _Answer
) -> Page:
    name = f"{collection.stream.name}/{what}-{number:03}.json"
    return Page(name, answer.reply.body, request.words, answer.reply.request_id)


def _judge(reply: Reply, words: str) -> _Answer:
    """Take a page apart. Raises PassingError if it is not one: half a page must not pass for little data."""
    fields = read_json(reply, _fields, words)
    arrays = [fields[name] for name in _ARRAYS if name in fields]
    if "error" in fields or len(arrays) > 1 or not (arrays or fields.keys() <= {_TOKEN}):
        raise mangled(reply, words, "no page of data")
    array = arrays[0] if arrays else Raw(b"[]")
    try:
        found = _points.decode(array)
        token = _token.decode(fields.get(_TOKEN, Raw(b"null")))
        sources = _sources(found)
    except (MsgspecError, RecursionError) as error:
        raise mangled(reply, words, "a page whose points or token cannot be read") from error
    return _Answer(reply, sources, token or "")


def _sources(found: list[_Point]) -> frozenset[bytes]:
    """Return the data sources of points, each in one wording; b"" for points without any."""
    wordings = {bytes(point.data_source) for point in found}
    return frozenset(encode(decode(each), order="sorted") if each else b"" for each in wordings)
