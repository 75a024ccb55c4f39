"""The drug of a person of a played trial, and what befalls them on it: acts, each kept in the player's own truths."""

from datetime import date
from decimal import Decimal
from typing import Any

from played_calendar import DAY, clock_of
from played_drug import Gap, Parts
from played_person import Person

from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.safety.details import Details
from hometrial.services.asking.opening import Manner
from hometrial.services.dosing import medicating, ordering, stepping, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.safety import alerting, alerts, reporting

DOCTOR = Word("dr-ada", Role.INVESTIGATOR, "as judged")
STAFF = Manner(
    by="ann", language="en", is_staff=True, mode="interview", because="found at the visit"
)


NIGHT_ENDS = 4


class Treated(Person):
    """A person with a drug: orders by the doctor, doses as they are told, side effects, an opioid."""

    def start(self) -> None:
        mg, at = self.drug.steps[0], self.drug.titration["time_of_day"]
        ordering.start(self.session, self.person, DOCTOR, formulation=self.pill)
        self.drug.order(self.today, "on drug", ((at, mg),))
        self.mark()

    def take(self, day: date | None = None) -> None:
        """Tell every part of a day (default: today) that was not told."""
        on = day or self.today
        for at, mg in self.drug.due(on):
            told = telling.Told(on=day or self.by_night, time_of_day=TimeOfDay(at))
            telling.taken(self.session, self.person, self.itself, told)
            self.note_dose(on, at, mg)

    @property
    def by_night(self) -> date | None:
        """Today, if it must be said because a dose is the evening's before by night; travellers wake at any hour."""
        return self.today if clock_of(self.facts.homes, self.stage.now).hour < NIGHT_ENDS else None

    def tap(self) -> date:
        """Tell of the next dose by one tap; before four at night that is the evening's, if it is not told."""
        evening = [each for each in self.drug.due(self.today - DAY) if each[0] == "evening"]
        hour = clock_of(self.facts.homes, self.stage.now).hour
        on = (
            self.today - DAY
            if hour < NIGHT_ENDS and evening and not self.drug.gap(self.today - DAY)
            else self.today
        )
        left = self.drug.due(on)
        if left:
            telling.taken(self.session, self.person, self.itself)
            self.note_dose(on, *left[0])
        return on

    def note_dose(self, on: date, at: str, mg: Decimal) -> None:
        self.drug.tell(on, at, mg)
        first = self.drug.first_taken
        if first and self.facts.days.get("first_dose") != first:
            self.facts.days["first_dose"] = first
            self.mark()

    def miss(self) -> None:
        for at, _ in self.drug.due(self.today):
            told = telling.Told(on=self.by_night, time_of_day=TimeOfDay(at))
            telling.missed(self.session, self.person, self.itself, Reason.FORGOT, told)
            self.drug.tell(self.today, at, Decimal(0))

    def step_up(self) -> None:
        word = (
            DOCTOR if self.drug.titration["step_up"]["approver"] == "investigator" else self.itself
        )
        stepping.step_up(self.session, self.person, word)
        parts = self.drug.parts(self.today)
        self._give(self.drug.reshaped(self.drug.above(self.drug.mg(self.today)), parts))

    def _give(self, parts: Parts) -> None:
        self.drug.order(self.today, "on drug", parts)
        self.mark()

    def split(self) -> None:
        """Take half of it in the morning and half in the evening from today on."""
        ordering.change(self.session, self.person, DOCTOR, split=True)
        mg = self.drug.mg(self.today)
        self._give((("morning", mg / 2), ("evening", mg / 2)))

    def hold_by(self, rule: str) -> None:
        ordering.by_rule(self.session, self.person, DOCTOR, rule)
        self.before_hold = self.drug.parts(self.today)
        self.drug.order(self.today, "on hold")
        self.mark()

    def down_by(self, rule: str) -> None:
        """Go one step down by a rule; out of a hold it is resumed there."""
        parts = self.drug.parts(self.today) or self.before_hold
        mg = self.drug.below(sum((each for _, each in parts), Decimal(0)))
        assert mg is not None
        ordering.by_rule(self.session, self.person, DOCTOR, rule)
        self._give(self.drug.reshaped(mg, parts))

    def resume(self) -> None:
        ordering.resume(self.session, self.person, DOCTOR)
        self._give(self.before_hold)

    def order(self, mg: str) -> None:
        """Take another amount in one evening dose by the investigator's order, beside the plan."""
        dose = DayDose((Part(Decimal(mg), TimeOfDay.EVENING),), self.pill)
        ordering.order(self.session, self.person, DOCTOR, dose)
        self._give((("evening", Decimal(mg)),))

    def order_halves(self, mg: str) -> None:
        """Take another amount in two halves."""
        half = Decimal(mg) / 2
        parts = (Part(half, TimeOfDay.MORNING), Part(half, TimeOfDay.EVENING))
        ordering.order(self.session, self.person, DOCTOR, DayDose(parts, self.pill))
        self._give((("morning", half), ("evening", half)))

    def end(self) -> None:
        """Stop the drug for good, at the planned end or after a stop."""
        ordering.take_away(self.session, self.person, DOCTOR, Kind.END)
        self.outcome_of_drug("stopped for good")

    def stop_by(self, rule: str) -> None:
        """Stop the drug by a rule of the plan; somebody calls."""
        ordering.by_rule(self.session, self.person, DOCTOR, rule)
        self.drug.order(self.today, "stopped")
        self.mark()

    def run_out(self) -> None:
        telling.interrupted(self.session, self.person, self.itself, Reason.RAN_OUT, self.today)
        self.drug.gaps.append(Gap(self.today, None, "ran_out"))
        self.mark()

    def drug_is_back(self) -> None:
        """Take it up again as the file says for the length of the gap."""
        gap = self.drug.open_gap()
        assert gap is not None
        days = (self.today - gap.first).days
        _, parts = self.drug.stands(gap.first)
        whole = sum((each for _, each in parts), Decimal(0))
        mg, calls = self.drug.after_gap(whole, days)
        found = telling.resumed(self.session, self.person, self.itself, self.today)
        if calls != found.proposal.needs_call:
            self.stage.fault(
                f"{self.code}: after {days} days a call is {found.proposal.needs_call}"
            )
        if calls:
            telling.resumed(self.session, self.person, DOCTOR, self.today, called=True)
        gap.last = self.today - DAY
        self.mark()
        if mg != whole:
            self.drug.order(self.today, "on drug", self.drug.reshaped(mg, parts))

    # --- safety

    def side_effect(self, grade: int = 2, **more: Any) -> Any:
        known = Details(
            verbatim="a headache", start=self.today.isoformat(), ongoing=True, grade=grade, related=True,
            serious=(), **more,
        )  # fmt: skip
        said = reporting.Said("dr-ada", "contact", "staff", self.stage.now)
        event = reporting.report(self.session, self.person, known, said)
        self.drug.effects.append([None])
        return event

    def effect_ends(self, event: Any) -> None:
        said = reporting.Said("dr-ada", "contact", "staff", self.stage.now)
        changes = {"stop": self.today.isoformat(), "ongoing": False, "outcome": "recovered"}
        found = self.session.merge(event, load=True)
        reporting.amend(self.session, found, changes, said, because="it is over")
        self.drug.effects[-1] = [self.today]

    def codeine(self) -> None:
        told = medicating.Told("codeine", began=self.today.isoformat())
        added = medicating.add(self.session, self.person, self.itself, told)
        self.opioid = added.medication.number
        if added.advice is None:
            self.stage.fault(f"{self.code}: codeine, and no advice")
        self.told_opioid.append(self.stage.now)
        self.drug.opioid_free, self.drug.red = None, self.drug.red + 1
        self.mark()

    def codeine_is_over(self) -> None:
        """It ended today, a clinician closes the alert; after the file's days the drug may come again."""
        told = medicating.Told("codeine", ended=self.today.isoformat())
        word = Word(self.code, Role.PARTICIPANT, "it is over", self.opioid)
        medicating.add(self.session, self.person, word, told)
        for each in alerts.states(self.session, person=self.person):
            alerting.close(self.session, each.alert, by="dr-ada", because="spoken with")
        self.drug.red = 0
        wait = self.drug.interruption["opioid_gap_days"]["short_acting"]
        self.drug.opioid_free = self.today + wait * DAY
        self.mark(self.drug.opioid_free)
