"""People who answer questionnaires on the site, by a browser without a window."""

import re
from contextlib import contextmanager
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from urllib.parse import quote

from asked import MORNING, in_trial

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Participant, Response, Submission
from hometrial.participant import create_app
from hometrial.questionnaires import loading
from hometrial.services.asking import opening, words
from hometrial.services.syncing import invitations


class Board:
    """The program's clock on a board that a test writes."""

    def __init__(self, folder: Path, moment: datetime = MORNING) -> None:
        self.file = folder / "asking.clock"
        self.set(moment)
        clock.follow(self.file)

    def set(self, moment: datetime) -> None:
        clock.turn(self.file, moment)


def site(database: Database, public_url: str = "http://localhost"):
    """Return the participants' site of a study, and its own way to the database."""
    own = Database(database.settings.model_copy(update={"public_url": public_url}))
    return create_app(own, clouds={}), own


def enrol(database: Database, **anchors):
    """Return the code of a new person who consented today, in Berlin."""
    with database.transaction("test", "enrol") as session:
        return in_trial(session, **({"consent": clock.now().date()} | anchors)).code


def link(database: Database, code: str) -> str:
    """Return the path of a new invitation of a person."""
    with database.transaction("test", "invite") as session:
        person = session.query(Participant).filter_by(code=code).one()
        return f"/join/{invitations.invite(session, person, 'test')}"


class Answerer:
    """One person on one device."""

    def __init__(self, app, database, code=None, language="en", **anchors):
        self.database = database
        self.code = code or enrol(database, **anchors)
        self.client = app.test_client()
        self.language = language
        self._token = None
        self.enter()

    def enter(self):
        """Open the page by a new invitation."""
        way = link(self.database, self.code)
        self.client.set_cookie("look", f"auto.20.0.{self.language}")
        answer = self.client.post(way, data={"csrf_token": self.token(way)})
        assert answer.status_code == 303, answer.text
        self._token = None

    def token(self, page="/look"):
        """Return the token of this browser, which holds until another visit begins."""
        if self._token is not None and page == "/look":
            return self._token
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert found, page
        self._token = found[1]
        return found[1]

    def get(self, path):
        return self.client.get(path)

    def post(self, path, **fields):
        return self.client.post(path, data={"csrf_token": self.token(), **fields})

    @contextmanager
    def session(self):
        with self.database.transaction("test", "look") as session:
            yield session


class Form:
    """One form of an answerer."""

    def __init__(self, who: Answerer, form: str, occasion: str) -> None:
        self.who, self.form, self.occasion = who, form, occasion
        self.path = f"/ask/{form}/{quote(occasion, safe='@')}"

    def begin(self, respondent="self", **fields):
        answer = self.who.post(self.path, respondent=respondent, **fields)
        if "/practice" in answer.headers.get("Location", ""):
            answer = self.who.post(self.path, respondent=respondent, **fields)
        return answer

    @property
    def hash(self):
        """The hash of what is asked."""
        instrument = {"ldn_diary": "ldn_me_diary", "weekly_questions": "ldn_me_weekly"}
        return loading.definition_hash(loading.named(instrument.get(self.form, self.form)))

    def answer(self, item, value="", then="next", **fields):
        sent = {"definition": self.hash, "then": then, f"answer-{item}": str(value)}
        return self.who.post(f"{self.path}/{item}", **(sent | fields))

    def words(self):
        with self.who.session() as session:
            person = session.query(Participant).filter_by(code=self.who.code).one()
            response = opening.response_of(session, person, self.form, self.occasion)
            rows = words.spoken(session, response.id) if response else ()
            return [(row.item, row.value if row.skipped is None else row.skipped) for row in rows]

    def submissions(self):
        with self.who.session() as session:
            rows = session.query(Submission).join(Response, Response.id == Submission.response_id)
            person = session.query(Participant).filter_by(code=self.who.code).one()
            rows = rows.filter(Response.participant_id == person.id, Response.form == self.form)
            return [row.kind for row in rows.order_by(Submission.revision)]


def text_of(answer) -> str:
    """Return the words of a page."""
    bare = re.sub(r"<[^>]+>", " ", answer.text)
    return re.sub(r"\s+", " ", unescape(bare))


TAKING = {
    "consent": date(2026, 1, 2),
    "run_in_end": date(2026, 1, 29),
    "randomisation": date(2026, 2, 1),
    "first_dose": date(2026, 2, 2),
}
"""The days of somebody who keeps a diary on 2 March 2026."""
EVENING = datetime(2026, 3, 2, 19, tzinfo=UTC)
"""When the diary of 2 March is open."""
DIARY = ("ldn_diary", "ldn_diary@2026-03-02")
WEEKLY = ("weekly_questions", "weekly_questions@2026-03-01")
SIDE_EFFECTS = ("side_effects", "side_effects@2026-03-01")
PHQ9 = ("phq9", "V0#1")
GAD7 = ("gad7", "V0#1")
