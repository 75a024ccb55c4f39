"""Workers and the participant site killed while people are read: the short form of `run.py workers`."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest
from reads import keep, link

from hometrial.tasks import absorbing, engine, keeping
from hometrial.tasks.engine import House

pytestmark = pytest.mark.long

TORTURE = Path(__file__).resolve().parents[2] / "torture" / "run.py"
SPAN = (date(2026, 3, 9), date(2026, 3, 9))
BEATS = b"""{"dataPoints": [{"dataSource": {"platform": "FITBIT"}, "heartRate": {"beatsPerMinute": "61",
    "sampleTime": {"physicalTime": "2026-03-09T11:00:00Z", "utcOffset": "3600s"}}}]}"""


@pytest.fixture(scope="module")
def result() -> dict[str, object]:
    order = [sys.executable, TORTURE, "workers", "--kills", "8", "--people", "3", "--no-broken"]
    done = subprocess.run(
        [*order, "--json"], capture_output=True, text=True, timeout=400, check=False
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_of_reads_whose_workers_are_killed_nothing_is_lost_and_nothing_doubled(result):
    assert sum(result["kills"].values()) == 8
    assert result["differing"] == []
    assert result["samples"] > 3_000


def test_no_job_stays_an_orphan_and_each_answered_notification_is_stored(result):
    assert result["left"] == []
    assert result["notices"]["204"] > 0


def _die(study, task: str) -> None:
    """Let a dead worker have a job of this name under way."""
    with study.database.transaction("test") as session:
        dead = session.connection().exec_driver_sql(
            "INSERT INTO jobs.procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '31 seconds') RETURNING id"
        )
        session.connection().exec_driver_sql(
            "UPDATE jobs.procrastinate_jobs SET status = 'doing', worker_id = %s"
            " WHERE task_name = %s AND status = 'todo'",
            (dead.scalar(), task),
        )


def test_a_dead_workers_job_whose_like_waits_already_is_dropped_and_others_come_back(study):
    linked = link(study)
    with study.database.transaction("test") as session:
        engine.absorb_job(session, linked.account_id)
        engine.read_job(session, linked.account_id, "hourly", SPAN)
    _die(study, "absorb")
    _die(study, "read")
    with study.database.transaction("test") as session:
        assert engine.absorb_job(session, linked.account_id)
    keeping.tidy_now(House(study.database, {}))
    assert study.rows("SELECT task_name, status::text FROM jobs.procrastinate_jobs ORDER BY 1") == [
        ("absorb", "todo"),
        ("read", "todo"),
    ]


def test_a_worker_that_was_taken_for_dead_and_goes_on_takes_nothing_in_twice(study):
    people = [link(study, external_id=f"g-{number}") for number in range(4)]
    for linked in people:
        keep(study, linked, "heart_rate", [BEATS], SPAN[0], SPAN[1])
    house, both = House(study.database, {}), Barrier(2)

    def drain_all() -> int:
        both.wait()
        return sum(absorbing.drain(house, shard) for shard in range(engine.SHARDS))

    with ThreadPoolExecutor(2) as pool:
        taken = [each.result() for each in [pool.submit(drain_all) for _ in range(2)]]
    assert sum(taken) == len(people)
    assert study.one("SELECT count(*) FROM day_chunk WHERE stream = 'heart_rate'") == len(people)
    assert study.rows("SELECT DISTINCT state, error FROM sync.pull") == [("done", None)]


def test_giving_jobs_back_waits_for_no_lock_that_a_dead_worker_may_hold():
    task = engine.app.tasks["revive"]
    assert task.lock is None
    assert "revive" in {
        periodic.task.name for periodic in engine.app.periodic_registry.periodic_tasks.values()
    }
