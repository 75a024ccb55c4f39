"""Workers that refresh single-use tokens at once: the short form of `tests/torture/run.py refreshes`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

TORTURE = Path(__file__).resolve().parents[2] / "torture" / "run.py"


@pytest.fixture(scope="module")
def result() -> dict[str, object]:
    order = [sys.executable, TORTURE, "refreshes", "--rounds", "60", "--workers", "3", "--json"]
    done = subprocess.run(order, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_no_link_is_lost_and_each_refresh_is_one_call(result):
    assert (result["rounds"], result["wire"]) == (60, 60)
    assert (result["lost"], result["disagreeing"], result["inactive"]) == ([], 0, 0)


def test_a_refresh_that_does_not_hold_the_tokens_row_is_found_out(result):
    assert result["broken_found_out"] == {"tokens unlocked": True}
