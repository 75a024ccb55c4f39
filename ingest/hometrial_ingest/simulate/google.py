"""Writes one person's days as saved list replies of the Google Health API v4."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import msgspec

from hometrial_ingest.simulate.physiology import Day
from hometrial_ingest.simulate.points import POINTS, Point

PAGE_POINTS = 10_000
"""The most points that a page of the API holds (wearables.md 1.7)."""
SLEEP_PAGE_POINTS = 25
"""The most sessions that a page of sleep holds."""


def write(days: Sequence[Day], folder: Path) -> list[Path]:
    """Write the days, oldest first, as `<data type>/page-001.json` and so on; return the files.

    Points stand newest first over all pages of a type; every page but the last has a token. A type
    without points is one page `{"dataPoints":[]}`.
    """
    written = []
    for data_type, points in POINTS.items():
        (folder / data_type).mkdir(parents=True, exist_ok=True)
        size = SLEEP_PAGE_POINTS if data_type == "sleep" else PAGE_POINTS
        for number, page in enumerate(_pages(_newest_first(days, points), size), start=1):
            path = folder / data_type / f"page-{number:03d}.json"
            path.write_bytes(page)
            written.append(path)
    return written


def encoded(points: Sequence[Point], next_page: str | None = None) -> bytes:
    """Return a page as the API sends it, compact."""
    page: Point = {"dataPoints": points}
    if next_page is not None:
        page["nextPageToken"] = next_page
    return msgspec.json.encode(page)


def _newest_first(days: Sequence[Day], points: Callable[[Day], Iterator[Point]]) -> Iterator[Point]:
    return chain.from_iterable(points(day) for day in reversed(days))


def _pages(points: Iterator[Point], size: int) -> Iterator[bytes]:
    page, number = list(islice(points, size)), 1
    while following := list(islice(points, size)):
        number += 1
        yield encoded(page, f"page-{number:03d}")
        page = following
    yield encoded(page)
