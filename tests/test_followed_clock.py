"""A simulator's clock is set while others read it."""

import subprocess
import sys

READ_WHILE_TURNED = """
import sys, threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from hometrial import clock

board, first = Path(sys.argv[1]), datetime(2026, 1, 1, tzinfo=UTC)
clock.turn(board, first)
clock.follow(board)
sys.setswitchinterval(1e-5)
over, seen = threading.Event(), set()

def read():
    while not over.is_set():
        seen.add(clock.now())

readers = [threading.Thread(target=read) for _ in range(2)]
for each in readers:
    each.start()
for day in range(500):
    clock.turn(board, first + timedelta(day))
over.set()
for each in readers:
    each.join()
assert clock.now() == first + timedelta(499)
assert seen <= {first + timedelta(day) for day in range(500)}
"""


def test_a_clock_is_read_by_others_while_it_is_set(tmp_path):
    program = [sys.executable, "-c", READ_WHILE_TURNED, str(tmp_path / "board")]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
