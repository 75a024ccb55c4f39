"""Three people and a thread (BMJ Case Reports 2020, e232502): told dose by dose, and told back as they were told."""

from datetime import date
from decimal import Decimal

import pytest
from courses import Person, day, split

from hometrial.protocol.dosing.amounts import TimeOfDay, once, twice
from hometrial.protocol.dosing.coarse import CoarseDate, Span
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.history import DoseRange, Effect, History, OtherTreatment, Told
from hometrial.protocol.dosing.refusing import (
    HistoryContradictedError,
    OrderRefusedError,
    RecordRefusedError,
)
from hometrial.protocol.dosing.retelling import retold
from hometrial.protocol.dosing.standing import Kind

PUBLISHED = CoarseDate.of("2020")

CASE_1 = History(
    told_on=PUBLISHED,
    told=(
        Told("start", Kind.START, CoarseDate.of("2010"), once("1.5")),
        Told("raised", Kind.STEP_UP, None, once("4.5"), "slowly", True, Span(24, 6)),
        Told("down", Kind.STEP_DOWN, None, once("3"), "more headaches", lasted=Span(10, 1)),
        Told("again", Kind.STEP_UP, None, once("9"), "headaches did not recur", gradually=True),
        Told("twice", Kind.STEP_UP, None, twice("7.5")),
        Told("settled", Kind.STEP_DOWN, None, twice("6"), lasted=Span(84, 6)),
    ),
    effects=(
        Effect("slightly more energy, fewer food intolerances, more headaches", "raised"),
        Effect("more energy, mood, less pain with each step", "again"),
        Effect("life changing: walking and cycling", "settled"),
    ),
    others=(
        OtherTreatment(
            "phenoxymethylpenicillin and azithromycin, a year",
            CoarseDate.of("2006"),
            None,
            "relapse on stopping",
        ),
        OtherTreatment("colecalciferol, now 20,000 IU every 2 weeks", CoarseDate.of("2009")),
    ),
)
CASE_2 = History(
    told_on=PUBLISHED,
    told=(
        Told("start", Kind.START, CoarseDate.of("2014"), once("0.25")),
        Told("one", Kind.STEP_UP, None, once("1"), "very slowly", True, Span(6, 1)),
        Told("four", Kind.STEP_UP, None, once("4"), "very slowly", True, Span(48, 6)),
    ),
    effects=(
        Effect("sleep disturbed by vivid dreams", "start"),
        Effect("better sleep and less pain", "one"),
        Effect("higher quality of life", "four"),
    ),
    others=(OtherTreatment("antivirals for reactivated Epstein-Barr virus, limited success"),),
)
CASE_3 = History(
    told_on=PUBLISHED,
    told=(
        Told("start", Kind.START, CoarseDate.of("2018"), once("1")),
        Told("raised", Kind.STEP_UP, None, once("4.5"), "still taken", True),
    ),
    effects=(
        Effect("no side effects", "start"),
        Effect("no depressive episode with colds for the first time in 23 years", "raised"),
    ),
)
EVENING = once("3.5", TimeOfDay.EVENING)
THREAD = History(
    told_on=CoarseDate.of("2026-11"),
    told=(
        Told("start", Kind.START, None, EVENING, lasted=Span(24, 12)),
        Told("out", Kind.STOP, None, missed=Reason.RAN_OUT),
        Told("back", Kind.RESTART, None, EVENING),
        Told("out again", Kind.STOP, CoarseDate.of("2025"), missed=Reason.RAN_OUT),
        Told("back again", Kind.RESTART, None, EVENING),
    ),
    effects=(
        Effect("odd headache in the night", "start"),
        Effect("odd inflammatory symptoms came back", "out"),
        Effect("odd inflammatory symptoms came back", "out again"),
    ),
    others=(OtherTreatment("an ointment that helped a little"),),
)


def mg(low, high=None):
    return DoseRange(Decimal(low), Decimal(low if high is None else high))


def within(bounds, first, last):
    return (bounds[0].isoformat(), bounds[1].isoformat()) == (first, last)


def test_case_1_is_told_back_as_it_was_told():
    assert retold(CASE_1) == (
        "2010: start 1.5 mg",
        "step up gradually 4.5 mg, about 2 years after the start, slowly",
        "step down 3 mg, for 10 months, more headaches",
        "step up gradually 9 mg, headaches did not recur",
        "step up 7.5 mg twice a day",
        "step down 6 mg twice a day, for 7 years",
        "slightly more energy, fewer food intolerances, more headaches, at 1.5 to 4.5 mg a day",
        "more energy, mood, less pain with each step, at 3 to 9 mg a day",
        "life changing: walking and cycling, at 12 mg a day",
        "phenoxymethylpenicillin and azithromycin, a year, from 2006, relapse on stopping",
        "colecalciferol, now 20,000 IU every 2 weeks, from 2009",
    )


def test_case_2_is_told_back_as_it_was_told():
    assert retold(CASE_2) == (
        "2014: start 0.25 mg",
        "step up gradually 1 mg, about 6 months after the start, very slowly",
        "step up gradually 4 mg, about 4 years after the start, very slowly",
        "sleep disturbed by vivid dreams, at 0.25 mg a day",
        "better sleep and less pain, at 0.25 to 1 mg a day",
        "higher quality of life, at 1 to 4 mg a day",
        "antivirals for reactivated Epstein-Barr virus, limited success",
    )


def test_case_3_is_told_back_as_it_was_told():
    assert retold(CASE_3) == (
        "2018: start 1 mg",
        "step up gradually 4.5 mg, still taken",
        "no side effects, at 1 mg a day",
        "no depressive episode with colds for the first time in 23 years, at 1 to 4.5 mg a day",
    )


def test_the_thread_is_told_back_with_its_run_outs_and_its_evening_dose():
    assert retold(THREAD) == (
        "start 3.5 mg evening, for 2 years",
        "stop, nothing left",
        "restart 3.5 mg evening",
        "2025: stop, nothing left",
        "restart 3.5 mg evening",
        "odd headache in the night, at 3.5 mg a day",
        "odd inflammatory symptoms came back, at 0 mg a day",
        "odd inflammatory symptoms came back, at 0 mg a day",
        "an ointment that helped a little",
    )
    assert [each.id for each in THREAD.run_outs] == ["out", "out again"]


def test_fifteen_milligrams_in_two_doses_can_be_ordered_where_the_trial_goes_so_far():
    most = Decimal(15)
    person = Person().on_terms(max_mg_day=most, absolute_max_mg_day=most)
    person.start(mg="0.25")
    person.order(Kind.STEP_UP, 30, "9")
    person.order(Kind.STEP_UP, 60, dose=split("7.5", "7.5"))
    person.order(Kind.STEP_DOWN, 90, dose=split("6", "6"))
    stood = [person.course.standing_on(day(n)) for n in (0, 30, 60, 90)]
    assert [each.mg for each in stood] == [Decimal("0.25"), 9, 15, 12]
    assert str(stood[2].dose) == "7.5 mg morning + 7.5 mg evening"
    with pytest.raises(OrderRefusedError, match="the most a day is 15 mg"):
        person.order(Kind.STEP_UP, 120, dose=split("7.5", "7.75"))


@pytest.mark.parametrize(
    ("case", "highest"), [(CASE_1, "15"), (CASE_2, "4"), (CASE_3, "4.5"), (THREAD, "3.5")]
)
def test_the_highest_dose_of_a_day_is_that_of_all_its_parts(case, highest):
    assert case.highest.mg == Decimal(highest)


def test_a_year_stays_a_year():
    assert str(CASE_1.told[0].when) == "2010"
    assert not CASE_1.told[0].when.is_exact
    # She settled seven years before the telling, give or take half a year; so the start was in 2010 all through.
    assert within(CASE_1.began("start"), "2010-01-01", "2010-12-31")


def test_what_was_told_of_other_events_bounds_one_that_nobody_dated():
    # At most half a year more than seven before the end of 2020, and at least half a year less before its start.
    first, last = CASE_1.began("settled")
    assert first == date(2012, 7, 1)
    assert last == date(2014, 6, 30)
    # At 4.5 mg eighteen to thirty months after the start, and then down.
    assert CASE_1.reached("raised")[0] == date(2011, 7, 1)
    assert CASE_1.began("down")[0] == date(2011, 7, 1)
    # Nine months of 3 mg at least, and then three more changes, before the middle of 2014.
    assert CASE_1.began("down")[1] == date(2013, 9, 30)
    assert CASE_1.began("again")[0] == date(2012, 4, 1)


def test_the_start_is_bounded_by_what_came_later_where_nobody_dated_it():
    first, last = THREAD.began("start")
    assert first == date.min
    assert last == date(2024, 12, 31)


def test_the_dose_of_a_day_is_every_dose_that_can_have_stood():
    assert CASE_2.dose_on(date(2013, 12, 31)) == mg(0)
    assert CASE_2.dose_on(date(2014, 3, 1)) == mg(0, 1)
    assert CASE_2.dose_on(date(2016, 1, 1)) == mg(1, 4)
    assert CASE_2.dose_on(date(2020, 1, 1)) == mg(4)
    assert CASE_2.dose_on(date(2020, 1, 1)).is_certain
    assert CASE_1.dose_on(date(2019, 1, 1)) == mg(12)
    # Thirty months after the end of 2010 she may still have been on the way to 4.5 mg; later not.
    assert CASE_1.dose_on(date(2013, 6, 1)) == mg("1.5", 15)
    assert CASE_1.dose_on(date(2013, 8, 1)) == mg(3, 15)


def test_the_dose_of_a_coarse_date_is_that_of_all_its_days():
    year = CoarseDate.of("2014")
    assert CASE_2.dose_between(year.first, year.last) == mg(0, 4)
    year = CoarseDate.of("2015")
    assert CASE_2.dose_between(year.first, year.last) == mg("0.25", 4)


def test_while_nothing_was_left_the_dose_may_be_none():
    assert THREAD.dose_on(date(2025, 6, 1)) == mg(0, "3.5")


def test_of_days_after_the_telling_nothing_is_told():
    with pytest.raises(RecordRefusedError, match="this was told on 2020, ask again"):
        CASE_3.dose_on(date(2021, 1, 1))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            (
                Told("a", Kind.START, CoarseDate.of("2014"), once("1")),
                Told("b", Kind.STEP_UP, CoarseDate.of("2013"), once("2")),
            ),
            "leave no day",
        ),
        (
            (
                Told("a", Kind.START, CoarseDate.of("2014"), once("1"), lasted=Span(24, 0)),
                Told("b", Kind.STEP_UP, CoarseDate.of("2015"), once("2")),
            ),
            "leave no day",
        ),
        (
            (Told("a", Kind.START, CoarseDate.of("2021"), once("1")),),
            "leave no day",
        ),
        ((Told("a", Kind.STEP_UP, None, once("1")),), "never started"),
        (
            (
                Told("a", Kind.START, None, once("1")),
                Told("b", Kind.STEP_DOWN, None, once("2")),
            ),
            "name the order for what it does",
        ),
        (
            (Told("a", Kind.START, None, once("1")), Told("a", Kind.STOP)),
            "one id is there twice",
        ),
    ],
)
def test_what_cannot_all_be_so_is_refused(told, message):
    with pytest.raises(HistoryContradictedError, match=message):
        History(PUBLISHED, told)


def test_an_effect_belongs_to_an_event_that_was_told():
    with pytest.raises(HistoryContradictedError, match="tie them to an event"):
        History(PUBLISHED, CASE_3.told, (Effect("dreams", "nowhere"),))


def test_only_a_rise_or_a_fall_is_gradual():
    with pytest.raises(HistoryContradictedError, match="only a dose that rises or falls"):
        Told("a", Kind.START, None, once("1"), gradually=True)


def test_on_the_day_of_a_known_change_the_new_dose_stands():
    told = (
        Told("a", Kind.START, CoarseDate.of("2015-01-01"), once("1")),
        Told("b", Kind.STEP_UP, CoarseDate.of("2015-03-01"), once("2")),
    )
    history = History(PUBLISHED, told)
    assert history.dose_on(date(2015, 2, 28)) == mg(1)
    assert history.dose_on(date(2015, 3, 1)) == mg(2)


def test_exact_days_and_months_that_end_unequally_agree():
    told = (
        Told("a", Kind.START, CoarseDate.of("2015-01-31"), once("1"), lasted=Span(1, 0)),
        Told("b", Kind.STEP_UP, CoarseDate.of("2015-02-28"), once("2")),
    )
    assert within(History(PUBLISHED, told).began("b"), "2015-02-28", "2015-02-28")
