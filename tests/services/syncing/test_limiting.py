"""Budgets of calls are shared, refill with time, and never let a provider's window overflow."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest

from hometrial.services.syncing import limiting
from hometrial_ingest.provider import Limits, RateLimitedError

NOW = datetime(2026, 3, 20, 11, tzinfo=UTC)
ME = UUID(int=1)
TEN = Limits(10, 60)


def spend(study, now=NOW, account=ME, limits=TEN):
    with study.database.transaction("test") as session:
        limiting.spend(session, "google-health", account, limits, now)


def taken(study, now, tries=30, **given):
    count = 0
    for _ in range(tries):
        try:
            spend(study, now, **given)
        except RateLimitedError:
            return count
        count += 1
    return count


def test_a_budget_is_half_of_the_limit(study):
    assert taken(study, NOW) == 5


def test_it_refills_so_that_no_window_of_the_provider_sees_more_than_its_limit(study):
    total = sum(taken(study, NOW + timedelta(seconds=second)) for second in range(60))
    assert 8 <= total <= 10


def test_the_error_says_how_long_to_wait(study):
    taken(study, NOW)
    with pytest.raises(RateLimitedError) as caught:
        spend(study)
    assert caught.value.retry_after == pytest.approx(12)  # five calls in 60 seconds
    spend(study, NOW + timedelta(seconds=12))


def test_one_account_out_of_budget_does_not_hold_up_another(study):
    taken(study, NOW)
    spend(study, account=uuid4())


def test_the_project_has_a_budget_of_its_own(study):
    limits = Limits(1000, 60, project=6, project_seconds=60)
    assert sum(taken(study, NOW, tries=2, account=uuid4(), limits=limits) for _ in range(4)) == 3


def test_an_account_that_was_told_to_wait_makes_no_call_until_then(study):
    with study.database.transaction("test") as session:
        limiting.block(session, "google-health", ME, 300, NOW)
    assert taken(study, NOW + timedelta(seconds=299)) == 0
    assert taken(study, NOW + timedelta(seconds=301)) == 5


def test_nobody_waits_longer_than_an_hour(study):
    with study.database.transaction("test") as session:
        limiting.block(session, "google-health", ME, 10**6, NOW)
    spend(study, NOW + timedelta(hours=1))


def test_workers_at_once_never_take_more_than_there_is(study):
    counts = []
    threads = [Thread(target=lambda: counts.append(taken(study, NOW, tries=10))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 5
