"""The array of a page, made into segments a slice at a time."""

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Raw, ValidationError
from msgspec.json import Decoder

from hometrial_ingest.errors import shorten
from hometrial_ingest.frame import Frame, Segment, Unreadable, nonempty
from hometrial_ingest.json_text import unreadable
from hometrial_ingest.readers.google_health.points import TYPES, Point
from hometrial_ingest.readers.google_health.replies import Page
from hometrial_ingest.readers.google_health.rollups import DailyTotals
from hometrial_ingest.readers.google_health.samples import sample_frames
from hometrial_ingest.readers.google_health.sleep import sleep_frames

SLICE = 20_000
"""How many points are taken from a large page at a time."""
AT_ONCE = 32 << 20
"""A page of up to this many bytes is decoded in one go."""

_ENVELOPE = frozenset({"name", "dataPointName", "dataSource"})

_page = Decoder(list[Point], strict=False)
_point = Decoder(Point, strict=False)
_elements = Decoder(list[Raw])
_fields = Decoder(dict[str, Raw])


@dataclass
class _Batch:
    """Points sorted by type, the count of source rows, and the points that could not be decoded."""

    rows: int = 0
    numbers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    points: dict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    unreadable: list[Unreadable] = field(default_factory=list)

    def add(self, row: int, raw: Raw) -> None:
        """Decode one point; leave out a point of a type that is not kept."""
        try:
            point = _point.decode(raw)
        except ValidationError as error:
            self._refuse(unreadable(row, raw, error))
            return
        kind = _kind(point)
        if kind:
            self.rows += 1
            self.numbers[kind].append(row)
            self.points[kind].append(point)
        elif _fields.decode(raw).keys() <= _ENVELOPE:
            shown = shorten(bytes(raw).decode())
            self._refuse(Unreadable(row, "", shown, "the point holds no measurement"))

    def _refuse(self, fault: Unreadable) -> None:
        self.rows += 1
        self.unreadable.append(fault)

    def segment(self) -> Segment:
        """Return the batch as a segment."""
        made = [_frames(kind, self.numbers[kind], points) for kind, points in self.points.items()]
        frames = [frame for some, _ in made for frame in some]
        faults = [*self.unreadable, *(fault for _, some in made for fault in some)]
        return Segment(self.rows, nonempty(frames), sorted(faults, key=lambda fault: fault.row))


def segments(pages: Iterable[Page]) -> Iterator[Segment]:
    """Yield the segments of a file's pages; a row's number is the place of its point in the file."""
    first = 1
    for page in pages:
        made = _rollup_segments if page.rollups else _point_segments
        first += yield from made(page.array, first)


def _point_segments(array: Raw, first: int) -> Generator[Segment, None, int]:
    alike = _decode_alike(array)
    if alike:
        kind, points = alike
        frames, faults = _frames(kind, range(first, first + len(points)), points)
        yield Segment(len(points), nonempty(frames), faults)
        return len(points)
    raws = _elements.decode(array)
    for start in range(0, len(raws), SLICE):
        yield _slice(raws[start : start + SLICE], first + start)
    return len(raws)


def _slice(raws: Sequence[Raw], first: int) -> Segment:
    batch = _Batch()
    for row, raw in enumerate(raws, first):
        batch.add(row, raw)
    return batch.segment()


def _rollup_segments(array: Raw, first: int) -> Generator[Segment, None, int]:
    raws, totals = _elements.decode(array), DailyTotals()
    for row, raw in enumerate(raws, first):
        totals.add(row, raw)
    yield Segment(totals.rows, totals.frames(), totals.unreadable)
    return len(raws)


def _decode_alike(array: Raw) -> tuple[str, list[Point]] | None:
    """Return the points of a page of one type, the usual case; None for any other page."""
    if memoryview(array).nbytes > AT_ONCE:
        return None
    try:
        points = _page.decode(array)
    except ValidationError:
        return None
    kind = _kind(points[0]) if points else None
    if kind is None or any(getattr(point, kind) is None for point in points):
        return None
    return kind, points


def _kind(point: Point) -> str | None:
    return next((name for name in TYPES if getattr(point, name) is not None), None)


def _frames(
    kind: str, rows: Sequence[int], points: Sequence[Point]
) -> tuple[list[Frame], list[Unreadable]]:
    return sleep_frames(rows, points) if kind == "sleep" else sample_frames(kind, rows, points)
