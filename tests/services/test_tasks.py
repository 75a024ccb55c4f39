"""Jobs lie in the study's own database, with the data that they are about, and are done once."""

from datetime import date

import pytest
from reads import link
from sqlalchemy import text

from hometrial import worker
from hometrial.db import PARTICIPANT_ROLE
from hometrial.tasks import engine, keeping
from hometrial.tasks.engine import House

SPAN = (date(2026, 3, 9), date(2026, 3, 9))


def jobs(study):
    return study.rows(
        "SELECT task_name, status::text, lock FROM jobs.procrastinate_jobs ORDER BY id"
    )


def test_a_job_commits_with_its_data(study):
    linked = link(study)
    with study.database.transaction("test") as session:
        engine.read_job(session, linked.account_id, "hourly", SPAN)
    assert jobs(study) == [("read", "todo", f"account:{linked.account_id}")]


def test_a_job_goes_with_a_transaction_that_fails(study):
    linked = link(study)

    def fail():
        with study.database.transaction("test") as session:
            engine.read_job(session, linked.account_id, "hourly", SPAN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert jobs(study) == []


def test_the_like_of_a_waiting_job_is_not_queued_and_the_transaction_goes_on(study):
    linked = link(study)
    with study.database.transaction("test") as session:
        assert engine.read_job(session, linked.account_id, "hourly", SPAN)
        assert not engine.read_job(session, linked.account_id, "hourly", SPAN)
        assert session.scalar(text("SELECT 1")) == 1
    assert len(jobs(study)) == 1


def test_hints_about_other_days_and_streams_are_jobs_of_their_own(study):
    linked, other = link(study), (date(2026, 3, 10), date(2026, 3, 10))
    with study.database.transaction("test", role=PARTICIPANT_ROLE) as session:
        tasks = engine.SiteTasks()
        for _ in range(3):
            tasks.read(session, linked.account_id, "steps", *SPAN)
            tasks.read(session, linked.account_id, "steps", *other)
            tasks.read(session, linked.account_id, "sleep", *SPAN)
            tasks.absorb(session, linked.account_id)
    assert [name for name, _, _ in jobs(study)] == ["read", "read", "read", "absorb"]


def test_waiting_reads_of_an_unlinked_account_are_taken_out(study):
    linked = link(study)
    with study.database.transaction("test") as session:
        engine.read_job(session, linked.account_id, "hourly", SPAN)
        engine.read_job(session, linked.account_id, "nightly", SPAN)
        assert engine.cancel_reads(session, linked.account_id) == 2
    assert jobs(study) == []


def test_a_worker_does_what_waits_and_leaves_nothing(study):
    linked = link(study)
    with study.database.transaction("test") as session:
        engine.absorb_job(session, linked.account_id)
        engine.read_job(session, linked.account_id, "hourly", SPAN)
        session.connection().exec_driver_sql("UPDATE connection SET status = 'unlinked'")
    worker.run(study.database, concurrency=2, wait=False)
    assert [job for job in jobs(study) if job[0] in ("read", "absorb")] == []


def test_jobs_of_a_worker_that_gave_no_sign_are_given_to_others(study):
    linked = link(study)
    with study.database.transaction("test") as session:
        engine.absorb_job(session, linked.account_id)
        dead = session.connection().exec_driver_sql(
            "INSERT INTO jobs.procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '31 seconds') RETURNING id"
        )
        session.connection().exec_driver_sql(
            "UPDATE jobs.procrastinate_jobs SET status = 'doing', worker_id = %s", (dead.scalar(),)
        )
    house = House(study.database, {})
    keeping.tidy_now(house)
    assert jobs(study) == [("absorb", "todo", jobs(study)[0][2])]


def test_jobs_of_a_worker_that_is_alive_are_left_to_it(study):
    linked = link(study)
    with study.database.transaction("test") as session:
        engine.absorb_job(session, linked.account_id)
        live = session.connection().exec_driver_sql(
            "INSERT INTO jobs.procrastinate_workers DEFAULT VALUES RETURNING id"
        )
        session.connection().exec_driver_sql(
            "UPDATE jobs.procrastinate_jobs SET status = 'doing', worker_id = %s", (live.scalar(),)
        )
    keeping.tidy_now(House(study.database, {}))
    assert [status for _, status, _ in jobs(study)] == ["doing"]
