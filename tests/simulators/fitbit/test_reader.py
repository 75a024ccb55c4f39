"""The replies as our own reader takes them: nothing unreadable, and the truth's numbers."""

from collections import Counter
from datetime import date, timedelta

import pytest

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.readers.fitbit import reader
from hometrial_ingest.signals import Signal

DAYS = [date(2026, 3, 2) + timedelta(days=number) for number in range(7)]


def read(service, person: int, path: str, **params) -> Counter:
    """Read one reply; return the rows by signal."""
    headers = {"Accept-Language": "en_UK"}
    reply = service.get(path, service.grant(person), headers=headers, params=params)
    file = MemoryFile("reply.json", reply.content)
    assert reader.keeps(file)
    rows: Counter = Counter()
    for segment in reader.read(file, "reply"):
        assert not segment.unreadable
        for frame in segment.frames:
            rows[frame.signal] += frame.table.num_rows
    return rows


@pytest.mark.parametrize("person", [1, 4, 6])
def test_a_week_of_every_kind_is_readable_to_the_last_row(service, person):
    rows: Counter = Counter()
    for day in DAYS:
        for resource, detail in (("heart", "1sec"), ("steps", "1min")):
            base = f"/1/user/-/activities/{resource}/date/{day}/1d"
            rows += read(service, person, f"{base}/{detail}.json")
        rows += read(service, person, f"/1/user/-/sleep/date/{day.year}-{day.month}-{day.day}.json")
    first, last = DAYS[0], DAYS[-1]
    rows += read(service, person, f"/1.2/user/-/sleep/date/{first}/{last}.json")
    rows += read(service, person, f"/1/user/-/body/log/weight/date/{last}/30d.json")
    assert rows[Signal.STEPS] == 1_440 * len(DAYS)
    assert rows[Signal.STEPS_DAILY] == len(DAYS)
    assert rows[Signal.HEART_RATE] > 10_000
    assert rows[Signal.SLEEP_SESSION] > 0
    assert rows[Signal.SLEEP_STAGE] > rows[Signal.SLEEP_SESSION]


def test_the_list_and_a_window_are_readable(service):
    params = {"afterDate": "2026-03-01", "sort": "asc", "limit": 5, "offset": 0}
    assert read(service, 1, "/1.2/user/-/sleep/list.json", **params)[Signal.SLEEP_SESSION] == 5
    window = "/1/user/-/activities/heart/date/2026-03-10/1d/1min/time/12:00/12:20.json"
    assert set(read(service, 1, window)) == {Signal.HEART_RATE}
