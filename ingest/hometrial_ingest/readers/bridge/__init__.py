"""Reads what phone bridges push (Health Connect, Apple Health): see the README beside this file."""

from collections.abc import Iterator

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.frame import Segment
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.bridge.faults import Fault
from hometrial_ingest.readers.bridge.pushes import (
    Numbered,
    PushRefusedError,
    decode,
    faults,
    newest,
    segments,
)
from hometrial_ingest.readers.bridge.records import BRIDGES, SCHEMA_PATH, Push, schema
from hometrial_ingest.text import read_text

__all__ = [
    "BRIDGES",
    "SCHEMA_PATH",
    "BridgeReader",
    "Fault",
    "Numbered",
    "Push",
    "PushRefusedError",
    "decode",
    "faults",
    "newest",
    "reader",
    "schema",
    "segments",
]


class BridgeReader:
    """Pushes of every kind of bridge; each `source` begins with the bridge's own name. A `Reader`."""

    provider = "bridge"
    revision = 1
    many_people = False
    local_only = False

    def kind(self, path: str) -> str | None:
        """Return 'push' for .json files; `check` looks inside them."""
        return "push" if path.lower().endswith(".json") else None

    def keeps(self, file: SourceFile) -> bool:  # noqa: ARG002
        """Every file: what is no push is refused aloud."""
        return True

    def check(self, file: SourceFile, kind: str) -> None:  # noqa: ARG002
        """Raise UnreadableFileError if the file does not fit the schema."""
        _push(file)

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:  # noqa: ARG002
        """Yield the records in order. Raises UnreadableFileError if the file does not fit the schema."""
        push = _push(file)
        yield from segments(push.bridge, newest(push))


def _push(file: SourceFile) -> Push:
    try:
        return decode(read_text(file))
    except PushRefusedError as error:
        fault = error.fault
        raise UnreadableFileError(
            file.path, fault.sentence, "push what is corrected under a new key"
        ) from error


reader = BridgeReader()
