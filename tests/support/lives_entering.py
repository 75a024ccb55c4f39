"""The first part of lives in a trial, drawn at random: screening, consent, allocation."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import agreed
import dosed
import enrolled
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.protocol import loading
from hometrial.services import enrolling
from hometrial.services.agreeing import reading, signing, texts, understanding
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.trial import (
    allocating,
    answering,
    following,
    publishing,
    schemes,
    screening,
)
from hometrial.services.trial.answering import Told

BEGIN = datetime(2026, 3, 20, 9, tzinfo=UTC)  # a week before the clocks change in Berlin
PROTOCOLS = ("ldn-mecfs", "ldn-case-series")
ANSWERS = {"ldn-mecfs": enrolled.ANSWERS, "ldn-case-series": dosed.ANSWERS}
ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland")
MOST_PEOPLE, LIFE = 3, 50

people = st.integers(0, MOST_PEOPLE - 1)


class UndoneError(Exception):
    """Ends a life: nothing of it stays."""


def prepare(database: Database) -> None:
    """Put the protocols into force as rehearsals, with their texts and an open allocation."""
    with database.transaction("test", "prepare lives") as session:
        for name in PROTOCOLS:
            version = enrolled.published(session, loading.shipped_text(name), is_test=True)
            texts.keep_shipped(session, version, by="ann")
        schemes.open_scheme(
            session, database.settings.key("allocation"), in_force(session, 0), by="ann"
        )


def in_force(session, place):
    """Return the version in force of one of PROTOCOLS."""
    body = loading.shipped_text(PROTOCOLS[place])
    found = publishing.in_force(session, publishing.read(body, "x").id, is_test=True)
    assert found is not None
    return found


class Entering(RuleBasedStateMachine):
    """Up to three people. `database` and `board`, the program's clock, are set by who runs it."""

    database: Database
    board: Path
    done: ClassVar[Counter[str]] = Counter()
    refused: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        self.session = self.stack.enter_context(self.database.transaction("test", "a life"))
        self.keys = Keys.of(self.database.settings)
        self.key = self.database.settings.key("allocation")
        self.people: list[tuple[Participant, str]] = []
        self.now = BEGIN
        self._set_clock()

    def _set_clock(self) -> None:
        clock.turn(self.board, self.now)
        clock.follow(self.board)

    def _try(self, name: str, act: Callable[[], object]) -> object:
        """Do something or, if it is refused, leave everything as it was."""
        made = None
        try:
            with self.session.begin_nested():
                made = act()
            self.done[name] += 1
        except TrialError:
            self.refused[name] += 1
        return made

    def _person(self, place: int) -> tuple[Participant, str]:
        self.touched = place % len(self.people)
        return self.people[self.touched]

    def _offer(self, person: Participant):
        (offer,) = texts.offered(self.session, person, "en")
        return offer

    @rule(hours=st.sampled_from([1, 7, 24, 24 * 5, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._set_clock()

    @precondition(lambda self: len(self.people) < MOST_PEOPLE)
    @rule(place=st.integers(0, 1), zone=st.sampled_from(ZONES))
    def comes(self, place: int, zone: str) -> None:
        def act() -> Participant:
            opened = screening.open_screening(self.session, in_force(self.session, place), by="ann")
            person = self.session.get_one(Participant, opened.participant_id)
            enrolling.set_zone(self.session, person, zone, source="test")
            return person

        person = self._try("open a screening", act)
        assert isinstance(person, Participant)
        self.people.append((person, PROTOCOLS[place]))
        self.touched = len(self.people) - 1

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def is_screened_again(self, whom: int) -> None:
        person, name = self._person(whom)
        version = in_force(self.session, PROTOCOLS.index(name))
        self._try(
            "screen again",
            lambda: screening.open_screening(self.session, version, by="ann", person=person),
        )

    @precondition(lambda self: self.people)
    @rule(whom=people, wrong=st.sampled_from([None, None, None, "age", "pregnant"]))
    def answers_the_screening(self, whom: int, wrong: str | None) -> None:
        person, name = self._person(whom)
        answers = dict(ANSWERS[name]) | (
            {wrong: {"age": 12, "pregnant": True}[wrong]} if wrong else {}
        )
        told = Told("ann", because="asked again")
        self._try(
            "answer",
            lambda: answering.answer(
                self.session, screening.of_person(self.session, person), answers, told
            ),
        )

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def is_decided(self, whom: int) -> None:
        person, _ = self._person(whom)
        self._try(
            "decide",
            lambda: screening.decide(
                self.session, screening.of_person(self.session, person), by="ann"
            ),
        )

    @precondition(lambda self: self.people)
    @rule(whom=people, sure=st.sampled_from([False, False, False, True]))
    def declines(self, whom: int, sure: bool) -> None:
        person, _ = self._person(whom)
        if sure:
            self._try("decline", lambda: screening.decline(
                self.session, screening.of_person(self.session, person), by="ann", because="too much"))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(whom=people, sections=st.integers(1, 11))
    def reads(self, whom: int, sections: int) -> None:
        person, _ = self._person(whom)

        def act() -> None:
            offer = self._offer(person)
            for section in reading.progress(self.session, person, offer).left[:sections]:
                reading.read(self.session, person, offer, section)

        self._try("read", act)

    @precondition(lambda self: self.people)
    @rule(whom=people, right=st.sampled_from([True, True, False]))
    def answers_the_quiz(self, whom: int, right: bool) -> None:
        person, _ = self._person(whom)

        def act() -> object:
            offer = self._offer(person)
            answers = {each.id: each.right for each in offer.quiz.questions}
            first = offer.quiz.questions[0]
            if not right:
                answers[first.id] = next(o.id for o in first.options if o.id != first.right)
            return understanding.answer(self.session, person, offer, answers)

        self._try("answer the quiz", act)

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def is_called(self, whom: int) -> None:
        person, _ = self._person(whom)
        self._try("call", lambda: understanding.record_call(
            self.session, person, self._offer(person), by="ann", note="talked over"))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def signs(self, whom: int) -> None:
        person, _ = self._person(whom)
        self._try(
            "sign",
            lambda: signing.sign(self.session, self.keys, person, self._offer(person), agreed.ACT),
        )

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def is_countersigned(self, whom: int) -> None:
        person, _ = self._person(whom)
        signed = signing.signatures(self.session, person)
        if signed:
            self._try("countersign", lambda: signing.countersign(
                self.session, self.keys, signed[-1], agreed.INVESTIGATOR, by="dr-ada"))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(whom=people, days=st.integers(-3, 3))
    def run_in_ends(self, whom: int, days: int) -> None:
        person, _ = self._person(whom)
        day = self.now.date() + timedelta(days=days)
        self._try("end the run-in", lambda: following.anchor(
            self.session, person, "run_in_end", day, because="over"))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def is_allocated(self, whom: int) -> None:
        person, _ = self._person(whom)
        self._try("allocate", lambda: allocating.allocate(self.session, self.key, person, by="ann"))

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def was_allocated_in_error(self, whom: int) -> None:
        person, _ = self._person(whom)
        self._try("mark in error", lambda: allocating.mark_in_error(
            self.session, person, by="ann", because="wrong person"))  # fmt: skip
