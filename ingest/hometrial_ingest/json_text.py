"""JSON read strictly: what is not well-formed is refused by line and byte, an odd field is named.

Three readers and the shape of Fitbit's sleep logs decode by it, so that one fault has one sentence.
"""

import re
from typing import TypeVar

import msgspec

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.frame import Unreadable
from hometrial_ingest.reader import SourceFile

Decoded = TypeVar("Decoded")

_BYTE = re.compile(r" \(byte (\d+)\)")
_SHOWN = 80


def strict_json(
    file: SourceFile,
    data: bytes | msgspec.Raw,
    decoder: msgspec.json.Decoder[Decoded],
    way_out: str,
    first_line: int = 1,
) -> Decoded:
    """Decode a document, or a line of one; `first_line` is the line that the data begin on.

    Raises UnreadableFileError if it is not strict JSON (NaN and Infinity are not) or nested without
    end, and lets msgspec.ValidationError through: what another shape means is for the reader to say.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as error:
        raise _malformed(file, bytes(data), str(error), way_out, first_line) from error
    except RecursionError as error:
        raise too_deep(file, way_out, first_line) from error


def too_deep(file: SourceFile, way_out: str, line: int | None = None) -> UnreadableFileError:
    """Return the refusal of a file whose JSON no decoder can follow to its innermost part."""
    problem = "the JSON is nested too deeply to hold measurements"
    return UnreadableFileError(file.path, problem, way_out, line=line)


def _malformed(
    file: SourceFile, data: bytes, message: str, way_out: str, first_line: int
) -> UnreadableFileError:
    # msgspec's sentences: "JSON is malformed: invalid character (byte 45)", "Input data was truncated"
    place = _BYTE.search(message)
    byte = int(place[1]) if place else len(data.rstrip())
    reason = _BYTE.sub("", message).removeprefix("JSON is malformed: ")
    problem = (
        f"not well-formed JSON at byte {byte}: {reason}"
        if place
        else f"the JSON breaks off after byte {byte}"
    )
    return UnreadableFileError(
        file.path,
        problem,
        way_out,
        line=first_line + data.count(b"\n", 0, byte),
        value=data[byte : byte + 20].decode(errors="replace") if place else None,
    )


def unreadable(row: int, entry: msgspec.Raw | bytes, error: msgspec.ValidationError) -> Unreadable:
    """Say which field of a JSON entry is of the wrong type, and what stands there."""
    # msgspec's sentences: "Expected `int`, got `null` - at `$.levels.data[1].seconds`",
    # "Object missing required field `logId`"
    reason, _, place = str(error).partition(" - at `$")
    path = place.strip("`.")
    found = text_at(entry, path)
    return Unreadable(row, path, found if len(found) <= _SHOWN else found[:_SHOWN] + "…", reason)


def text_at(entry: msgspec.Raw | bytes, path: str) -> str:
    """Return what stands at a path such as `levels.data[1].seconds` of JSON, as it is written there."""
    # Step by step and never decoded whole: the odd value may be one that no decoder takes, such as 1e400.
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path):
        if name:
            entry = msgspec.json.decode(entry, type=dict[str, msgspec.Raw])[name]
        else:
            entry = msgspec.json.decode(entry, type=list[msgspec.Raw])[int(index)]
    return bytes(entry).decode()
