"""`hometrial simulate`: serving the doubles, and writing archives."""

import os
import re
import signal
import struct
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from hometrial.cli.simulate import simulate
from hometrial.db import Database
from hometrial.settings import Settings

PROGRAM = [sys.executable, "-c", "from hometrial.cli import main; main()", "simulate"]


def _hear_ctrl_c():
    """A suite started in the background ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def serving(home, *options):
    """Run the command and yield what it printed."""
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0", "--people", "2", "--days", "3", *options],
        env=os.environ | {"HOMETRIAL_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_ctrl_c,
    )
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith("stop with"):
            break
    try:
        yield "".join(told)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def exports(told):
    return dict(re.findall(r"export (\w+)='?([^'\n]+)", told))


@pytest.mark.parametrize("options", [["--virtual"], []])
def test_the_doubles_serve_and_say_how_to_point_a_study_at_them(tmp_path, options):
    with serving(tmp_path, *options) as told:
        settings = exports(told)
        address = settings["HOMETRIAL_SIMULATORS"]
        clock = requests.get(f"{address}/control/clock", timeout=10).json()
        assert clock["real"] == (not options)
        moment = struct.unpack("<q", Path(settings["HOMETRIAL_CLOCK_FILE"]).read_bytes())[0]
        assert bool(moment) == bool(options)
        body = {"person": 1, "streams": ["steps"]}
        token = requests.post(f"{address}/control/grant/google", json=body, timeout=10).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        steps = f"{address}/google/v4/users/me/dataTypes/steps/dataPoints"
        assert requests.get(steps, headers=headers, timeout=10).json()["dataPoints"]
    assert settings["HOMETRIAL_GOOGLE_CLIENT_SECRET"] in told
    assert len(settings["HOMETRIAL_WEBHOOK_SECRET"]) >= 32


def run(home, *arguments):
    database = Database(Settings(home=home))
    return CliRunner().invoke(simulate, arguments, obj=database)


def test_nobody_is_no_study(tmp_path):
    answer = run(tmp_path, "serve", "--people", "0")
    assert answer.exit_code == 2
    assert "1 or more" in answer.output


def test_archives_are_written_as_before(tmp_path):
    answer = run(tmp_path, "archives", str(tmp_path / "out"), "--people", "1", "--days", "2")
    assert "1 people, 2 days" in answer.output
    assert (tmp_path / "out" / "heartrate_seconds_merged.csv").stat().st_size > 1_000
