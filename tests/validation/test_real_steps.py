"""Steps as a phone recorded them pass the gate without a single error."""

from pathlib import Path

import pyarrow as pa
import pytest

from hometrial_ingest.archive import DiskFile
from hometrial_ingest.readers.apple_health import reader
from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context
from hometrial_validation.gate import check

DATA = Path(__file__).resolve().parents[2] / "../shared/data/apple_health/tdda/export6s3sample.xml"
FILES = [path for path in [DATA] if path.exists()]
INVENTED = ([0, 400, 800], [5, 5, 5], [329.0, 283.0, 12.0])


def recorded(path):
    segments = list(reader.read(DiskFile(path.name, path), "export"))
    tables = [f.table for s in segments for f in s.frames if f.signal is Signal.STEPS]
    steps = pa.concat_tables(tables).to_pydict()
    begin = steps["at"][0]
    seconds = [(at - begin) // 1_000_000 for at in steps["at"]]
    return seconds, steps["duration"], steps["value"]


@pytest.mark.parametrize("recording", [INVENTED, *map(recorded, FILES)], ids=str)
def test_a_phones_short_intervals_are_flagged_and_every_count_is_kept(recording, make, noon):
    seconds, duration, value = recording
    frame = make(
        Signal.STEPS,
        seconds=seconds,
        duration=duration,
        value=value,
        source="apple-health/iphone",
    )
    verdict = check(frame, Signal.STEPS, Context(now=noon + 10**16))
    assert verdict.errors() == ()
    assert "steps_fit_their_interval" in {found.rule for found in verdict.flags()}
