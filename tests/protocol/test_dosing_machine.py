"""Any sequence of orders, doses, interruptions and corrections: a forbidden state is never reached."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from courses import TERMS, day, evening
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.course import Course, record
from hometrial.protocol.dosing.days import Status, dose_day
from hometrial.protocol.dosing.events import (
    Entry,
    Intake,
    Interruption,
    Order,
    Reason,
    Resumption,
    Source,
    Void,
)
from hometrial.protocol.dosing.exposure import exposure
from hometrial.protocol.dosing.refusing import OrderRefusedError, RecordRefusedError
from hometrial.protocol.dosing.standing import Kind, State, gives

REFUSED = (OrderRefusedError, RecordRefusedError)
CONSENTED = TERMS.consented_at
FIRST = -14
near = st.integers(-4, 6)
amounts = st.sampled_from(["0.25", "0.5", "1", "1.5", "3", "4.5", "6"])
taken = st.sampled_from(["0", "0.5", "1.5", "4.5", "9", "13"])
times = st.sampled_from([TimeOfDay.MORNING, TimeOfDay.EVENING])


class Dosing(RuleBasedStateMachine):
    """A person from two weeks before the first planned dose on; days go by, and anything is tried."""

    def __init__(self):
        super().__init__()
        self.course, self.today, self.made = Course(), FIRST, 0

    def entry(self, corrects=None):
        self.made += 1
        at = datetime.combine(day(self.today), time(12), UTC)
        return Entry(f"e{self.made}", "somebody", at, "tried", corrects)

    def attempt(self, event):
        before = self.course
        try:
            self.course = record(before, event, TERMS)
        except REFUSED:
            assert self.course is before
            return
        assert self.course.events == (*before.events, event)
        self.check_allowed(before, event)

    def check_allowed(self, before, event):
        """What the terms forbid must not have passed, whoever let it."""
        if before.withdrawn_on is not None and event.entry.corrects is None:
            assert not isinstance(event, Order)
            reached = event.on if isinstance(event, Intake) else event.from_on
            assert reached <= before.withdrawn_on
        if isinstance(event, Order):
            assert event.effective_on >= CONSENTED.date()
            assert event.dose is None or event.dose.mg <= TERMS.max_mg_day
            backdated = event.effective_on < event.entry.at.date()
            assert event.entry.corrects is not None or not backdated
            # Two doses are never open at once: what gives one finds no other still to come.
            later = [each for each in before.orders if each.effective_on > event.effective_on]
            if gives(event.kind) and event.kind is not Kind.STEP_DOWN and not event.entry.corrects:
                assert not [each for each in later if gives(each.kind)]
        if isinstance(event, Intake):
            assert CONSENTED.date() <= event.on <= event.entry.at.date()
            site = event.source is Source.SITE
            assert site or self.course.recorded_mg(event.on) <= TERMS.absolute_max_mg_day

    def target(self, data, kind):
        """Choose an event to correct: mostly one that stands, at times any."""
        ids = [each.entry.id for each in self.course.standing_events if isinstance(each, kind)]
        return data.draw(st.sampled_from([*ids * 3, "e1", "e0"]))

    def stands(self, *states):
        return self.course.standing_on(day(self.today)).state in states

    @initialize(days=st.sampled_from([FIRST, 0]))
    def begin(self, days):
        self.today = days
        self.attempt(Order(self.entry(), Kind.START, day(days), evening("0.5"), 1))

    @rule(days=st.integers(1, 6))
    def let_days_pass(self, days):
        self.today += days

    @rule(kind=st.sampled_from(Kind), days=near, mg=amounts)
    def order(self, kind, days, mg):
        dose = evening(mg) if gives(kind) else None
        self.attempt(Order(self.entry(), kind, day(self.today + days), dose))

    @rule(mg=amounts, days=st.integers(0, 6))
    def go_on(self, mg, days):
        """Order what can follow, now or ahead, so that long lives are seen, too; and what cannot, at an end."""
        on = day(self.today + days)
        standing = self.course.standing_on(on)
        kind = {
            State.HELD: Kind.RESUME,
            State.STOPPED: Kind.RESTART,
            State.ENDED: Kind.RESTART,
            State.NOT_STARTED: Kind.START,
        }.get(standing.state)
        if kind is None:
            kind = Kind.STEP_UP if Decimal(mg) > standing.mg else Kind.STEP_DOWN
        self.attempt(Order(self.entry(), kind, on, evening(mg)))

    @precondition(lambda self: self.stands(State.ON, State.HELD) and self.made > 20)
    @rule()
    def end(self):
        self.attempt(Order(self.entry(), Kind.END, day(self.today)))

    @precondition(lambda self: self.stands(State.ON))
    @rule(kind=st.sampled_from([Kind.HOLD, Kind.STOP]))
    def take_away(self, kind):
        self.attempt(Order(self.entry(), kind, day(self.today)))

    @precondition(lambda self: self.stands(State.ON))
    @rule(at=times)
    def change_the_time(self, at):
        mg = self.course.standing_on(day(self.today)).mg
        dose = once(mg, at, "cap")
        self.attempt(Order(self.entry(), Kind.CHANGE, day(self.today), dose))

    @precondition(lambda self: self.course.gaps)
    @rule(mg=amounts)
    def restart(self, mg):
        self.attempt(Order(self.entry(), Kind.RESTART, day(self.today), evening(mg)))

    @rule(days=st.integers(-1, 6), mg=taken, at=times, additional=st.booleans(), site=st.booleans())
    def take(self, days, mg, at, additional, site):
        source = Source.SITE if site else Source.APP_TAP
        self.attempt(
            Intake(
                self.entry(),
                day(self.today - days),
                Decimal(mg),
                "cap",
                source,
                at,
                additional=additional,
            )
        )

    @rule(days=near, lasts=st.none() | st.integers(-1, 4))
    def run_out(self, days, lasts):
        first = day(self.today - days)
        if lasts == -1:
            with pytest.raises(RecordRefusedError):
                Interruption(self.entry(), first, Reason.RAN_OUT, first - timedelta(days=1))
            return
        last = None if lasts is None else first + timedelta(days=lasts)
        self.attempt(Interruption(self.entry(), first, Reason.RAN_OUT, last))

    @rule(data=st.data(), days=near)
    def get_more(self, data, days):
        target = self.target(data, Interruption)
        self.attempt(Resumption(self.entry(), target, day(self.today - days)))

    @rule(data=st.data(), mg=taken)
    def correct_a_dose(self, data, mg):
        target = self.target(data, Intake)
        standing = {each.entry.id: each for each in self.course.intakes}
        on = standing[target].on if target in standing else day(self.today)
        self.attempt(Intake(self.entry(target), on, Decimal(mg), "cap", Source.SITE))

    @rule(data=st.data(), kind=st.sampled_from(Kind), days=near, mg=amounts)
    def correct_an_order(self, data, kind, days, mg):
        dose = evening(mg) if gives(kind) else None
        entry = self.entry(self.target(data, Order))
        self.attempt(Order(entry, kind, day(self.today + days), dose))

    @rule(data=st.data())
    def void(self, data):
        self.attempt(Void(self.entry(self.target(data, (Order, Intake, Interruption)))))

    @precondition(lambda self: self.made > 35)  # or most lives would be short
    @rule()
    def withdraw(self):
        self.attempt(Order(self.entry(), Kind.WITHDRAW, day(self.today)))

    @invariant()
    def one_dose_stands_on_each_day(self):
        spells = self.course.spells
        for spell, after in pairwise(spells):
            assert spell.last_on == after.first_on - timedelta(days=1)
            assert spell.first_on <= spell.last_on
        assert not spells or spells[-1].last_on is None

    @invariant()
    def a_dose_stands_only_on_drug(self):
        for spell in self.course.spells:
            standing = spell.standing
            assert (standing.dose is not None) == (standing.state is State.ON)
            assert (standing.mg > 0) == (standing.state is State.ON)

    @invariant()
    def nothing_stands_after_a_withdrawal_or_a_stop_for_good(self):
        states = [spell.standing.state for spell in self.course.spells]
        for state, after in pairwise(states):
            assert state is not State.WITHDRAWN
            assert state is not State.ENDED or after is State.WITHDRAWN

    @invariant()
    def nothing_is_recorded_before_consent(self):
        assert all(each.on >= CONSENTED.date() for each in self.course.intakes)
        assert all(each.effective_on >= CONSENTED.date() for each in self.course.orders)

    @invariant()
    def one_interruption_is_open_at_most(self):
        gaps = self.course.gaps
        assert sum(each.last_on is None for each in gaps) <= 1
        for gap, after in pairwise(gaps):
            assert gap.last_on is not None
            assert gap.last_on < after.first_on

    @invariant()
    def the_day_is_told_without_contradiction(self):
        today = dose_day(self.course, day(self.today))
        assert 0 <= today.least <= today.most
        assert (today.status is Status.NOT_PLANNED) == (today.planned == 0)

    @invariant()
    def the_same_events_tell_the_same(self):
        again = Course(self.course.events)
        assert again.spells == self.course.spells
        assert again.intakes == self.course.intakes
        span = day(self.today - 6), day(self.today)
        assert exposure(again, *span) == exposure(self.course, *span)


TestDosing = Dosing.TestCase
TestDosing.settings = settings(max_examples=50, stateful_step_count=60, deadline=None)
