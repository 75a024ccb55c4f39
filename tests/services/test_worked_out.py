"""Papers and differences of locks: made once, by a worker, named by what they are made of; what cannot be says why."""

import os

import asked
import locks_by_hand
import pytest
import signed_in
from sqlalchemy import text

from hometrial import clock, worker
from hometrial.errors import ExportRefusedError
from hometrial.models import LockSource
from hometrial.services.locking import code, keeping, making, report_papers, signing, worked_out
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.services.locking.worked_out import CHANGES, DIFFERENCES, Order
from hometrial.services.staffing import acting
from hometrial.tasks import delivering as tasks

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def database(shared_study, tmp_path_factory):
    """A study of two people with two locks, between which one of them left."""
    database, folder = shared_study.database, tmp_path_factory.mktemp("locks")
    with database.transaction("ann", "two people") as session:
        people = [asked.in_trial(session) for _ in range(2)]
    for name in ("L1", "L2"):
        making.make(
            database, new_lock(name, "interim", "a test", wanted(("csv",))), folder / name, "ann"
        )
        with database.transaction("ann", "somebody leaves") as session:
            session.merge(people[1]).status = "withdrawn"
    return database


CHANGED = Order(DIFFERENCES, 2, 1, "study")


def standing(database, order):
    with database.reading() as session:
        return worked_out.standing(session, database.settings.home, order)


def asked_for(database, order):
    found = standing(database, order)
    with database.transaction("ann", "ask") as session:
        tasks.defer_working_out(session, order, found.name)
    return found


def test_a_worker_makes_it_once_and_then_it_is_there(database, monkeypatch):
    order = Order(DIFFERENCES, 2, 1, "blinded")
    monkeypatch.setattr(worked_out, "code", lambda: {"sha256": "of this test alone"})
    assert standing(database, order).state == "unasked"
    found = asked_for(database, order)
    assert not tasks_again(database, order, found)
    assert standing(database, order).state == "waiting"
    worker.run(database, concurrency=1, wait=False)
    assert standing(database, order).state == "ready"
    monkeypatch.setattr(worked_out, "_write", lambda *_: pytest.fail("it is made twice"))
    worked_out.make(database, order)


def tasks_again(database, order, found):
    with database.transaction("ann", "ask again") as session:
        return tasks.defer_working_out(session, order, found.name)


def test_what_it_is_made_of_names_it(database, monkeypatch):
    names = {
        standing(database, each).name
        for each in (
            CHANGED, Order(DIFFERENCES, 2, 1, "words"), Order("report", 1), Order("report", 2), Order("open", 2),
        )
    }  # fmt: skip
    assert len(names) == 5
    before = standing(database, CHANGED).name
    monkeypatch.setattr(worked_out, "code", lambda: {**code.code(), "sha256": "0" * 64})
    assert standing(database, CHANGED).name != before


def test_a_new_signature_is_a_new_paper_and_no_new_difference(database):
    paper, changed = (standing(database, each).name for each in (Order("open", 1), CHANGED))
    with database.transaction("mona", "sign") as session:
        mona = acting.actor_of(session, signed_in.account(session, "mona", ("data_manager",)))
        lock = keeping.find(session, "L1")
        signing.sign(session, lock, "data_manager", mona, lock.root)
    assert standing(database, Order("open", 1)).name != paper
    assert standing(database, CHANGED).name == changed


def test_the_earlier_lock_comes_first(database):
    with pytest.raises(ExportRefusedError, match="compare with an earlier one"):
        standing(database, Order(DIFFERENCES, 1, 2, "study"))


def test_what_cannot_be_made_says_why_and_is_made_when_it_can(database):
    order = Order(DIFFERENCES, 3, 2, "study")
    with database.transaction("ann", "a lock that keeps nothing") as session:
        locks_by_hand.lock(session, "L3")
    worked_out.make(database, order)
    found = standing(database, order)
    assert (found.state, "cannot open it" in found.error) == ("failed", True)
    assert not worked_out.file(database.settings.home, found.name, CHANGES).exists()
    with database.transaction("ann", "its tables come") as session:
        of = {name: keeping.find(session, name).id for name in ("L2", "L3")}
        for row in session.query(LockSource).filter_by(lock_id=of["L2"]).all():
            session.add(
                LockSource(lock_id=of["L3"], name=row.name, rows=row.rows, sha256=row.sha256, body=row.body)
            )  # fmt: skip
    worked_out.make(database, order)
    assert standing(database, order).state == "ready"


def test_a_job_that_broke_off_is_told_and_can_be_asked_again(database, monkeypatch):
    order = Order("masked", 1)
    monkeypatch.setattr(report_papers, "made", lambda *_: 1 / 0)
    asked_for(database, order)
    worker.run(database, concurrency=1, wait=False)
    found = standing(database, order)
    assert (found.state, "broke off" in found.error) == ("failed", True)
    assert tasks_again(database, order, found)
    assert standing(database, order).state == "waiting"
    with database.transaction("ann", "done with it") as session:
        session.execute(text("DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'work out'"))


def test_what_nobody_looked_at_for_long_goes_and_nothing_else(database):
    home, order = database.settings.home, Order(DIFFERENCES, 2, 1, "words")
    worked_out.make(database, order)
    worked_out.make(database, CHANGED)
    folder = worked_out.file(home, standing(database, order).name, CHANGES).parent
    age = clock.now().timestamp() - worked_out.KEPT.total_seconds() - 60
    os.utime(folder, (age, age))
    assert worked_out.expire(home) == 1
    assert standing(database, order).state == "unasked"
    assert standing(database, CHANGED).state == "ready"


def test_of_what_is_large_the_newest_are_kept(database, monkeypatch):
    monkeypatch.setattr(worked_out, "_MOST", {DIFFERENCES: 1})
    other = Order(DIFFERENCES, 2, 1, "words")
    for order in (CHANGED, other):
        worked_out.make(database, order)
        age = clock.now().timestamp() - 60
        folder = worked_out.file(database.settings.home, standing(database, order).name, "x").parent
        os.utime(folder, (age, age))
    worked_out.expire(database.settings.home)
    third = Order(DIFFERENCES, 2, 1, "blinded")
    worked_out.make(database, third)
    assert standing(database, third).state == "ready"
    assert {standing(database, each).state for each in (CHANGED, other)} == {"unasked"}
