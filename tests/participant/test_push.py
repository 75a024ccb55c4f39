"""The push endpoint over a real socket, and the example client that speaks to it."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import serving
import waitress
from sqlalchemy import text

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE, Database
from hometrial.models import Participant
from hometrial.participant import create_app
from hometrial.services import bridging, consenting, enrolling, pushing, withdrawing
from hometrial.services.syncing import limiting
from hometrial.settings import Settings
from hometrial_ingest.data_types import DataType
from hometrial_ingest.readers.bridge import schema

CLIENT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "push_client.py"
KEY = {"Idempotency-Key": "2026-03-07/0001"}
PROBLEM = "application/problem+json"


def steps(minute=0, **more):
    return {
        "type": "steps", "origin": "com.fitbit.FitbitMobile", "method": "automatic", "count": 17,
        "start": f"2026-03-07T06:{minute:02}:00+01:00", "end": f"2026-03-07T06:{minute:02}:59+01:00",
    } | more  # fmt: skip


def body(*records):
    return json.dumps({"bridge": "health-connect", "records": records}).encode()


class Jobs:
    """Work in the job engine's own table."""

    def read(self, *_):
        raise AssertionError("a push is no hint")

    def absorb(self, session, account_id):
        session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock)"
                " VALUES ('sync', 'absorb', :lock)"
                " ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING"
            ),
            {"lock": str(account_id)},
        )


@dataclass
class Site:
    """The participant site on a real socket, with one bridge."""

    study: object
    url: str
    bridge: object
    token: str

    def push(self, sent, headers=KEY, token=None):
        common = {
            "Authorization": f"Bearer {token or self.token}",
            "Content-Type": "application/json",
        }
        return requests.post(f"{self.url}/push/v1", data=sent, headers=common | headers, timeout=60)

    def pulls(self):
        """Return the state of each of this person's pushes."""
        query = "SELECT state FROM sync.pull WHERE account_id = :id ORDER BY started_at"
        return [row[0] for row in self.study.rows(query, id=self.bridge.account_id)]

    def receipts(self):
        query = "SELECT answer FROM sync.push_receipt WHERE bridge_id = :id"
        return [row[0] for row in self.study.rows(query, id=self.bridge.id)]

    def jobs(self):
        """Return the tasks that wait for this person's account."""
        query = "SELECT task_name FROM jobs.procrastinate_jobs WHERE queueing_lock = :lock"
        return [row[0] for row in self.study.rows(query, lock=str(self.bridge.account_id))]


@pytest.fixture(scope="module")
def served(shared_study):
    """The participant site, served to all tests of this module."""
    settings = shared_study.database.settings
    database = Database(Settings(home=settings.home, database_url=settings.database_url))
    app = create_app(database, clouds={}, tasks=Jobs())
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = serving.in_background(server)
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=5)
    database.close()


@pytest.fixture
def site(served, shared_study):
    """The site with a participant and a bridge of this test's own."""
    with shared_study.database.transaction("test", "enrol") as session:
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        since = datetime(2026, 3, 1, tzinfo=UTC)
        consenting.grant(session, person, DataType, since=since, source="test")
        bridge, token = bridging.add(session, person.code, "health-connect")
    return Site(shared_study, served, bridge, token)


def test_a_push_is_stored_answered_202_and_set_off_through_the_gate(site):
    answer = site.push(body(steps(), steps(1)))

    assert answer.status_code == 202
    receipt = answer.json()
    assert (receipt["records"], receipt["samples"]) == (2, {"steps": 2})
    account = site.bridge.account_id
    assert site.study.rows(
        "SELECT id::text, state FROM sync.pull WHERE account_id = :id", id=account
    ) == [(receipt["receipt"], "fetched")]
    assert site.jobs() == ["absorb"]
    actors = site.study.rows("SELECT actor FROM audit.entry WHERE table_name = 'public.payload'")
    assert (f"bridge:{site.bridge.id}",) in actors
    assert not site.study.verify().problems


def test_the_same_push_again_is_answered_from_its_receipt(site):
    first, again = site.push(body(steps())), site.push(body(steps()))

    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json() | {"repeated": True}
    assert site.pulls() == ["fetched"]


def test_another_body_under_the_same_key_is_a_conflict(site):
    site.push(body(steps()))

    answer = site.push(body(steps(1)))

    assert (answer.status_code, answer.headers["Content-Type"]) == (409, PROBLEM)
    assert site.pulls() == ["fetched"]


@pytest.mark.parametrize("token", ["htb_unknown", "", "'; DROP TABLE bridge; --"])
def test_a_token_that_opens_nothing_is_told_so(site, token):
    answer = site.push(body(steps()), KEY | {"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert site.pulls() == []


@pytest.mark.parametrize("sent", ["", "Basic dXNlcjpwYXNz", "Bearer", "Digest x=1"])
def test_another_way_to_authorise_is_refused(site, sent):
    assert site.push(body(steps()), KEY | {"Authorization": sent}).status_code == 401


def test_a_revoked_token_is_refused(site):
    with site.study.database.transaction("test", "revoke") as session:
        bridging.revoke(session, site.bridge.id)

    assert site.push(body(steps())).status_code == 401


@pytest.mark.parametrize(("chosen", "status"), [((DataType.WEIGHT,), 202), (tuple(DataType), 401)])
def test_a_token_opens_nothing_once_everything_is_withdrawn(site, chosen, status):
    with site.study.database.transaction("test", "withdraw") as session:
        person = session.get_one(Participant, site.bridge.participant_id)
        withdrawing.withdraw(session, {}, person, chosen, keep_late=True, source="test")

    assert site.push(body(steps())).status_code == status


def test_a_push_without_a_key_is_told_what_to_send(site):
    answer = site.push(body(steps()), {})

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]


def test_a_bridge_that_pushes_too_often_is_told_how_long_to_wait(site, at_clock):
    now = clock.now()
    at_clock(now)
    budget = (f"bridge/{site.bridge.id}", pushing.PUSHES, pushing.PER_SECONDS, now)
    with site.study.database.transaction("test", "spend") as session:
        for _ in range(pushing.PUSHES // 2):
            limiting.take(session, *budget)

    answer = site.push(body(steps()))

    assert (answer.status_code, answer.headers["Content-Type"]) == (429, PROBLEM)
    assert (answer.headers["Retry-After"], site.pulls()) == ("1", [])
    at_clock(now + timedelta(seconds=1))
    assert site.push(body(steps())).status_code == 202


def test_a_push_without_consent_names_the_data_types_and_is_not_stored(site):
    scales = {
        "type": "weight", "origin": "com.scale.app", "method": "manual", "value": 71,
        "at": "2026-02-07T06:30:00+01:00",
    }  # fmt: skip

    def contents():  # a push that is refused takes one from the bridge's bucket
        return {name: n for name, n in site.study.contents().items() if name != "sync.rate_bucket"}

    before = contents()

    answer = site.push(body(steps(), scales))

    assert answer.status_code == 403
    assert answer.json()["data_types"] == ["weight"]
    assert answer.json()["records"] == {"weight": [2]}
    assert contents() == before


def test_a_malformed_push_is_told_record_field_value_and_way_out(site):
    answer = site.push(body(steps(), steps(1, start="2026-03-07 06:00")))

    assert (answer.status_code, answer.headers["Content-Type"]) == (422, PROBLEM)
    (fault,) = answer.json()["faults"]
    assert (fault["record"], fault["field"]) == (2, "start")
    assert "2026-03-07 06:00" in fault["value"]
    assert "2026-03-07T06:30:00+01:00" in fault["way_out"]
    assert (site.pulls(), site.jobs()) == (["failed"], [])


def test_a_push_that_is_too_large_is_refused_unread(site):
    answer = site.push(b" " * ((8 << 20) + 1))

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, PROBLEM)
    assert site.pulls() == []


def test_a_large_push_is_taken_whole(site):
    beats = [
        {"at": f"2026-03-07T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}+01:00", "value": 60 + n % 9}
        for n in range(80_000)
    ]  # fmt: skip
    series = {"type": "heart_rate", "origin": "com.app.heart", "method": "automatic"}
    sent = body(*[series | {"samples": beats[n : n + 500]} for n in range(0, len(beats), 500)])

    answer = site.push(sent)

    assert (answer.status_code, answer.json()["samples"]) == (202, {"heart_rate": 80_000})
    assert site.study.one("SELECT max(bytes) FROM sync.pull") == len(sent)


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}, {"Content-Type": ""}]
)
def test_anything_but_plain_json_is_refused(site, headers):
    assert site.push(body(steps()), KEY | headers).status_code == 415


def test_the_schema_is_published_to_everybody(site):
    answer = requests.get(f"{site.url}/push/v1/schema.json", timeout=30)

    assert answer.status_code == 200
    assert answer.json() == schema()


def test_a_push_that_could_not_be_stored_is_not_confirmed_and_may_be_sent_again(site, monkeypatch):
    def fails(*_):
        raise RuntimeError("the job engine is gone")

    monkeypatch.setattr(Jobs, "absorb", fails)
    assert site.push(body(steps())).status_code == 500
    monkeypatch.undo()

    assert (site.pulls(), site.receipts()) == ([], [])
    assert site.push(body(steps())).status_code == 202


def test_the_door_sees_no_token_and_no_address(site):
    for table in ("vault.token", "identity.identity"):
        with (
            pytest.raises(Exception, match="permission denied"),
            site.study.database.transaction("test", role=PARTICIPANT_ROLE) as session,
        ):
            session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608


def test_the_door_sees_no_measurement_of_anybody_who_is_not_there(site):
    assert site.push(body(steps())).status_code == 202
    assert site.study.one("SELECT count(*) FROM payload_part") > 0
    for table in ("day_chunk", "payload_part"):
        with site.study.database.transaction("test", role=PARTICIPANT_ROLE) as session:
            assert session.execute(text(f"SELECT * FROM {table}")).all() == []  # noqa: S608


@contextmanager
def a_bad_line(site, plan):
    """Serve the site through a line that loses, refuses or delivers requests in turn, as planned."""
    waiting = list(plan)

    class Line(BaseHTTPRequestHandler):
        def do_POST(self):
            fate = waiting.pop(0) if waiting else "deliver"
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if fate == "refuse":
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif fate != "lose the request":
                answer = requests.post(
                    site.url + self.path, data=sent, headers=dict(self.headers), timeout=60
                )
                if fate == "deliver":
                    self.send_response(answer.status_code)
                    self.send_header("Content-Length", str(len(answer.content)))
                    self.end_headers()
                    self.wfile.write(answer.content)
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run_client(url, file, token):
    return subprocess.run(
        [sys.executable, CLIENT, url, file, "--bridge", "health-connect", "--first-wait", "0.05"],
        env=os.environ | {"HOMETRIAL_BRIDGE_TOKEN": token},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def write(file, records):
    file.write_text("\n".join(map(json.dumps, records)) + "\n")
    return file


def test_the_example_client_delivers_every_record_once_over_a_bad_line(site, tmp_path):
    records = [steps(n % 60, id=f"r{n}", count=n) for n in range(12_000)]
    file = write(tmp_path / "records.jsonl", records)
    fates = [
        "lose the answer",
        "refuse",
        "lose the request",
        "deliver",
        "refuse",
        "lose the answer",
    ]

    with a_bad_line(site, fates) as url:
        first = run_client(url, file, site.token)
        again = run_client(url, file, site.token)

    assert first.returncode == again.returncode == 0, first.stdout + first.stderr + again.stderr
    assert again.stdout.count("stored before") == 3
    assert site.pulls() == ["fetched"] * 3
    assert sum(receipt["records"] for receipt in site.receipts()) == 12_000


def test_the_example_client_stops_at_a_refusal_and_passes_on_what_the_study_says(site, tmp_path):
    odd = write(tmp_path / "odd.jsonl", [steps(), steps(count=-5)])
    older = write(
        tmp_path / "older.jsonl", [steps(start="2026-02-07T06:00:00Z", end="2026-02-07T07:00:00Z")]
    )

    malformed = run_client(site.url, odd, site.token)
    not_consented = run_client(site.url, older, site.token)
    unknown = run_client(site.url, older, "htb_unknown")

    assert (malformed.returncode, not_consented.returncode, unknown.returncode) == (1, 1, 1)
    assert "record 2, count" in malformed.stdout
    assert "no consent to steps: records 1" in not_consented.stdout
    assert "The token opens nothing" in unknown.stdout
