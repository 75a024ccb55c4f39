"""The R client, installed by itself, against the staff site as it is served; where there is an R."""

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import signed_in
import waitress
from serving import in_background

from hometrial.services.staffing import tokens
from hometrial.staff import create_app

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("Rscript") is None, reason="there is no R here")
BEATS = "Id,Time,Value\n" + "".join(
    f"{who},4/{day}/2016 7:{n:02}:05 AM,{60 + n}\n"
    for who in (1, 2)
    for day in range(1, 4)
    for n in range(20)
)
PROGRAM = """
library(hometrial)
trial <- hometrial(Sys.getenv("PLACE"))
days <- hometrial_table(trial, "participant_day")
cat(nrow(days), class(days$local_day), format(days$local_day[1]), class(days$valid_day), "\\n")
some <- hometrial_table(trial, "participant_day", participant = "P-0002", columns = c("local_day", "participant_id"))
cat(nrow(some), names(some), "\\n")
beats <- hometrial_samples(trial, "heart_rate", participant = "P-0001", from = "2016-04-02", to = "2016-04-02")
cat(nrow(beats), sum(beats$value), class(beats$at)[1], "\\n")
cat(tryCatch(hometrial_table(trial, "nothing"), error = function(e) conditionMessage(e)), "\\n")
trace <- getFromNamespace(".counted", "hometrial")
assignInNamespace(".counted", function(told, participant) trace(told, participant) + 1L, "hometrial")
cat(tryCatch(hometrial_table(trial, "participant_day"), error = function(e) conditionMessage(e)), "\\n")
"""


def test_tables_and_samples_come_as_data_frames_and_a_missing_row_stops(shared_study, tmp_path):
    folder = tmp_path / "fitabase"
    folder.mkdir()
    (folder / "heartrate_seconds_merged.csv").write_text(BEATS)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with shared_study.database.transaction("test", "a token") as session:
        account = signed_in.account(session, "sam", ("statistician",))
        token = tokens.issue(session, account.id, "laptop", timedelta(days=1))
    (tmp_path / "library").mkdir()
    own = os.environ | {"R_LIBS": str(tmp_path / "library"), "HOMETRIAL_TOKEN": token}
    source = shutil.copytree(ROOT / "clients/r", tmp_path / "source")
    subprocess.run(["R", "CMD", "INSTALL", "-l", tmp_path / "library", source], check=True, capture_output=True, timeout=120)  # fmt: skip
    server = waitress.create_server(create_app(shared_study.database), host="127.0.0.1", port=0)
    thread = in_background(server)
    try:
        own["PLACE"] = f"http://127.0.0.1:{server.effective_port}"
        said = subprocess.run(["Rscript", "-e", PROGRAM], env=own, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    finally:
        server.close()
        thread.join(10)
    lines = [line.strip() for line in said.stdout.splitlines()]
    assert len(lines) == 5, said.stderr
    assert lines[0] == "6 Date 2016-04-01 logical"
    assert lines[1] == "3 local_day participant_id"
    assert lines[2] == f"20 {sum(range(60, 80))} POSIXct"
    assert "404" in lines[3]
    assert "6 rows came, and the server counted 7" in lines[4]
