"""A vendor of our own on a real socket: it answers as it is told and remembers what it was asked."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from hometrial_ingest.provider import Caller, Page, Window
from hometrial_ingest.providers.fitbit import Fitbit, FitbitConfig
from hometrial_ingest.providers.google_health import GoogleHealth, GoogleHealthConfig
from hometrial_ingest.providers.wire import Wire

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "data" / "payloads"
KEY = "secret"
ACCESS = "an-access-token-that-nobody-may-see"


def captured(name: str) -> bytes:
    """Return a captured reply without the wrapper that some of them have; skip if there is none."""
    path = PAYLOADS / name
    if not path.exists():
        pytest.skip(f"no captured payloads on this machine: {name}")
    reply = json.loads(path.read_bytes())
    if isinstance(reply, dict) and reply.keys() == {"body", "status"}:
        reply = reply["body"]
    return json.dumps(reply).encode()


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


Raw = Callable[[socket.socket], None]
"""What is done to the connection in place of an answer."""
Script = Callable[[Asked], Answer | Raw]


@dataclass
class Vendor:
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    script: Script = field(default=lambda _: Answer())
    connections: int = 0

    def says(self, *answers: Answer | Raw) -> None:
        """Answer with these in turn, and for ever with the last."""
        left = list(answers)
        self.script = lambda _: left.pop(0) if len(left) > 1 else left[0]

    @property
    def targets(self) -> list[str]:
        return [f"{asked.method} {asked.target}" for asked in self.asked]


def _handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A header and a body of their own segments would wait for each other's acknowledgement.
        disable_nagle_algorithm = True

        def setup(self):
            super().setup()
            vendor.connections += 1

        def do_GET(self):
            length = int(self.headers.get("Content-Length", 0))
            asked = Asked(
                self.command, self.path, dict(self.headers.items()), self.rfile.read(length)
            )
            vendor.asked.append(asked)
            answer = vendor.script(asked)
            if callable(answer):
                self.close_connection = True
                with suppress(OSError):
                    answer(self.connection)
                return
            self.send_response(answer.status)
            headers = {"Content-Length": str(len(answer.body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *args):
            """Stay silent."""

    return Handler


@pytest.fixture
def vendor():
    vendor = Vendor()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(vendor))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # of connections that were broken off on purpose
    vendor.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield vendor
    server.shutdown()
    server.server_close()


def reset(connection: socket.socket) -> None:
    """Break the connection off hard."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def cut(connection: socket.socket) -> None:
    """Promise more than is sent."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"dataPoints": [')


HTML = Answer(200, b"<!doctype html><title>Sorry</title>", {"Content-Type": "text/html"})


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def wire(pauses):
    return Wire(sleep=pauses.append)


@pytest.fixture
def google(vendor, wire):
    config = GoogleHealthConfig.simulated(vendor.url, client_id="id", client_secret=KEY)
    return GoogleHealth(config, wire)


@pytest.fixture
def fitbit(vendor, wire):
    config = FitbitConfig.simulated(vendor.url, client_id="id", client_secret=KEY)
    return Fitbit(config, wire)


@pytest.fixture
def caller():
    return Caller(ACCESS)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def window(
    first: str = "2026-03-07",
    last: str | None = None,
    *,
    hours: int = -5,
    earliest: str = "2000-01-01T00:00Z",
    latest: str = "9999-12-31T00:00Z",
) -> Window:
    """Return whole local days of a zone so many hours from UTC."""
    days = [date.fromisoformat(day) for day in (first, last or first)]
    start, end = (
        datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=hours)
        for day in (days[0], days[1] + timedelta(days=1))
    )
    return Window(*days, start, end, at(earliest), at(latest))


@dataclass(frozen=True)
class PageFile:
    """A page as a file of a reader's."""

    page: Page

    @property
    def path(self) -> str:
        return self.page.name

    @property
    def size(self) -> int:
        return len(self.page.body)

    def open(self) -> BinaryIO:
        return BytesIO(self.page.body)


def samples(reader, page: Page) -> dict[str, int]:
    """Read a page with its provider's reader; return how many samples of each signal it holds."""
    file = PageFile(page)
    kind = reader.kind(file.path)
    assert kind is not None
    assert reader.keeps(file)
    reader.check(file, kind)
    counts: dict[str, int] = {}
    for segment in reader.read(file, kind):
        assert segment.unreadable == []
        for frame in segment.frames:
            counts[frame.signal] = counts.get(frame.signal, 0) + frame.table.num_rows
    return counts
