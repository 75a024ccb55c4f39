"""A person of a played trial on the way into it: acts on the services, each kept in truths of the player's own."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import agreed
from played_calendar import DAY, Facts, Key, clock_of, first_showing, visits
from played_drug import Drug
from played_stage import Stage

from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.services import enrolling
from hometrial.services.agreeing import leaving, reading, signing, texts, understanding
from hometrial.services.asking import resting
from hometrial.services.asking.opening import Manner
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.trial import (
    allocating,
    answering,
    following,
    publishing,
    screening,
)
from hometrial.services.trial.answering import Told

DOCTOR = Word("dr-ada", Role.INVESTIGATOR, "as judged")
STAFF = Manner(
    by="ann", language="en", is_staff=True, mode="interview", because="found at the visit"
)


Week = tuple[int, int, int, float]
"""Stools, pain and well-being of each day of a week, and the haematocrit (%)."""


@dataclass
class Person:
    """One person. `facts`, `drug`, `held`, `handed` are the truth; `daily`: acts and looks on every day."""

    stage: Stage
    number: int
    first_day: date
    zone: str
    daily: bool
    rng: random.Random
    answers: dict[str, Any]
    id: UUID | None = None
    code: str = "?"
    outcome: str = "open"
    failing: tuple[str, ...] = ()
    held: dict[tuple[str, int], tuple[str, date | None, int]] = field(default_factory=dict)
    handed: dict[Key, str] = field(default_factory=dict)
    begun: set[Key] = field(default_factory=set)
    planned: dict[tuple[str, int], date | None] = field(default_factory=dict)
    expected: tuple[str, ...] = ()
    index: dict[str, float] = field(default_factory=dict)
    weeks: dict[str, Week] = field(default_factory=dict)
    moves: list[tuple[int, int, str]] = field(default_factory=list)
    marked: set[date] = field(default_factory=set)
    totals: dict[str, int] = field(default_factory=dict)
    doses: tuple[int, int] = (0, 0)
    allocated_at: datetime | None = None
    told_opioid: list[datetime] = field(default_factory=list)
    over_on: date | None = None
    done: bool = False
    act: Any = agreed.ACT

    def __post_init__(self) -> None:
        self.facts = Facts(self.stage.file, ((None, self.zone),))
        self.drug = Drug(self.stage.file["titrations"][0], self.stage.file["interruption"])
        self.pill = self.stage.file["formulations"][0]["id"]

    # --- who and when

    @property
    def person(self) -> Participant:
        return self.session.get_one(Participant, self.id)

    @property
    def session(self) -> Any:
        return self.stage.session

    @property
    def today(self) -> date:
        return self.facts.today(self.stage.now)

    @property
    def itself(self) -> Word:
        return Word(self.code, Role.PARTICIPANT, "as I tell it")

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Return the instant at which the person's clock first shows this."""
        return first_showing(self.facts.homes, datetime.combine(day, time(hour, minute)))

    def refused(self, act: Any, told: str) -> None:
        """See that something is refused, and leave everything as it was."""
        try:
            with self.session.begin_nested():
                act()
        except TrialError:
            return
        self.stage.fault(f"{self.code}: {told} was not refused")

    # --- on the way into the trial

    def open(self) -> None:
        version = publishing.in_force(self.session, self.stage.protocol)
        site = self.stage.sites[self.number % len(self.stage.sites)]
        at = enrolling.find_site(self.session, site) if site else None
        opened = screening.open_screening(self.session, version, by="ann", site=at)
        self.id = opened.participant_id
        self.code = self.person.code
        enrolling.set_zone(self.session, self.person, self.zone, source="test")

    def answer(self, **more: Any) -> None:
        told = Told("ann", because="asked again")
        answering.answer(self.session, screening.of_person(self.session, self.person), more, told)

    def decide(self) -> None:
        found = screening.decide(
            self.session, screening.of_person(self.session, self.person), by="ann"
        )
        self.outcome, self.failing = found.outcome, tuple(found.failing)
        if (
            found.outcome == "eligible"
            and self.stage.file["allocation"]["method"] == "not_allocated"
        ):
            self.facts.arm = self.stage.file["arms"][0]["id"]

    def decline(self) -> None:
        opened = screening.of_person(self.session, self.person)
        screening.decline(self.session, opened, by="ann", because="too much for me")
        self.outcome = "declined"

    def offer(self) -> Any:
        return texts.offered(self.session, self.person, "en")[0]

    def read(self) -> None:
        for section in reading.progress(self.session, self.person, self.offer()).left:
            reading.read(self.session, self.person, self.offer(), section)

    def quiz(self, *, right: bool = True) -> None:
        offer = self.offer()
        answers = {each.id: each.right for each in offer.quiz.questions}
        if not right:
            first = offer.quiz.questions[0]
            answers[first.id] = next(o.id for o in first.options if o.id != first.right)
        understanding.answer(self.session, self.person, offer, answers)

    def sign(self) -> None:
        signed = signing.sign(self.session, self.stage.keys, self.person, self.offer(), agreed.ACT)
        signing.countersign(self.session, self.stage.keys, signed, agreed.INVESTIGATOR, by="dr-ada")
        self.facts.days.setdefault("consent", self.today)
        self.mark()

    def anchor(self, which: Any, day: date) -> None:
        following.anchor(self.session, self.person, which, day, because="as planned")
        self.facts.days[which] = day
        self.mark()

    def allocate(self) -> None:
        made = allocating.allocate(self.session, self.stage.key, self.person, by="ann")
        self.facts.arm, self.allocated_at = made.arm, self.stage.now
        self.facts.days["randomisation"] = self.today
        seen = next(each for each in visits(self.facts) if each.id == "R")
        outside = max((self.today - seen.last).days, 0) or min((self.today - seen.first).days, 0)
        self.held["R", 1] = ("held", self.today, outside)
        self.mark()

    def mark(self, *days: date) -> None:
        """Have somebody look on these days (default: today) and their neighbours."""
        for day in days or (self.today,):
            self.marked |= {day - DAY, day, day + DAY}

    # --- moving, resting, leaving

    def move(self, zone: str) -> None:
        now = self.stage.now
        enrolling.set_zone(self.session, self.person, zone, valid_from=now, source="test")
        self.facts.homes = (*self.facts.homes, (now, zone))
        self.mark(self.today, clock_of(self.facts.homes, now - timedelta(hours=1)).date())

    def bad_day(self) -> None:
        resting.tap(self.session, self.person, by="participant", severity=2)
        self.facts.taps.append((self.stage.now, "bad"))
        self.mark()

    def better(self) -> None:
        resting.better(self.session, self.person, by="participant")
        self.facts.taps.append((self.stage.now, "better"))

    def choose(self, choice: str) -> None:
        leaving.choose(self.session, {}, self.person, choice, said=leaving.Said(self.code))
        self.facts.choices[choice] = self.stage.now
        self.mark()
        state = self.drug.stands(self.today)[0]
        if choice == "withdraw_completely":
            self.facts.days["withdrawal"] = self.today
            if self.facts.arm:
                self.outcome_of_drug("withdrawn")
        elif choice in ("stop_drug", "stop_drug_safety_only") and state in ("on drug", "on hold"):
            self.drug.order(self.today, "stopped")

    def outcome_of_drug(self, state: str) -> None:
        self.drug.order(self.today, state)
        if self.drug.last_taken:
            self.facts.days["last_dose"] = self.drug.last_taken
        self.mark()
