"""The entries of a document: of a JSON object or array, or of JSON lines."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TypeVar

import msgspec

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.text import read_text

Decoded = TypeVar("Decoded")

_EXPORT_AGAIN = "export the data points again, as one JSON array or as JSON lines (.jsonl)"

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
        array: list[msgspec.Raw] = _decode(file, data, _ENTRIES)
        yield from enumerate(array, 1)
    else:
        yield 1, _decode(file, data, _ENTRY)


def _lines(file: SourceFile, data: bytes) -> Iterator[tuple[int, msgspec.Raw]]:
    for number, line in enumerate(BytesIO(data), 1):
        if line.strip():
            yield number, _decode(file, line, _ENTRY, first_line=number)


def _decode(
    file: SourceFile, data: bytes, decoder: msgspec.json.Decoder[Decoded], first_line: int = 1
) -> Decoded:
    try:
        return decoder.decode(data)
    except msgspec.DecodeError as error:
        raise _malformed(file, data, error, first_line) from error
    except RecursionError as error:
        raise too_deep(file) from error


def too_deep(file: SourceFile) -> UnreadableFileError:
    """Return the refusal of a file whose JSON no decoder can follow to its innermost part."""
    problem = "the JSON is nested too deeply to be data points"
    return UnreadableFileError(file.path, problem, _EXPORT_AGAIN)


def _malformed(
    file: SourceFile, data: bytes, error: msgspec.DecodeError, first_line: int
) -> UnreadableFileError:
    # msgspec's sentences: "JSON is malformed: invalid character (byte 45)", "Input data was truncated"
    place = re.search(r" \(byte (\d+)\)", str(error))
    byte = int(place.group(1)) if place else len(data)
    return UnreadableFileError(
        file.path,
        str(error) if place else f"the JSON breaks off after byte {byte}",
        _EXPORT_AGAIN,
        line=first_line + data[:byte].rstrip(b"\n").count(b"\n"),
        value=data[byte : byte + 20].decode(errors="replace") if place else None,
    )
