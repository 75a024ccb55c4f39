"""Simulators of one's own, and a client that asks them over a real socket."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from hometrial_ingest.simulators import Simulators
from hometrial_ingest.simulators.days import Days

FIRST_DAY, DAYS = date(2026, 2, 20), 30
MADE = Days(heart_rate_every=300, cache_bytes=1 << 28)
NOW = datetime(2026, 3, 22, 12, tzinfo=UTC)


@dataclass
class Client:
    """One person's calls with a token."""

    sims: Simulators
    session: requests.Session
    base: str

    def get(self, path: str, **query: object) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", params=query, timeout=30)

    def post(self, path: str, body: object) -> requests.Response:
        return self.session.post(f"{self.base}/{path}", json=body, timeout=30)

    def page(self, data_type: str, method: str = "", **query: object) -> dict[str, Any]:
        reply = self.get(f"dataTypes/{data_type}/dataPoints{method}", **query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def points(self, data_type: str, method: str = "", **query: object) -> list[dict[str, Any]]:
        """Return the points of all pages."""
        found = []
        while True:
            page = self.page(data_type, method, **query)
            found += page.get("dataPoints", [])
            if not page.get("nextPageToken"):
                return found
            query["pageToken"] = page["nextPageToken"]

    def refusal(self, path: str, **query: object) -> tuple[int, dict[str, Any]]:
        reply = self.get(path, **query)
        return reply.status_code, reply.json()["error"]


@pytest.fixture
def sims(tmp_path: Path) -> Iterator[Simulators]:
    made = Simulators(7, 12, FIRST_DAY, DAYS, 300, tmp_path / "clock")
    made.clock.set(NOW)
    made.truth._days = MADE  # the same seed makes the same days: once for all tests
    with made.start():
        yield made


@pytest.fixture
def client(sims):
    """Return a maker of clients: a person, and the streams granted."""
    sessions = []

    def made(person: int = 1, streams: list[str] | None = None) -> Client:
        session = requests.Session()
        sessions.append(session)
        token = sims.google.grant(person, streams)["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        return Client(sims, session, f"{sims.base_url}/google/v4/users/me")

    yield made
    for session in sessions:
        session.close()
