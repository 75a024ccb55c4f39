"""A study whose people get real mail from a server in this process, in simulated time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from asked import in_trial

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Participant
from hometrial.services import identifying
from hometrial.tasks import sending
from hometrial.tasks.engine import House

DAY = date(2026, 3, 2)
"""A Monday, the first day of a diary that is open from 17:00 to 04:00 in Berlin."""


def berlin(text, day=2):
    """Return an instant of a day in March (winter time) by Berlin's clock."""
    hour, minute = text.split(":")
    return datetime(2026, 3, day, int(hour), int(minute), tzinfo=UTC) - ONE


ONE = datetime(2026, 1, 1, 1) - datetime(2026, 1, 1)  # noqa: DTZ001 - a length, of two bare times


@dataclass
class Post:
    """The study, its mail server and its clock."""

    study: object
    server: object
    at_clock: object

    @property
    def house(self):
        return House(self.study.database, {})

    @property
    def box(self):
        return self.server.box

    def person(
        self, protocol="ldn-mecfs", zone="Europe/Berlin", email="zoe@example.net", **anchors
    ):
        """Return somebody who keeps a diary from the first day on, with an address."""
        anchors = anchors or {"run_in_start": DAY}
        with self.study.database.transaction("staff", "enrol") as session:
            person = in_trial(session, protocol, zone, **anchors)
            key = self.study.database.settings.key("identity")
            identifying.keep(session, key, person.id, email=email)
        return person

    def at(self, moment):
        """Let a minute pass at an instant: plan, then send; return how many mails are in the box."""
        self.at_clock(moment)
        problems = sending.plan_now(self.house)
        assert problems == ()
        sending.send_now(self.house)
        return len(self.box.mails)

    def act(self, what, person, *arguments, **named):
        """Let staff do something about a person."""
        with self.study.database.transaction("staff", "test") as session:
            return what(session, session.get_one(Participant, person.id), *arguments, **named)

    def do(self, what, person, *arguments, **named):
        """Let a person do something on the participant site, with its few rights."""
        database = self.study.database
        with database.transaction("participant", "test", role=PARTICIPANT_ROLE) as session:
            return what(session, session.get_one(Participant, person.id), *arguments, **named)

    def steps(self, kind=None):
        """Return every message's steps as text, the oldest message first."""
        rows = self.study.rows(
            "SELECT m.id, m.kind, s.state, s.code, s.reason FROM message m JOIN message_state s"
            " ON s.message_id = m.id ORDER BY m.created_at, m.id, s.number"
        )
        found = {}
        for message, which, state, code, reason in rows:
            if kind in (None, which):
                found.setdefault(message, []).append((state, code, reason))
        return list(found.values())

    def ends(self, kind=None):
        """Return how every message stands, and why."""
        return [(each[-1][0], each[-1][2]) for each in self.steps(kind)]
