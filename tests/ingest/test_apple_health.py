"""What the records of an Apple Health export become: values, times, sources, and what is set aside."""

from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

import pytest

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.frame import schema_of
from hometrial_ingest.readers.apple_health import reader
from hometrial_ingest.signals import Signal

WATCH = (
    "<<HKDevice: 0x281a45810>, name:Anna's Apple Watch, manufacturer:Apple Inc., model:Watch, "
    "hardware:Watch6,2, software:9.1>"
)
PHONE = "<<HKDevice: 0x281a45811>, name:iPhone, manufacturer:Apple, model:iPhone, hardware:iPhone14,5, software:16.1>"
STEPS = "HKQuantityTypeIdentifierStepCount"
HEART_RATE = "HKQuantityTypeIdentifierHeartRate"
DISTANCE = "HKQuantityTypeIdentifierDistanceWalkingRunning"
WEIGHT = "HKQuantityTypeIdentifierBodyMass"
RESTING = "HKQuantityTypeIdentifierRestingHeartRate"


def record(kind=HEART_RATE, metadata=None, **attributes):
    values = {
        "type": kind,
        "sourceName": "Anna’s Apple Watch",
        "unit": "count/min",
        "startDate": "2022-11-05 08:00:00 +0100",
        "endDate": "2022-11-05 08:00:00 +0100",
        "value": "61",
    } | attributes
    inside = "".join(
        f"<MetadataEntry key={quoteattr(key)} value={quoteattr(value)}/>"
        for key, value in (metadata or {}).items()
    )
    written = " ".join(
        f"{key}={quoteattr(text)}" for key, text in values.items() if text is not None
    )
    return f"<Record {written}>{inside}</Record>\n"


def steps(**attributes):
    return record(STEPS, unit="count", **({"endDate": "2022-11-05 08:05:00 +0100"} | attributes))


def export(*elements, path="apple_health_export/export.xml"):
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<HealthData locale="de_DE">\n'
        '<ExportDate value="2022-11-06 10:00:00 +0100"/>\n'
        '<Me HKCharacteristicTypeIdentifierDateOfBirth="1971-02-03"/>\n'
        + "".join(elements)
        + "</HealthData>\n"
    )
    return MemoryFile(path, text.encode())


def read(*elements):
    return list(reader.read(export(*elements), "export"))


def samples(*elements):
    return [
        row
        for segment in read(*elements)
        for frame in segment.frames
        for row in frame.table.to_pylist()
    ]


def unreadable(*elements):
    return [row for segment in read(*elements) for row in segment.unreadable]


def micros(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "path",
    [
        "export.xml",
        "apple_health_export/export.xml",
        "exportación.xml",
        "a/b/Export.XML",
        "导出.xml",
        "my_export.xml",
        "dogsheep_export.xml",
        "health/2019.xml",
    ],
)
def test_the_export_is_known_by_its_name_in_any_folder_and_language(path):
    assert reader.kind(path) == "export"


@pytest.mark.parametrize(
    "path",
    [
        "apple_health_export/export_cda.xml",
        "__MACOSX/apple_health_export/._export.xml",
        "export.csv",
        "export/route.gpx",
        "my_EXPORT_CDA.xml",
    ],
)
def test_other_files_are_left_alone(path):
    assert reader.kind(path) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('<?xml version="1.0"?><!-- <svg> -->\n<HealthData locale="de_DE"></HealthData>', True),
        ("<!DOCTYPE HealthData [\n<!ELEMENT Me EMPTY>\n]>\n<HealthData/>", True),
        ('<?xml version="1.0"?>\n<svg><HealthData/></svg>', False),
        ('<ClinicalDocument xmlns="urn:hl7-org:v3"/>', False),
        ("no markup at all", True),
        ('<?xml version="1.0"?>\n', True),
    ],
)
def test_xml_of_another_root_is_left_alone_and_what_cannot_be_read_is_not(text, kept):
    assert reader.keeps(MemoryFile("renamed.xml", text.encode())) is kept


def test_a_heart_rate_is_an_instant_without_local_time():
    [row] = samples(record(device=WATCH, value="72"))
    assert row == dict.fromkeys(schema_of(Signal.HEART_RATE).names) | {
        "row": 1,
        "at": micros("2022-11-05T07:00:00"),
        "duration": 0,
        "value": 72.0,
        "source": "apple-health/watch",
        "device": "Watch6,2 9.1",
    }


def test_steps_are_an_amount_over_their_interval():
    [row] = samples(steps(value="329", device=PHONE))
    assert (row["at"], row["duration"], row["value"]) == (micros("2022-11-05T07:00:00"), 300, 329.0)
    assert (row["source"], row["device"]) == ("apple-health/iphone", "iPhone14,5 16.1")


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("2024-02-29 23:59:59 +0000", "2024-02-29T23:59:59"),
        ("2018-09-10 02:28:55 -0700", "2018-09-10T09:28:55"),
        ("2023-01-01 00:00:00 +0545", "2022-12-31T18:15:00"),
        ("2023-01-01 00:00:00 -0330", "2023-01-01T03:30:00"),
        ("1969-12-31 23:00:00 -0100", "1970-01-01T00:00:00"),
    ],
)
def test_a_stamp_is_an_instant_by_its_own_offset(stamp, instant):
    assert samples(record(startDate=stamp, endDate=stamp))[0]["at"] == micros(instant)


@pytest.mark.parametrize(
    ("kind", "unit", "value", "signal", "expected"),
    [
        ("HKQuantityTypeIdentifierOxygenSaturation", "%", "0.57", Signal.OXYGEN_SATURATION, 57.0),
        (
            "HKQuantityTypeIdentifierRespiratoryRate",
            "count/min",
            "14.5",
            Signal.RESPIRATORY_RATE,
            14.5,
        ),
        (
            "HKQuantityTypeIdentifierHeartRateVariabilitySDNN",
            "ms",
            "43.2101",
            Signal.HRV_SDNN,
            43.2101,
        ),
        (WEIGHT, "kg", "70.1", Signal.WEIGHT, 70.1),
        (WEIGHT, "g", "70100", Signal.WEIGHT, 70.1),
        (WEIGHT, "lb", "154.5", Signal.WEIGHT, 70.080021),
        (WEIGHT, "st", "11", Signal.WEIGHT, 69.853225),
        (DISTANCE, "km", "0.00284", Signal.DISTANCE, 2.84),
        (DISTANCE, "mi", "0.5", Signal.DISTANCE, 804.672),
        (DISTANCE, "m", "12.3456789", Signal.DISTANCE, 12.3456789),
    ],
)
def test_values_come_in_the_unit_of_the_signal(kind, unit, value, signal, expected):
    [segment] = read(record(kind, unit=unit, value=value, endDate="2022-11-05 08:01:00 +0100"))
    [frame] = segment.frames
    assert frame.signal is signal
    assert frame.table["value"].to_pylist() == [expected]


@pytest.mark.parametrize(
    ("start", "end", "day"),
    [
        ("2022-11-05 00:04:00 +0100", "2022-11-05 23:50:00 +0100", "2022-11-05"),
        ("2022-11-04 18:04:00 -0500", "2022-11-05 17:50:00 -0500", "2022-11-05"),
        ("2022-11-05 23:30:00 -0500", "2022-11-05 23:30:00 -0500", "2022-11-05"),
        ("2022-11-05 00:30:00 +0900", "2022-11-05 00:30:00 +0900", "2022-11-05"),
    ],
)
def test_a_resting_heart_rate_belongs_to_the_day_of_its_middle_on_the_phones_clock(start, end, day):
    [row] = samples(record(RESTING, startDate=start, endDate=end, value="58.5"))
    assert row["at"] is None
    assert row["offset"] is None
    assert (row["local"], row["duration"], row["value"]) == (micros(day), 0, 58.5)


def test_the_zone_in_the_metadata_gives_the_offset_and_no_zone_gives_none():
    rows = samples(
        record(metadata={"HKTimeZone": "America/New_York"}),
        record(),
        record(metadata={"HKTimeZone": "Somewhere"}),
    )
    assert [row["offset"] for row in rows] == [-14_400, None, None]
    assert {row["local"] for row in rows} == {None}


def test_a_record_keeps_all_of_its_metadata():
    said = {"Device": "x", "HKTimeZone": "Asia/Kolkata", "Note": "y", "HKWasUserEntered": "1"}
    [row] = samples(record(metadata=said))
    assert (row["offset"], row["source"]) == (19_800, "apple-health/watch/manual")


def test_what_a_person_typed_in_has_a_source_of_its_own():
    typed, measured = samples(
        record(metadata={"HKWasUserEntered": "1"}), record(metadata={"HKWasUserEntered": "0"})
    )
    assert typed["source"] == "apple-health/watch/manual"
    assert measured["source"] == "apple-health/watch"


def test_no_name_of_a_person_leaves_the_reader():
    everything = str(read(record(device=WATCH), steps(sourceName="Anna", device=PHONE)))
    assert "Anna" not in everything
    assert "1971" not in everything


def test_records_of_other_types_and_inside_correlations_are_no_rows():
    segments = read(
        record("HKQuantityTypeIdentifierBodyMassIndex"),
        f"<Correlation type='HKCorrelationTypeIdentifierFood'>{record()}</Correlation>",
        f"<Workout><MetadataEntry key='HKWasUserEntered' value='1'/>{record()}</Workout>",
        record(value="80"),
    )
    [row] = [row for frame in segments[0].frames for row in frame.table.to_pylist()]
    assert (segments[0].rows, row["row"], row["value"]) == (1, 1, 80.0)
    assert row["source"] == "apple-health/watch"


@pytest.mark.parametrize(
    ("element", "field", "said"),
    [
        (record(value="NaN"), "value", "decimal number"),
        (record(value="1e999"), "value", "decimal number"),
        (record(value="7_2"), "value", "decimal number"),
        (record(value="7\x0b2"), "value", "decimal number"),
        (record(value=None), "value", "value is missing"),
        (record(unit="count/s"), "unit", "count/min only"),
        (record(unit=None), "unit", "unit is missing"),
        (record(sourceName=None), "sourceName", "sourceName is missing"),
        (record(startDate="2022-02-29 08:00:00 +0100"), "startDate", "2018-09-10 02:28:55 -0700"),
        (record(startDate="2022-11-05T08:00:00+0100"), "startDate", "a stamp looks like"),
        (record(startDate="2022-11-05 24:00:00 +0100"), "startDate", "a stamp looks like"),
        (record(startDate="2022-11-05 08:00:00 +1500"), "startDate", "a stamp looks like"),
        (record(startDate="0000-11-05 08:00:00 +0100"), "startDate", "between 1900 and 2199"),
        (record(endDate=None), "endDate", "endDate is missing"),
        (record(endDate="2022-11-05 07:59:59 +0100"), "endDate", "ends before it starts"),
        (steps(endDate="2022-11-05 08:00:00 +0100"), "endDate", "needs some time"),
    ],
)
def test_a_record_without_a_usable_value_is_reported_by_line_field_and_reason(element, field, said):
    first, second = record(value="60"), record(value="62")
    [segment] = read(first, element, second)
    [bad] = segment.unreadable
    assert segment.rows == 3
    assert (bad.row, bad.field) == (2, field)
    assert said in bad.reason
    assert bad.reason.startswith("line 6: ")
    assert [row["row"] for frame in segment.frames for row in frame.table.to_pylist()] == [1, 3]


def test_a_record_is_reported_once_however_much_is_wrong_with_it():
    assert len(unreadable(record(value="x", unit="x", startDate="x", endDate="x"))) == 1


def test_the_value_that_was_found_is_shown():
    [bad] = unreadable(record(unit="bananas"))
    assert bad.value == "'bananas'"


def test_a_zone_beside_an_unusable_stamp_does_no_harm():
    assert (
        len(
            unreadable(
                record(startDate="0000-00-00 00:00:00 +0000", metadata={"HKTimeZone": "UTC"})
            )
        )
        == 1
    )
