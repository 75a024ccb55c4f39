"""A Fitbit-shaped server on a real socket, a study, and a person's trip to it and back."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import requests
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE, WORKER_ROLE
from hometrial.services import enrolling
from hometrial.services.syncing import invitations, linking, unlinking, vault
from hometrial.services.syncing.invitations import Visit
from hometrial.services.syncing.linking import Answer, Claim
from hometrial_ingest.providers.fitbit import Fitbit, FitbitConfig
from hometrial_ingest.providers.wire import Wire
from hometrial_ingest.simulators.clock import Clock
from hometrial_ingest.simulators.fitbit import FitbitFace, FitbitFaults
from hometrial_ingest.simulators.truth import Scene, Truth

BACK = "http://127.0.0.1:8401/linked/fitbit"


class Quiet(WSGIRequestHandler):
    def log(self, kind, message, *arguments):
        pass


def at_once(_seconds):
    """Wait for nothing between two tries."""


@dataclass
class Cloud:
    """The server, and our side of it: its tries again do not wait."""

    face: FitbitFace
    clock: Clock
    url: str

    @property
    def provider(self) -> Fitbit:
        config = FitbitConfig(
            self.url, client_id=self.face.client_id, client_secret=self.face.client_secret
        )
        return Fitbit(config, Wire(sleep=at_once))


@pytest.fixture
def cloud(tmp_path) -> Iterator[Cloud]:
    file = tmp_path / "clock"
    ticking = Clock(clock.now(), file)
    clock.follow(file)
    truth = Truth(Scene(seed=7, people=3, first_day=date(2026, 2, 1), days=2), ticking)
    face = FitbitFace(truth, ticking, FitbitFaults())
    app = DispatcherMiddleware(face, {"/fitbit": face})
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Cloud(face, ticking, f"http://127.0.0.1:{server.server_port}/fitbit")
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
        clock.unfollow()


@dataclass
class Linker:
    """The acts of the participant site, with its few rights, and of the worker, with its many."""

    study: object
    cloud: Cloud

    @property
    def keys(self):
        return vault.keys(self.study.database.settings)

    def site(self):
        return self.study.database.transaction("site", role=PARTICIPANT_ROLE)

    def worker(self):
        return self.study.database.transaction("worker", role=WORKER_ROLE)

    def enrol(self) -> Visit:
        """Enrol a person and let them in by an invitation."""
        with self.study.database.transaction("staff") as session:
            person = enrolling.add_participant(session)
            token = invitations.invite(session, person, "test")
        return self.come_in(token)

    def come_in(self, token: str) -> Visit:
        with self.site() as session:
            _, cookie = invitations.enter(session, token)
            found = invitations.visit(session, cookie)
        assert found is not None
        return found

    def begin(self, visit: Visit) -> str:
        with self.site() as session:
            return linking.begin(session, self.keys, visit, self.cloud.provider, BACK)

    def sign_in(self, address: str, person: int, **form) -> dict[str, str]:
        """Do at the provider's page what a person does; return what it sends the browser back with."""
        sent = {"person": str(person), "all": "yes", "answer": "allow"} | form
        sent = {name: value for name, value in sent.items() if value}
        answer = requests.post(address, sent, allow_redirects=False, timeout=20)
        assert answer.status_code == 302, answer.text
        words = parse_qs(urlsplit(answer.headers["Location"].removesuffix("#_=_")).query)
        return {name: values[0] for name, values in words.items()}

    def come_back(self, visit: Visit, words: dict[str, str], provider: str = "fitbit"):
        with self.site() as session:
            claimed = linking.claim(session, self.keys, visit, provider, words.get("state", ""))
        if not isinstance(claimed, Claim):
            return claimed
        answer = Answer(words.get("code"), words.get("error"))
        traded = linking.trade(self.cloud.provider, claimed, answer, BACK)
        with self.site() as session:
            outcome = linking.record(session, self.keys, self.cloud.provider, claimed, traded)
        linking.give_back(self.cloud.provider, traded, outcome)
        return outcome

    def link(self, visit: Visit, person: int = 1, **form):
        return self.come_back(visit, self.sign_in(self.begin(visit), person, **form))

    def access(self, account_id: UUID, stale: str | None = None) -> str:
        with self.worker() as session:
            return vault.access(session, self.keys, self.cloud.provider, account_id, stale=stale)

    def unlink(self, account_id: UUID, **options) -> bool:
        with self.study.database.transaction("staff") as session:
            return unlinking.unlink(session, account_id, "asked to", **options)

    def revoke(self, account_id: UUID) -> bool:
        with self.worker() as session:
            return unlinking.revoke(session, self.keys, self.cloud.provider, account_id)

    def status(self, account_id: UUID) -> object:
        return self.study.one("SELECT status FROM connection WHERE account_id = :id", id=account_id)

    def open_work(self) -> list[tuple[object, ...]]:
        return self.study.rows(
            "SELECT kind, subject FROM work_item WHERE closed_at IS NULL ORDER BY 1, 2"
        )


@pytest.fixture
def linker(study, cloud) -> Linker:
    return Linker(study, cloud)
