"""Nights made of Apple's sleep records, which carry no session: by source and by the gaps between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from hometrial_ingest.frame import Frame, SampleColumns
from hometrial_ingest.local_time import SECOND
from hometrial_ingest.signals import ASLEEP_STAGES, Signal

SESSION_GAP = 90 * 60 * SECOND
"""Records of one source this far apart belong to two sessions: shorter than most pauses between a nap and
a night, longer than a phone taken to hand at night. A convention of this reader; Apple has none."""

_IN_BED = "in_bed"
_STAGED = frozenset(("light", "deep", "rem"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    """One sleep record: times in microseconds UTC, offsets in seconds where the record names its zone."""

    row: int
    source: str
    device: str | None
    at: int
    end_at: int
    offset: int | None
    end_offset: int | None
    code: str


def sleep_frames(segments: Iterable[pa.Table]) -> list[Frame]:
    """Return a frame of sessions and a frame of their stages from tables of sleep records in any order."""
    parts = [Part(**values) for table in segments for values in table.to_pylist()]
    sessions, stages = SampleColumns(Signal.SLEEP_SESSION), SampleColumns(Signal.SLEEP_STAGE)
    for night in nights(parts):
        key = f"{night[0].source} {_written(night[0].at)}"
        _add_session(sessions, night, key)
        for part in night:
            _add_stage(stages, part, key)
    return [sessions.frame(), stages.frame()]


def nights(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Yield the records of each session in time order: one source, no gap of SESSION_GAP or more."""
    night: list[Part] = []
    latest = 0
    for part in sorted(parts, key=lambda part: (part.source, part.at, part.end_at, part.row)):
        if night and (part.source != night[0].source or part.at - latest >= SESSION_GAP):
            yield night
            night = []
        latest = max(latest, part.end_at) if night else part.end_at
        night.append(part)
    if night:
        yield night


def _add_session(sessions: SampleColumns, night: Sequence[Part], key: str) -> None:
    first, last = night[0], max(night, key=lambda part: part.end_at)
    asleep = _seconds(night, ASLEEP_STAGES)
    sessions.add(
        row=first.row,
        at=first.at,
        offset=first.offset,
        duration=(last.end_at - first.at) // SECOND,
        # Whole minutes, as the vocabulary has it; the stages keep the seconds.
        value=None if asleep is None else (asleep + 30) // 60,
        code=_code(night),
        session=key,
        source=first.source,
        device=first.device,
        end_at=last.end_at,
        end_offset=last.end_offset,
        minutes_in_bed=_minutes(_seconds(night, (_IN_BED,))),
        minutes_awake=_minutes(_seconds(night, ("awake",))),
    )


def _add_stage(stages: SampleColumns, part: Part, key: str) -> None:
    stages.add(
        row=part.row,
        at=part.at,
        offset=part.offset,
        duration=(part.end_at - part.at) // SECOND,
        code=part.code,
        session=key,
        source=part.source,
        device=part.device,
        overlay=part.code == _IN_BED,
    )


def _code(night: Sequence[Part]) -> str:
    codes = {part.code for part in night}
    if codes & _STAGED:
        return "stages"
    return "asleep" if "asleep" in codes else "awake" if "awake" in codes else _IN_BED


def _seconds(night: Sequence[Part], codes: Sequence[str]) -> int | None:
    """Return the seconds covered by records of these stages, overlaps once; None without such a record."""
    chosen = [part for part in night if part.code in codes]
    if not chosen:
        return None
    covered, until = 0, chosen[0].at
    for part in chosen:  # in order of their start
        covered += max(part.end_at - max(part.at, until), 0)
        until = max(until, part.end_at)
    return covered // SECOND


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else seconds / 60


def _written(at: int) -> str:
    return f"{_EPOCH + timedelta(microseconds=at):%Y-%m-%dT%H:%M:%SZ}"
