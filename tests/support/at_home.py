"""People of a trial on their own page, for tests: each at a stage, with a browser of their own."""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import enrolled
from dosed import ANSWERS, START, Dosed
from flask.testing import FlaskClient

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Participant
from hometrial.participant import create_app
from hometrial.protocol import loading
from hometrial.services import enrolling
from hometrial.services.syncing import invitations
from hometrial.services.trial import answering, publishing, screening
from hometrial.services.trial.answering import Told

BEFORE = datetime(2026, 2, 16, 9, tzinfo=UTC)


@dataclass
class Home:
    """A person at home: their browser, and the clock on their wall."""

    app: object
    somebody: Dosed
    client: FlaskClient

    @property
    def person(self):
        return self.somebody.person

    def at(self, number, hour=12, minute=0):
        """Let it be a time of day `number` of the drug."""
        self.somebody.at(number, hour, minute)
        return self

    def invitation(self):
        """Return the path of a new link to their page."""
        with self.somebody.study.database.transaction("staff", "invite") as session:
            return f"/join/{invitations.invite(session, self.person, 'test')}"

    def come(self):
        """Open a visit, now."""
        path = self.invitation()
        self.client.post(path, data={"csrf_token": found(self.client.get(path).text, "csrf_token")})
        return self

    def get(self, path="/", status=200):
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path, page=None, **data):
        """Send a form with what its page holds hidden; `page` None: the path itself."""
        shown = self.client.get(page or path).text
        hidden = hidden_of(shown, path)
        return self.client.post(path, data={**hidden, **data})

    def tap(self, on, at="evening", **data):
        """Press the one button of a dose on the first page."""
        return self.post(f"/dose/{on}/{at}/taken", "/", **data)

    def rows(self, query, **values):
        return self.somebody.study.rows(query, **values)

    @property
    def told(self):
        """The doses told of that stand: day, time of day, milligrams, time on the wall, why not."""
        return [
            (
                (each.on - START).days,
                each.time_of_day.value,
                each.mg,
                each.taken_at and f"{each.taken_at:%H:%M}",
                each.missed and each.missed.value,
            )
            for each in self.somebody.course.intakes
        ]


def found(page, name):
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    return match[1] if match else ""


def hidden_of(page, path):
    """Return the hidden fields of the form that is sent to a path (or of the last form in the content)."""
    content = page.partition("<main")[2].partition("</main")[0]
    forms = re.findall(r"<form method=\"post\"([^>]*)>(.*?)</form>", content, re.DOTALL)
    named = [inner for head, inner in forms if f'action="{path}"' in head]
    chosen = (named or [inner for head, inner in forms if "action" not in head] or [""])[-1]
    values = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', chosen))
    return values or {"csrf_token": found(page, "csrf_token")}


def words(page):
    """Return what a page says, without its marks."""
    content = page.partition("<main")[2].partition(">")[2].partition("</main")[0]
    content = re.sub(r"<template.*?</template>", "", content, flags=re.DOTALL)  # for scripts alone
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content)).replace("&#39;", "'").strip()


PROTOCOL = "ldn-case-series"
OWN_STEPS = (
    ("id: ldn-case-series", "id: ldn-own-steps"),
    ("approver: investigator", "approver: automatic"),
)


@dataclass
class World:
    """A study with its site and its clock."""

    study: object
    app: object
    set_clock: object

    def somebody(self, *edits, zone="Europe/Berlin"):
        """Return somebody of a protocol, consented and eligible two weeks before day 0; edits make it another."""
        self.set_clock(BEFORE)
        body = loading.shipped_text(PROTOCOL)
        for old, new in edits:
            body = body.replace(old, new)
        name = dict(edits).get("id: ldn-case-series", "id: ldn-case-series").removeprefix("id: ")
        with self.study.database.transaction("test", "enrol") as session:
            version = publishing.in_force(session, name) or enrolled.published(session, body)
            opened = screening.open_screening(session, version, by="ann")
            person = session.get_one(Participant, opened.participant_id)
            enrolling.set_zone(session, person, zone, source="test")
            enrolled.consent(session, person)
            answering.answer(session, opened, ANSWERS, Told("ann"))
            screening.decide(session, opened, by="ann")
        return self.home(person, zone)

    def home(self, person, zone="Europe/Berlin"):
        """Return a person's home."""
        somebody = Dosed(self.study, self.set_clock, person, zone)
        return Home(self.app, somebody, self.app.test_client())

    def on_drug(self, *edits, formulation="liq", zone="Europe/Berlin"):
        """Return somebody whose drug begins on day 0, at noon of that day, on their page."""
        there = self.somebody(*edits, zone=zone).at(0)
        there.somebody.start(formulation)
        return there.come()

    def enrolled(self, act=None):
        """Return somebody who was only just enrolled, or whom `act` made something of."""
        with self.study.database.transaction("test", "enrol") as session:
            person = enrolling.add_participant(session)
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
            if act is not None:
                act(session, person)
        return self.home(person)


@contextmanager
def world(study, folder, public_url="http://localhost"):
    """Open the site of a study, with a clock that stands where it is set."""
    board = folder / "clock"

    def set_clock(moment):
        clock.turn(board, moment)
        clock.follow(board)

    settings = study.database.settings.model_copy(update={"public_url": public_url})
    own = Database(settings)
    yield World(study, create_app(own, clouds={}), set_clock)
    own.close()
    clock.unfollow()
