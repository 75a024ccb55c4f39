"""The R client, installed by itself, against the staff site as it is served; where there is an R."""

import os
import re
import shutil
import subprocess
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import signed_in
import waitress
from asked import in_trial
from serving import in_background

from hometrial.services import delivering
from hometrial.services.locking import making
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.services.staffing import tokens
from hometrial.staff import create_app

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="there is no R here"),
]
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
cat(tryCatch(hometrial("http://localhost.example.org", "x")$url, error = function(e) conditionMessage(e)), "\\n")
cat(class(hometrial_table(trial, "device")$firmware), class(beats$device), class(days$day_status), "\\n")
trace <- getFromNamespace(".counted", "hometrial")
assignInNamespace(".counted", function(told, participant) trace(told, participant) + 1L, "hometrial")
cat(tryCatch(hometrial_table(trial, "participant_day"), error = function(e) conditionMessage(e)), "\\n")
"""


LOCKS = """
library(hometrial)
trial <- hometrial(Sys.getenv("PLACE"))
locks <- hometrial_locks(trial)
cat(nrow(locks), locks$name, locks$stands, locks$awaits, "\\n")
manifest <- hometrial_manifest(trial, "DSMB-1", patience = 120)
cat(manifest$name, nrow(manifest$files) > 20, "\\n")
made <- hometrial_download(trial, "DSMB-1", "lock")
cat(made$root == locks$root, setequal(made$files, c(manifest$files$path, "MANIFEST.json")), list.files(all.files = TRUE, no.. = TRUE), "\\n")
days <- file.path("lock", grep("participant_day.csv", made$files, value = TRUE))
cat("more", file = days, append = TRUE)
cat(tryCatch(hometrial_verify("lock"), error = function(e) conditionMessage(e)), "\\n")
unlink(days)
cat("x", file = "lock/more.txt")
cat(tryCatch(hometrial_verify("lock", strrep("0", 64)), error = function(e) conditionMessage(e)), "\\n")
cat(tryCatch(hometrial_download(trial, "DSMB-1", "lock"), error = function(e) conditionMessage(e)), "\\n")
cat(tryCatch(hometrial_manifest(trial, "DSMB-9"), error = function(e) conditionMessage(e)), "\\n")
"""
BUSY = """
library(hometrial)
trial <- hometrial(Sys.getenv("PLACE"))
samples <- hometrial_samples(trial, "heart_rate")
locks <- hometrial_locks(trial)
cat(samples$a, locks$number, "\\n")
assignInNamespace(".TRIES", 1L, "hometrial")
cat(tryCatch(hometrial_locks(hometrial(paste0(Sys.getenv("PLACE"), "/never"))), error = function(e) conditionMessage(e)), "\\n")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Run a program with the package, which is installed into a folder of its own."""
    place = tmp_path_factory.mktemp("r")
    (place / "library").mkdir()
    source = shutil.copytree(ROOT / "clients/r", place / "source")
    subprocess.run(["R", "CMD", "INSTALL", "-l", place / "library", source], check=True, capture_output=True, timeout=120)  # fmt: skip

    def run(program, address, token, within=place):
        own = os.environ | {"R_LIBS": str(place / "library"), "HOMETRIAL_TOKEN": token, "PLACE": address}  # fmt: skip
        said = subprocess.run(["Rscript", "-e", program], env=own, cwd=within, capture_output=True, text=True, timeout=240, check=False)  # fmt: skip
        return [line.strip() for line in said.stdout.splitlines()], said.stderr

    return run


@pytest.fixture(scope="module")
def served(shared_study, tmp_path_factory):
    """A study with two people, one lock and a served staff site: its address, a token, its database."""
    database, folder = shared_study.database, tmp_path_factory.mktemp("fitabase")
    (folder / "heartrate_seconds_merged.csv").write_text(BEATS)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with database.transaction("ann", "somebody in the trial") as session:
        in_trial(session)
    new = new_lock("DSMB-1", "interim", "the board", wanted(("csv",)))
    making.make(database, new, folder / "lock", "ann")
    with database.transaction("test", "a token") as session:
        account = signed_in.account(session, "sam", ("statistician",))
        token = tokens.issue(session, account.id, "laptop", timedelta(days=1))
    server = waitress.create_server(create_app(database), host="127.0.0.1", port=0)
    thread = in_background(server)
    yield f"http://127.0.0.1:{server.effective_port}", token, database
    server.close()
    thread.join(10)


def test_tables_and_samples_come_as_data_frames_and_a_missing_row_stops(installed, served):
    lines, errors = installed(PROGRAM, *served[:2])
    assert len(lines) == 7, errors
    assert lines[0] == "6 Date 2016-04-01 logical"
    assert lines[1] == "3 local_day participant_id"
    assert lines[2] == f"20 {sum(range(60, 80))} POSIXct"
    assert "404" in lines[3]
    assert lines[4].startswith("url must start with https://")
    assert lines[5] == "character character character", (
        "what is text stays text, also where it is empty"
    )
    assert "6 rows came, and the server counted 7" in lines[6]


def _has(*packages):
    asked = "; ".join(f"stopifnot(requireNamespace('{each}', quietly = TRUE))" for each in packages)
    done = subprocess.run(["Rscript", "-e", asked], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


def test_a_lock_is_taken_away_and_every_byte_of_it_is_checked(installed, served, tmp_path):
    if not _has("curl", "jsonlite", "digest"):
        pytest.skip("R is here without curl, jsonlite and digest")
    address, token, database = served
    threading.Thread(target=_make_when_asked, args=(database,), daemon=True).start()
    lines, errors = installed(LOCKS, address, token, tmp_path)
    assert len(lines) == 7, errors
    assert lines[0] == "1 DSMB-1 FALSE data_manager, investigator"
    assert lines[1] == "DSMB-1 TRUE"
    assert lines[2] == "TRUE TRUE lock", "nothing half made is left"
    assert re.search(r"lock: \S*participant_day\.csv was changed$", lines[3])
    for told in ("participant_day.csv is missing", "more.txt is not in the manifest", "the lock's is 000"):  # fmt: skip
        assert told in lines[4]
    assert "is there already" in lines[5]
    assert "404: no lock is called DSMB-9" in lines[6]


def _make_when_asked(database):
    for _ in range(1200):
        with database.reading() as session:
            waiting = [each.request.id for each in delivering.history(session) if each.request.state == "waiting"]  # fmt: skip
        if waiting:
            delivering.make(database, waiting[0])
            return
        time.sleep(0.1)


class _Busy(BaseHTTPRequestHandler):
    """A server that is asked too often at the first request for anything, and always below /never."""

    seen: ClassVar[set[str]] = set()

    def do_GET(self):
        path = self.path.partition("?")[0]
        refuses = path.startswith("/never") or path not in self.seen
        self.seen.add(path)
        body = b"a\n7\n" if "samples" in path else b'{"data": [{"number": 3, "awaits": []}]}'
        body = b'{"detail": "too often"}' if refuses else body
        self.send_response(429 if refuses else 200)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Be quiet."""


def test_who_asks_too_often_waits_and_not_for_ever(installed):
    if not _has("curl", "jsonlite"):
        pytest.skip("R is here without curl and jsonlite")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        lines, errors = installed(BUSY, f"http://127.0.0.1:{server.server_port}", "x")
        server.shutdown()
    assert lines == ["7 3", "429: too often"], errors
