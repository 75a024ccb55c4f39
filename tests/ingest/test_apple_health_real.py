"""Real Apple Health exports, where the folder of shared data stands beside the repository."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hometrial_ingest.archive import DiskFile
from hometrial_ingest.readers.apple_health import reader
from hometrial_ingest.signals import Signal

DATA = Path(__file__).resolve().parents[2] / "../shared/data/apple_health"
TDDA = [path for path in [DATA / "tdda"] if path.exists()]
REAL = [
    path
    for path in [
        DATA / "dogsheep_export.xml",
        DATA / "../payloads/apple_health/export_sample.xml",
    ]
    if path.exists()
]


def micros(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize("folder", TDDA)
@pytest.mark.parametrize(
    ("name", "signal", "factor"),
    [("StepCount.csv", Signal.STEPS, 1), ("DistanceWalkingRunning.csv", Signal.DISTANCE, 1000)],
)
def test_a_real_export_reads_like_the_table_made_of_it(folder, name, signal, factor):
    with (folder / name).open(encoding="utf-8") as table:
        expected = [
            (
                datetime.fromisoformat(row["startDate"]).timestamp(),
                datetime.fromisoformat(row["endDate"]).timestamp(),
                pytest.approx(float(row["value"]) * factor),
            )
            for row in csv.DictReader(table)
        ]
    export_file = DiskFile("export.xml", folder / "export6s3sample.xml")
    [segment] = reader.read(export_file, "export")
    [frame] = [frame for frame in segment.frames if frame.signal is signal]
    found = [
        (row["at"] / 1e6, row["at"] / 1e6 + row["duration"], row["value"])
        for row in frame.table.to_pylist()
    ]
    assert found == expected
    assert segment.rows == 15
    assert not segment.unreadable


@pytest.mark.parametrize("path", REAL)
def test_a_real_export_gives_its_heart_rate_and_no_name(path):
    export_file = DiskFile("export.xml", path)
    assert reader.kind(path.name) == "export"
    assert reader.keeps(export_file)
    reader.check(export_file, "export")
    [segment] = reader.read(export_file, "export")
    [row] = segment.frames[0].table.to_pylist()
    assert (row["value"], row["source"], row["device"]) == (
        72.0,
        "apple-health/watch",
        "Watch2,4 4.3.1",
    )
    assert row["at"] == micros("2018-09-10T09:28:55")
