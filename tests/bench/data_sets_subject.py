"""The process that is measured: data sets made of source tables, told by JSON on the command line, answering in JSON."""

import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import event
from subject import peak_megabytes

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from twins import twin

from hometrial.db import Database
from hometrial.exports import deidentifying
from hometrial.exports.building import Delivery, build
from hometrial.exports.deidentifying import PROFILES
from hometrial.exports.formats import writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.frames import described
from hometrial.exports.sdtm import wearables
from hometrial.exports.sdtm.columnar import assemble_columns
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source, kept, read
from hometrial.exports.source.tables import BY_NAME
from hometrial.exports.tidy.tables import TIDY
from hometrial.services import twinning
from hometrial.services.capturing.people import people as people_of
from hometrial.services.capturing.registry import CAPTURES
from hometrial.services.locking import telling
from hometrial.services.locking.wanted import wanted
from hometrial.settings import Settings

AT = datetime(2026, 11, 23, tzinfo=UTC)
_FIRST = date(2026, 1, 1)
_EVERY = 0.02  # s between two looks at the memory
_RUN_IN = 60  # days before the first dose
_DAILY = ("participant_day", "dose_day", "daily_metric")
_FORMATS = ("xpt5", "csv", "parquet")
_METRICS = (
    "steps", "wear_minutes", "valid_day", "valid_night", "rhr_sleep", "heart_rate_mean", "heart_rate_min",
    "heart_rate_max", "sleep_minutes", "sleep_efficiency",
)  # fmt: skip


class Steps:
    """Seconds of the processor and the most memory by step, and seconds of the clock."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self.began = time.perf_counter()
        self._now: str | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step."""
        spent, self._now = time.process_time(), name
        yield
        self.steps[name] = self.steps.get(name, 0) + time.process_time() - spent
        self._now = None

    def told(self, **further: object) -> dict[str, object]:
        """Return what was measured."""
        seconds = time.perf_counter() - self.began
        measured = {"steps": self.steps, "memory": self.memory, "seconds": seconds}
        return {**measured, "peak": peak_megabytes(), **further}

    def _watch(self) -> None:
        while True:
            time.sleep(_EVERY)
            if self._now is not None:
                self.memory[self._now] = max(self.memory.get(self._now, 0), _megabytes())


def _megabytes() -> float:
    """Return what this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def daily(people: int, days: int) -> dict[str, object]:
    """Make findings and tidy tables of every day of many people, and write them in three formats."""
    source = _source(people, days)
    measured, rows = Steps(), 0
    with measured.step("tabulations"):
        study = Study(source)
        made = [
            each
            for name, tabulate in (("VS", wearables.vs), ("FA", wearables.fa), ("NV", wearables.nv))
            for each in assemble_columns(name, tabulate(study), study)
        ]
    with measured.step("tidy tables"):
        tidy = [TIDY[name] for name in _DAILY]
        frames = [
            described(each.name, each.label, each.variables, each.rows(source), each.keys)
            for each in tidy
        ]
    with tempfile.TemporaryDirectory() as folder:
        for chosen in _FORMATS:
            with measured.step(chosen):
                for name, found in (("sdtm", made), ("tidy", frames)):
                    written = writing.write_all(Path(folder), name, found, [chosen], Origin("LDN-1", AT))  # fmt: skip
                    rows += sum(written.values())
    return measured.told(days=people * days, rows=rows, people=people)


def _source(people: int, days: int) -> Source:
    """Return source tables of days, doses and daily figures of many people; the rest is as in a twin, or empty."""
    random = np.random.default_rng(1)
    base = twin("ldn-mecfs")
    names = [f"P-{place:05}" for place in range(people)]
    calendar = [_FIRST + timedelta(place) for place in range(days)]
    epochs = base.protocol.epochs[:5]
    last = len(epochs) - 1
    rows = {
        "participant": [{"id": who, "participant": who, "site": "S"} for who in names],
        "epoch": [
            {
                "id": f"{who}/{place}", "participant": who, "epoch": each.id, "number": place,
                "first": calendar[place * days // 10],
                "last": None if place == last else calendar[(place + 1) * days // 10 - 1],
            }
            for who in names for place, each in enumerate(epochs)
        ],
        "data_day": [
            {
                "id": f"{who}/{day}", "participant": who, "day": day, "status": "final", "device": f"D{who}",
                "main_sleep_end": f"{day}T07:00:00+01:00", "minutes_in_main_sleep": 480.0,
            }
            for who in names for day in calendar
        ],
        "dose_day": [
            {
                "id": f"{who}/{day}", "participant": who, "day": day, "mg_least": 1.5, "mg_most": 1.5,
                "mg_planned": 1.5, "status": "taken",
            }
            for who in names for day in calendar[_RUN_IN:]
        ],
        "daily_metric": [
            {
                "id": f"{who}/{day}/{metric}", "participant": who, "day": day, "metric": metric, "unit": "",
                "value": 1.0 if metric.startswith("valid") else float(random.integers(30, 9000)), "rule_version": 1,
            }
            for who in names for day in calendar for metric in _METRICS
        ],
    }  # fmt: skip
    of_nobody = {name: table for name, table in base.tables.items() if "participant" not in table.column_names}  # fmt: skip
    return Source(of_nobody | {name: BY_NAME[name].table(found) for name, found in rows.items()})


def twinned(people: int, into: str) -> dict[str, object]:
    """Put the source tables of a twin into a folder: what making it takes is not of what is made of it."""
    for name, body in kept(twin("ldn-mecfs", people)):
        Path(into, name).write_bytes(body)
    return {"people": people, "peak": peak_megabytes()}


def folder(people: int, formats: list[str], of: str) -> dict[str, object]:
    """Make the whole folder of source tables, in these formats, by its steps."""
    source = read({each.name: each.read_bytes() for each in Path(of).iterdir()})
    before = _megabytes()
    measured, steps = Steps(), ExitStack()

    def progress(step: str) -> None:
        steps.close()
        steps.enter_context(measured.step(step))

    released = deidentifying.release(source, PROFILES["study"], bytes(32))
    told = telling.facts(released, twinning.state(source), wanted(tuple(formats), streams=()), 0)
    facts = {"kind": "twin", "made_at": AT.isoformat(), **told}
    with tempfile.TemporaryDirectory() as place:
        order = Delivery(released.source, frozenset(formats), facts, AT, progress=progress)
        built = build(Path(place), order)
        steps.close()
        size = sum(each.stat().st_size for each in Path(place).rglob("*") if each.is_file())
    days = source.table("data_day").num_rows
    rows = sum(built.data_sets.values())
    return measured.told(days=days, rows=rows, people=people, before=before, size=size / 1e6)


def captured(home: str) -> dict[str, object]:
    """Take every source table out of a database; return rows, queries and ms of each."""
    database = Database(Settings(home=Path(home), actor="bench"))
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    tables = {}
    with database.reading() as session:
        people = len(people_of(session))
        for name, read in CAPTURES.items():
            before, spent = len(asked), time.process_time()
            count = BY_NAME[name].table(read(session)).num_rows
            tables[name] = (count, len(asked) - before, 1000 * (time.process_time() - spent))
    database.close()
    return {"tables": tables, "people": people, "peak": peak_megabytes()}


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    what = {"daily": daily, "twin": twinned, "folder": folder, "captured": captured}[
        order.pop("what")
    ]
    sys.stdout.write(json.dumps(what(**order)))
