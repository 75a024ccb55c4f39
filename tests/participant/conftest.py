"""The participant site of a study beside the simulated clouds, and people who go there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from hometrial import clock
from hometrial.db import WORKER_ROLE, Database
from hometrial.participant import create_app
from hometrial.services import enrolling
from hometrial.services.syncing import clouds, invitations, unlinking, vault
from hometrial_ingest.simulators import Simulators

ZONE = "Europe/Berlin"


@pytest.fixture(scope="module")
def sims(tmp_path_factory) -> Iterator[Simulators]:
    """Both clouds; their clock is also ours."""
    file = tmp_path_factory.mktemp("clock") / "clock"
    made = Simulators(seed=7, people=4, first_day=date(2026, 2, 1), days=3, clock_file=file)
    with made.start() as running:
        clock.follow(file)
        yield running
        clock.unfollow()


@dataclass
class Place:
    """A site, the study behind it, and what its hooks were told."""

    app: Flask
    database: Database
    sims: Simulators
    linked: list[object] = field(default_factory=list)
    unlinked: list[object] = field(default_factory=list)

    def enrol(self) -> str:
        """Enrol a person and return their invitation's path."""
        with self.database.transaction("staff") as session:
            person = enrolling.add_participant(session)
            enrolling.set_zone(session, person, ZONE, source="test")
            return f"/join/{invitations.invite(session, person, 'test')}"

    def visitor(self) -> "Visitor":
        """Return a person who is on their page."""
        came = Visitor(self, self.app.test_client())
        came.post(self.enrol())
        return came

    def revoke_all(self) -> None:
        """Do what the worker does for those who unlinked."""
        keys = vault.keys(self.database.settings)
        with self.database.transaction("worker", role=WORKER_ROLE) as session:
            for account_id, provider in unlinking.waiting(session):
                cloud = clouds.clouds(self.database.settings)[provider]
                unlinking.revoke(session, keys, cloud, account_id)


@dataclass
class Visitor:
    """A browser without a window."""

    place: Place
    client: FlaskClient

    def token(self, page: str = "/health") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        return found[1] if found else ""

    def post(self, address: str, page: str | None = None):
        """Send a form with the token that its page holds."""
        return self.client.post(address, data={"csrf_token": self.token(page or address)})

    def go_out(self, provider: str = "google-health") -> str:
        """Press the button of a provider; return the address that the page leads on to."""
        page = self.post(f"/connect/{provider}", "/watch").text
        found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
        assert found, page
        return found[1].replace("&amp;", "&")

    def sign_in(self, address: str, account: int, **form) -> str:
        """Do at Google's page what a person does; return where it sends the browser back to."""
        scopes = re.search(r"[?&]scope=([^&]+)", address)
        assert scopes
        wanted = re.split(r"%20|\+", scopes[1].replace("%3A", ":").replace("%2F", "/"))
        sent = {"account": str(account), "scope": wanted, "decision": "allow"} | form
        answer = requests.post(address, sent, allow_redirects=False, timeout=20)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def link(self, account: int, **form) -> str:
        """Go all the way and return the page at the end."""
        answer = self.client.get(self.sign_in(self.go_out(), account, **form))
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"] == "/result"
        return self.client.get("/result").text


class Silence:
    """Background work that is never done."""

    def read(self, *_arguments: object) -> None:
        """Read nothing."""

    def absorb(self, *_arguments: object) -> None:
        """Absorb nothing."""

    def send(self, *_arguments: object) -> None:
        """Send nothing."""


def make_place(database: Database, sims: Simulators, public_url: str) -> Place:
    settings = database.settings.model_copy(
        update={
            "public_url": public_url,
            "simulators": sims.base_url,
            "google_client_id": sims.google.client_id,
            "google_client_secret": SecretStr(sims.google.client_secret),
            "fitbit_client_id": sims.fitbit.client_id,
            "fitbit_client_secret": SecretStr(sims.fitbit.client_secret),
        }
    )
    own = Database(settings)
    place = Place(Flask("none yet"), own, sims)
    place.app = create_app(
        own,
        on_linked=lambda _, account: place.linked.append(account),
        on_unlinked=lambda _, account: place.unlinked.append(account),
        tasks=Silence(),
    )
    return place


@pytest.fixture(scope="module")
def public_url() -> str:
    """The address of the site, as the test's client calls it."""
    return "http://localhost"


@pytest.fixture(scope="module")
def place(shared_study, sims, public_url) -> Iterator[Place]:
    """The site of a study that a module's tests share; each brings people of its own."""
    made = make_place(shared_study.database, sims, public_url)
    yield made
    made.database.close()


@pytest.fixture
def visitor(place) -> Visitor:
    return place.visitor()
