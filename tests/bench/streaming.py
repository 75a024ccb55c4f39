"""Minute-level samples of many people to partitioned Parquet: samples a second, memory, share of a bare Parquet write, growth.

python tests/bench/streaming.py             # 75 people of 300 days, then 750 of 30; a quarter of an hour
python tests/bench/streaming.py --people 10 --days 60 --growth 30

Each figure is of a process of its own. Ends with 1 if a process held more than 500 MB, or if a part of samples takes a
fifth longer with more people.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import streaming_fill
from measuring import Bench

LIMIT = 500  # MB
GROWTH = 1.2
_SUBJECT = Path(__file__).with_name("streaming_subject.py")
_HOW = {
    "one": "one process",
    "again": "the same again, nothing changed",
    "bare": "a bare Parquet write of the same tables",
    "many": "one process for each core",
}


@dataclass(frozen=True)
class Told:
    """What a process said of itself."""

    samples: int
    files: int
    seconds: float
    processor: float
    peak: float
    workers: float

    def line(self, name: str) -> str:
        """Say it in words."""
        workers = f", each worker {self.workers:.0f} MB" if self.workers else ""
        return (
            f"- {name}: {self.samples:,} samples, {self.files:,} files, {self.seconds:.1f} s, {self.processor:.1f} s of CPU; "
            f"{self.samples / self.seconds:,.0f} samples/s, {self.samples / self.processor:,.0f} of CPU; "
            f"{self.peak:.0f} MB{workers}"
        )

    @property
    def each(self) -> float:
        """Seconds of processor for a million samples."""
        return 1e6 * self.processor / self.samples


def main() -> int:
    """Measure and print; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description="Samples to partitioned Parquet, as Markdown.")
    parser.add_argument("--people", type=int, default=75)
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--growth", type=int, default=30, help="days of ten times as many people")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        bench = Bench(Path(folder))
        _say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began\n")
        people, days, growth = asked.people, asked.days, asked.growth
        studies = {
            (people, days): ("one", "again", "bare", "many"),
            (people, growth): ("one",),
            (10 * people, growth): ("one",),
        }
        found = [
            _run(bench, study, how)
            for (many, long), each in studies.items()
            for study in [_filled(bench, many, long)]
            for how in each
        ]
        bench.server.close()
    one, _, bare, many, small, great = found
    _say(
        f"\nshare of the bare write's speed: {bare.each / one.each:.2f} of CPU; several processes to one: {one.seconds / many.seconds:.2f} of the time"
    )
    _say(f"CPU for a million samples, ten times the people to once: {great.each / small.each:.2f}")
    _say(f"load {os.getloadavg()[0]:.1f} when it ended")
    most = max(max(told.peak, told.workers) for told in (one, many, great))
    return int(most > LIMIT or great.each / small.each > GROWTH)


def _filled(bench: Bench, people: int, days: int) -> str:
    study = bench.fresh()
    began = time.perf_counter()
    database = bench.database(study)
    count, size = streaming_fill.fill(database, people, date(2026, 1, 1), days)
    database.close()
    _say(f"{people} people x {days} days: {count:,} samples in chunks of {size / 1e6:.0f} MB, filled in {time.perf_counter() - began:.0f} s\n")  # fmt: skip
    return study


def _run(bench: Bench, study: str, how: str) -> Told:
    """Write a study's samples in a process of its own; `many` and `one` begin with nothing finished."""
    out = bench.home / "out"
    if how in ("one", "many"):
        shutil.rmtree(bench.home / "samples", ignore_errors=True)
    if how != "bare":
        shutil.rmtree(out, ignore_errors=True)
    order = {"home": str(bench.home), "url": bench.url(study), "out": str(out), "how": how}
    told = subprocess.run(
        [sys.executable, str(_SUBJECT), json.dumps(order)], stdout=subprocess.PIPE, check=True
    )
    found = Told(**json.loads(told.stdout))
    _say(found.line(_HOW[how]))
    return found


def _say(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
