"""The import that is killed: the command's own steps, with the stages that it passes shown."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from children import Board, Phase
from material import Step

from hometrial.db import Database
from hometrial.services import (
    auditing,
    gating,
    importing,
    ingesting,
    measuring,
    receiving,
    versioning,
)

STAGES: tuple[tuple[Any, str], ...] = (
    (receiving, "keep"),
    (versioning.ChunkStore, "merge"),
    (gating, "store"),
    (ingesting.FileIngest, "_close_batch"),
    (measuring, "measure"),
)
"""What is announced when it is done: payload kept, chunks merged, verdicts kept, batch closed, measured."""


def import_all(
    database: Database, steps: Sequence[Step], anchors: Path, board: Board
) -> tuple[str, ...]:
    """Import each archive in a transaction of its own, anchor the chain after it; return the stages."""
    for step in steps:
        with database.transaction("torture", f"import {step.provider} {step.path.name}") as session:
            board.show(Phase.DURING, "transaction begun")
            importing.import_archive(session, step.provider, step.path, step.options)
            board.show(Phase.AT_COMMIT, "before commit")
        board.show(Phase.AFTER, "after commit")
        with database.reading() as reading:
            auditing.write_anchor(anchors, auditing.head(reading))
        board.show(Phase.AFTER, "anchored")
    return tuple(board.names)


def announce(board: Board) -> None:
    """Have the services tell the board, in this process only, what they have done."""
    for owner, name in STAGES:
        setattr(owner, name, _telling(getattr(owner, name), name, board))


def _telling(act: Callable[..., object], name: str, board: Board) -> Callable[..., object]:
    def told(*arguments: object, **options: object) -> object:
        made = act(*arguments, **options)
        board.stage(name)
        return made

    return told
