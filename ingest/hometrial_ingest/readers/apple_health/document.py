"""The XML of an export as batches of raw records, streamed: memory does not grow with the file."""

from collections.abc import Iterator

import pyarrow as pa
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.apple_health.measures import KEPT_TYPES
from hometrial_ingest.readers.apple_health.prologue import NEW_EXPORT, NOT_APPLE, clean_pieces

ROOT = "HealthData"
BATCH_RECORDS = 50_000
"""How many records are held at once; what bounds the memory of a file of any size."""

_COLUMNS = (
    "type",
    "unit",
    "value",
    "startDate",
    "endDate",
    "sourceName",
    "device",
    "zone",
    "manual",
)
RECORD_SCHEMA = pa.schema(
    [("line", pa.int64()), *((name, pa.string()) for name in _COLUMNS), ("row", pa.int64())]
)
"""Columns of a batch: the line that a Record begins on, its attributes as written, null where one is missing,
its metadata HKTimeZone and HKWasUserEntered, and its number among the records of the types that are kept."""


def record_batches(file: SourceFile, limit: int = BATCH_RECORDS) -> Iterator[pa.Table]:
    """Yield the records of the types that are kept, in order, about `limit` at a time.

    Raises UnreadableFileError if the file is not well-formed, not complete, not an Apple Health export
    or declares entities.
    """
    records = _RecordParser(file.path)
    for _ in _parsed(file, records):
        if len(records) >= limit:
            yield records.take()
    if len(records):
        yield records.take()


def require_export(file: SourceFile) -> None:
    """Read as far as the root element. Raises UnreadableFileError if it is not that of an export."""
    records = _RecordParser(file.path)
    for _ in _parsed(file, records):
        if records.begun:
            return


def _parsed(file: SourceFile, records: "_RecordParser") -> Iterator[None]:
    """Feed the file to the parser piece by piece and yield after each."""
    with file.open() as stream:
        for piece in clean_pieces(stream, file.path):
            records.advance(piece)
            yield
    records.advance(None)


class _RecordParser:
    """Parses an export and keeps its top-level records.

    The records inside a Correlation stand at top level too (Apple's document type says so): only those
    directly under the root are kept.
    """

    def __init__(self, path: str) -> None:
        self.begun = False
        self._path = path
        self._depth = 0
        self._taken = 0
        self._current: list[int | str | None] | None = None
        self._rows: list[list[int | str | None]] = []
        self._words: dict[str | None, str | None] = {}
        self._parser = DefusedXMLParser(target=self, encoding="utf-8", forbid_dtd=True)
        self._expat = self._parser.parser
        # Straight from expat: the tree builder's own handlers cost a third of the speed.
        self._expat.ordered_attributes = False
        self._expat.StartElementHandler = self.start
        self._expat.EndElementHandler = self.end
        self._expat.DefaultHandlerExpand = None

    def __len__(self) -> int:
        return len(self._rows)

    def advance(self, piece: bytes | None) -> None:
        """Parse a piece, or with None the end of the document. Raises UnreadableFileError."""
        try:
            self._parser.close() if piece is None else self._parser.feed(piece)
        except ParseError as error:
            problem = f"the XML is damaged or ends too early ({str(error).split(':')[0]})"
            line = error.position[0]
            raise UnreadableFileError(self._path, problem, NEW_EXPORT, line=line) from error
        except DefusedXmlException as error:
            problem, line = "a document type where none belongs", self._expat.CurrentLineNumber
            raise UnreadableFileError(self._path, problem, NOT_APPLE, line=line) from error

    def take(self) -> pa.Table:
        """Return the records completed since the last time as a table of RECORD_SCHEMA."""
        numbers = range(self._taken + 1, self._taken + len(self._rows) + 1)
        columns = [*zip(*self._rows, strict=True), numbers]
        self._taken += len(self._rows)
        self._rows, self._words = [], {}
        arrays = [
            pa.array(column, spec.type) for column, spec in zip(columns, RECORD_SCHEMA, strict=True)
        ]
        return pa.table(arrays, RECORD_SCHEMA)

    # <HealthData locale="en_GB">
    #  <Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Simon’s Apple Watch"
    #    device="&lt;&lt;HKDevice: 0x28…&gt;, name:…, hardware:Watch2,4, software:4.3.1&gt;" unit="…"
    #    startDate="2018-09-10 02:28:55 -0700" endDate="2018-09-10 02:28:55 -0700" value="72">
    #   <MetadataEntry key="HKTimeZone" value="America/Los_Angeles"/>
    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element. Raises UnreadableFileError for another root than an export's."""
        self._depth += 1
        if self._depth == 2:
            if tag == "Record" and attributes.get("type") in KEPT_TYPES:
                self._open(attributes)
        elif self._depth == 3:
            if self._current is not None and tag == "MetadataEntry":
                self._describe(self._current, attributes)
        elif self._depth == 1:
            self._begin(tag)

    def end(self, _tag: str) -> None:
        """Take the end of an element; a record is complete only now, with its metadata."""
        self._depth -= 1
        if self._depth == 1 and self._current is not None:
            self._rows.append(self._current)
            self._current = None

    def close(self) -> None:
        """Take the end of the document."""

    def _begin(self, tag: str) -> None:
        self.begun = True
        if tag != ROOT:
            raise UnreadableFileError(
                self._path,
                f"the root element is not {ROOT}, so this is not an Apple Health export",
                "choose the export.xml of the export, or give the name of the right provider",
                value=tag,
            )

    def _open(self, attributes: dict[str, str]) -> None:
        get, known = attributes.get, self._words.setdefault
        # One string for all records of one device: a batch would hold it tens of thousands of times.
        kind, unit, source, device = map(get, ("type", "unit", "sourceName", "device"))
        self._current = [
            self._expat.CurrentLineNumber,
            known(kind, kind),
            known(unit, unit),
            get("value"),
            get("startDate"),
            get("endDate"),
            known(source, source),
            known(device, device),
            None,
            None,
        ]

    def _describe(self, record: list[int | str | None], attributes: dict[str, str]) -> None:
        key, value = attributes.get("key"), attributes.get("value")
        if key == "HKTimeZone":
            record[-2] = value
        elif key == "HKWasUserEntered":
            record[-1] = value
