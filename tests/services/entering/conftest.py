"""A person with an address, a clock in the test's hands, and a box in which codes arrive."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.services import enrolling, identifying
from hometrial.services.entering import codes
from hometrial.services.entering.codes import Keys, Place
from hometrial.services.syncing import invitations

KEYS = Keys(codes=b"c" * 32, identity=b"i" * 32)
HOME = Place("192.0.2.7")


@pytest.fixture
def now(monkeypatch):
    """Let time go on: now(minutes=3)."""
    hand = [datetime(2026, 3, 10, 12, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: hand[0])

    def advance(**step):
        hand[0] += timedelta(**step)
        return hand[0]

    return advance


@dataclass
class Desk:
    """The way in of one study, as the participant site has it."""

    study: object
    post: list[tuple[UUID, str]] = field(default_factory=list)

    def site(self):
        return self.study.database.transaction("site", role=PARTICIPANT_ROLE)

    def enrol(self, email=None):
        """Return a new person's id."""
        with self.study.database.transaction("staff") as session:
            person = enrolling.add_participant(session)
            if email is not None:
                identifying.keep(session, KEYS.identity, person.id, email=email)
            return person.id

    def deliver(self, _session: Session, participant_id: UUID, code: str) -> None:
        self.post.append((participant_id, code))

    def ask(self, email, place=HOME):
        with self.site() as session:
            return codes.ask(session, KEYS, email, place, self.deliver)

    def answer(self, browser, typed, place=HOME):
        with self.site() as session:
            return codes.answer(session, KEYS, browser, typed, place)

    def come_by_link(self, participant_id):
        """Return the visit that a link opens."""
        with self.study.database.transaction("staff") as session:
            cookie = invitations.open_visit(session, participant_id)
        return self.visit(cookie)

    def visit(self, cookie):
        with self.site() as session:
            return invitations.visit(session, cookie)


@pytest.fixture
def desk(study, now) -> Desk:
    return Desk(study)
