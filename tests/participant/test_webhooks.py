"""Notifications over a real socket, signed as the vendors sign them."""

import base64
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
import serving
import waitress
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Connection
from hometrial.participant import create_app, webhooks
from hometrial.services import enrolling
from hometrial.services.syncing.clouds import DOUBLES
from hometrial.settings import Settings
from hometrial_ingest.providers.fitbit import Fitbit, FitbitConfig
from hometrial_ingest.providers.google_health import GoogleHealth, GoogleHealthConfig
from hometrial_ingest.simulators.google import GoogleFace

SECRET = "Bearer a-secret-of-more-than-thirty-two-characters"  # noqa: S105
CLIENT_SECRET = "the-client-secret-of-fitbit"  # noqa: S105
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEY_ID = 0x0A0B0C0D
GOOGLE, FITBIT = "/hooks/google-health", "/hooks/fitbit"


class Keyset:
    """A server of Google's public keys, and the private one that signs."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        parts = ((3, numbers.x), (4, numbers.y))
        message = b"".join(
            bytes([number << 3 | 2, 33]) + value.to_bytes(33, "big") for number, value in parts
        )
        type_url = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"
        key = {
            "keyId": KEY_ID,
            "status": "ENABLED",
            "outputPrefixType": "TINK",
            "keyData": {"typeUrl": type_url, "value": base64.b64encode(message).decode()},
        }
        answer = json.dumps({"primaryKeyId": KEY_ID, "key": [key]}).encode()
        self.down = down = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(503 if down.is_set() else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}/keyset.json"

    def sign(self, body, key_id=KEY_ID):
        signature = self.private.sign(body, ec.ECDSA(SHA256()))
        return base64.b64encode(b"\x01" + key_id.to_bytes(4, "big") + signature).decode()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Jobs:
    """Work in the job engine's own table, where its own index keeps one waiting job a window."""

    def read(self, session, account_id, stream, first_day, last_day):
        session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock)"
                " VALUES ('sync', 'read', :lock)"
                " ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING"
            ),
            {"lock": f"{account_id}/{stream}/{first_day}/{last_day}"},
        )

    def absorb(self, *_):
        raise AssertionError("a notification is never data")


@dataclass
class Site:
    """The participant site on a real socket."""

    study: object
    url: str
    keyset: Keyset

    def notify(self, *items, **headers):
        """Send a notification as Google does."""
        body = json.dumps(list(items)).encode()
        return self.send(
            body,
            {"Authorization": SECRET, "GOOGLE-HEALTH-API-SIGNATURE": self.keyset.sign(body)}
            | headers,
        )

    def send(self, body, headers, path=GOOGLE):
        return requests.post(self.url + path, data=body, headers=headers, timeout=30)

    def notify_fitbit(self, *items, secret=CLIENT_SECRET):
        body = json.dumps(list(items)).encode()
        digest = hmac.digest(f"{secret}&".encode(), body, "sha1")
        signature = base64.b64encode(digest).decode()
        return self.send(body, {"X-Fitbit-Signature": signature}, FITBIT)

    def jobs(self):
        return [
            row[0]
            for row in self.study.rows(
                "SELECT queueing_lock FROM jobs.procrastinate_jobs WHERE status = 'todo' ORDER BY 1"
            )
        ]

    def events(self):
        found = self.study.rows(
            "SELECT provider, body, hints, of_nobody FROM sync.webhook_event ORDER BY received_at"
        )
        return [(provider, bytes(body), *counts) for provider, body, *counts in found]

    def link(self, provider, external_id):
        with self.study.database.transaction("test", "link") as session:
            person = enrolling.add_participant(session)
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
            account = enrolling.link_account(
                session, person.id, provider=provider, external_id=external_id
            )
            session.add(
                Connection(
                    account_id=account.id, participant_id=person.id, status="active",
                    status_since=NOON, status_reason="linked", streams=["steps", "sleep", "heart_rate"],
                    linked_at=NOON,
                )
            )  # fmt: skip
            return account.id


@pytest.fixture(scope="module")
def keyset():
    made = Keyset()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def served(shared_study, keyset):
    """The participant site, served to all tests of this module."""
    home, url = shared_study.database.settings.home, shared_study.database.settings.database_url
    settings = Settings(
        home=home, database_url=url, webhook_secret=SECRET, fitbit_client_secret=CLIENT_SECRET
    )
    database = Database(settings)
    google = GoogleHealthConfig("id", "secret", keyset=keyset.address)
    fitbit = FitbitConfig("http://127.0.0.1:1", client_id="id", client_secret=CLIENT_SECRET)
    clouds = {"google-health": GoogleHealth(google), "fitbit": Fitbit(fitbit)}
    app = create_app(database, clouds=clouds, tasks=Jobs())
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = serving.in_background(server)
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=5)
    database.close()


@pytest.fixture
def site(served, shared_study, keyset, monkeypatch):
    """The site as if nobody had been linked and nothing had come before."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    with shared_study.database.transaction("test", "forget") as session:
        session.execute(text("UPDATE wearable_account SET external_id = id::text"))
        session.execute(text("DELETE FROM sync.webhook_event"))
        session.execute(text("UPDATE procrastinate_jobs SET status = 'succeeded'"))
    return Site(shared_study, served, keyset)


def item(
    who="anna", kind="steps", start="2026-03-07T08:00:00Z", end="2026-03-07T08:05:00Z", **data
):
    stretch = {"physicalTimeInterval": {"startTime": start, "endTime": end}}
    return {
        "data": {
            "version": "1",
            "healthUserId": who,
            "operation": "UPSERT",
            "dataType": kind,
            "intervals": [stretch],
        }
        | data
    }


def test_a_notification_is_stored_as_it_came_has_its_window_read_and_is_answered_204(site):
    account = site.link("google-health", "anna")

    answer = site.notify(item())

    assert (answer.status_code, answer.content) == (204, b"")
    assert site.jobs() == [f"{account}/steps/2026-03-07/2026-03-07"]
    assert site.events() == [("google-health", json.dumps([item()]).encode(), 1, 0)]


def test_duplicates_in_any_order_and_single_objects_make_one_job(site):
    account = site.link("google-health", "anna")
    single = json.dumps(item()).encode()
    headers = {"Authorization": SECRET, "X-HEALTHAPI-SIGNATURE": site.keyset.sign(single)}

    answers = [site.notify(item(), item(kind="sleep")), site.notify(item(kind="sleep"), item())]
    answers += [site.send(single, headers) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {204}
    assert site.jobs() == [
        f"{account}/sleep/2026-03-07/2026-03-07",
        f"{account}/steps/2026-03-07/2026-03-07",
    ]
    assert len(site.events()) == 12


def signed_by_another(body):
    other = ec.generate_private_key(ec.SECP256R1()).sign(body, ec.ECDSA(SHA256()))
    return base64.b64encode(b"\x01" + KEY_ID.to_bytes(4, "big") + other).decode()


@pytest.mark.parametrize(
    "broken",
    [
        {"GOOGLE-HEALTH-API-SIGNATURE": ""},
        {"GOOGLE-HEALTH-API-SIGNATURE": "bm9wZQ=="},
        {"GOOGLE-HEALTH-API-SIGNATURE": signed_by_another(json.dumps([item()]).encode())},
        {"Authorization": ""},
        {"Authorization": SECRET[:-1]},
        {"Authorization": "Bearer naïve".encode("latin-1")},
    ],
)  # fmt: skip
def test_what_is_not_the_providers_is_refused_counted_and_causes_no_work(site, broken):
    site.link("google-health", "anna")

    answers = [site.notify(item(), **broken) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert site.jobs() == []
    assert site.events() == [("google-health", b"", 0, 3)]


def test_a_body_that_was_worded_anew_is_refused(site):
    site.link("google-health", "anna")
    sent = json.dumps([item()]).encode()
    headers = {"Authorization": SECRET, "GOOGLE-HEALTH-API-SIGNATURE": site.keyset.sign(sent)}

    assert site.send(json.dumps([item()], indent=1).encode(), headers).status_code == 401
    assert site.send(sent, headers).status_code == 204


def test_nobodys_notification_is_answered_and_counted(site):
    answer = site.notify(item("a stranger"), item("another"))

    assert answer.status_code == 204
    assert site.jobs() == []
    assert [event[2:] for event in site.events()] == [(2, 2)]


def test_a_notification_of_a_form_that_nobody_knows_is_kept_and_answered(site):
    site.link("google-health", "anna")

    assert site.notify({"something": "new"}, 7).status_code == 204
    assert site.jobs() == []
    assert [event[2:] for event in site.events()] == [(2, 2)]


def test_a_deletion_is_a_reason_to_read_again(site):
    account = site.link("google-health", "anna")

    assert site.notify(item(operation="DELETE")).status_code == 204
    assert site.jobs() == [f"{account}/steps/2026-03-07/2026-03-07"]


def test_the_pair_of_verifications_is_answered_as_google_wants_it(site):
    body = b'{"type": "verification"}'

    knows = site.send(body, {"Authorization": SECRET})
    strangers = [site.send(body, headers) for headers in ({}, {"Authorization": "Bearer guess"})]

    assert knows.status_code == 201
    assert [answer.status_code for answer in strangers] == [401, 401]
    assert site.jobs() == []


def test_while_the_keys_cannot_be_fetched_the_provider_is_asked_to_try_again(site):
    site.link("google-health", "anna")
    newer = {
        "GOOGLE-HEALTH-API-SIGNATURE": site.keyset.sign(json.dumps([item()]).encode(), KEY_ID + 1)
    }
    site.keyset.down.set()
    try:
        assert site.notify(item(), **newer).status_code == 503
    finally:
        site.keyset.down.clear()

    assert site.events() == []
    assert site.notify(item(), **newer).status_code == 401
    assert site.jobs() == []


def test_a_notification_larger_than_any_is_refused_unread(site):
    assert site.send(b" " * ((1 << 20) + 1), {"Authorization": SECRET}).status_code == 413
    assert site.events() == []


@pytest.mark.parametrize("path", ["/hooks/garmin", "/hooks/apple-health"])
def test_a_hook_that_nobody_set_up_does_not_exist(site, path):
    assert site.send(b"{}", {}, path).status_code == 404


def test_fitbits_address_check_is_answered_204_to_the_right_code_only(site):
    codes = (SECRET, "wrong", "")
    answers = [
        requests.get(site.url + FITBIT, params={"verify": code}, timeout=30) for code in codes
    ]

    assert [answer.status_code for answer in answers] == [204, 404, 404]


def test_fitbits_notification_has_the_day_read_and_a_wrong_signature_is_refused(site):
    site.link("fitbit", "ABC123")
    told = {"collectionType": "sleep", "date": "2026-03-07", "ownerId": "ABC123"}

    assert site.notify_fitbit(told).status_code == 204
    assert site.notify_fitbit(told, secret="another").status_code == 401  # noqa: S106
    assert [job.split("/")[1] for job in site.jobs()] == ["sleep"]


def test_access_taken_back_at_fitbit_needs_the_person_again(site):
    account = site.link("fitbit", "ABC123")

    for _ in range(2):
        told = {"collectionType": "userRevokedAccess", "date": "2026-03-07", "ownerId": "ABC123"}
        assert site.notify_fitbit(told).status_code == 204

    assert site.study.rows(
        "SELECT c.status, w.kind, w.subject FROM connection c"
        " JOIN work_item w USING (participant_id) WHERE c.account_id = :id",
        id=account,
    ) == [("reconnect_needed", "reconnect", "fitbit")]
    assert not site.study.verify().problems


def test_nothing_is_answered_204_that_was_not_stored(site, monkeypatch):
    site.link("google-health", "anna")

    def fails(*_):
        raise RuntimeError("the job engine is gone")

    monkeypatch.setattr(Jobs, "read", fails)
    assert site.notify(item()).status_code == 500
    monkeypatch.undo()
    assert site.events() == []


def test_two_hundred_notifications_from_four_threads_are_all_answered_and_make_one_job_a_window(
    site,
):
    accounts = {name: site.link("google-health", name) for name in ("anna", "ben", "cem")}
    kinds = ("steps", "sleep", "heart-rate")
    sent = [
        [item(name, kinds[(n + k) % 3], f"2026-03-0{1 + n % 5}T08:00:00Z", f"2026-03-0{1 + n % 5}T09:00:00Z")
         for k, name in enumerate(accounts)]
        for n in range(200)
    ]  # fmt: skip

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(lambda items: site.notify(*items).status_code, sent))

    assert statuses == [204] * 200
    streams = {"steps", "sleep", "heart_rate"}
    days = [f"2026-03-0{day}" for day in range(1, 6)]
    assert site.jobs() == sorted(
        f"{account}/{stream}/{day}/{day}"
        for account in accounts.values() for stream in streams for day in days
    )  # fmt: skip
    assert len(site.events()) == 200


def test_beside_a_simulator_its_own_secrets_are_known_and_without_one_none_is():
    clouds = {"google-health": None, "fitbit": None}
    rehearsal = webhooks.hooks_of(Settings(simulators="http://127.0.0.1:8500"), clouds)

    assert rehearsal["google-health"].secret == GoogleFace.webhook_secret
    assert rehearsal["fitbit"].secret == DOUBLES["fitbit"][1]
    assert GoogleFace.webhook_secret not in repr(rehearsal)
    assert webhooks.hooks_of(Settings(), clouds) == {}
