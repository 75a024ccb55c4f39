"""Lives in a trial, drawn at random: whatever people and staff try, no state is reached that must not be.

A machine of hypothesis drives the services of consent, eligibility, allocation, doses and visits with acts in
any order, sensible or not; what they refuse is undone. After each act the tables themselves are asked, by
SQL that shares nothing with the services, whether anything stands in them that must not.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from lives_entering import LIFE, Entering, UndoneError, people
from lives_forbidden import forbidden

from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.standing import Kind
from hometrial.services.agreeing import leaving
from hometrial.services.dosing import ordering, stepping, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.trial import (
    following,
    visiting,
)
from hometrial.services.trial.visiting import Held, Missed

DOCTOR = Word("dr", Role.INVESTIGATOR, "as judged")
SELF = Word("self", Role.PARTICIPANT, "as I wish")


def live(machine: type["Lives"], steps: int, *, seed: int | None = None) -> None:
    """Make so many acts, LIFE of them in each life. Raises AssertionError of the first that must not be."""
    chosen = settings(
        max_examples=max(1, steps // LIFE), stateful_step_count=LIFE, deadline=None, database=None,
        derandomize=seed is None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine if seed is None else seeded(seed)(machine), settings=chosen)


class Lives(Entering):
    """All of a life: what comes before the drug, the drug, visits, withdrawal."""

    @precondition(lambda self: self.people)
    @rule(whom=people, formulation=st.sampled_from(["cap", "liq"]), later=st.integers(-2, 5))
    def drug_is_ordered(self, whom: int, formulation: str, later: int) -> None:
        person, _ = self._person(whom)
        day = self.now.date() + timedelta(days=later)
        self._try("start the drug", lambda: ordering.start(
            self.session, person, DOCTOR, formulation=formulation, on=day))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(
        whom=people, what=st.sampled_from(["up", "down", "resume", Kind.HOLD, Kind.STOP, Kind.END])
    )
    def drug_is_changed(self, whom: int, what: str) -> None:
        person, _ = self._person(whom)
        acts: dict[str, Callable[[], object]] = {
            "up": lambda: stepping.step_up(self.session, person, SELF),
            "down": lambda: ordering.step_down(self.session, person, DOCTOR),
            "resume": lambda: ordering.resume(self.session, person, DOCTOR),
        }
        self._try(f"order: {what}", acts.get(what) or (
            lambda: ordering.take_away(self.session, person, DOCTOR, Kind(what))))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(whom=people, back=st.integers(0, 3), key=st.sampled_from([None, "once"]))
    def takes_a_dose(self, whom: int, back: int, key: str | None) -> None:
        person, _ = self._person(whom)
        told = telling.AS_ORDERED
        if back:
            told = telling.Told(on=self.now.date() - timedelta(days=back))
        self._try("take a dose", lambda: telling.taken(self.session, person, SELF, told, key=key))

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def misses_a_dose(self, whom: int) -> None:
        person, _ = self._person(whom)
        self._try("miss a dose", lambda: telling.missed(self.session, person, SELF, Reason.FORGOT))

    @precondition(lambda self: self.people)
    @rule(whom=people, over=st.booleans())
    def runs_out(self, whom: int, over: bool) -> None:
        person, _ = self._person(whom)
        today = self.now.date()
        if over:
            self._try("resume after a gap", lambda: telling.resumed(
                self.session, person, DOCTOR, today, called=True))  # fmt: skip
        else:
            self._try("run out", lambda: telling.interrupted(
                self.session, person, SELF, Reason.RAN_OUT, today))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(whom=people, number=st.integers(1, 6))
    def an_event_never_was(self, whom: int, number: int) -> None:
        person, _ = self._person(whom)
        word = Word("ann", Role.SITE, "entered for another person", number)
        self._try("void", lambda: ordering.void(self.session, person, word))

    @precondition(lambda self: self.people)
    @rule(whom=people, which=st.sampled_from([0, 0, 0, 1, 2, 3, 5, 8]), back=st.integers(-1, 2))
    def visit_is_held(self, whom: int, which: int, back: int) -> None:
        person, _ = self._person(whom)
        protocol = following.protocol_of(self.session, person)
        visits = [each.id for each in (*protocol.unscheduled_visits, *protocol.visits)]
        visit = visits[which % len(visits)]
        held = Held(self.now.date() - timedelta(days=back), "phone", "ann", because="as it was")
        self._try("hold a visit", lambda: visiting.hold(self.session, person, visit, held))

    @precondition(lambda self: self.people)
    @rule(whom=people, visit=st.sampled_from(["V0", "V1", "W4"]))
    def visit_is_missed(self, whom: int, visit: str) -> None:
        person, _ = self._person(whom)
        self._try("miss a visit", lambda: visiting.miss(
            self.session, person, visit, Missed("too ill", "ann", because="as it was")))  # fmt: skip

    @precondition(lambda self: self.people)
    @rule(whom=people, choice=st.sampled_from(
        ["stop_drug", "stop_wearable", "stop_diaries", "stop_contact"]))  # fmt: skip
    def withdraws(self, whom: int, choice: str) -> None:
        person, _ = self._person(whom)
        said = leaving.Said(person.code)
        self._try(
            f"choose {choice}", lambda: leaving.choose(self.session, {}, person, choice, said=said)
        )

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def leaves(self, whom: int) -> None:
        self.withdraws(whom, "withdraw_completely")

    @precondition(lambda self: self.people)
    @rule(whom=people, choice=st.sampled_from(["stop_drug", "stop_diaries", "withdraw_completely"]))
    def takes_it_back(self, whom: int, choice: str) -> None:
        person, _ = self._person(whom)
        said = leaving.Said(person.code)
        self._try(
            "take a choice back", lambda: leaving.take_back(self.session, person, choice, said=said)
        )

    @precondition(lambda self: self.people)
    @rule(whom=people)
    def goes_on(self, whom: int) -> None:
        """Do all that a person in good order would: so that lives get far."""
        self.answers_the_screening(whom, None)
        self.reads(whom, 99)
        self.answers_the_quiz(whom, right=True)
        self.signs(whom)
        self.is_decided(whom)
        self.run_in_ends(whom, 0)
        self.is_allocated(whom)
        self.drug_is_ordered(whom, "liq", 0)
        self.takes_a_dose(whom, 0, None)

    @invariant()
    def nothing_forbidden_stands(self) -> None:
        if getattr(self, "people", ()):
            self.session.flush()
            assert forbidden(self.session, self.people[self.touched][0].id) == []

    def teardown(self) -> None:
        error = UndoneError()
        with suppress(UndoneError):
            self.stack.__exit__(UndoneError, error, None)
