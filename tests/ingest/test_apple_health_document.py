"""How the XML of an Apple Health export is read: safely, in bounded memory, whatever Apple wrote above it."""

import io
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.readers.apple_health import reader
from hometrial_ingest.readers.apple_health.document import record_batches

RECORD = (
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Health" unit="count/min" '
    'startDate="2022-11-05 08:00:00 +0100" endDate="2022-11-05 08:00:00 +0100" value="61">\n'
    '  <MetadataEntry key="HKTimeZone" value="Asia/Kolkata"/>\n</Record>\n'
)
DOCUMENT = f'<HealthData locale="en_GB">\n{RECORD}</HealthData>\n'
PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'


def file_of(text: str | bytes) -> MemoryFile:
    return MemoryFile("export/export.xml", text.encode() if isinstance(text, str) else text)


def rows(text: str | bytes) -> int:
    return sum(segment.rows for segment in reader.read(file_of(text), "export"))


def refusal(text: str | bytes) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        list(reader.read(file_of(text), "export"))
    message = str(caught.value)
    assert message.startswith("export/export.xml")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "doctype",
    [
        "",
        "<!DOCTYPE HealthData>\n",
        "<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 11 -->\n<!ELEMENT HealthData ANY>\n]>\n",
        # HealthKit Export Version 12: a declaration without its end, another inside it.
        "<!DOCTYPE HealthData [\n<!ATTLIST Eye\n  sphere CDATA #IMPLIED\n<!ELEMENT HealthData ANY>\n] >\n",
        "<!DOCTYPE HealthData [\n<!ATTLIST Record\n  type CDATA #REQUIRED\n  device CDATA #IMPLIED>\n>\n]>\n",
    ],
)
def test_an_export_is_read_with_and_without_a_document_type_well_formed_or_not(doctype):
    assert rows(PROLOGUE + doctype + DOCUMENT) == 1


def test_lines_are_counted_as_in_the_file():
    doctype = "<!DOCTYPE HealthData [\n<!ELEMENT HealthData ANY>\n\n]>\n"
    text = PROLOGUE + doctype + DOCUMENT.replace('"61"', '"sixty"')
    [segment] = reader.read(file_of(text), "export")
    assert segment.unreadable[0].reason.startswith("line 7: ")
    assert "line 9" in refusal(PROLOGUE + doctype + DOCUMENT.replace("</Record>", "</Recorded>"))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE HealthData [\n<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">\n]>\n',
        '<!DOCTYPE HealthData [\n<!ENTITY secret SYSTEM "file:///etc/passwd">\n]>\n',
        '<!DOCTYPE HealthData [\n<!ENTITY % more SYSTEM "http://127.0.0.1/x.dtd"> %more;\n]>\n',
    ],
)
def test_entities_are_refused_by_file_and_line(doctype):
    message = refusal(PROLOGUE + doctype + DOCUMENT)
    assert "line 3: the document type declares an entity" in message
    assert "do not open it elsewhere" in message


@pytest.mark.parametrize(
    "outside", ['SYSTEM "http://127.0.0.1/a.dtd"', 'PUBLIC "a" "http://127.0.0.1/a.dtd"']
)
def test_a_document_type_in_another_file_is_refused(outside):
    assert "line 2: the document type refers to a file elsewhere" in refusal(
        f"{PROLOGUE}<!DOCTYPE HealthData {outside}>\n{DOCUMENT}"
    )


@pytest.mark.parametrize(
    "trick",
    [
        '<!DOCTYPE HealthData [<!-- ]> -->\n<!ENTITY a "b">]>\n',
        '<!DOCTYPE HealthData []>\n<!DOCTYPE HealthData [<!ENTITY a "b">]>\n',
        '<!-- <HealthData -->\n<!DOCTYPE HealthData [<!ENTITY a "b">]>\n',
    ],
)
def test_an_entity_that_hides_is_refused_all_the_same(trick):
    refusal(PROLOGUE + trick + DOCUMENT.replace("Health", "Health&a;", 1))
    refusal(PROLOGUE + trick + DOCUMENT)


def test_a_document_type_that_hides_is_refused():
    hidden = '<!-- <HealthData -->\n<!DOCTYPE HealthData SYSTEM "http://127.0.0.1/a.dtd">\n'
    assert "line 3: a document type where none belongs" in refusal(PROLOGUE + hidden + DOCUMENT)


def test_an_entity_in_another_encoding_is_refused():
    text = '<!DOCTYPE HealthData [<!ENTITY a "b">]>\n' + DOCUMENT
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert "not in UTF-8" in refusal(text.encode(encoding))


def test_an_undeclared_entity_is_refused():
    assert "undefined entity" in refusal(DOCUMENT.replace('"Health"', '"&health;"'))


def test_a_document_type_without_end_is_refused():
    assert "has no end" in refusal("<!DOCTYPE HealthData [\n" + DOCUMENT.replace(">", "", 1)[:40])


@pytest.mark.parametrize(
    "cut", ["", DOCUMENT[:20], DOCUMENT[:200], DOCUMENT.removesuffix("</HealthData>\n")]
)
def test_a_file_that_was_cut_short_is_refused_with_a_way_out(cut):
    message = refusal(cut)
    assert "ends too early" in message
    assert "make a new export" in message


@pytest.mark.parametrize("damage", [b"\0\0\0\0", b"\xff\xfe"])
def test_a_damaged_file_is_not_read_over(damage):
    refusal(DOCUMENT.encode().replace(b"</Record>\n", b"</Record>\n" + damage))


def test_a_control_character_in_the_name_of_an_app_does_not_cost_the_file():
    assert rows(DOCUMENT.replace('"Health"', '"Hea\x0blth"')) == 1


def test_a_file_of_another_kind_is_known_by_its_head():
    reader.check(file_of(PROLOGUE + DOCUMENT), "export")
    for other in ("<ClinicalDocument/>", "", "<html><body>", "{}"):
        with pytest.raises(UnreadableFileError):
            reader.check(file_of(other), "export")
    with pytest.raises(UnreadableFileError, match=r"not HealthData.*found 'html'"):
        reader.check(file_of("<html/>"), "export")


def test_the_same_bytes_give_the_same_segments():
    text = DOCUMENT.replace(RECORD, RECORD * 20)
    first, second = (list(reader.read(file_of(text), "export")) for _ in range(2))
    assert [segment.rows for segment in first] == [segment.rows for segment in second]
    assert first[0].frames[0].table.equals(second[0].frames[0].table)


@dataclass(frozen=True)
class Long:
    """An export of many records that is made while it is read."""

    records: int
    path: str = "export.xml"

    @property
    def size(self) -> int:
        return self.records * len(RECORD)

    def open(self) -> BinaryIO:
        return io.BufferedReader(_Repeated(self.records), 1 << 16)


class _Repeated(io.RawIOBase):
    def __init__(self, records: int) -> None:
        self.pieces = self._made(records)
        self.rest = b""

    def _made(self, records):
        yield b"<HealthData>\n"
        for _ in range(records // 100):
            yield RECORD.encode() * 100
        yield b"</HealthData>\n"

    def readable(self):
        return True

    def readinto(self, buffer):
        self.rest = self.rest or next(self.pieces, b"")
        piece, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_record_cut_by_the_border_of_two_batches_keeps_its_metadata():
    batches = list(record_batches(Long(20_000), limit=1))
    assert len(batches) > 3
    assert [row for batch in batches for row in batch["row"].to_pylist()] == list(range(1, 20_001))
    assert {zone for batch in batches for zone in batch["zone"].to_pylist()} == {"Asia/Kolkata"}


def peak_of_reading(records: int) -> int:
    tracemalloc.start()
    try:
        assert sum(table.num_rows for table in record_batches(Long(records), 2_000)) == records
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file():
    assert peak_of_reading(40_000) < 1.2 * peak_of_reading(10_000)


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def test_fifty_megabytes_are_read_in_the_memory_of_some_batches():
    long = Long(220_000)
    assert long.size > 50e6
    segments = reader.read(long, "export")
    seen = next(segments).rows
    before = resident_megabytes()
    seen += sum(segment.rows for segment in segments)
    assert seen == 220_000
    assert resident_megabytes() - before < 60
