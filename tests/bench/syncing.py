"""Print the figures of syncing: pages to chunks, participant-days, notices to visible, many people.

python tests/bench/syncing.py            # half an hour
python tests/bench/syncing.py --quick    # a tenth of it
python tests/bench/syncing.py --part crowd --people 500
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import bare
from measuring import Bench, Run, _measured, spread, table

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from rehearsal import Rehearsal, rehearse
from syncing_subject import heart_rate_pages

from hometrial.db import Database
from hometrial.tasks import keeping

_SUBJECT = Path(__file__).with_name("syncing_subject.py")
_FIRST = date(2026, 2, 1)


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    runs: int
    pages: tuple[int, ...]
    people: tuple[int, ...]
    notices: int
    crowd: int
    called_days: int
    workers: tuple[int, ...]


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description="Figures of syncing, as Markdown.")
    parser.add_argument("--quick", action="store_true", help="little of it, one run each")
    parts = {
        "pages": _pages,
        "days": _days,
        "calls": _calls,
        "notices": _notices,
        "crowd": _crowd,
    }
    parser.add_argument("--part", choices=sorted(parts), help="one table alone")
    parser.add_argument("--people", type=int, help="how many people `crowd` has")
    options = parser.parse_args()
    small, full = (
        Scale(1, (1, 10), (1, 5), 5, 20, 1, (1, 2)),
        Scale(3, (1, 10, 40), (1, 10, 50), 40, 500, 3, (1, 2, 4)),
    )
    scale = small if options.quick else full
    scale = replace(scale, crowd=options.people or scale.crowd)
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        bench = Bench(Path(folder))
        for name, part in parts.items():
            if options.part in (None, name):
                sys.stdout.write(part(bench, scale) + "\n\n")
                sys.stdout.flush()
        bench.server.close()


def _pages(bench: Bench, scale: Scale) -> str:
    """Bytes of the API to committed, validated chunks: one read of so many pages."""
    rows = []
    for count in scale.pages:
        runs = [_subject(bench, what="pages", pages=str(count)) for _ in range(scale.runs)]
        bodies = heart_rate_pages(count)
        least = min(sum(map(bare.decode_full, bodies)) for _ in range(3))
        rows.append(
            [
                f"{count} x 10,000 points",
                spread(run.rows / run.seconds for run in runs),
                spread(run.rows / run.processor for run in runs),
                spread(run.peak for run in runs),
                spread((least / run.processor for run in runs), ".3f"),
            ]
        )
    heads = ["one read of Google heart rate", "samples/s, committed", "samples/s of the process's CPU",
             "peak MB", "share of the bare decode's speed"]  # fmt: skip
    return table(heads, rows)


def _subject(bench: Bench, **order: str) -> Run:
    study = bench.fresh()
    told = {"home": str(bench.home), "url": bench.url(study), **order}
    run = _measured([sys.executable, str(_SUBJECT), json.dumps(told)])
    bench._execute(f"DROP DATABASE {study} WITH (FORCE)")
    return run


def _days(bench: Bench, scale: Scale) -> str:
    """A day of heart rate, steps and sleep, and a whole morning's read: first call to last commit."""
    reads = {
        "one day of heart rate, steps and sleep": {"day": "2026-02-04"},
        "the morning's: every stream, its last days again": {},
    }
    rows = [
        [what, str(people), *_day(bench, people, how)]
        for what, how in reads.items()
        for people in scale.people
    ]
    heads = ["read", "people", "ms a participant-day", "CPU ms of the worker", "peak MB"]
    return table(heads, rows)


def _day(bench: Bench, people: int, how: dict[str, str]) -> list[str]:
    with _rehearsal(bench, people + 1, days=4, spacing=5) as rehearsal:
        _link(rehearsal, people + 1, until=datetime(2026, 2, 4, 6, tzinfo=UTC))
        rehearsal.sims.clock.set(datetime(2026, 2, 5, 6, tzinfo=UTC))
        settings = rehearsal.database.settings
        order = how | {
            "what": "rounds",
            "home": str(bench.home),
            "url": str(settings.database_url),
            "simulators": str(settings.simulators),
            "clock": str(settings.clock_file),
        }
        run = _measured([sys.executable, str(_SUBJECT), json.dumps(order)])
    each = 1000 / run.rows
    return [f"{run.seconds * each:.0f}", f"{run.processor * each:.0f}", f"{run.peak:.0f}"]


def _calls(bench: Bench, scale: Scale) -> str:
    """The provider's count of calls on ordinary days of one watch, beside one complete read of one day."""
    with _rehearsal(bench, 1, days=21, spacing=5) as rehearsal:
        _link(rehearsal, 1, until=datetime(2026, 2, 17, 6, tzinfo=UTC))
        usual = _called(rehearsal, lambda: _live(rehearsal, hours=24 * scale.called_days))
        person = rehearsal.people[1]
        day = date(2026, 2, 16)
        once = _called(rehearsal, lambda: rehearsal.read(person, days=(day, day)))
    rows = [
        [endpoint, f"{usual[endpoint] / scale.called_days:.1f}", str(once[endpoint])]
        for endpoint in sorted({*usual, *once})
    ]
    total = ["all", f"{usual.total() / scale.called_days:.1f}", str(once.total())]
    return table(["calls of a person", "a day", "the day read once"], [*rows, total])


def _live(rehearsal: Rehearsal, hours: int) -> None:
    for _ in range(hours):
        rehearsal.sims.clock.advance(timedelta(hours=1))
        rehearsal.rounds()


def _called(rehearsal: Rehearsal, act: Callable[[], None]) -> Counter[str]:
    before = Counter(rehearsal.sims.google.calls)
    act()
    made: Counter[str] = Counter()
    for (_, endpoint), count in (Counter(rehearsal.sims.google.calls) - before).items():
        made[endpoint] += count
    return made


@contextlib.contextmanager
def _rehearsal(bench: Bench, people: int, *, days: int, spacing: int) -> Iterator[Rehearsal]:
    study = bench.fresh()
    database = bench.database(study)
    folder = Path(tempfile.mkdtemp(dir=bench.home))
    scene = {"seed": 7, "people": people, "first_day": _FIRST, "days": days}
    with rehearse(database, folder, **scene, heart_rate_every=spacing) as rehearsal:
        yield rehearsal
    database.close()


def _link(rehearsal: Rehearsal, people: int, until: datetime) -> None:
    rehearsal.sims.clock.set(until)
    for number in range(1, people + 1):
        rehearsal.link(number)
    rehearsal.rounds()


def _notices(bench: Bench, scale: Scale) -> str:
    """A notification posted to the site's process until its samples are committed by the worker's."""
    answers, visible = [], []
    with _rehearsal(bench, 3, days=14, spacing=15) as rehearsal:
        _link(rehearsal, 3, until=datetime(2026, 2, 2, 6, tzinfo=UTC))
        with _processes(rehearsal.database, workers=1) as site:
            for number in range(scale.notices):
                rehearsal.sims.clock.advance(timedelta(hours=6))
                before = rehearsal.one("SELECT count(*) FROM day_chunk")
                started = time.perf_counter()
                status = rehearsal.sims.google.deliver(
                    f"{site}/hooks/google-health", number % 3 + 1, ("heart_rate",)
                )
                answers.append(1000 * (time.perf_counter() - started))
                if status != 204:
                    raise RuntimeError(f"the site answered {status}")
                deadline = time.monotonic() + 20
                while rehearsal.one("SELECT count(*) FROM day_chunk") == before:
                    if time.monotonic() > deadline:
                        break  # the watch had handed nothing over: there is nothing to see
                    time.sleep(0.01)
                else:
                    visible.append(1000 * (time.perf_counter() - started))
    heads = ["of a notification", "number", "median ms", "95 % ms", "greatest ms"]
    return table(
        heads, [_quantiles("answered 204", answers), _quantiles("samples visible", visible)]
    )


def _quantiles(name: str, values: list[float]) -> list[str]:
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    middle = statistics.median(ordered)
    return [name, str(len(ordered)), f"{middle:.0f}", f"{late:.0f}", f"{ordered[-1]:.0f}"]


@contextlib.contextmanager
def _processes(database: Database, *, workers: int, site: bool = True) -> Iterator[str]:
    settings = database.settings
    public = "http://127.0.0.1:8471"
    environment = os.environ | {
        "HOMETRIAL_HOME": str(settings.home),
        "HOMETRIAL_DATABASE_URL": str(settings.database_url),
        "HOMETRIAL_SIMULATORS": str(settings.simulators),
        "HOMETRIAL_CLOCK_FILE": str(settings.clock_file),
        "HOMETRIAL_PUBLIC_URL": public,
    }
    commands = [["worker", "--concurrency", "2"]] * workers
    commands += [["participant", "serve", "--port", "8471"]] if site else []
    program = [sys.executable, "-m", "hometrial"]
    started = [
        subprocess.Popen([*program, *command], env=environment, stdout=subprocess.DEVNULL)
        for command in commands
    ]
    time.sleep(8)  # they load what they need; a server does that once a day
    try:
        yield public
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=60)


def _crowd(bench: Bench, scale: Scale) -> str:
    """A day of many people, every stream: from the plan to an empty queue, by number of workers."""
    rows = []
    for workers in scale.workers:
        with _rehearsal(bench, scale.crowd, days=3, spacing=60) as rehearsal:
            rehearsal.sims.clock.set(datetime(2026, 2, 2, 6, tzinfo=UTC))
            for number in range(1, scale.crowd + 1):
                rehearsal.link(number)
            with _processes(rehearsal.database, workers=workers, site=False):
                started = time.perf_counter()
                keeping.plan_now(rehearsal.house)
                while rehearsal.one(
                    "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status IN ('todo', 'doing')"
                    " AND task_name IN ('read', 'absorb')"
                ):
                    time.sleep(0.1)
                seconds = time.perf_counter() - started
            samples = rehearsal.one("SELECT sum(samples) FROM day_chunk WHERE is_current")
            people = rehearsal.one("SELECT count(DISTINCT participant_id) FROM day_chunk")
        rows.append([str(workers), str(people), f"{seconds:.0f}", f"{scale.crowd / seconds:.1f}",
                     f"{samples / seconds:,.0f}"])  # fmt: skip
    heads = ["workers", "people with data", "seconds", "people/s", "samples/s"]
    return table(heads, rows)


if __name__ == "__main__":
    main()
