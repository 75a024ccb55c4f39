"""The sample is drawn by the seed alone: the same again for everybody, and a larger share draws the same and more."""

import hashlib

import pytest

from hometrial.services.monitoring import sampling
from hometrial.services.monitoring.sampling import SHARES, PlanRefusedError

SEED = "0123456789abcdef0123456789abcdef"
KEYS = [f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]


def drawn(share, seed=SEED):
    return {
        (code, key)
        for code in ("P-0001", "P-0002", "P-0003", "P-0004", "P-0005")
        for key in KEYS
        if sampling.is_drawn(seed, share, code, "wearable_day", key)
    }


def test_a_share_is_about_that_share_and_a_larger_one_holds_it():
    some = drawn(10)
    assert 0.08 < len(some) / (5 * len(KEYS)) < 0.12
    assert some < drawn(20) < drawn(100)
    assert drawn(0) == set()


def test_anybody_draws_the_same_by_the_rule_in_words():
    for code, key in drawn(10):
        first = hashlib.sha256(f"{SEED}/{code}/wearable_day/{key}".encode()).hexdigest()[:16]
        assert int(first, 16) / 2**64 < 0.1
    assert drawn(10) != drawn(10, SEED[::-1])


def test_a_plan_names_every_kind_and_keeps_the_first_seed(study):
    with study.database.transaction("test", "plan") as session:
        for shares in ({"consent": 100}, {**SHARES, "dose": 101}):
            with pytest.raises(PlanRefusedError):
                sampling.plan(session, shares, by="mona", because="why")
        with pytest.raises(PlanRefusedError, match="say why"):
            sampling.plan(session, SHARES, by="mona", because=" ")
        first = sampling.plan(session, SHARES, by="mona", because="the first")
        second = sampling.plan(session, {**SHARES, "dose": 50}, by="mona", because="more doses")
    assert (first.number, second.number) == (1, 2)
    assert first.seed == second.seed
    with study.database.reading() as session:
        assert sampling.newest(session).shares["dose"] == 50
