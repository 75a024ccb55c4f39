"""Twenty people over fourteen days through random faults: the short form of `run.py recovery` (T-REC-01)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

TORTURE = Path(__file__).resolve().parents[1] / "torture" / "run.py"
SHORT = ["--people", "20", "--days", "14", "--step", "72", "--storm", "0.02", "--page-cap", "2500"]


@pytest.fixture(scope="module")
def result() -> dict[str, object]:
    order = [sys.executable, TORTURE, "recovery", "--here", "--no-broken", "--json", *SHORT]
    done = subprocess.run(order, capture_output=True, text=True, timeout=500, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_what_is_stored_equals_what_the_clouds_hold_to_the_sample(result):
    assert result["differing"] == []
    assert result["samples"] > 100_000


def test_every_missing_hour_has_the_cause_that_befell_the_person(result):
    assert (result["wrong"], result["hours_wrong"]) == ([], 0)
    assert set(result["hours"]) >= {
        "present", "not_worn", "not_synced", "token_dead", "scope_missing", "not_consented",
    }  # fmt: skip
    assert result["hours_at_edges"] < 0.02 * sum(result["hours"].values())


def test_nothing_is_left_over_and_no_limit_was_exceeded(result):
    assert result["left"] == []
    assert result["most_in_a_minute"] <= 300


def test_the_calls_are_near_those_that_one_read_a_round_needs(result):
    assert result["calls_per_person_day"] < 1.6 * result["calls_needed_per_person_day"]
