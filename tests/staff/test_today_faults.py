"""Each fault that is put into a study stands on Today with its cause, and is gone when it is mended."""

import re
from datetime import timedelta

import linked
import pytest
import signed_in
from flask.testing import FlaskClient
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Database
from hometrial.models import (
    Connection,
    Gap,
    Query,
    StreamState,
    WearableAccount,
)
from hometrial.services import working
from hometrial.services.backing_up import log
from hometrial.services.noticing import rounds
from hometrial.services.viewing import health
from hometrial.services.viewing.health import Disk
from hometrial.staff import create_app


@pytest.fixture(scope="module")
def client(shared_study) -> FlaskClient:
    return signed_in.client(create_app(shared_study.database), shared_study.database)


@pytest.fixture(scope="module")
def database(shared_study) -> Database:
    with shared_study.database.transaction("test", "a worker") as session:
        linked.worker(session)
    return shared_study.database


def look(client: FlaskClient, database: Database) -> str:
    """Return Today after the worker has looked as it does each minute."""
    with database.transaction("worker:keep", "open and close work") as session:
        working.alert_quiet(session)
        working.sweep(session)
        rounds.whole(session)
    page = client.get("/")
    assert page.status_code == 200
    return page.text


def line_of(page: str, words: str) -> str:
    """Return the item of the list that says these words; nothing if none does."""
    items = page.split('<li class="todo')[1:]
    return next((each.split("</li>")[0] for each in items if words in each), "")


def somebody(database: Database, **more: object) -> tuple[str, object]:
    """Return a new person with a linked account: pseudonym, and the account's id."""
    with database.transaction("test", "somebody") as session:
        who = linked.person(session)
        account = linked.link(session, who, **more)  # type: ignore[arg-type]
        return who.code, account.id


def change(database: Database, do) -> None:
    with database.transaction("test", "a fault, or its end") as session:
        do(session)


def test_a_dead_token_asks_for_a_link_and_goes_with_the_next_good_one(client, database) -> None:
    code, account = somebody(database)

    def die(session) -> None:
        found = session.query(Connection).filter_by(account_id=account).one()
        found.status, found.status_reason = "reconnect_needed", "refused"
        working.open_item(
            session,
            found.participant_id,
            "reconnect",
            "google-health",
            "the token was refused at 02:11",
        )

    change(database, die)
    line = line_of(look(client, database), "the token was refused at 02:11")
    assert f"/people/{code}" in line
    assert "Send a link" in line
    change(
        database,
        lambda session: setattr(
            session.query(Connection).filter_by(account_id=account).one(), "status", "active"
        ),
    )
    assert line_of(look(client, database), "the token was refused at 02:11") == ""


def test_a_watch_that_is_not_worn_asks_for_a_call(client, database) -> None:
    code, account = somebody(database)

    def take_off(session) -> None:
        person = session.query(Connection).filter_by(account_id=account).one().participant_id
        for hours in range(1, 41):
            start = clock.now() - timedelta(hours=hours)
            session.add(
                Gap(participant_id=person, stream="heart_rate", day=start.date(), start_at=start,
                    end_at=start + timedelta(hours=1), cause="not_worn", rule_version=1)
            )  # fmt: skip

    change(database, take_off)
    line = line_of(look(client, database), "not worn for 36 of the last 48 hours")
    assert f"/people/{code}" in line
    assert "Watch not worn" in line
    assert "Log a call" in line
    change(database, lambda session: session.query(Gap).delete())
    assert line_of(look(client, database), "not worn for") == ""


def test_an_outage_is_one_line_with_its_people_and_blames_no_watch(client, database) -> None:
    people = [somebody(database, provider="fitbit") for _ in range(4)]
    codes = [code for code, _ in people]

    def fall(session) -> None:
        for _, account in people[:3]:
            for state in session.query(StreamState).filter_by(account_id=account):
                state.obstacle, state.obstacle_since = "try_later", clock.now()

    change(database, fall)
    page = look(client, database)
    line = line_of(page, "fitbit does not answer for 3 of 4 accounts")
    assert all(f"/people/{code}" in line for code in codes[:3])
    assert codes[3] not in line
    assert "ask nobody" in line
    assert page.count("does not answer") == 1

    def rise(session) -> None:
        session.query(StreamState).update({"obstacle": None, "obstacle_since": None})

    change(database, rise)
    assert line_of(look(client, database), "does not answer") == ""


def test_a_scope_that_was_withdrawn_names_the_stream(client, database) -> None:
    code, account = somebody(database, streams=("heart_rate", "steps"))

    def refuse(session) -> None:
        person = session.query(Connection).filter_by(account_id=account).one().participant_id
        session.add(StreamState(account_id=account, stream="sleep", known=[], failures=1, obstacle="scope_missing",
                                obstacle_since=clock.now(), obstacle_text="not granted"))  # fmt: skip
        working.open_item(
            session,
            person,
            "scope_missing",
            "google-health/sleep",
            "sleep: the box is not ticked any more",
        )

    change(database, refuse)
    line = line_of(look(client, database), "the box is not ticked any more")
    assert f"/people/{code}" in line
    assert "Stream not shared" in line

    def grant(session) -> None:
        found = session.query(Connection).filter_by(account_id=account).one()
        found.streams = ["heart_rate", "steps", "sleep"]
        state = session.get_one(StreamState, (account, "sleep"))
        state.obstacle, state.read_at = None, clock.now()

    change(database, grant)
    assert line_of(look(client, database), "not ticked") == ""


def test_a_file_that_does_not_come_is_missed_until_a_newer_one_does(
    client, database, fitabase, shared_study
) -> None:
    def archive(day):
        return fitabase(
            {"heartrate_seconds_merged.csv": f"Id,Time,Value\n77,{day:%-m/%-d/%Y} 7:21:00 AM,60\n"}
        )

    old = clock.now().date() - timedelta(days=9)
    shared_study.take_in("fitabase", archive(old), create_participants=True, zone="Europe/Berlin")
    line = line_of(look(client, database), f"no file since the one that ends on {old}")
    assert "File not come" in line
    new = clock.now().date() - timedelta(days=2)
    shared_study.take_in("fitabase", archive(new), zone="Europe/Berlin")
    assert line_of(look(client, database), "no file since") == ""


def test_a_rule_that_most_rows_fail_is_told_before_the_rows(client, database) -> None:
    _, account = somebody(database, provider="google-health")
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)

    def take_in(session) -> None:
        found = session.get_one(WearableAccount, account)
        linked.take_in(session, found, linked.beats([400] * 30 + [61, 62, 63, 64], start))

    change(database, take_in)
    page = look(client, database)
    line = line_of(page, "Wrong rule?")
    assert re.search(r"fails 30 of 3\d rows of heart rate in a week", line)
    assert "look at the rule before the rows" in line
    assert "refused as a whole" not in page, (
        "the refused batch stands under the rule, not beside it"
    )

    def decide(session) -> None:
        session.query(Query).update(
            {"status": "closed", "closed_at": clock.now(), "closed_by": "t", "close_reason": "t"}
        )

    change(database, decide)
    assert line_of(look(client, database), "Wrong rule?") == ""


def test_clocks_that_disagree_are_told(client, database, monkeypatch) -> None:
    measured = health.syncs.health

    def skewed(session):
        return health.syncs.Health(measured(session).database_bytes, timedelta(seconds=95))

    monkeypatch.setattr(health.syncs, "health", skewed)
    line = line_of(look(client, database), "95 s apart")
    assert "Clocks disagree" in line
    monkeypatch.undo()
    assert line_of(look(client, database), "apart") == ""


@pytest.mark.parametrize(
    ("free", "total", "told"),
    [(2**30, 400 * 2**30, True), (3 * 2**30, 400 * 2**30, False), (2**29, 4 * 2**30, False), (2**28, 4 * 2**30, True)],
)  # fmt: skip
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    client, database, monkeypatch, free, total, told
) -> None:
    monkeypatch.setattr(health, "disk_of", lambda _settings: Disk(total, free))
    line = line_of(look(client, database), "The disk is nearly full")
    assert bool(line) is told
    monkeypatch.undo()
    assert "nearly full" not in look(client, database)


def test_without_a_worker_nothing_is_read_and_today_says_so_first(client, database) -> None:
    somebody(database)
    change(
        database, lambda session: session.execute(text("DELETE FROM jobs.procrastinate_workers"))
    )
    page = look(client, database)
    assert "No worker runs" in page.split('<li class="todo')[1]
    change(database, linked.worker)
    assert "No worker runs" not in look(client, database)


def test_a_backup_that_is_too_old_is_told_until_there_is_a_newer_one(
    client, database, monkeypatch, tmp_path
) -> None:
    kept, chosen = log.last, database.settings.model_copy(update={"home": tmp_path})
    monkeypatch.setattr(health.log, "last", lambda _settings: kept(chosen))
    for days, told in ((3, True), (1, False)):
        at = (clock.now() - timedelta(days=days)).isoformat()
        log.note(chosen, log.Made(at, "study.backup", 1, 1.0, 1))
        assert bool(line_of(look(client, database), "Backup too old")) is told
