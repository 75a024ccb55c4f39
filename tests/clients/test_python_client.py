"""The Python client, installed by itself, against the staff site as it is served."""

import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
import signed_in
import waitress
from asked import in_trial
from serving import in_background

from hometrial.services import delivering, enrolling
from hometrial.services.locking import making
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.services.staffing import tokens
from hometrial.staff import create_app

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
BEATS = "Id,Time,Value\n" + "".join(
    f"{who},4/{day}/2016 7:{n:02}:05 AM,{60 + n}\n"
    for who in (1, 2, 3)
    for day in range(1, 5)
    for n in range(20)
)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The package, built and installed into a folder of its own."""
    place = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(ROOT / "clients/python", place / "source")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place],
        cwd=source, check=True, capture_output=True, timeout=120,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
    )  # fmt: skip
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    sys.path.insert(0, str(place / "site"))
    import hometrial_client

    yield hometrial_client
    sys.path.remove(str(place / "site"))
    for name in [each for each in sys.modules if each.startswith("hometrial_client")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def place(shared_study, tmp_path_factory):
    """A study with three people, one lock, a served staff site; its address and a token."""
    database, folder = shared_study.database, tmp_path_factory.mktemp("fitabase")
    (folder / "heartrate_seconds_merged.csv").write_text(BEATS)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with database.transaction("ann", "somebody in the trial") as session:
        in_trial(session)
    making.make(database, new_lock("DSMB-1", "interim", "the board", wanted(("csv",))), folder / "lock", "ann")  # fmt: skip
    with database.transaction("test", "a token") as session:
        account = signed_in.account(session, "sam", ("statistician",))
        token = tokens.issue(session, account.id, "laptop", timedelta(days=1))
    server = waitress.create_server(create_app(database), host="127.0.0.1", port=0)
    thread = in_background(server)
    yield f"http://127.0.0.1:{server.effective_port}", token
    server.close()
    thread.join(10)


@pytest.fixture
def trial(client, place):
    return client.Hometrial(*place)


def test_three_lines_give_a_table_as_a_data_frame(trial):
    days = trial.table("participant_day")
    assert len(days) == 12
    assert str(days["local_day"][0]) == "2016-04-01"
    assert trial.study()["participants"] == 4
    assert {"participant_day", "visit"} <= set(trial.tables()["table"])
    some = trial.table("participant_day", participant=["P-0002"], columns=["local_day", "steps"])
    assert (len(some), list(some)) == (4, ["local_day", "steps"])


def test_an_update_reads_the_changed_peoples_rows_alone_and_is_the_table_as_it_stands(
    trial, client, shared_study
):
    before = trial.table("participant")
    with shared_study.database.transaction("ann", "a change") as session:
        enrolling.find_participant(session, "P-0002").status = "withdrawn"
    asked = []
    rows = trial._server.rows
    trial._server.rows = lambda path, query: asked.append(query) or rows(path, query)
    after = trial.update("participant", before)
    assert [each.get("changed_since") for each in asked] == [before.attrs["version"]]
    assert list(before["status"]).count("withdrawn") == 0, "what one has stays as it is"
    pd.testing.assert_frame_equal(after, trial.table("participant"))
    assert after.attrs["version"] > before.attrs["version"]
    with pytest.raises(client.HometrialError, match="not of the table"):
        trial.update("visit", before)


def test_samples_come_of_some_days(trial):
    found = trial.samples("heart_rate", participant="P-0001", first="2016-04-02", last="2016-04-03")
    assert (len(found), found["value"].sum()) == (40, 2 * sum(range(60, 80)))


def test_a_lock_is_downloaded_checked_and_a_changed_byte_is_found(trial, client, shared_study, tmp_path):  # fmt: skip
    assert list(trial.locks()["name"]) == ["DSMB-1"]
    threading.Thread(target=_make_when_asked, args=(shared_study.database,), daemon=True).start()
    folder = trial.download("DSMB-1", tmp_path / "lock", patience=120)
    assert folder.root == trial.lock("DSMB-1")["root"]
    (days,) = [each for each in folder.files if each.endswith("participant_day.csv")]
    assert [each.name for each in tmp_path.iterdir()] == ["lock"], "nothing half made is left"
    file = tmp_path / "lock" / days
    file.write_bytes(file.read_bytes().replace(b"2016-04-01", b"2016-04-09", 1))
    with pytest.raises(client.FolderChangedError, match=r"participant_day\.csv was changed"):
        client.verify(tmp_path / "lock")
    with pytest.raises(client.HometrialError, match="is there already"):
        trial.download("DSMB-1", tmp_path / "lock")


def _make_when_asked(database):
    for _ in range(600):
        with database.reading() as session:
            waiting = [each.request.id for each in delivering.history(session) if each.request.state == "waiting"]  # fmt: skip
        if waiting:
            delivering.make(database, waiting[0])
            return
        time.sleep(0.1)


def test_a_refusal_is_an_error_with_the_servers_words(trial, client, place):
    with pytest.raises(client.RefusedError, match="no table is called") as refused:
        trial.table("nothing")
    assert refused.value.status == 404
    with pytest.raises(client.RefusedError, match="Account"):
        client.Hometrial(place[0], "hometrial_wrong").study()
    for address in ("staff.example.org", "localhost.example.org", "127.0.0.1.example.org", "127.0.0.1@example.org"):  # fmt: skip
        with pytest.raises(client.HometrialError, match="https"):
            client.Hometrial(f"http://{address}", "x")


def test_a_token_goes_out_also_where_netrc_has_a_password_for_the_server(
    client, place, tmp_path, monkeypatch
):
    (tmp_path / "netrc").write_text("machine localhost login ann password x\nmachine 127.0.0.1 login ann password x\n")  # fmt: skip
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert client.Hometrial(*place[:2]).study()


class _Short(BaseHTTPRequestHandler):
    """A server that counts one row more than it sends, or breaks off."""

    body = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Hometrial-Rows", "3")
        self.send_header("Content-Length", str(len(self.body) + (9 if "cut" in self.path else 0)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        """Be quiet."""


@pytest.mark.parametrize("name", ["short", "cut"])
def test_fewer_rows_than_were_counted_are_an_error_and_no_shorter_table(client, tmp_path, name):
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "two.parquet")
    _Short.body = (tmp_path / "two.parquet").read_bytes()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Short) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        trial = client.Hometrial(f"http://127.0.0.1:{server.server_port}", "x")
        with pytest.raises(client.RowsMissingError, match="ask again"):
            trial.table(name)
        server.shutdown()


class _Busy(BaseHTTPRequestHandler):
    """A server that is asked too often `left` times, or compares two locks first."""

    left, asked = 0, []

    def do_GET(self):
        type(self).asked.append(self.path)
        refuses = type(self).left > 0
        type(self).left -= 1
        body = b'{"detail": "too often"}' if "study" in self.path else b'{"variable": "status"}'
        self.send_response((429 if "study" in self.path else 202) if refuses else 200)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Be quiet."""


@pytest.fixture
def busy(client, monkeypatch):
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    _Busy.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Busy) as server:
        threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True).start()
        yield client.Hometrial(f"http://127.0.0.1:{server.server_port}", "x"), waited
        server.shutdown()


def test_who_asks_too_often_waits_as_long_as_the_server_says_and_not_for_ever(busy, client):
    trial, waited = busy
    _Busy.left = 2
    assert trial.study() == {"detail": "too often"}
    assert waited == [7, 7]
    _Busy.left, _Busy.asked = 99, []
    with pytest.raises(client.RefusedError, match="too often") as refused:
        trial.study()
    assert (refused.value.status, len(_Busy.asked)) == (429, 7)


def test_what_differs_is_waited_for_until_a_worker_has_compared_the_locks(busy, client):
    trial, waited = busy
    _Busy.left = 2
    assert list(trial.differences("A", "B")["variable"]) == ["status"]
    assert waited == [7, 7]
    _Busy.left = 99
    with pytest.raises(client.HometrialError, match="does a worker run"):
        trial.differences("A", "B", patience=-1)


def test_the_readme_says_what_the_package_has(client):
    text = (ROOT / "clients/python/README.md").read_text()
    public = {name for name in dir(client.Hometrial) if not name.startswith("_")}
    assert {name for name in public if f"trial.{name}(" not in text} <= {"study"}
