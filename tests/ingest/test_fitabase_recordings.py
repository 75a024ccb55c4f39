"""The facts of a whole file: of an invented one always, of real recordings where they are present."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from hometrial_ingest.archive import open_source
from hometrial_ingest.readers.fitabase import reader
from hometrial_ingest.signals import Signal

RECORDINGS = Path(__file__).resolve().parents[2] / "../shared/data/fitabase"
MARCH, APRIL = RECORDINGS / "3.12.16-4.11.16", RECORDINGS / "4.12.16-5.12.16"

INVENTED = b"""Id,Time,Value\r
7001,4/12/2016 11:59:55 PM,61\r
7001,4/13/2016 12:00:00 AM,64\r
7002,4/12/2016 12:00:00 PM,180\r
"""

# file, signal, rows, people, sum, lowest, highest, first and last stamp
FACTS = [
    (INVENTED, Signal.HEART_RATE, 3, 2, 305, 61, 180, "2016-04-12 12:00:00", "2016-04-13 00:00:00")
]
if RECORDINGS.exists():
    FACTS += [
        (MARCH / "heartrate_seconds_merged.csv.gz", Signal.HEART_RATE, 530_859, 5, 42_591_613, 46, 182,
         "2016-03-29 00:00:05", "2016-04-12 11:03:15"),
        (APRIL / "heartrate_seconds_merged.csv.gz", Signal.HEART_RATE, 1_329_145, 8, 105_499_082, 38, 203,
         "2016-04-12 00:00:00", "2016-05-12 16:20:00"),
        (MARCH / "dailyActivity_merged.csv", Signal.STEPS_DAILY, 457, 35, 2_991_779, 0, 28_497,
         "2016-03-12 00:00:00", "2016-04-12 00:00:00"),
        (APRIL / "dailyActivity_merged.csv", Signal.STEPS_DAILY, 940, 33, 7_179_636, 0, 36_019,
         "2016-04-12 00:00:00", "2016-05-12 00:00:00"),
        (APRIL / "dailySteps_merged.csv", Signal.STEPS_DAILY, 940, 33, 7_179_636, 0, 36_019,
         "2016-04-12 00:00:00", "2016-05-12 00:00:00"),
        (MARCH / "hourlySteps_merged.csv", Signal.STEPS_HOURLY, 24_084, 34, 6_893_291, 0, 10_565,
         "2016-03-12 00:00:00", "2016-04-12 10:00:00"),
        (APRIL / "hourlySteps_merged.csv", Signal.STEPS_HOURLY, 22_099, 33, 7_075_356, 0, 10_554,
         "2016-04-12 00:00:00", "2016-05-12 15:00:00"),
        (APRIL / "minuteStepsWide_merged.csv", Signal.STEPS, 21_645 * 60, 33, 6_938_153, 0, 220,
         "2016-04-13 00:00:00", "2016-05-13 08:59:00"),
        (APRIL / "sleepDay_merged.csv", Signal.MINUTES_ASLEEP_DAILY, 413, 24, 173_240, 58, 796,
         "2016-04-12 00:00:00", "2016-05-12 00:00:00"),
        (MARCH / "weightLogInfo_merged.csv", Signal.WEIGHT, 33, 11, 2_423.6, 53.3, 129.6,
         "2016-03-30 23:59:59", "2016-04-12 23:59:59"),
        (APRIL / "weightLogInfo_merged.csv", Signal.WEIGHT, 67, 8, 4_826.4, 52.6, 133.5,
         "2016-04-12 06:47:11", "2016-05-12 23:59:59"),
    ]  # fmt: skip


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{Path(str(fact[0])[-60:]).name}")
def test_a_file_gives_all_its_samples(fact, tmp_path):
    path, signal, rows, people, total, lowest, highest, first, last = fact
    if isinstance(path, bytes):
        (tmp_path / "heartrate_seconds_merged.csv").write_bytes(path)
        path = tmp_path / "heartrate_seconds_merged.csv"
    with open_source(path) as source:
        [file] = source.files
        segments = list(reader.read(file, reader.kind(file.path)))
    assert not any(segment.unreadable for segment in segments)
    frames = [frame for segment in segments for frame in segment.frames if frame.signal == signal]
    table = pa.concat_tables(frame.table for frame in frames).unify_dictionaries()
    assert (table.num_rows, len(table["person"].unique())) == (rows, people)
    assert pc.sum(table["value"]).as_py() == pytest.approx(total)
    assert pc.min_max(table["value"]).as_py() == pytest.approx({"min": lowest, "max": highest})
    assert pc.min_max(table["local"]).as_py() == {"min": moment(first), "max": moment(last)}
    assert table["at"].null_count == rows
