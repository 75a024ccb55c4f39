"""A trial played from screening to end on a study of its own, and the table of what it came to."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from played_cast import Manner, at_begin, cast, shapes
from played_ends import Sums, is_still_alive, renewal, sum_up
from played_stage import Stage

from hometrial import clock
from hometrial.db import Database

NAMES = ("ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series")
HEADS = (
    "protocol", "people", "person-days", "visits", "held", "outside", "missed", "forms due", "in time", "late",
    "excused", "doses planned", "taken", "looks", "seconds",
)  # fmt: skip


def play(
    database: Database,
    board: Path,
    protocol: str,
    manner: Manner,
    years: int = 10,
    say: Callable[[str], None] = lambda told: None,  # noqa: ARG005
) -> tuple[Sums, list[str]]:
    """Play one protocol; return its line of the table, and what was not as the file says."""
    began = time.monotonic()
    shape = shapes(years)[protocol]
    stage = Stage(database, board, protocol, at_begin(shape), say)
    try:
        stage.prepare()
        people = cast(stage, shape, manner)
        if protocol == "ldn-mecfs":
            stage.wake(renewal(stage, shape))
        stage.play()
        sums = sum_up(stage, shape)
        for code in is_still_alive(shape):
            stage.fault(f"{code} never came to the end")
        asked = {each.number for each in people} - set(range(shape.count))
        if manner.only is None and len(people) - len(asked) != shape.count:
            stage.fault(f"{len(people) - len(asked)} people, and not {shape.count}")
        stage.close()
    finally:
        clock.unfollow()
    sums.seconds = round(time.monotonic() - began, 1)
    return sums, stage.faults


def table(rows: Sequence[Sums]) -> str:
    """Return a line for each protocol."""
    lines = [HEADS, *(tuple(map(str, vars(row).values())) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADS))]
    return "\n".join(
        "  ".join(each.ljust(width) for each, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
