"""The entries of a document: of a JSON object or array, or of JSON lines."""

from collections.abc import Iterator
from io import BytesIO

import msgspec

from hometrial_ingest.json_text import strict_json
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.text import read_text

EXPORT_AGAIN = "export the data points again, as one JSON array or as JSON lines (.jsonl)"
"""The way out of a file that cannot be read."""

_ENTRY = msgspec.json.Decoder(msgspec.Raw)
_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])


def entries(file: SourceFile, kind: str) -> Iterator[tuple[int, msgspec.Raw]]:
    """Yield each entry with its number: the line of JSON lines, else the place in the array.

    Raises UnreadableFileError if the text is not strict JSON (NaN and Infinity are not).
    """
    data = read_text(file)
    if kind == "json-lines":
        yield from _lines(file, data)
    elif data.lstrip().startswith(b"["):
        array: list[msgspec.Raw] = strict_json(file, data, _ENTRIES, EXPORT_AGAIN)
        yield from enumerate(array, 1)
    else:
        yield 1, strict_json(file, data, _ENTRY, EXPORT_AGAIN)


def _lines(file: SourceFile, data: bytes) -> Iterator[tuple[int, msgspec.Raw]]:
    for number, line in enumerate(BytesIO(data), 1):
        if line.strip():
            yield number, strict_json(file, line, _ENTRY, EXPORT_AGAIN, number)
