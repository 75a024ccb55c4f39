"""An endpoint that takes notifications."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

PAYLOADS = Path(__file__).resolve().parents[4] / "shared" / "data" / "payloads" / "google_health_v4"


@dataclass
class Endpoint:
    """What arrived, and what is answered: the next of `statuses`, then 204."""

    url: str
    secret: str
    statuses: list[int] = field(default_factory=list)
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    verifies: tuple[int, int] = (201, 401)
    """What a verification with the secret and one without it are answered."""

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.arrived]

    @property
    def items(self) -> list[dict[str, Any]]:
        return [each["data"] for body in self.bodies for each in body]

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        if json.loads(body) == {"type": "verification"}:
            known = headers.get("Authorization") == self.secret
            assert headers["User-Agent"] == "Google-Health-API-Webhooks-Verifier"
            return self.verifies[not known]
        self.arrived.append((headers, body))
        return self.statuses.pop(0) if self.statuses else 204


@pytest.fixture
def endpoint(sims) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(made.answer(dict(self.headers), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Endpoint(f"http://127.0.0.1:{server.server_port}/hooks", sims.google.webhook_secret)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def captured() -> Callable[[str], Any]:
    """What reads a captured payload. Ask it last: where there are none, the rest of the test is left out."""

    def read(name: str) -> Any:
        path = PAYLOADS / f"{name}.json"
        if not path.exists():
            pytest.skip(f"no captured payloads on this machine: {name}")
        return json.loads(path.read_text())

    return read
