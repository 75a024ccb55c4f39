"""The very bytes of a source row in the payload that it came in."""

import json
import re

from sqlalchemy.orm import Session

from hometrial.models import Payload
from hometrial.services import receiving
from hometrial.services.lineage import xml_rows
from hometrial.services.lineage.chain import Raw

LARGEST_JSON = 32 * 1024 * 1024
LARGEST_XML = 256 * 1024 * 1024
_ARRAY = re.compile(r'"(?:dataPoints|rollupDataPoints)"\s*:\s*\[')
"""Arrays of a provider's page whose elements are its source rows (see the readers' pages)."""
_BETWEEN = re.compile(r"[\s,]*")


def row_of(session: Session, payload: Payload, path: str, row: int) -> Raw:
    """Return the `row`-th source row of a payload, from 1: a line of a CSV file, an element of a list, a record in XML."""
    kind = path.lower().removesuffix(".gz").rpartition(".")[2]
    if kind == "csv":
        return _line(_plain(payload, path, row), receiving.read(session, payload).read(), row)
    if kind == "json" and payload.size <= LARGEST_JSON:
        return _element(_plain(payload, path, row), receiving.read(session, payload).read(), row)
    if kind == "xml" and payload.size <= LARGEST_XML:
        return _record(_plain(payload, path, row), receiving.read(session, payload).read(), row)
    return _without(_plain(payload, path, row), "this kind of file is not shown row by row")


def key_of(session: Session, payload: Payload, path: str, key: str) -> Raw:
    """Return what a JSON document says under a key, from the key's own name on; the document if it has no such key."""
    raw = _plain(payload, path, None)
    body = receiving.read(session, payload).read()
    text = body.decode()
    found = re.search(rf"{re.escape(json.dumps(key))}\s*:\s*", text)
    if found is None:
        return _cut(raw, text, 0, len(text))
    _, end = json.JSONDecoder().raw_decode(text, found.end())
    return _cut(raw, text, found.start(), end)


def _plain(payload: Payload, path: str, row: int | None) -> Raw:
    return Raw(
        payload.sha256, payload.provider, path, row, payload.size, payload.received_at
    )  # fmt: skip


def _without(raw: Raw, why: str) -> Raw:
    return Raw(raw.payload, raw.provider, raw.path, raw.row, raw.size, raw.received_at, why=why)


def _line(raw: Raw, body: bytes, row: int) -> Raw:
    """Find a line of a CSV file: the header is none, and blank lines are none."""
    offset, filled = 0, []
    for number, line in enumerate(body.splitlines(keepends=True), 1):
        if line.strip():
            filled.append((number, offset, line.rstrip(b"\r\n")))
            if len(filled) > row:
                break
        offset += len(line)
    if len(filled) <= row:
        return _without(raw, f"the file has {max(len(filled) - 1, 0)} rows")
    _, start, found = filled[row]
    # The lines beside it may be another person's.
    shown = (filled[0], filled[row])
    around = tuple((number, text.decode("utf-8-sig", "replace")) for number, _, text in shown)
    return _found(raw, start, found, around)


def _element(raw: Raw, body: bytes, row: int) -> Raw:
    """Find an element of a file that is one list, or of the one list that a page is known to hold."""
    text = body.decode(errors="replace")
    place = len(text) - len(text.lstrip())
    if not text.startswith("[", place):
        array = _ARRAY.search(text)
        if array is None:
            return _without(raw, "this file is not one list of records")
        place = array.end() - 1
    decoder, place = json.JSONDecoder(), place + 1
    start = place
    for number in range(1, row + 1):
        between = _BETWEEN.match(text, place)
        start = place if between is None else between.end()
        if text.startswith("]", start):
            return _without(raw, f"the list has {number - 1} records")
        _, place = decoder.raw_decode(text, start)
    return _cut(raw, text, start, place)


def _record(raw: Raw, body: bytes, row: int) -> Raw:
    """Find a record of an XML file."""
    span = xml_rows.span(body, row)
    if span is None:
        return _without(raw, f"the file has no record {row}")
    return _found(raw, span[0], body[slice(*span)], ())


def _cut(raw: Raw, text: str, start: int, end: int) -> Raw:
    return _found(raw, len(text[:start].encode()), text[start:end].encode(), ())


def _found(raw: Raw, offset: int, body: bytes, around: tuple[tuple[int, str], ...]) -> Raw:
    return Raw(
        raw.payload, raw.provider, raw.path, raw.row, raw.size, raw.received_at, offset, body, around
    )  # fmt: skip


def naming(session: Session, payload: Payload, path: str, name: str) -> Raw:
    """Return the innermost object of a JSON document that names something; the document if none does."""
    raw = _plain(payload, path, None)
    text = receiving.read(session, payload).read().decode()
    found = re.search(rf"{{[^{{}}]*{re.escape(json.dumps(name))}[^{{}}]*}}", text)
    start, end = (0, len(text)) if found is None else found.span()
    return _cut(raw, text, start, end)
