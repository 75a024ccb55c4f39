"""Sleep as the cloud tells it: a session that is running, then unclassified, then staged, then edited."""

from dataclasses import dataclass, replace

import numpy as np

from hometrial_ingest.signals import ASLEEP_STAGES
from hometrial_ingest.simulate.person import Person
from hometrial_ingest.simulate.sleep import Sleep, Stage
from hometrial_ingest.simulate.timeline import Seconds
from hometrial_ingest.simulators.draws import Draw, draw
from hometrial_ingest.simulators.sources import Source
from hometrial_ingest.simulators.syncs import NEVER, seen_from

_NOTICED_AFTER = 29 * 60  # a session is first written so long after it began
_PROCESSED_AFTER = 8 * 60  # stages are ready so long after waking
_SLOW, _EDITED = 0.12, 0.05  # shares of nights whose stages take longer, and that a person corrects
_EDIT_CUT = 600  # seconds that an edit takes from the beginning
_REJECTIONS = (
    "REJECTED_COVERAGE", "REJECTED_MAX_GAP", "REJECTED_START_GAP", "REJECTED_END_GAP",
    "REJECTED_SERVER", "TIMEOUT",
)  # fmt: skip


@dataclass(frozen=True)
class Night:
    """One version of one session, as the cloud has it from `seen_from` on (seconds UTC).

    `ends_at` None: still running. `minutes` None: no summary yet. Create and update times in µs UTC.
    """

    id: str
    source: Source
    seen_from: int
    starts_at: int
    ends_at: int | None
    created: int
    updated: int
    kind: str | None = None  # stages, classic; None while running
    main: bool = False
    processed: bool = False
    edited: bool = False
    status: str | None = None
    stages: tuple[Stage, ...] = ()
    awakenings: tuple[Stage, ...] = ()
    minutes: "Minutes | None" = None


@dataclass(frozen=True)
class Minutes:
    """The summary of a session."""

    in_bed: int
    asleep: int
    awake: int
    to_fall_asleep: int
    after_wakeup: int


def versions(person: Person, sleep: Sleep, source: Source, syncs: Seconds) -> tuple[Night, ...]:
    """Return what the cloud says of one session, the oldest version first."""
    rng = draw(person.seed, Draw.NIGHT, person.number, sleep.starts_at)
    slow, edit, fraction = rng.random(), rng.random(), int(rng.integers(1, 1_000_000))
    noticed = sleep.starts_at + _NOTICED_AFTER
    handed = _first(syncs, sleep.ends_at)
    ready = max(sleep.ends_at + _PROCESSED_AFTER, handed + 120)
    if slow < _SLOW:
        ready = max(ready, handed + 23 * 60)
    running = Night(
        str(sleep.key), source, _first(syncs, noticed), sleep.starts_at, None,
        noticed * 1_000_000 + fraction, noticed * 1_000_000 + fraction,
    )  # fmt: skip
    ended = replace(
        running,
        seen_from=handed,
        ends_at=sleep.ends_at,
        updated=handed * 1_000_000 + fraction,
        kind="classic",
        main=sleep.main,
        minutes=_unclassified(sleep),
        stages=(Stage("asleep", sleep.starts_at, sleep.ends_at),),
    )
    final = _classified(sleep, ended, ready, _REJECTIONS[int(rng.integers(len(_REJECTIONS)))])
    found = [running, ended, final]
    if edit < _EDITED and sleep.main:
        found.append(corrected(final, ready + int(rng.integers(7_200, 36_000))))
    return tuple(found)


def told(found: tuple[Night, ...], at: int) -> Night | None:
    """Return the version that the cloud has at an instant; None before the first."""
    known = [night for night in found if night.seen_from <= at]
    return known[-1] if known else None


def corrected(final: Night, at: int) -> Night:
    """Return the version in which the person has moved the beginning, under the same name."""
    starts_at = final.starts_at + _EDIT_CUT
    stages = tuple(
        replace(stage, starts_at=max(stage.starts_at, starts_at))
        for stage in final.stages
        if stage.ends_at > starts_at
    )
    return replace(
        final,
        seen_from=at,
        starts_at=starts_at,
        updated=at * 1_000_000 + final.updated % 1_000_000,
        edited=True,
        stages=stages,
        awakenings=tuple(a for a in final.awakenings if a.starts_at >= starts_at),
        minutes=_counted(stages),
    )


def _first(syncs: Seconds, at: int) -> int:
    return int(seen_from(syncs, np.array([at]))[0])


def _classified(sleep: Sleep, ended: Night, ready: int, rejection: str) -> Night:
    if ended.seen_from == NEVER:
        ready = int(NEVER)
    staged = sleep.kind == "stages"
    return replace(
        ended,
        seen_from=ready,
        updated=min(ready, 4_000_000_000) * 1_000_000 + ended.updated % 1_000_000,
        kind=sleep.kind,
        processed=True,
        status="SUCCEEDED" if staged else rejection if sleep.main else "REJECTED_NAP",
        stages=sleep.stages,
        awakenings=sleep.awakenings,
        minutes=Minutes(
            sleep.minutes_in_bed,
            sleep.minutes_asleep,
            sleep.minutes_awake,
            sleep.minutes_to_fall_asleep,
            sleep.minutes_after_wakeup,
        ),
    )


def _unclassified(sleep: Sleep) -> Minutes:
    return Minutes(sleep.minutes_in_bed, sleep.minutes_in_bed, 0, 0, 0)


def _counted(stages: tuple[Stage, ...]) -> Minutes:
    in_bed = (stages[-1].ends_at - stages[0].starts_at) // 60
    asleep = sum(s.ends_at - s.starts_at for s in stages if s.code in ASLEEP_STAGES) // 60
    ends = [_awake(stages[0]), _awake(stages[-1])]
    return Minutes(in_bed, asleep, in_bed - asleep, *ends)


def _awake(stage: Stage) -> int:
    return (stage.ends_at - stage.starts_at) // 60 if stage.code == "awake" else 0
