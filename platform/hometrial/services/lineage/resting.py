"""Which samples a daily figure is made of, stream by stream, as the chunks stood that it was made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.exports.source.reading import Source
from hometrial.models import DayChunk, Participant
from hometrial.services import chunks, enrolling, metrics
from hometrial.services.comparing import day_of
from hometrial.services.histories import Calendar
from hometrial.services.shelving import days_reaching
from hometrial_ingest.signals import Signal

_HEART, _STEPS, _HOURS = Signal.HEART_RATE, Signal.STEPS, Signal.STEPS_HOURLY
_NIGHT, _STAGE = Signal.SLEEP_SESSION, Signal.SLEEP_STAGE
_SLEPT = (_NIGHT, _STAGE)
_DAILY = {metric: signal for signal, metric in metrics.PASSED_ON.items()}
STREAMS: Mapping[str, tuple[Signal, ...]] = {
    **dict.fromkeys(
        ("wear_minutes", "heart_rate_minutes", "heart_rate_count", "heart_rate_left_out", "valid_day_24h",
         "heart_rate_mean", "heart_rate_min", "heart_rate_max"), (_HEART,)),
    "awake_minutes": (_NIGHT,),
    **dict.fromkeys(
        ("awake_wear_minutes", "valid_day", "valid_night", "night_coverage", "rhr_sleep"), (_HEART, _NIGHT)),
    "hr_p05_awake_still": (_HEART, _STEPS, _NIGHT),
    **dict.fromkeys(("steps_minute_sum", "steps_other_sources", "peak30_cadence", "active_bouts"), (_STEPS,)),
    **dict.fromkeys(("steps_hour_sum", "steps_hour_other_sources"), (_HOURS,)),
    **dict.fromkeys(
        ("time_in_bed_minutes", "sleep_minutes", "sleep_onset_latency", "waso_minutes", "sleep_efficiency",
         "awakenings", "sleep_midpoint", "nap_minutes", "sleep_24h_minutes"), _SLEPT),
    "sleep_session_minutes": (_NIGHT,),
    **{metric: (signal,) for metric, signal in _DAILY.items()},
    "steps": (Signal.STEPS_DAILY, _STEPS, _HOURS),
}  # fmt: skip
"""The streams that each figure is made of; of `steps` the first that the day has."""
_OF_THE_NIGHT = frozenset({"valid_night", "night_coverage", "rhr_sleep"})
"""Figures of the main sleep, which may begin on the day before."""
_OF_WHO_WAS_AWAKE = frozenset(
    {"awake_minutes", "awake_wear_minutes", "valid_day", "hr_p05_awake_still"}
)
"""Figures that the sleep bears on that begins on the day and ends on the next."""


@dataclass(frozen=True)
class Piece:
    """A chunk, and of its samples those that a figure is made of."""

    signal: Signal
    chunk: DayChunk
    samples: pa.Table


@dataclass
class Kept:
    """One person's chunks: as they stand, or as they stood when `taken` was."""

    session: Session
    person: Participant
    taken: Source | None = None
    _found: dict[tuple[Signal, int], Piece | None] = field(default_factory=dict)

    @cached_property
    def _versions(self) -> Mapping[tuple[str, object], int] | None:
        if self.taken is None:
            return None
        table = self.taken.table("chunk")
        mine = table.filter(pc.equal(table["participant"], self.person.code)).to_pylist()
        return {(row["stream"], row["day"]): row["version"] for row in mine}

    def piece(self, signal: Signal, day: int) -> Piece | None:
        """Return a chunk with all of its samples, None if it has none."""
        key = (signal, day)
        if key not in self._found:
            self._found[key] = self._read(signal, day)
        return self._found[key]

    def _read(self, signal: Signal, day: int) -> Piece | None:
        versions = self._versions
        wanted = (
            DayChunk.is_current.is_(True)
            if versions is None
            else DayChunk.version == versions.get((str(signal), day_of(day)))
        )
        row = self.session.scalars(
            select(DayChunk).where(
                DayChunk.participant_id == self.person.id,
                DayChunk.stream == str(signal),
                DayChunk.day == day_of(day),
                DayChunk.samples > 0,
                wanted,
            )
        ).one_or_none()
        return None if row is None else Piece(signal, row, chunks.decode(row.body, signal))


def pieces(kept: Kept, metric: str, day: int) -> list[Piece]:
    """Return what a figure of a local day (since 1970) is made of."""
    zones = enrolling.zones_of(kept.session, kept.person)
    start, end = Calendar.of(zones, range(day, day + 1)).bounds(day)
    streams = STREAMS[metric]
    if metric == "steps":
        streams = next(((each,) for each in streams if _told(kept, each, day, (start, end))), ())
    found = []
    for signal in streams:
        found += list(
            _of_stream(kept, signal, day, _window(kept, metric, signal, (start, end), day))
        )
    if metric in _OF_WHO_WAS_AWAKE:
        found += _within(kept.piece(_NIGHT, day + 1), start, end)
    return found


def _told(kept: Kept, signal: Signal, day: int, bounds: tuple[int, int]) -> bool:
    return any(True for _ in _of_stream(kept, signal, day, bounds))


def _window(
    kept: Kept, metric: str, signal: Signal, bounds: tuple[int, int], day: int
) -> tuple[int, int]:
    """Return from when on samples count: for the main sleep from when the first sleep began that ended on the day."""
    start, end = bounds
    slept = kept.piece(_NIGHT, day) if signal is _HEART and metric in _OF_THE_NIGHT else None
    if slept is None:
        return bounds
    return min(start, int(slept.samples["at"].to_numpy().min())), end


def _of_stream(kept: Kept, signal: Signal, day: int, window: tuple[int, int]) -> Iterator[Piece]:
    """Yield the pieces of a stream: of what has an instant all within the window, else the day's own chunk."""
    if signal not in (_HEART, _STEPS, _HOURS):
        own = kept.piece(signal, day)
        if own is not None:
            yield own
        return
    for each in days_reaching(*window):
        yield from _within(kept.piece(signal, each), *window)


def _within(piece: Piece | None, start: int, end: int) -> list[Piece]:
    """Return a piece with the samples that begin in [start, end); nothing if there are none."""
    if piece is None:
        return []
    at = piece.samples["at"].to_numpy()
    chosen = (at >= start) & (at < end)
    if not chosen.any():
        return []
    rows = pa.array(np.flatnonzero(chosen))
    return [Piece(piece.signal, piece.chunk, piece.samples.take(rows))]
