"""A million rows in every file format: seconds of CPU to write and to read back and compare, the most memory, the file's size.

python tests/bench/formats.py               # each format in a process of its own; some minutes
python tests/bench/formats.py --rows 100000

Ends with 1 if a file does not come back as it was written.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from hometrial.exports import metadata
from hometrial.exports.formats import reading_back, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.frames import Frame
from hometrial.exports.metadata import Column, DataSet

_AT = datetime(2026, 11, 23)  # noqa: DTZ001 - a file's own wall clock
_COLUMNS = (
    Column("USUBJID", "Unique Subject Identifier", "text"),
    Column("FASEQ", "Sequence Number", "integer"),
    Column("FATESTCD", "Test Short Name", "text"),
    Column("FAORRES", "Result in Original Units", "text"),
    Column("FASTRESN", "Numeric Result in Standard Units", "float"),
    Column("FADTC", "Date/Time of Collection", "text"),
    Column("FADY", "Study Day of Collection", "integer"),
    Column("EPOCH", "Epoch", "text"),
)
_FA = DataSet("FA", "Findings About", "Findings About", "One a day", (), _COLUMNS)


def frame(rows: int) -> Frame:
    """Return daily findings of so many rows, made in whole columns."""
    place = np.arange(rows)
    days = (np.datetime64("2026-01-01") + np.arange(400)).astype(str)
    texts = {
        "USUBJID": ([f"LDN-1-{each:05}" for each in range(1 + rows // 1000)], place // 1000),
        "FATESTCD": (["STEPSTN", "WEARMIN"], place % 2),
        "FAORRES": ([str(each) for each in range(20_000)], place % 20_000),
        "FADTC": (days.tolist(), place % 400),
        "EPOCH": (["RUN-IN", "TREATMENT"], place % 1000 // 500),
    }
    made = {name: pa.array(words).take(pa.array(which)) for name, (words, which) in texts.items()}
    made |= {"FASEQ": pa.array(place % 1000 + 1), "FADY": pa.array(place % 400), "FASTRESN": pa.array(place % 20_000 / 7)}  # fmt: skip
    schema = metadata.schema(_FA)
    return Frame(_FA, pa.table([made[name] for name in schema.names], schema=schema))


def measured(chosen: str, rows: int) -> str:
    """Write and read back in this process; return a line of the table."""
    made = frame(rows)
    alone = _most_memory()
    with tempfile.TemporaryDirectory() as place:
        start = time.process_time()
        files = writing.write_all(Path(place), "sdtm", [made], [chosen], Origin("LDN-1", _AT))
        wrote, memory = time.process_time() - start, _most_memory()
        start = time.process_time()
        reading_back.read_back(Path(place), "sdtm", [made], [chosen])
        read = time.process_time() - start
        size = max(path.stat().st_size for path in files) / 1e6
    return f"{chosen:14}{wrote:13.1f}{memory - alone:12}{read:17.1f}{_most_memory() - alone:12}{size:9.0f}"


def _most_memory() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> int:
    """Measure every format, or the one that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=list(writing.FORMATS))
    asked = parser.parse_args()
    if asked.format:
        print(measured(asked.format, asked.rows), flush=True)  # noqa: T201
        return 0
    print(f"{asked.rows} rows x {len(_COLUMNS)}; memory above the frame's own")  # noqa: T201
    print(f"{'format':14}{'write CPU s':>13}{'write MB':>12}{'read back CPU s':>17}{'then MB':>12}{'file MB':>9}", flush=True)  # noqa: T201  # fmt: skip
    codes = [
        subprocess.run([sys.executable, __file__, "--format", each, "--rows", str(asked.rows)], check=False).returncode
        for each in writing.FORMATS
    ]  # fmt: skip
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
