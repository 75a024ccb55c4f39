"""The process that is measured: samples of one study to Parquet, told by JSON on the command line, answering in JSON."""

import json
import resource
import sys
import threading
import time
from multiprocessing import active_children
from pathlib import Path

import pyarrow.parquet as pq
from subject import peak_megabytes

from hometrial import clock
from hometrial.db import Database
from hometrial.services.capturing import wearables
from hometrial.services.streaming import writing
from hometrial.settings import Settings

_EVERY = 0.05  # seconds


class Workers(threading.Thread):
    """Watches how much memory the workers hold at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        """Look until it is told to end."""
        while not self.ended.wait(_EVERY):
            for each in active_children():
                try:
                    self.most = max(self.most, peak_megabytes(each.pid))
                except (OSError, StopIteration):
                    continue  # it has ended


def main(order: dict[str, str]) -> dict[str, float]:
    """Do what was ordered; return what it took: the processor's seconds are those of the workers, too."""
    act = _bare if order["how"] == "bare" else _streamed
    return act(order) | {"peak": peak_megabytes()}


def _streamed(order: dict[str, str]) -> dict[str, float]:
    if order["how"] != "many":
        writing._WORTH_A_PROCESS = sys.maxsize  # one process alone
    database = Database(Settings(home=Path(order["home"]), database_url=order["url"]))
    watching = Workers()
    watching.start()
    wall, processor = time.perf_counter(), _processor()
    with database.reading() as session:
        rows = [row for row in wearables.chunks(session) if row["samples"]]
    written = writing.write(
        database, rows, Path(order["out"]), None, lambda _step: None, known_at=clock.now()
    )
    told = {"seconds": time.perf_counter() - wall, "processor": _processor() - processor}
    watching.ended.set()
    database.close()
    return told | {
        "samples": sum(written.values()),
        "files": len(written),
        "workers": watching.most,
    }


def _bare(order: dict[str, str]) -> dict[str, float]:
    """Write the tables of an export again with pyarrow alone, as the export writes them; reading them is not counted."""
    samples = files = 0
    seconds = processor = 0.0
    draft = Path(order["home"]) / "bare.parquet"
    for path in Path(order["out"]).rglob("*.parquet"):
        table = pq.ParquetFile(path).read()
        wall, spent = time.perf_counter(), time.process_time()
        pq.write_table(table, draft, compression="zstd", version="2.6", row_group_size=1 << 17)
        seconds, processor = seconds + time.perf_counter() - wall, processor + time.process_time() - spent  # fmt: skip
        samples, files = samples + table.num_rows, files + 1
    return {"samples": samples, "files": files, "seconds": seconds, "processor": processor, "workers": 0}  # fmt: skip


def _processor() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
