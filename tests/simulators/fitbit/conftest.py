"""The Fitbit face on a real socket, its clock in the tests' hands."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import requests
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from hometrial_ingest.simulators.clock import Clock
from hometrial_ingest.simulators.fitbit import FitbitFace, FitbitFaults
from hometrial_ingest.simulators.truth import Scene, Truth

FIRST_DAY = date(2026, 2, 25)  # the clocks of New York change on 8 March
NOON = datetime(2026, 3, 12, 16, 0, tzinfo=UTC)
LATE = datetime(2026, 11, 9, 16, 0, tzinfo=UTC)  # after the clock changes of Berlin and New York


class Quiet(WSGIRequestHandler):
    def log(self, kind, message, *arguments):
        pass


@dataclass
class Service:
    """A face at an address, and the shortest ways to talk to it."""

    face: FitbitFace
    clock: Clock
    truth: Truth
    url: str

    def grant(self, person: int = 1, scopes=None) -> str:
        return str(self.face.grant(person, scopes)["access_token"])

    def get(self, path: str, token: str | None = None, **more) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        return requests.get(f"{self.url}{path}", headers=headers, timeout=20, **more)

    def token(self, **form) -> requests.Response:
        """Call the token endpoint as the Server application."""
        return requests.post(
            f"{self.url}/oauth2/token", form, headers={"Authorization": self.basic()}, timeout=20
        )

    def refresh(self, token: object) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def basic(self) -> str:
        pair = f"{self.face.client_id}:{self.face.client_secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def after(self, **step) -> None:
        self.clock.advance(timedelta(**step))


@pytest.fixture(scope="session")
def truth() -> Truth:
    # Person 4 flies from Berlin to New York and back; days are made once for all tests.
    return Truth(Scene(seed=7, people=6, first_day=FIRST_DAY, days=24), Clock(NOON))


@pytest.fixture(scope="session")
def autumn_truth() -> Truth:
    return Truth(Scene(seed=7, people=3, first_day=date(2026, 10, 23), days=14), Clock(LATE))


@pytest.fixture
def service(truth) -> Iterator[Service]:
    with serving(truth, NOON) as found:
        yield found


@pytest.fixture
def autumn(autumn_truth) -> Iterator[Service]:
    with serving(autumn_truth, LATE) as found:
        yield found


@pytest.fixture
def own(truth) -> Iterator[Service]:
    """A service whose truth a test may change."""
    with serving(Truth(truth.scene, Clock(NOON)), NOON) as found:
        yield found


@contextmanager
def serving(truth: Truth, at: datetime) -> Iterator[Service]:
    clock = Clock(at)
    face = FitbitFace(truth, clock, FitbitFaults())
    app = DispatcherMiddleware(_nowhere, {"/fitbit": face})
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Service(face, clock, truth, f"http://127.0.0.1:{server.port}/fitbit")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _nowhere(environ, start_response):
    start_response("404 Not Found", [])
    return []
