"""Saved replies of the API: which of them are pages of data, and where their points stand.

A reply is kept as it came, or inside the wrapper {"body": {...}, "status": 200} of a capture; a file holds
one reply, a JSON array of replies, or one reply a line (.jsonl).
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import DecodeError, Raw, ValidationError
from msgspec.json import Decoder, decode

from hometrial_ingest.errors import UnreadableFileError, shorten
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.google_health.points import TYPES, camel
from hometrial_ingest.text import LARGEST_TEXT, read_text

Fields = dict[str, Raw]

_POINTS = ("dataPoints", "reconciledDataPoints")
_ROLLUPS = ("rollupDataPoints",)
_ARRAYS = (*_POINTS, *_ROLLUPS)
_TYPED_OBJECTS = frozenset(map(camel, TYPES))
# A page without points is {} or carries no more than the token of the next one.
_EMPTY = frozenset({"nextPageToken"})

_MARKER = re.compile(rb'"(?:%b)"\s*:\s*\[' % b"|".join(name.encode() for name in _ARRAYS))
_HEAD = 1 << 16
_BYTE = re.compile(r" \(byte (\d+)\)")
_FETCH_AGAIN = "fetch the page again, or leave the file out"

_fields = Decoder(Fields)
_documents = Decoder(list[Raw])


@dataclass(frozen=True)
class Page:
    """The array of one page, still in JSON: data points, or roll-ups."""

    array: Raw
    rollups: bool = False


def looks_like_data(file: SourceFile) -> bool:
    """Say whether a file is for this reader: False for well-formed JSON that is plainly something else.

    True as well for what cannot be read and for an error reply, so that `pages` refuses them aloud.
    """
    with file.open() as stream:
        if _MARKER.search(stream.read(_HEAD)):
            return True
    try:
        return any(_is_page_or_error(reply) for _, reply in _replies(file))
    except UnreadableFileError:
        return True


def pages(file: SourceFile) -> Iterator[Page]:
    """Yield the pages of a file in order.

    Raises UnreadableFileError if the file is no JSON, or a reply in it is an error or no page of data.
    """
    if file.size > LARGEST_TEXT:
        problem = f"{file.size} bytes, and more than {LARGEST_TEXT} are not read at once"
        way_out = "split it into pages: the API itself sends at most 10,000 points a page"
        raise UnreadableFileError(file.path, problem, way_out)
    for line, reply in _replies(file):
        yield _page(file, line, reply)


def _replies(file: SourceFile) -> Iterator[tuple[int, Raw]]:
    """Yield each reply with the line on which it, or the array around it, begins."""
    data = read_text(file)
    if not file.path.lower().endswith(".jsonl"):
        yield from _whole(file, 1, data)
        return
    for line, text in enumerate(io.BytesIO(data), 1):
        if not text.isspace():
            yield from _whole(file, line, text)


def _whole(file: SourceFile, line: int, data: bytes) -> Iterator[tuple[int, Raw]]:
    try:
        document = decode(data, type=Raw)
        replies = _documents.decode(document) if _begins(document) == b"[" else [document]
    except DecodeError as error:
        raise _malformed(file, line, data, str(error)) from error
    except RecursionError as error:
        problem = "the JSON is nested deeper than any reply of the API"
        raise UnreadableFileError(file.path, problem, _FETCH_AGAIN, line=line) from error
    for reply in replies:
        yield line, reply


def _malformed(file: SourceFile, first: int, data: bytes, message: str) -> UnreadableFileError:
    # msgspec: "JSON is malformed: invalid character (byte 15)", "Input data was truncated"
    found = _BYTE.search(message)
    byte = int(found[1]) if found else len(data)
    reason = _BYTE.sub("", message).removeprefix("JSON is malformed: ")
    return UnreadableFileError(
        file.path,
        f"not well-formed JSON at byte {byte}: {reason[0].lower()}{reason[1:]}",
        "fetch the page again; replies saved one a line belong in a file that ends in .jsonl",
        line=first + data.count(b"\n", 0, byte),
        value=data[byte : byte + 20].decode(errors="replace") if found else None,
    )


def _begins(raw: Raw, count: int = 1) -> bytes:
    return bytes(memoryview(raw)[:count])


def _object(reply: Raw) -> Fields | None:
    try:
        return _fields.decode(reply)
    except ValidationError:
        return None


def _is_page_or_error(reply: Raw) -> bool:
    fields = _object(reply)
    if fields is None:
        return False
    if _failed(fields):
        return True
    if "body" in fields:
        return _is_page_or_error(fields["body"])
    return _is_data(fields) or "error" in fields


def _is_data(fields: Fields) -> bool:
    return fields.keys() <= _EMPTY or not fields.keys().isdisjoint(_ARRAYS) or _is_point(fields)


def _is_point(fields: Fields) -> bool:
    # The reply to the request for one point is the point itself.
    return any(_begins(fields[name]) == b"{" for name in fields.keys() & _TYPED_OBJECTS)


def _failed(fields: Fields) -> bool:
    # of the wrapper: {"body": {...}, "status": 403}
    return fields.keys() >= {"body", "status"} and bytes(fields["status"]) != b"200"


def _page(file: SourceFile, line: int, reply: Raw) -> Page:
    fields = _object(reply)
    if fields is None:
        shown = _begins(reply, 60).decode(errors="replace")
        problem = "a reply is a JSON object, and this is none"
        raise UnreadableFileError(file.path, problem, _FETCH_AGAIN, line=line, value=shown)
    if "error" in fields or _failed(fields):
        problem = f"this is an error reply of the API, not data: {_reason(fields)}"
        raise UnreadableFileError(file.path, problem, _FETCH_AGAIN, line=line)
    if "body" in fields:
        return _page(file, line, fields["body"])
    if not _is_data(fields):
        problem = f"not a page of data: it holds {', '.join(sorted(fields))[:200]}"
        raise UnreadableFileError(file.path, problem, "leave the file out", line=line)
    return _data(file, line, reply, fields)


def _data(file: SourceFile, line: int, reply: Raw, fields: Fields) -> Page:
    for name in fields.keys() & _ARRAYS:
        if _begins(fields[name]) != b"[":
            value = _begins(fields[name], 60).decode(errors="replace")
            raise UnreadableFileError(
                file.path, "no array of points", _FETCH_AGAIN, line=line, field=name, value=value
            )
        return Page(fields[name], rollups=name in _ROLLUPS)
    return Page(Raw(b"[%b]" % bytes(reply) if _is_point(fields) else b"[]"))


def _reason(fields: Fields) -> str:
    """Return what an error reply says.

    {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "...", "details": [...]}}
    {"error": "insufficient_scope", "error_description": "Insufficient Scope"}
    {"body": {"error": {...}}, "status": 400}
    """
    if "error" not in fields:
        body = _object(fields["body"])
        if body and "error" in body:
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
