"""The bytes of a record in an Apple Health export are those that its reader read under the same number."""

import io
import re
from dataclasses import dataclass

import pytest

from hometrial import clock
from hometrial.models import Payload
from hometrial.services import receiving
from hometrial.services.lineage import bytes_sent
from hometrial_ingest.readers.apple_health.document import record_batches

HEART, STEPS = "HKQuantityTypeIdentifierHeartRate", "HKQuantityTypeIdentifierStepCount"


def record(kind, minute, inside="", quote='"'):
    given = {
        "type": kind, "sourceName": "Simon’s > Watch", "unit": "count/min",
        "startDate": f"2018-09-10 02:{minute:02}:55 -0700", "endDate": f"2018-09-10 02:{minute:02}:56 -0700", "value": str(minute),
    }  # fmt: skip
    attributes = " ".join(f"{name}={quote}{value}{quote}" for name, value in given.items())
    return f"<Record {attributes}>{inside}</Record>" if inside else f"<Record {attributes}/>"


EXPORT = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT HealthData (Record)*>
<!ELEMENT Record (MetadataEntry*)>
]>
<HealthData locale="en_GB">
 <!-- {record(HEART, 59).replace("--", "")} -->
 {record(HEART, 1)}
 {record("HKQuantityTypeIdentifierDietaryWater", 2)}
 {record(HEART, 3, '<MetadataEntry key="HKTimeZone" value="America/Los_Angeles"/>')}
 <Correlation type="HKCorrelationTypeIdentifierBloodPressure" value="a > b">{record(HEART, 58)}</Correlation>
 <Correlation type="HKCorrelationTypeIdentifierFood"/>
 {record(STEPS, 4, quote="'")}
 {record(HEART, 5)}
</HealthData>
""".encode()


@dataclass(frozen=True)
class File:
    """The export as a file."""

    path: str = "apple_health_export/export.xml"
    size: int = len(EXPORT)

    def open(self):
        return io.BytesIO(EXPORT)


@pytest.fixture
def of(monkeypatch):
    monkeypatch.setattr(receiving, "read", lambda *_: io.BytesIO(EXPORT))
    payload = Payload(sha256="0" * 64, provider="apple_health", size=len(EXPORT), received_at=clock.now())  # fmt: skip
    return lambda row: bytes_sent.row_of(None, payload, File.path, row)


def test_each_record_is_that_of_the_reader_with_the_offset_where_it_begins(of):
    rows = [row for table in record_batches(File()) for row in table.to_pylist()]
    assert [row["value"] for row in rows] == ["1", "3", "4", "5"]
    for row in rows:
        raw = of(row["row"])
        assert re.search(rf"""value=["']{row["value"]}["']""", raw.text)
        assert EXPORT[raw.offset :].startswith(raw.body)
        assert raw.text.startswith("<Record ")
        assert raw.text.endswith(("/>", "</Record>"))
        assert raw.text.count("<Record") == 1
    assert "America/Los_Angeles" in of(2).text


def test_a_record_that_the_file_has_not_is_told(of):
    assert (of(5).body, of(5).why) == (None, "the file has no record 5")
