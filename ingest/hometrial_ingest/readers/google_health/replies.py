"""Saved replies of the API: which of them are pages of data, and where their points stand.

A reply is kept as it came, or inside the wrapper {"body": {...}, "status": 200} of a capture; a file holds
one reply, a JSON array of replies, or one reply a line (.jsonl).
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Raw, ValidationError
from msgspec.json import Decoder, decode, encode

from hometrial_ingest.errors import ErrorReplyError, UnreadableFileError, shorten
from hometrial_ingest.json_text import strict_json, too_deep
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.google_health.points import TYPES, camel
from hometrial_ingest.text import LARGEST_TEXT, read_text

Fields = dict[str, Raw]
Reply = Fields | Raw
"""A reply, opened; raw if it is no JSON object."""

_POINTS = ("dataPoints", "reconciledDataPoints")
_ROLLUPS = ("rollupDataPoints",)
_ARRAYS = (*_POINTS, *_ROLLUPS)
_TYPED_OBJECTS = frozenset(map(camel, TYPES))
# A page without points is {} or carries no more than the token of the next one.
_EMPTY = frozenset({"nextPageToken"})

_MARKER = re.compile(rb'"(?:%b)"\s*:\s*\[' % b"|".join(name.encode() for name in _ARRAYS))
_HEAD = 1 << 16
_FETCH_AGAIN = "fetch the page again, or leave the file out"
_SAVE_AGAIN = "fetch the page again; replies saved one a line belong in a file that ends in .jsonl"

_fields = Decoder(Fields)
_elements = Decoder(list[Raw])


@dataclass(frozen=True)
class Page:
    """The array of one page, still in JSON: data points, or roll-ups."""

    array: Raw
    rollups: bool = False


def looks_like_data(file: SourceFile) -> bool:
    """Say whether a file is for this reader: False for well-formed JSON that is plainly something else.

    True as well for what cannot be read and for an error reply, so that `pages` refuses them aloud.
    """
    if _begins_like_data(file):
        return True
    try:
        return any(_is_page_or_error(reply) for _, reply in _replies(file))
    except UnreadableFileError:
        return True


def check_head(file: SourceFile) -> None:
    """Look at the head of a file, or at its first reply if that is not enough.

    Raises UnreadableFileError as `pages` would.
    """
    _check_size(file)
    if not _begins_like_data(file):
        next(pages(file), None)


def pages(file: SourceFile) -> Iterator[Page]:
    """Yield the pages of a file in order.

    Raises ErrorReplyError if a reply is an error of the API, and UnreadableFileError if the file is no
    JSON or a reply in it no page of data.
    """
    _check_size(file)
    for line, reply in _replies(file):
        yield _page(file, line, reply)


def _check_size(file: SourceFile) -> None:
    if file.size > LARGEST_TEXT:
        problem = f"{file.size} bytes, and more than {LARGEST_TEXT} are not read at once"
        way_out = "split it into pages: the API itself sends at most 10,000 points a page"
        raise UnreadableFileError(file.path, problem, way_out)


def _begins_like_data(file: SourceFile) -> bool:
    with file.open() as stream:
        return _MARKER.search(stream.read(_HEAD)) is not None


def _replies(file: SourceFile) -> Iterator[tuple[int, Reply]]:
    """Yield each reply with the line on which it, or the array around it, begins."""
    data = read_text(file)
    if not file.path.lower().endswith(".jsonl"):
        yield from _opened(file, 1, data)
        return
    for line, text in enumerate(io.BytesIO(data), 1):
        if not text.isspace():
            yield from _opened(file, line, text)


def _opened(file: SourceFile, line: int, data: bytes) -> list[tuple[int, Reply]]:
    try:
        return [(line, reply) for reply in _documents(file, line, data)]
    except RecursionError as error:  # of an element, which is opened by itself
        raise too_deep(file, _FETCH_AGAIN, line) from error


def _documents(file: SourceFile, line: int, data: bytes) -> list[Reply]:
    """Return the replies of one JSON text: an object, or the elements of an array."""
    try:
        return [strict_json(file, data, _fields, _SAVE_AGAIN, line)]
    except ValidationError:
        pass
    try:
        return [_reply(raw) for raw in strict_json(file, data, _elements, _SAVE_AGAIN, line)]
    except ValidationError:
        return [Raw(data)]


def _reply(raw: Raw) -> Reply:
    try:
        return _fields.decode(raw)
    except ValidationError:
        return raw


def _begins(raw: Raw, count: int = 1) -> bytes:
    return bytes(memoryview(raw)[:count])


def _is_page_or_error(reply: Reply) -> bool:
    if isinstance(reply, Raw):
        return False
    if "error" in reply or _failed(reply):
        return True
    return _is_page_or_error(_reply(reply["body"])) if "body" in reply else _is_data(reply)


def _is_data(fields: Fields) -> bool:
    return fields.keys() <= _EMPTY or not fields.keys().isdisjoint(_ARRAYS) or _is_point(fields)


def _is_point(fields: Fields) -> bool:
    # The reply to the request for one point is the point itself.
    return any(_begins(fields[name]) == b"{" for name in fields.keys() & _TYPED_OBJECTS)


def _failed(fields: Fields) -> bool:
    # of the wrapper: {"body": {...}, "status": 403}
    return fields.keys() >= {"body", "status"} and bytes(fields["status"]) != b"200"


def _page(file: SourceFile, line: int, reply: Reply) -> Page:
    if isinstance(reply, Raw):
        shown = _begins(reply, 60).decode(errors="replace")
        problem = "a reply is a JSON object, and this is none"
        raise UnreadableFileError(file.path, problem, _FETCH_AGAIN, line=line, value=shown)
    if "error" in reply or _failed(reply):
        problem = f"this is an error reply of the API, not data: {_reason(reply)}"
        raise ErrorReplyError(file.path, problem, _FETCH_AGAIN, line=line)
    if "body" in reply:
        return _page(file, line, _reply(reply["body"]))
    if not _is_data(reply):
        problem = f"not a page of data: it holds {', '.join(sorted(reply))[:200]}"
        raise UnreadableFileError(file.path, problem, "leave the file out", line=line)
    return _data(file, line, reply)


def _data(file: SourceFile, line: int, fields: Fields) -> Page:
    for name in fields.keys() & _ARRAYS:
        if _begins(fields[name]) != b"[":
            value = _begins(fields[name], 60).decode(errors="replace")
            raise UnreadableFileError(
                file.path, "no array of points", _FETCH_AGAIN, line=line, field=name, value=value
            )
        return Page(fields[name], rollups=name in _ROLLUPS)
    return Page(Raw(encode([fields] if _is_point(fields) else [])))


def _reason(fields: Fields) -> str:
    """Return what an error reply says.

    {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "...", "details": [...]}}
    {"error": "insufficient_scope", "error_description": "Insufficient Scope"}
    {"body": {"error": {...}}, "status": 400}
    """
    if "error" not in fields:
        body = _reply(fields["body"])
        if isinstance(body, dict) and "error" in body:
            return _reason(body)
        return f"status {bytes(fields['status']).decode()}"
    error = decode(fields["error"])
    if isinstance(error, dict):
        words = [error.get("code"), error.get("status"), *_detailed(error), error.get("message")]
    else:
        words = [error, "error_description" in fields and decode(fields["error_description"])]
    return shorten(", ".join(str(word) for word in words if word), 400)


def _detailed(error: dict[str, object]) -> list[object]:
    # "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]
    details = error.get("details")
    if not isinstance(details, list):
        return []
    return [detail.get("reason") for detail in details if isinstance(detail, dict)]
