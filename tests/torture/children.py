"""Forked processes: one that answers, and one that is watched and killed.

Whoever forks must hold no connection to the database and must not have set Arrow to work: threads and
sockets do not survive a fork. So everything but waiting and killing is done in children.
"""

import mmap
import os
import pickle
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NoReturn, TypeVar

Answer = TypeVar("Answer")
_POLL = 0.0005
_WORDS = struct.Struct("qq")


class Phase(IntEnum):
    """Where an import is, as a kill finds it."""

    BEFORE = 0  # nothing sent to the database yet
    DURING = 1  # inside a transaction
    AT_COMMIT = 2  # COMMIT is being sent or answered
    AFTER = 3  # something is committed, the next transaction has not begun
    ENDED = 4


@dataclass
class Board:
    """What a child shows to the one who watches it: its phase, and how many stages it has passed."""

    memory: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, _WORDS.size))
    names: list[str] = field(default_factory=list)

    def show(self, phase: Phase, stage: str) -> None:
        """Enter a phase; the stage's name is kept for whoever runs to the end."""
        self.names.append(stage)
        _WORDS.pack_into(self.memory, 0, phase, len(self.names))

    def stage(self, name: str) -> None:
        """Pass a stage without leaving the phase."""
        self.show(self.phase, name)

    @property
    def phase(self) -> Phase:
        """The phase shown last."""
        return Phase(_WORDS.unpack_from(self.memory)[0])

    @property
    def passed(self) -> int:
        """The number of stages passed."""
        return int(_WORDS.unpack_from(self.memory)[1])


@dataclass(frozen=True)
class Moment:
    """When to kill: so many seconds after the start, or after the nth stage."""

    seconds: float
    stage: int | None = None


def answer(act: Callable[[], Answer]) -> Answer:
    """Run an act in a forked process and return its answer. Raises RuntimeError if it fails."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _act_and_leave(act, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    status = os.waitpid(pid, 0)[1]
    if status != 0:
        raise RuntimeError("a child failed; what it said stands above")
    answered: Answer = pickle.loads(said)  # noqa: S301 - our own child's
    return answered


def kill_at(moment: Moment, act: Callable[[Board], object], victim: Callable[[int], None]) -> Phase:
    """Run an act in a forked process, strike at a moment, and return the phase in which that fell.

    `victim` is given the child's process id and does the killing. ENDED: the child was faster.
    """
    board = Board()
    pid = os.fork()
    if pid == 0:
        _act_and_leave(lambda: act(board), None)
    status = _wait_for(moment, board, pid)
    if status is None:
        phase = board.phase
        victim(pid)
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status):
            return phase
    if status != 0:
        raise RuntimeError("a child failed by itself; what it said stands above")
    return Phase.ENDED


def kill(pid: int) -> None:
    """Kill a process as `kill -9` does."""
    os.kill(pid, signal.SIGKILL)


def _wait_for(moment: Moment, board: Board, pid: int) -> int | None:
    """Wait for the moment; return the child's status if it ends before."""
    if moment.stage is not None:
        while board.passed < moment.stage:
            status = _ended(pid)
            if status is not None:
                return status
            time.sleep(_POLL)
    until = time.monotonic() + moment.seconds
    while (left := until - time.monotonic()) > 0:
        status = _ended(pid)
        if status is not None:
            return status
        time.sleep(min(left, 0.01))
    return _ended(pid)


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return status if found else None


def _act_and_leave(act: Callable[[], object], writing: int | None) -> NoReturn:
    """Act and leave without the parent's clean-up: its server must go on."""
    code = 1
    try:
        said = act()
        if writing is not None:
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(said, pipe)
        code = 0
    except Exception:  # noqa: BLE001 - the last frame of a process: say what happened, then leave
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
