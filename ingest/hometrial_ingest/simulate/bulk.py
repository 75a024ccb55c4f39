"""Much data of little meaning, quickly: what the bench measures readers with."""

from datetime import date
from pathlib import Path

import numpy as np

from hometrial_ingest.simulate.fitabase import HEADERS
from hometrial_ingest.simulate.google import PAGE_POINTS, encoded
from hometrial_ingest.simulate.lines import Integers, integers, lines, stamps
from hometrial_ingest.simulate.person import Device
from hometrial_ingest.simulate.points import data_source, sample_time
from hometrial_ingest.simulate.randomness import Purpose, stream
from hometrial_ingest.simulate.timeline import ZonePeriod, midnight

_DAY = 86_400
_FIRST_DAY = date(2026, 1, 1)
_DEVICE = Device("Charge 6", "FITNESS_BAND", date.min, date.max)


def heart_rate_csv(path: Path, people: int, days: int, rows_per_day: int, seed: int) -> int:
    """Write a `heartrate_seconds_merged.csv` of people * days * rows_per_day rows; return the number.

    Stamps are distinct for each person and ascend. Raises ValueError if a day is to hold more rows
    than seconds. Speed on one core: about 6 million rows a second, measured with

        python -m timeit -n 1 -s "from hometrial_ingest.simulate import heart_rate_csv as write
        from pathlib import Path" "write(Path('rows.csv'), 10, 20, 17280, seed=1)"
    """
    if not 0 < rows_per_day <= _DAY:
        raise ValueError(
            f"a day has 1 to {_DAY} rows, not {rows_per_day}: ask for more days instead"
        )
    with path.open("wb") as file:
        file.write(HEADERS["heartrate_seconds"].encode() + b"\r\n")
        for person in range(people):
            for day in range(days):
                at, values = _day(seed, person, day, rows_per_day)
                file.write(lines(1_500_000_000 + person * 97, stamps(at), integers(values)))
    return people * days * rows_per_day


def google_heart_rate_page(points: int, seed: int) -> bytes:
    """Return a list reply of so many heart-rate points, five seconds apart, newest first.

    Real pages end at 10,000 points; a larger one is what a reader must survive, so it is not refused.
    Raises ValueError for a negative number.
    """
    if points < 0:
        raise ValueError(f"a page cannot have {points} points: ask for 0 or more")
    rng = stream(seed, Purpose.BULK)
    source = data_source(_DEVICE)
    newest = midnight((ZonePeriod(None, "America/New_York"),), _FIRST_DAY) + 5 * points
    values = rng.integers(55, 120, size=points).tolist()
    listed = [
        {
            "dataSource": source,
            "heartRate": {
                "beatsPerMinute": str(value),
                "sampleTime": sample_time(newest - 5 * number, -18_000),
            },
        }
        for number, value in enumerate(values)
    ]
    return encoded(listed, "page-002" if points == PAGE_POINTS else None)


def _day(seed: int, person: int, day: int, rows: int) -> tuple[Integers, Integers]:
    rng = stream(seed, Purpose.BULK, person, day)
    spacing = _DAY // rows
    jitter = rng.integers(0, spacing, size=rows)
    first = (_FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal() + day) * _DAY
    at = first + np.arange(rows, dtype=np.int64) * spacing + jitter
    return at, rng.integers(55, 120, size=rows)
