"""Tokens: sealed to their row, read by the worker alone, refreshed once however many ask."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from hometrial.db import PARTICIPANT_ROLE, STUDY_ROLE, WORKER_ROLE
from hometrial.errors import TrialError
from hometrial.models import Token
from hometrial.services.syncing import accounts, vault
from hometrial.services.syncing.outcomes import Linked
from hometrial_ingest.provider import Grant, ReconnectNeededError, RetiredError, TryLaterError

pytestmark = pytest.mark.long

ROUNDS = 40


@pytest.fixture
def account(linker):
    """A linked account."""
    outcome = linker.link(linker.enrol())
    assert isinstance(outcome, Linked)
    return outcome.account_id


def tamper(study, statement, **values):
    with study.database.engine.begin() as connection:
        connection.execute(text(statement), values)


def expire(study):
    tamper(study, "UPDATE vault.token SET expires_at = expires_at - interval '1 day'")


def test_a_token_is_given_as_long_as_it_lives(linker, account):
    first = linker.access(account)
    linker.cloud.clock.advance(timedelta(hours=7, minutes=54))
    assert linker.access(account) == first
    assert linker.cloud.face.refreshes[1] == 0


def test_a_token_is_refreshed_five_minutes_before_its_end(linker, account):
    first = linker.access(account)
    linker.cloud.clock.advance(timedelta(hours=7, minutes=56))
    second = linker.access(account)
    assert second != first
    assert linker.access(account) == second
    assert linker.cloud.face.refreshes[1] == 1
    assert linker.study.one("SELECT version FROM vault.token") == 2


def test_a_token_that_the_provider_refused_is_refreshed_for_the_first_who_says_so(linker, account):
    first = linker.access(account)
    second = linker.access(account, stale=first)
    assert second != first
    assert linker.access(account, stale=first) == second
    assert linker.cloud.face.refreshes[1] == 1


def test_a_refresh_without_a_refresh_token_keeps_the_known_one(linker, account):
    known = linker.study.one("SELECT refresh FROM vault.token")
    with linker.worker() as session:
        vault.keep(session, linker.keys, account, Grant("new", 3600, frozenset()))
    assert linker.study.one("SELECT refresh FROM vault.token") == known
    assert linker.access(account) == "new"


@pytest.mark.parametrize("role", [STUDY_ROLE, PARTICIPANT_ROLE])
def test_whoever_may_keep_tokens_cannot_read_one(linker, account, role):
    with linker.study.database.transaction("test", role=role) as session:
        vault.keep(session, linker.keys, account, Grant("handed over", 3600, frozenset()))
    for column in (Token.access, Token.refresh):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            linker.study.database.transaction("test", role=role) as session,
        ):
            session.scalar(select(column))
    assert linker.access(account) == "handed over"


def test_what_the_vault_holds_shows_no_token(linker, account):
    token = linker.access(account)
    held = linker.study.rows("SELECT access, refresh FROM vault.token")[0]
    assert all(token.encode() not in bytes(sealed) for sealed in held)


@pytest.mark.parametrize("change", ["refresh = access", "access = refresh"])
def test_a_token_moved_to_another_field_opens_nothing(linker, account, change):
    token = linker.access(account)
    tamper(linker.study, f"UPDATE vault.token SET {change}")  # noqa: S608
    with pytest.raises(TrialError, match="tampered"):
        linker.access(account, stale=token)


def test_a_token_of_another_row_opens_nothing(linker, account):
    other = linker.link(linker.enrol(), person=2).account_id
    tamper(
        linker.study,
        "UPDATE vault.token SET access = (SELECT access FROM vault.token WHERE account_id = :one)"
        " WHERE account_id = :other",
        one=account,
        other=other,
    )
    with pytest.raises(TrialError, match="tampered"):
        linker.access(other)


def test_keys_are_replaced_without_losing_a_token(linker, account, tmp_path):
    token, settings = linker.access(account), linker.study.database.settings
    settings = settings.model_copy(update={"home": tmp_path})
    before = vault.keys(linker.study.database.settings)[:1]  # another test may have left older ones
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / "tokens.hex").write_text(before[0].hex())
    (tmp_path / "keys" / "tokens.hex").chmod(0o600)

    vault.new_key(settings)
    both = vault.keys(settings)
    assert both[1:] == before
    with linker.worker() as session:
        assert vault.access(session, both, linker.cloud.provider, account) == token
        assert vault.rotate(session, both) == 1
    assert vault.forget_old_keys(settings) == 1
    with linker.worker() as session:
        new = vault.keys(settings)
        assert new == both[:1]
        assert vault.access(session, new, linker.cloud.provider, account) == token
    expire(linker.study)
    with linker.worker() as session:
        assert vault.access(session, new, linker.cloud.provider, account) != token
    with linker.worker() as session, pytest.raises(TrialError, match="another key"):
        vault.access(session, before, linker.cloud.provider, account)


def test_a_lost_answer_is_asked_for_again_with_the_old_token(linker, account):
    expire(linker.study)
    linker.cloud.face.faults.answer_lost(person=1)
    token = linker.access(account)
    assert linker.access(account) == token
    assert linker.cloud.face.refreshes[1] == 2


def refresh_and_crash(linker, account):
    """Let the provider rotate, and lose what was to be stored; return the token that nobody kept."""
    with linker.worker() as session:
        lost = vault.access(session, linker.keys, linker.cloud.provider, account)
        session.rollback()
    return lost


def test_a_crash_after_the_provider_rotated_is_mended_within_its_grace(linker, account):
    expire(linker.study)
    lost = refresh_and_crash(linker, account)
    linker.cloud.clock.advance(timedelta(seconds=100))
    assert linker.access(account) == lost


def test_a_crash_that_nothing_mends_asks_for_a_new_link_and_never_loops(linker, account):
    expire(linker.study)
    refresh_and_crash(linker, account)
    linker.cloud.clock.advance(timedelta(seconds=130))
    with linker.worker() as session:
        with pytest.raises(ReconnectNeededError) as caught:
            vault.access(session, linker.keys, linker.cloud.provider, account)
        assert accounts.lost(session, account, caught.value)
    calls = linker.cloud.face.refreshes[1]

    for _ in range(3):
        with pytest.raises(ReconnectNeededError):
            linker.access(account)

    assert linker.cloud.face.refreshes[1] == calls
    assert linker.status(account) == "reconnect_needed"
    assert linker.open_work() == [("reconnect", "fitbit")]


def test_an_outage_is_no_reason_to_ask_for_a_new_link(linker, account):
    expire(linker.study)
    linker.cloud.face.faults.unavailable(person=1, times=10)
    with pytest.raises(TryLaterError):
        linker.access(account)
    linker.cloud.face.faults.clear()
    assert linker.access(account)
    assert linker.status(account) == "active"


def test_a_retired_provider_is_not_called_again(linker, account):
    expire(linker.study)
    linker.cloud.face.faults.retire(linker.cloud.clock.now())
    with linker.worker() as session:
        with pytest.raises(RetiredError) as caught:
            vault.access(session, linker.keys, linker.cloud.provider, account)
        accounts.lost(session, account, caught.value)
    linker.cloud.face.faults.reopen()
    with pytest.raises(RetiredError):
        linker.access(account)
    assert linker.cloud.face.refreshes[1] == 0
    assert linker.open_work() == [("retired", "fitbit")]


def test_two_workers_refresh_a_single_use_token_once_a_round(linker, account, cloud):
    settings = linker.study.database.settings
    command = [
        sys.executable, Path(__file__).with_name("refresher.py"), settings.home,
        settings.database_url, cloud.url, cloud.face.client_id, cloud.face.client_secret,
        str(account),
    ]  # fmt: skip
    cloud.clock.real()
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        token = linker.access(account)
        for count in range(1, ROUNDS + 1):
            answers = ask_all(workers, token)
            assert len(answers) == 1
            assert answers != {token}
            (token,) = answers
            assert cloud.face.refreshes[1] == count
    finally:
        for worker in workers:
            worker.stdin.close()
            worker.wait(timeout=20)
            worker.stdout.close()
    assert linker.status(account) == "active"


def ask_all(workers, stale):
    for worker in workers:
        worker.stdin.write(f"{stale}\n")
        worker.stdin.flush()
    return {worker.stdout.readline().strip() for worker in workers}


def test_destroyed_tokens_are_gone(linker, account):
    with linker.study.database.transaction("test", role=STUDY_ROLE) as session:
        vault.destroy(session, account)
    assert linker.study.one("SELECT count(*) FROM vault.token") == 0
    with pytest.raises(ReconnectNeededError):
        linker.access(account)


def test_only_the_worker_takes_a_token_out(linker, account):
    for role in (STUDY_ROLE, PARTICIPANT_ROLE):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            linker.study.database.transaction("test", role=role) as session,
        ):
            vault.access(session, linker.keys, linker.cloud.provider, account)
    with linker.study.database.transaction("test", role=WORKER_ROLE) as session:
        assert vault.access(session, linker.keys, linker.cloud.provider, account)
