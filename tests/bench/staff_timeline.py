"""How long a person's page and its timeline take the server: python tests/bench/staff_timeline.py [DAYS].

One person with everything on record, warm, as a browser of the staff site asks; wall clock and processor, ms.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import long_life
import signed_in

from hometrial import clock
from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings
from hometrial.staff import create_app

ASKED = 15
ALLOWED = 300  # ms


def main() -> int:
    """Measure each answer, print it, and return 1 if page or drawing take longer than they may."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else long_life.DAYS
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Settings(home=Path(folder) / "home"))
        migrating.require_newest(database)
        _fill(database, Path(folder) / "clock", days)
        app = create_app(database)
        found = _measure(signed_in.client(app, database), days)
        database.close()
    return int(max(found["page"], found["drawing"]) > ALLOWED)


def _fill(database: Database, board: Path, days: int) -> None:
    board.write_bytes(bytes(8))

    def set_(moment) -> None:
        clock.turn(board, moment)
        clock.follow(board)

    with database.transaction("bench", "a long life") as session:
        long_life.make(session, set_, days=days)


def _measure(client, days: int) -> dict[str, float]:
    last = long_life.CONSENT + (long_life.LAST - long_life.CONSENT) * (days - 1) / (
        long_life.DAYS - 1
    )
    ask = f"from={long_life.CONSENT}&to={last}"
    found = {}
    for name, path in (
        ("page", f"/people/P-0001?{ask}"),
        ("drawing", f"/people/P-0001/timeline.json?{ask}"),
        ("table", f"/people/P-0001/table?{ask}"),
        ("file", f"/people/P-0001/timeline.csv?{ask}"),
    ):
        walls, processor = [], time.process_time()
        for number in range(ASKED + 2):
            if number == 2:
                processor = time.process_time()
            begun = time.perf_counter()
            answer = client.get(path)
            if number >= 2:  # the first two warm up
                walls.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status}")
        found[name] = statistics.median(walls)
        own = (time.process_time() - processor) * 1000 / ASKED
        sys.stdout.write(
            f"{name:8} {days} days: median {found[name]:4.0f} ms, worst {max(walls):4.0f} ms, "
            f"processor {own:4.0f} ms, {len(answer.data) // 1000} kB\n"
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
