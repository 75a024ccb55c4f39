"""`hometrial up` watches over its parts; addresses of people are believed of our own proxies alone."""

import http.client
import sys
import threading
import time

import pytest
import waitress
from serving import in_background

from hometrial import participant
from hometrial.cli import staff as staff_command
from hometrial.cli import up
from hometrial.cli.up import Part, Supervisor
from hometrial.db import Database
from hometrial.errors import SettingsError
from hometrial.settings import Settings

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
FALLER = [sys.executable, "-c", "raise SystemExit(3)"]


def test_a_part_that_falls_is_started_again_and_all_stop_together(monkeypatch):
    monkeypatch.setattr(up, "_LOOK", 0.02)
    monkeypatch.setattr(up, "_FIRST_WAIT", 0.05)
    said = []
    supervisor = Supervisor((Part("lasting", SLEEPER), Part("falling", FALLER)), said.append)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    until = time.monotonic() + 30
    while len(said) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    lasting = supervisor.parts[0].process

    supervisor.stop()
    thread.join(timeout=30)

    assert not thread.is_alive()
    assert len(said) >= 2
    assert all(each.startswith("falling ended with 3") for each in said)
    assert lasting.poll() is not None


def test_who_falls_early_waits_longer_each_time_and_who_lasted_is_back_at_once():
    part, said = Part("part", FALLER), []
    waits = []
    for began in (0.0, 10.0, 20.0):
        part.start(began)
        part.process.wait()
        part.next_at = 1e9
        part.look(began + 1, said.append)
        waits.append(part.wait)
    part.start(30.0)
    part.process.wait()
    part.look(30.0 + up._LASTED, said.append)

    assert waits == [1.0, 2.0, 4.0]
    assert part.process is not None  # at once
    part.process.wait()


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_forwarded_address_counts_only_behind_our_own_proxy(proxies, tmp_path):
    def tell(environ, start):
        start("200 OK", [("Content-Type", "text/plain")])
        return [
            environ["REMOTE_ADDR"].encode()
            + b" "
            + environ.get("HTTP_X_FORWARDED_FOR", "").encode()
        ]

    settings = Settings(home=tmp_path, trusted_proxies=proxies)
    server = waitress.create_server(tell, host="127.0.0.1", port=0, **settings.behind_proxies)
    in_background(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=10)
    # whoever asks pretends to be 6.6.6.6; our proxy adds where the request came from
    connection.request("GET", "/", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
    told = connection.getresponse().read().decode().split()
    connection.close()
    server.close()

    assert told[0] == ("203.0.113.7" if proxies else "127.0.0.1")
    assert "6.6.6.6" not in told[0]


def test_both_sites_are_served_with_what_is_said_of_proxies(tmp_path, monkeypatch, capsys):
    told = []

    class Server:
        effective_port = 1

        def run(self):
            pass

        def close(self):
            pass

    def create_server(*_, **options):
        told.append(options)
        return Server()

    monkeypatch.setattr(waitress, "create_server", create_server)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(staff_command, "_address", lambda *_: "here")
    monkeypatch.setattr("hometrial.staff.create_app", lambda *_: None)
    database = Database(Settings(home=tmp_path, trusted_proxies=2))

    staff_command.serve(database, "127.0.0.1", 0)
    participant.serve(None, "127.0.0.1", 0, **database.settings.behind_proxies)

    assert [each["trusted_proxy_count"] for each in told] == [2, 2]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"simulators": "http://127.0.0.1:1"}, "SIMULATORS"),
        ({"public_url": "https://trial.example.org"}, "TRUSTED_PROXIES"),
    ],
)
def test_a_rehearsal_or_a_proxy_that_is_not_named_is_refused(values, said, tmp_path):
    with pytest.raises(SettingsError, match=said):
        up._require_real(Database(Settings(home=tmp_path, **values)))
