"""A person's timeline: dose bands to the minute of the dose log, days as long as they were, own baselines, rests."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from tests.support.dosed import DOCTOR, NURSE, SELF, Dosed, day, eligible

from hometrial import clock
from hometrial.models import DailyMetric, Gap, Pause
from hometrial.protocol.dosing.amounts import DayDose, Part, TimeOfDay, once
from hometrial.protocol.dosing.coarse import CoarseDate, Span
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.history import History, Told
from hometrial.protocol.dosing.standing import Kind, State
from hometrial.services import enrolling
from hometrial.services.asking import resting
from hometrial.services.dosing import ordering, remembering, telling
from hometrial.services.safety import alerting, heart
from hometrial.services.trial import following
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.timeline import reading
from hometrial.services.viewing.timeline.axis import Axis
from hometrial_ingest.local_time import ZoneHistory

MORNING, EVENING = TimeOfDay.MORNING, TimeOfDay.EVENING
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MOVED = datetime(2026, 4, 1, 12, tzinfo=UTC)  # day 30, 14:00 in Berlin and 08:00 in New York
LAST = 40


def in_two(morning, evening):
    parts = (Part(Decimal(morning), MORNING), Part(Decimal(evening), EVENING))
    return DayDose(parts, "liq")


def enrolled(study, set_clock):
    set_clock(datetime(2026, 2, 16, 9, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        person = eligible(session)
    return Dosed(study, set_clock, person).at(0)


def both(somebody, number, morning=(8, 5), evening=(20, 50)):
    somebody.at(number, *morning).took(time_of_day=MORNING)
    somebody.at(number, *evening).took(time_of_day=EVENING)


def live(somebody):
    """Titration, a missed day, twice a day, a hold, a reduction, nights, a clock change, a move."""
    somebody.start()
    for number in range(5):
        somebody.at(number, 21, 10 + number).took()
    somebody.at(5, 9).order(once("1.5", EVENING, "liq"))
    for number in (5, 6):
        somebody.at(number, 22, 3).took()
    somebody.at(8, 10).do(telling.missed, SELF, Reason.FORGOT, telling.Told(on=day(7)))
    somebody.at(8, 21, 41).took()
    somebody.at(9, 23, 59).took()
    somebody.at(10, 7).order(in_two("6", "6"))
    for number in range(10, 14):
        both(somebody, number)
    somebody.at(14, 12).do(ordering.take_away, DOCTOR, Kind.HOLD)
    somebody.at(18, 12).order(in_two("4.5", "4.5"), word=DOCTOR)
    for number in (18, 19, 21, 23):
        both(somebody, number, (8, 30), (20, 15))
    somebody.at(22, 8, 1).took(time_of_day=MORNING)  # and of that evening nobody tells
    somebody.at(24, 8, 0).took(time_of_day=MORNING)
    somebody.at(25, 0, 40).took()
    somebody.at(26, 12).do(
        telling.missed, SELF, Reason.CRASH, telling.Told(on=day(25), time_of_day=MORNING)
    )
    somebody.do(telling.missed, SELF, Reason.CRASH, telling.Told(on=day(25), time_of_day=EVENING))
    for number in range(26, 30):  # on day 27 the clocks go forward
        both(somebody, number)
    with somebody.study.database.transaction("test", "a move") as session:
        enrolling.set_zone(
            session, somebody.person, "America/New_York", valid_from=MOVED, source="told"
        )
    somebody.zone = "America/New_York"
    somebody.at(31, 9).order(once("4.5", EVENING, "liq"))
    for number in range(31, 38):
        somebody.at(number, 21, 30).took()
    somebody.at(40, 12).do(telling.interrupted, SELF, Reason.RAN_OUT, day(38))
    return somebody


@pytest.fixture(scope="module")
def life(shared_study, tmp_path_factory):
    board = tmp_path_factory.mktemp("clock") / "clock"

    def set_(moment):
        clock.turn(board, moment)
        clock.follow(board)

    yield live(enrolled(shared_study, set_))
    clock.unfollow()


@pytest.fixture
def lived(life):
    """Somebody with forty days behind them, at noon of day 40 whatever other tests did to the clock."""
    yield life.at(LAST, 12)
    clock.unfollow()


def read(somebody, first=0, last=LAST):
    with somebody.study.database.reading() as session:
        return reading.read(session, somebody.person, Days(day(first), day(last)))


def midnight(number):
    """When a day of the person began: in Berlin up to day 30, in New York from day 31 on."""
    zone = BERLIN if number <= 30 else NEW_YORK
    return datetime.combine(day(number), time(), zone).astimezone(UTC)


def log(somebody, kind):
    """Return the dose log as the table holds it: day, what it says."""
    return somebody.study.rows(
        "SELECT day, body FROM dose_event WHERE participant_id = :person AND kind = :kind ORDER BY number",
        person=somebody.person.id, kind=kind,
    )  # fmt: skip


def test_an_ordered_band_begins_in_the_first_minute_of_the_day_that_its_order_names(lived):
    found = read(lived).doses.ordered
    orders = log(lived, "order")
    assert [each.start for each in found] == [midnight((on - day(0)).days) for on, _ in orders]
    assert [each.end for each in found] == [
        *(midnight((on - day(0)).days) for on, _ in orders[1:]),
        datetime.combine(day(40), time(12), NEW_YORK),
    ]
    assert [str(each.mg) for each in found] == ["0.25", "1.5", "12", "0", "9.0", "4.5"]
    assert [each.state for each in found][3] is State.HELD


def test_a_taken_band_begins_at_the_minute_of_the_first_dose_of_another_amount(lived):
    found = read(lived).doses.taken
    wanted = [
        ("0.25", at(0, 21, 10)), ("1.5", at(5, 22, 3)), ("0", midnight(7)), ("1.5", at(8, 21, 41)),
        ("12", at(10, 8, 5)), ("9", at(18, 8, 30)), ("0", midnight(20)), ("9", at(21, 8, 30)),
        ("4.5", at(22, 8, 1)), ("9", at(23, 8, 30)), ("0", midnight(25)), ("9", at(26, 8, 5)),
        ("0", midnight(30)), ("4.5", at(31, 21, 30)), ("0", midnight(38)),
    ]  # fmt: skip
    assert [(f"{each.least.normalize():f}", each.start) for each in found] == [
        (f"{Decimal(mg).normalize():f}", start) for mg, start in wanted
    ]


def test_every_edge_of_a_taken_band_is_a_minute_of_the_log_or_a_midnight(lived):
    timeline = read(lived)
    told = {
        datetime.fromisoformat(body["taken_at"]["at"])
        for _, body in log(lived, "intake")
        if body["taken_at"]
    }
    midnights = {midnight(number) for number in range(LAST + 2)}
    for band in timeline.doses.taken:
        assert band.start in told | midnights
        assert band.end in told | midnights | {timeline.now}


def test_each_dose_stands_at_the_minute_at_which_it_was_taken(lived):
    times = read(lived).doses.times
    taken = [body for _, body in log(lived, "intake") if Decimal(body["mg"]) > 0]
    assert [each.at for each in times] == [
        datetime.fromisoformat(body["taken_at"]["at"]) for body in taken
    ]
    assert [str(each.mg) for each in times] == [body["mg"] for body in taken]


def test_a_dose_after_midnight_belongs_to_the_evening_before_and_its_band_goes_on(lived):
    (band,) = [each for each in read(lived).doses.taken if each.start == at(23, 8, 30)]
    assert band.end == midnight(26)  # 00:40 of day 25 counts for day 24
    assert not [each for each in read(lived).doses.taken if each.end <= each.start]


def test_a_day_of_which_nobody_told_is_unknown_and_a_missed_one_is_missed(lived):
    found = {each.start: each for each in read(lived).doses.taken}
    untold, missed, half = found[midnight(20)], found[midnight(7)], found[at(22, 8, 1)]
    assert (untold.is_known, untold.is_missed, untold.most) == (False, False, Decimal(9))
    assert (missed.is_known, missed.is_missed, missed.reasons) == (True, True, (Reason.FORGOT,))
    assert (half.least, half.most) == (Decimal("4.5"), Decimal(9))


def test_nothing_is_taken_in_a_hold_and_an_interruption_says_why(lived):
    doses = read(lived).doses
    hold = doses.ordered[3]
    assert not [each for each in doses.taken if hold.start < each.start < hold.end]
    (gap,) = doses.interrupted
    assert (gap.start, gap.reason, gap.is_open) == (midnight(38), Reason.RAN_OUT, True)


def test_a_day_is_as_wide_as_it_was_long(lived):
    axis = read(lived).axis
    widths = {on: end - start for on, start, end in axis.bounds()}
    assert {widths[day(number)] for number in (0, 26, 28)} == {1440}
    assert widths[day(27)] == 1380
    assert widths[day(30)] == 1440 + 6 * 60
    assert axis.minutes == sum(widths.values())


def test_a_day_that_was_never_lived_has_no_width():
    zones = ZoneHistory.of([(None, "Pacific/Apia")])  # 2011-12-30 was skipped there
    axis = Axis(zones, Days(date(2011, 12, 29), date(2011, 12, 31)))
    assert [end - start for _, start, end in axis.bounds()] == [1440, 0, 1440]
    assert axis.day_of(axis.start(date(2011, 12, 30))) == date(2011, 12, 31)


def test_what_stood_before_the_first_day_shown_begins_with_it(lived):
    doses = read(lived, first=11, last=12).doses
    (band,) = doses.ordered
    assert (band.start, band.end, band.begins) == (midnight(11), midnight(13), False)
    assert [(each.start, each.begins) for each in doses.taken] == [(midnight(11), False)]


def test_in_the_morning_the_dose_of_the_evening_before_the_first_day_shown_still_counts(lived):
    first, second = read(lived, first=9, last=10).doses.taken
    assert (first.start, str(first.least), second.start) == (midnight(9), "1.5", at(10, 8, 5))


def measure(session, person, values, first=-20):
    """Keep a day's metrics: {"steps": [...]} from day `first` on."""
    session.add_all(
        DailyMetric(
            participant_id=person.id, day=day(first + place), metric=metric, value=float(value),
            rule="test", rule_version=1, computed_at=clock.now(),
        )
        for metric, found in values.items() for place, value in enumerate(found) if value is not None
    )  # fmt: skip
    session.flush()


def test_the_own_usual_range_is_that_of_the_run_in_and_days_hardly_worn_are_in_none(
    study, at_clock
):
    somebody = enrolled(study, at_clock)
    at_clock(datetime(2026, 3, 10, 9, tzinfo=UTC))
    steps = [1000, 1100, 900, 1000, 1200, 800, 1000, 5, 1000, 1000, *[400] * 18]
    with study.database.transaction("test", "days") as session:
        following.anchor(session, somebody.person, "run_in_start", day(-20), because="test")
        following.anchor(session, somebody.person, "run_in_end", day(-11), because="test")
        measure(
            session, somebody.person, {"steps": steps, "valid_day": [each != 5 for each in steps]}
        )
    run = read(somebody, -20, 7).worn.runs["steps"]
    assert (run.baseline.median, run.baseline.mad, run.baseline.days) == (1000, 0, 9)
    assert run.of_days == "of the run-in"
    assert run.unused == {day(-13)}
    assert run.change(day(3)) == -600
    # Of a stretch after the run-in the same is known.
    assert read(somebody, 0, 7).worn.runs["steps"].baseline == run.baseline


def test_without_a_run_in_the_days_before_the_first_dose_are_the_usual_ones(study, at_clock):
    somebody = enrolled(study, at_clock)
    with study.database.transaction("test", "days") as session:
        following.anchor(session, somebody.person, "first_dose", day(0), because="test")
        measure(
            session,
            somebody.person,
            {"rhr_vendor": [60.0, 61, 62, 63, 64, 65, 66], "rhr_sleep": [None]},
        )
    run = read(somebody, -20, 7).worn.runs["rhr"]
    assert (run.rule, run.baseline.median) == ("rhr_vendor", 63)
    assert run.of_days == "of the 28 days before the first dose"


def test_the_limit_of_the_alert_is_the_one_that_the_alert_is_raised_by(study, at_clock):
    somebody = enrolled(study, at_clock)
    at_clock(datetime(2026, 3, 20, 9, tzinfo=UTC))
    nights = [60.0, 61, 59, 60, 62, 58, 60, 60, 61, 59]
    with study.database.transaction("test", "nights") as session:
        following.anchor(session, somebody.person, "consent", day(-20), because="test")
        following.anchor(session, somebody.person, "run_in_end", day(-11), because="test")
        measure(session, somebody.person, {"rhr_sleep": nights})
        measure(session, somebody.person, {"rhr_sleep": [60.0]}, first=3)
    limit = read(somebody, 0, 7).worn.runs["rhr"].alert_from
    run_in = {day(number - 20): rate for number, rate in enumerate(nights)}
    usual = heart.usual_of(run_in, day(-20), day(-11))
    for rise, night in ((0, day(4)), (-0.1, None)):
        after = {day(number): limit + rise for number in range(5)}
        assert heart.above(run_in | after, usual) == night


def test_six_days_are_no_baseline(study, at_clock):
    somebody = enrolled(study, at_clock)
    with study.database.transaction("test", "days") as session:
        measure(session, somebody.person, {"steps": [1000] * 6})
    assert read(somebody, -20, 7).worn.runs["steps"].usual is None


def test_gaps_of_one_cause_that_follow_each_other_are_one(study, at_clock):
    somebody = enrolled(study, at_clock)
    hours = [
        (0, 24, "token_dead"),
        (24, 30, "token_dead"),
        (30, 31, "not_worn"),
        (40, 41, "not_worn"),
    ]
    with study.database.transaction("test", "gaps") as session:
        session.add_all(
            Gap(
                participant_id=somebody.person.id, stream="heart_rate", day=day(begin // 24),
                start_at=midnight(0) + timedelta(hours=begin), end_at=midnight(0) + timedelta(hours=end),
                cause=cause, rule_version=1,
            )
            for begin, end, cause in hours
        )  # fmt: skip
    found = read(somebody, 0, 7).worn.missing
    assert [(each.cause, (each.end - each.start) / timedelta(hours=1)) for each in found] == [
        ("token_dead", 30), ("not_worn", 1), ("not_worn", 1),
    ]  # fmt: skip


def test_bad_days_and_pauses_are_shaded_from_their_first_to_their_last_minute(study, at_clock):
    somebody = enrolled(study, at_clock)
    somebody.at(2, 15).do(resting.tap, by="P-0001", severity=3)
    somebody.at(3, 9).do(resting.tap, by="P-0001")
    with study.database.transaction("test", "a rest") as session:
        session.add(
            Pause(
                participant_id=somebody.person.id,
                start_at=at(6, 10, 0),
                end_at=None,
                reason="travel",
            )
        )
    bad, pause = read(somebody, 0, 7).shades
    assert (bad.kind, bad.text, bad.start, bad.end) == (
        "bad day", "bad day told, severe", midnight(2), midnight(5),
    )  # fmt: skip
    assert (pause.kind, pause.start, pause.end) == ("pause", at(6, 10, 0), midnight(8))


def test_an_alert_of_the_watch_stands_apart_and_nobody_sees_it_who_may_not(study, at_clock):
    somebody = enrolled(study, at_clock).at(3, 7)
    with study.database.transaction("test", "alerts") as session:
        values = {"rhr_sleep": 71.0}
        for rule, level in (("HR1", "blue"), ("DD1", "red")):
            alerting.raise_alert(session, somebody.person, rule=rule, level=level, values=values)
    with study.database.reading() as session:
        days = Days(day(0), day(7))
        found = reading.read(session, somebody.person, days).marks
        hidden = reading.read(session, somebody.person, days, reading.Shown(alerts=False)).marks
    assert {(each.lane, each.kind) for each in found} >= {("watch alert", "blue"), ("alert", "red")}
    assert not [each for each in hidden if "alert" in each.lane]


@contextmanager
def counted(database):
    """Count the statements that the database is asked."""
    asked = []
    listener = lambda *given: asked.append(given[2])  # noqa: E731
    event.listen(database.engine, "before_cursor_execute", listener)
    yield asked
    event.remove(database.engine, "before_cursor_execute", listener)


def test_the_queries_do_not_grow_with_the_days(lived):
    database, numbers = lived.study.database, []
    for last in (3, 10, LAST, 200):
        with counted(database) as asked, database.reading() as session:
            reading.read(session, lived.person, Days(day(0), day(last)))
        numbers.append(len(asked))
    assert len(set(numbers)) == 1, numbers
    assert numbers[0] < 40


def test_case_1_is_drawn_from_what_is_recorded_and_what_she_told_stays_as_coarse_as_it_was(
    study, at_clock
):
    somebody = enrolled(study, at_clock)
    told = History(
        CoarseDate.of("2026"),
        (
            Told("start", Kind.START, CoarseDate.of("2010"), once("1.5")),
            Told("raised", Kind.STEP_UP, None, once("4.5"), "slowly", gradually=True, since_start=Span(24, 6)),
            Told("down", Kind.STEP_DOWN, None, once("3"), "more headaches", lasted=Span(10, 1)),
        ),
    )  # fmt: skip
    somebody.do(remembering.tell, NURSE, told)
    course = [
        (0, once("1.5", EVENING, "liq")), (3, once("4.5", EVENING, "liq")), (5, once("3", EVENING, "liq")),
        (8, once("9", EVENING, "liq")), (10, in_two("7.5", "7.5")), (13, in_two("6", "6")),
    ]  # fmt: skip
    for number, dose in course:
        somebody.at(number, 9).order(dose)
    both(somebody, 10)
    timeline = read(somebody.at(16), -20, 16)
    assert [(str(each.mg), each.start) for each in timeline.doses.ordered] == [
        (str(dose.mg), midnight(number)) for number, dose in course
    ]
    assert timeline.doses.highest == 15
    with study.database.reading() as session:
        before = reading.told_before(session, somebody.person)
    assert before[:2] == (
        "2010: start 1.5 mg", "step up gradually 4.5 mg, about 2 years after the start, slowly",
    )  # fmt: skip


@pytest.mark.parametrize("steps", [
    [("0.25", 0), ("1", 180), ("4", 365)],  # case 2: from 0.25 mg over years
    [("1", 0), ("4.5", 90)],  # case 3
])  # fmt: skip
def test_cases_2_and_3_are_one_band_a_dose(study, at_clock, steps):
    somebody = enrolled(study, at_clock)
    for mg, number in steps:
        somebody.at(number, 9).order(once(mg, EVENING, "liq"))
    somebody.at(400)
    shown = read(somebody, 20, 400).doses.ordered
    assert [str(each.mg) for each in shown] == [mg for mg, _ in steps]
    starts = [max(number, 20) for _, number in steps]
    assert [each.start for each in shown] == [
        datetime.combine(day(number), time(), BERLIN) for number in starts
    ]


def at(number, hour, minute):
    zone = BERLIN if number <= 30 else NEW_YORK
    return datetime.combine(day(number), time(hour, minute), zone).astimezone(UTC)
