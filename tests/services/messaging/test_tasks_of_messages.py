"""The worker knows the jobs of messages, and looks at many people in turns without leaving one out."""

from types import SimpleNamespace

import pytest
from posted import berlin

from hometrial import worker
from hometrial.db import PARTICIPANT_ROLE
from hometrial.tasks import engine, guarding, sending


def test_the_worker_knows_the_jobs_of_messages():
    assert sending in worker.TASKS
    assert guarding in worker.TASKS
    assert {"plan messages", "send messages", "check safety"} <= set(engine.app.tasks)


@pytest.mark.parametrize("count", [0, 1, 100, 101, 250, 500])
def test_everybody_has_a_turn_and_never_too_many_at_once(count):
    people = [SimpleNamespace(number=number) for number in range(count)]
    turns = max(1, -(-count // sending.A_MINUTE))
    seen = [each for minute in range(turns) for each in sending._in_turn(people, 7 + minute)]
    assert sorted(each.number for each in seen) == list(range(count))
    assert all(len(sending._in_turn(people, minute)) <= sending.A_MINUTE for minute in range(9))
    assert sending._in_turn(people, None) == people


def test_the_site_has_a_code_sent_at_once(study):
    for _ in range(2):
        with study.database.transaction("site", role=PARTICIPANT_ROLE) as session:
            engine.SiteTasks().send(session)
    jobs = "SELECT task_name, status::text FROM jobs.procrastinate_jobs"
    assert study.rows(jobs) == [("send messages", "todo")]


def test_a_worker_plans_and_sends(post):
    person = post.person()
    post.at_clock(berlin("17:00"))
    sending.plan_now(post.house)
    with post.study.database.transaction("site", role=PARTICIPANT_ROLE) as session:
        engine.send_job(session)
    worker.run(post.study.database, concurrency=1, wait=False)
    assert post.box.recipients == ["zoe@example.net"]
    assert post.ends()[0][0] == "sent"
    assert person.code


def test_of_whom_nothing_can_be_said_it_is_said(post):
    post.person()
    with post.study.database.engine.begin() as connection:
        connection.exec_driver_sql("SELECT set_config('session_replication_role', 'replica', true)")
        connection.exec_driver_sql("DELETE FROM participant_zone")
    post.at_clock(berlin("17:00"))
    (problem,) = sending.plan_now(post.house)
    assert "P-0001 has no time zone on record" in problem
