"""A killed import leaves nothing half done: the short form of `make torture`, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

TORTURE = Path(__file__).resolve().parents[1] / "torture" / "run.py"
BROKEN = ("cursor before rows", "rows before cursor")


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, object]]:
    """The table of twelve kills of a small import, one kill of its server, and both broken imports."""
    order = [sys.executable, TORTURE, "--kills", "12", "--server-kills", "1", "--people", "1"]
    done = subprocess.run(
        [*order, "--days", "1", "--json"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


def test_a_killed_import_run_again_gives_the_database_of_a_clean_run(rows):
    killed = rows["import killed"]
    assert killed["kills"] == 12
    assert killed["told"] == []
    assert (killed["lost"], killed["doubled"], killed["differing"]) == (0, 0, 0)


def test_the_audit_trail_of_killed_imports_is_whole_with_every_anchor(rows):
    assert [row["chain_broken"] for row in rows.values()] == [0] * len(rows)


def test_an_import_whose_server_was_killed_gives_the_database_of_a_clean_run(rows):
    assert rows["server killed"]["kills"] == 1
    assert rows["server killed"]["told"] == []


@pytest.mark.parametrize("broken", BROKEN)
def test_an_import_broken_on_purpose_is_right_until_it_is_killed(rows, broken):
    assert rows[f"{broken}, not killed"]["sound"]


@pytest.mark.parametrize("broken", BROKEN)
def test_an_import_broken_on_purpose_is_found_out(rows, broken):
    assert rows[f"{broken}, killed"]["differing"]


def test_samples_whose_batch_was_committed_before_them_are_counted_as_lost(rows):
    assert rows["cursor before rows, killed"]["lost"]
