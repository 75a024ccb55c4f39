"""What befalls each person of a recovery run, drawn from a seed: and what may be stored and missing then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np

from hometrial import clock
from hometrial_ingest.data_types import DataType
from hometrial_ingest.simulators import Simulators

KINDS = (
    "plain", "token dies", "token stays dead", "scope refused", "consent withdrawn", "consent late",
    "paused", "refused for days", "night deleted", "night corrected", "taken back",
)  # fmt: skip
"""One for each person in turn: eleven, so that they meet all the cases of the doubles' people."""
OF_METRICS = frozenset({"steps", "distance", "sleep"})
"""What is shared by those who refuse the scope of health metrics."""
ROUND_AT = time(15, 30, tzinfo=UTC)
"""When people are read: nowhere of the zones in which they live is it then between midnight and three."""
HOUR = timedelta(hours=1)
Act = tuple[datetime, str]


@dataclass(frozen=True)
class Fate:
    """What befalls one person, and when."""

    number: int
    kind: str
    begins: datetime
    """The first consent."""
    acts: tuple[Act, ...] = ()
    pause: tuple[datetime, datetime] | None = None
    hours: float = 0
    """Of an outage that is this person's alone."""

    def at(self, what: str) -> datetime | None:
        """Return when something befalls the person, None if it does not."""
        return next((moment for moment, name in self.acts if name == what), None)

    @property
    def streams(self) -> frozenset[str] | None:
        """What the person shares, None for everything."""
        return OF_METRICS if self.kind == "scope refused" else None

    @property
    def ends_dead(self) -> bool:
        """Whether nothing can be read any more when the run ends, and for which reason."""
        return self.kind in ("token stays dead", "refused for days") and not self.heals

    @property
    def heals(self) -> bool:
        """Whether what befell the person is over when the run ends."""
        return self.kind != "token stays dead" and self.hours < 10_000

    @cached_property
    def consent(self) -> Mapping[DataType, tuple[int, int]]:
        """The span of each type of data in which it may be observed, µs UTC."""
        begin, end = clock.microseconds(self.begins), np.iinfo(np.int64).max // 4
        spans = dict.fromkeys(DataType, (begin, end))
        withdrawn = self.at("withdraw")
        if withdrawn is not None:
            spans[DataType.HEART_RATE] = (begin, clock.microseconds(withdrawn))
        return spans


@dataclass(frozen=True)
class Draw:
    """The dice of one person of a scene."""

    sims: Simulators
    seed: int
    number: int
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rng", np.random.default_rng([self.seed, self.number]))

    def fate(self) -> Fate:
        """Return what befalls the person."""
        kind = KINDS[self.number % len(KINDS)]
        first = self.sims.truth.scene.first_day
        before = datetime.combine(first, time(), UTC) - timedelta(days=2)
        if kind == "consent late":
            # In the night, so that the sleep of that night begins before it.
            start = self.sims.truth.day_start(
                self.number, first + timedelta(days=self._day(0.1, 0.4))
            )
            before = datetime.fromtimestamp(start, UTC) + timedelta(
                minutes=int(self.rng.integers(60, 240))
            )
        pause = self._pause() if kind == "paused" else None
        hours = float(self.rng.choice([30.0, 54.0, 1e6])) if kind == "refused for days" else 0
        return Fate(self.number, kind, before, tuple(sorted(self._acts(kind))), pause, hours)

    def _day(self, low: float, high: float) -> int:
        days = self.sims.truth.scene.days
        return int(days * self.rng.uniform(low, high))

    def _moment(self, low: float, high: float) -> datetime:
        day = self.sims.truth.scene.first_day + timedelta(days=self._day(low, high))
        moment = datetime.combine(day, time(), UTC)
        return moment + timedelta(minutes=int(self.rng.integers(0, 24 * 60)))

    def _pause(self) -> tuple[datetime, datetime]:
        begin = self._moment(0.2, 0.6)
        return begin, begin + timedelta(hours=int(self.rng.integers(20, 90)))

    def _acts(self, kind: str) -> Iterator[Act]:
        """Yield what is done, and when; what has to be mended is mended well before the end."""
        when = self._moment(0.25, 0.55)
        if kind in _FIRST:
            yield when, _FIRST[kind]
        if kind in ("token dies", "taken back"):
            yield self._moment(0.6, 0.75), "link"
        if kind in _EDITS:
            for share in (0.2, 0.5, 0.8):
                yield self._moment(share, share + 0.05), _EDITS[kind]


_FIRST = {
    "token dies": "lose",
    "token stays dead": "lose",
    "taken back": "revoke",
    "consent withdrawn": "withdraw",
    "refused for days": "refuse",
}
_EDITS = {"night deleted": "delete", "night corrected": "correct"}


def rounds(first: date, days: int, step: timedelta) -> list[datetime]:
    """Return when everybody is read: each step, so that the last falls on the last day."""
    last = datetime.combine(first + timedelta(days=days - 1), ROUND_AT)
    begin = datetime.combine(first, ROUND_AT)
    count = (last - begin) // step
    return [last - step * number for number in range(count, -1, -1)]
