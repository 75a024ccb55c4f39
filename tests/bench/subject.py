"""The process that is measured: one import, told by JSON on the command line, answering in JSON."""

import json
import sys
import time
from importlib import import_module
from pathlib import Path

from hometrial.db import Database
from hometrial.services import importing
from hometrial.services.importing import ImportOptions
from hometrial.settings import Settings


def main(order: dict[str, str]) -> dict[str, float]:
    """Import as the command does; return seconds of wall clock and of this process's processor.

    Great Expectations is loaded before the clock starts: a server loads it once a day, and the
    whole process's time stands in the table beside it.
    """
    for part in ("engine", "report"):
        import_module(f"hometrial_validation.{part}")
    if order["measured"] == "without metrics":
        importing.measuring.measure = lambda _session, _touched: None
    database = Database(Settings(home=Path(order["home"]), database_url=order["url"]))
    options = ImportOptions(create_participants=True, zone=order["zone"])
    wall, processor = time.perf_counter(), time.process_time()
    with database.transaction("bench", "import") as session:
        made = importing.import_archive(session, order["provider"], Path(order["path"]), options)
    seconds = time.perf_counter() - wall
    return {
        "seconds": seconds,
        "processor": time.process_time() - processor,
        "rows": sum(file.rows_read for file in made.files),
        "accepted": sum(file.rows_accepted for file in made.files),
        "peak": peak_megabytes(),
    }


def peak_megabytes(process: int | str = "self") -> float:
    """Return the most memory that this program, or another, held (Linux: VmHWM in kB).

    The system's usage figures would count what the program held that started this one.
    """
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
