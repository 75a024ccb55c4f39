"""The processes that bench/syncing.py measures: kept pages taken in, and rounds of reads."""

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import reads
from subject import peak_megabytes

from hometrial import clock
from hometrial.db import Database
from hometrial.services.syncing import planning
from hometrial.services.syncing.clouds import clouds
from hometrial.services.syncing.planning import Due
from hometrial.services.syncing.pulling import Span
from hometrial.settings import Settings
from hometrial.tasks import absorbing, reading
from hometrial.tasks.engine import SHARDS, House
from hometrial_ingest.simulate import google_heart_rate_page


class Study:
    """What tests/support/reads.py wants of a study."""

    def __init__(self, database: Database) -> None:
        self.database = database


def heart_rate_pages(count: int) -> list[bytes]:
    """Return pages of 10,000 points, five seconds apart, newest page first."""
    base = json.loads(google_heart_rate_page(10_000, 1))
    pages = []
    for number in range(count):
        for point in base["dataPoints"]:
            when = point["heartRate"]["sampleTime"]
            moment = datetime.fromisoformat(when["physicalTime"]) + timedelta(
                hours=14 * (number > 0)
            )
            when["physicalTime"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        pages.append(json.dumps(base, separators=(",", ":")).encode())
    return pages[::-1]


def pages(order: dict[str, str]) -> dict[str, float]:
    """Keep the pages of one read and take them in; a first read loads what is loaded at first use."""
    study, count = Study(_database(order)), int(order["pages"])
    since, first = datetime(2025, 12, 1, tzinfo=UTC), date(2025, 12, 31)
    warm, person = (reads.link(study, since=since, external_id=name) for name in ("warm", "person"))
    reads.keep(study, warm, "heart_rate", heart_rate_pages(1), first, date(2026, 1, 3))
    reads.absorb(study)
    bodies = heart_rate_pages(count)
    wall, processor = time.perf_counter(), time.process_time()
    reads.keep(study, person, "heart_rate", bodies, first, first + timedelta(days=count))
    reads.absorb(study)
    told = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
    accepted = reads.pull(study).rows_accepted
    return told | {"rows": accepted, "accepted": accepted, "peak": peak_megabytes()}


def rounds(order: dict[str, str]) -> dict[str, float]:
    """Make every round that is due, from the first call to the last commit; rows are participant-days.

    With `day` only that day of heart rate, steps and sleep is read, as the target of the design says. The
    first person's round is not counted: it loads what a worker loads once.
    """
    clock.follow(Path(order["clock"]))
    database = _database(order)
    house = House(database, clouds(database.settings))
    with database.reading() as session:
        first, *due = planning.due(session, clock.now())
    day = date.fromisoformat(order["day"]) if "day" in order else None
    _rounds(house, [first], day)
    wall, processor = time.perf_counter(), time.process_time()
    _rounds(house, due, day)
    told = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
    return told | {"rows": len(due), "accepted": len(due), "peak": peak_megabytes()}


def _rounds(house: House, due: Sequence[Due], day: date | None) -> None:
    for each in due:
        if day is None:
            reading.make_round(house, each)
            continue
        for stream in sorted(reading.EACH_HOUR):
            reading.make_round(house, Due(each.account_id, "manual", Span(day, day)), stream)
    for shard in range(SHARDS):
        absorbing.drain(house, shard)


def _database(order: dict[str, str]) -> Database:
    for part in ("engine", "report"):
        import_module(f"hometrial_validation.{part}")
    beside = (
        {"simulators": order["simulators"], "clock_file": order["clock"]}
        if "clock" in order
        else {}
    )
    return Database(Settings(home=Path(order["home"]), database_url=order["url"], **beside))


if __name__ == "__main__":
    ordered = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps({"pages": pages, "rounds": rounds}[ordered["what"]](ordered)))
