"""Print the figures of docs/figures.md: speed, memory, growth and size of imports.

python tests/bench/run.py            # minutes
python tests/bench/run.py --quick    # a tenth of the data, one run each
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import bare
from measuring import Bench, Run, spread, table

from hometrial_ingest.simulate import google_heart_rate_page, heart_rate_csv, study

_PAGE = 10_000
_ROWS_A_DAY = 17_280  # a sample every five seconds
_HEART_RATE = "heartrate_seconds_merged.csv"
_HEADS = [
    "what",
    "rows/s, committed",
    "rows/s of the importing process's CPU",
    "peak MB",
    "whole process, CPU s",
    "share of the bare parse's speed",
]


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    runs: int
    days: int
    people: tuple[int, ...]


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description="Speed and memory figures, as Markdown.")
    parser.add_argument("--quick", action="store_true", help="little data, one run each")
    quick = parser.parse_args().quick
    scale = Scale(1, 2, (1, 3)) if quick else Scale(3, 15, (1, 3, 10, 30))
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        home = Path(folder)
        bench = Bench(home)
        for part in (_machine(), *_google(bench, scale), *_fitabase(bench, scale)):
            _say(part)
        _say(_growth(bench, scale))
        bench.server.close()


def _machine() -> str:
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f} when it began; each figure is a median (least-greatest)."
    )


def _google(bench: Bench, scale: Scale) -> Iterator[str]:
    """One page and ten: bytes of the API to committed, validated chunks."""
    rows = []
    for pages in (1, 10):
        folder = bench.home / f"pages_{pages}"
        folder.mkdir()
        bodies = [google_heart_rate_page(_PAGE, seed) for seed in range(pages)]
        for number, body in enumerate(bodies):
            (folder / f"heart-rate-{number:02}.json").write_bytes(body)
        runs = _runs(scale, lambda folder=folder: bench.take_in("google-health", folder))
        for name, decode in (("every part", bare.decode_full), ("our structs", bare.decode_own)):
            least = min(sum(map(decode, bodies)) for _ in range(5))
            rows.append(_row(f"Google Health, {pages} x 10,000 points; {name}", runs, least))
    yield table(_HEADS, rows)


def _fitabase(bench: Bench, scale: Scale) -> Iterator[str]:
    """Ten people's heart rate in one file, with and without metrics; then once more; then its size."""
    folder = bench.home / "fitabase"
    folder.mkdir()
    file = folder / _HEART_RATE
    count = heart_rate_csv(file, 10, scale.days, _ROWS_A_DAY, seed=1)
    least = min(bare.parse_csv(file.read_bytes()) for _ in range(3))
    rows = []
    for measured in ("without metrics", "whole"):
        runs = _runs(scale, lambda m=measured: bench.take_in("fitabase", folder, measured=m))
        rows.append(_row(f"Fitabase, {count:,} rows, {measured}", runs, least))
    kept = bench.fresh()
    bench.take_in("fitabase", folder, into=kept)
    again = _runs(scale, lambda: bench.take_in("fitabase", folder, into=kept))
    rows.append(_row("the same file again", again, least))
    yield table(_HEADS, rows)
    samples, chunks, whole = bench.size_of(kept)
    yield (
        f"{samples:,} samples of heart rate lie in {chunks / samples:.2f} bytes each (chunks), "
        f"{whole / samples:.2f} with everything else in the database, the payload's bytes included."
    )


def _growth(bench: Bench, scale: Scale) -> str:
    """The whole study (heart rate, steps, sleep, daily values) of more and more people."""
    days = max(2, scale.days // 3)
    rows, first = [], 0.0
    for people in scale.people:
        folder = bench.home / f"study_of_{people}"
        made = study(7, people, days, date(2026, 2, 1))
        made.write_fitabase(folder)
        lived = sum(len(list(person.days())) for person in made.people)
        runs = _runs(scale, lambda folder=folder: bench.take_in("fitabase", folder))
        each = [1000 * run.seconds / lived for run in runs]
        middle = sorted(each)[len(each) // 2]
        first = first or middle
        processor = spread(1000 * run.processor / lived for run in runs)
        peak = spread(run.peak for run in runs)
        row = [people, lived, spread(each), processor, f"{middle / first:.2f}", peak]
        rows.append([str(cell) for cell in row])
    heads = ["people", "participant-days", "ms each", "CPU ms each", "ratio to 1 person", "peak MB"]
    return table(heads, rows)


def _runs(scale: Scale, act: Callable[[], Run]) -> list[Run]:
    return [act() for _ in range(scale.runs)]


def _row(name: str, runs: list[Run], least: float) -> list[str]:
    return [
        name,
        spread(run.rows / run.seconds for run in runs),
        spread(run.rows / run.processor for run in runs),
        spread(run.peak for run in runs),
        spread((run.whole_processor for run in runs), ".1f"),
        spread((least / run.seconds for run in runs), ".3f"),
    ]


def _say(part: str) -> None:
    sys.stdout.write(part + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
