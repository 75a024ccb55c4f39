"""The stage: a study, a clock that is moved through the past, and dice."""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Database

T = TypeVar("T")
SEED = 7


@dataclass
class Stage:
    """The demo's trial while it is played; `today` is the machine's own moment."""

    database: Database
    board: Path
    today: datetime
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - plays, guards nothing

    def at(self, moment: datetime) -> None:
        """Let it be a moment of the past, never one to come."""
        told = min(moment, self.today)
        clock.turn(self.board, told)
        clock.follow(self.board)

    def ago(self, days: float, zone: str, hour: int = 10) -> datetime:
        """Return an hour of the day so many days ago where a person lives, or today's moment if that is later."""
        local = self.today.astimezone(ZoneInfo(zone)).date() - timedelta(days=int(days))
        return min(moment(local, zone, hour), self.today)

    def do(self, why: str, act: Callable[[Session], T]) -> T:
        """Do something in a transaction of its own, as the demo."""
        with self.database.transaction("demo", why) as session:
            return act(session)


def moment(day: date, zone: str, hour: int) -> datetime:
    """Return an hour of a day on a wall clock."""
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


@contextmanager
def playing(database: Database) -> Iterator[Stage]:
    """Play on a study; afterwards the machine's own time holds again."""
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / "clock"
        clock.turn(board, None)
        try:
            yield Stage(database, board, clock.now())
        finally:
            clock.unfollow()
