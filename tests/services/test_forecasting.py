"""The forecast of missing data: nearer to the truth than the last-gap rule, exact where all is known, with its driver."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
import silent_cohort as seeded
from linked import counted, person

from hometrial import clock
from hometrial.models import BadDay, DailyMetric, ExpectedForm, Gap, Pause
from hometrial.services import forecasting
from hometrial.services.forecasting import Chain, Stretch
from hometrial.services.viewing import forecasting as viewing

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
FLAT = Chain(0.7, (0.3,) * 8)


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_the_model_beats_the_last_gap_rule_even_at_its_best(seed):
    lived = seeded.lives(120, 120, seed)
    found = seeded.cases(lived, first=21, last=120, every=6)
    model = seeded.brier(seeded.by_chain(found), found)
    assert model < 0.8 * seeded.brier(seeded.by_last_gap(found), found)
    assert model < seeded.brier(seeded.by_last_gap_at_best(found), found)


def test_what_is_foretold_at_a_chance_comes_about_that_often():
    lived = seeded.lives(200, 120, 5)
    found = seeded.cases(lived, first=21, last=120, every=6)
    chances = seeded.by_chain(found)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.9)):
        inside = [
            (each, case.missed)
            for each, case in zip(chances, found, strict=True)
            if low <= each < high
        ]
        told = sum(each for each, _ in inside) / len(inside)
        came = sum(missed for _, missed in inside) / len(inside)
        assert abs(told - came) < 0.15, (low, high, told, came)


def test_the_sum_over_all_courses_is_the_chance():
    chain = Chain(0.8, (0.5, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1, 0.05))
    history = [True, True, False, False]
    total = 0.0
    for course in product((True, False), repeat=2 + 4):
        chance, silent = 1.0, 2
        for is_valid in course:
            valid = chain.stay if silent == 0 else chain.back[min(silent, 8) - 1]
            chance *= valid if is_valid else 1 - valid
            silent = 0 if is_valid else silent + 1
        total += chance * (sum(course[2:]) < 3)
    told = forecasting.chance_of_missing(history, chain, Stretch(2, 4, 3))
    assert told == pytest.approx(total, abs=1e-12)


def test_what_is_certain_is_told_as_certain():
    assert forecasting.chance_of_missing([True], FLAT, Stretch(0, 3, 0)) == 0
    assert forecasting.chance_of_missing([True], FLAT, Stretch(0, 3, 4)) == 1
    assert forecasting.chance_of_missing([False], FLAT, Stretch(0, 0, 1)) == 1


def test_a_longer_silence_and_a_dead_token_raise_the_chance():
    histories = [[True] * 20 + [False] * 2 + [True] * 20 + [False] * 12]
    everybody = forecasting.cohort(histories * 5)
    stretch = Stretch(0, 7, 4)

    def chance(history, cause=None):
        chain = forecasting.of_person(history, everybody, cause)
        return forecasting.chance_of_missing(history, chain, stretch)

    short, long = [True] * 30 + [False], [True] * 30 + [False] * 7
    assert chance([True] * 31) < chance(short) < chance(long)
    assert chance(short, "token_dead") > chance(short)


@pytest.fixture
def ward(study, at_clock):
    at_clock(NOW)
    with study.database.transaction("test", "forecast") as session:
        yield session, study.database


def wear(session, someone, *, silent=0, minutes=900, days=40):
    today = NOW.date()
    for back in range(1, days + 1):
        valid = back > silent
        for metric, value in (
            ("valid_day", float(valid)),
            ("wear_minutes", minutes if valid else 0),
        ):
            session.add(
                DailyMetric(
                    participant_id=someone.id,
                    day=today - timedelta(back),
                    metric=metric,
                    value=value,
                    rule=metric,
                    rule_version=1,
                    computed_at=clock.now(),
                )
            )
    session.flush()


def silent_because(session, someone, cause):
    start = NOW.replace(hour=0) - timedelta(days=1)
    session.add(
        Gap(
            participant_id=someone.id,
            stream="heart_rate",
            day=start.date(),
            start_at=start,
            end_at=start + timedelta(hours=24),
            cause=cause,
            rule_version=1,
        )
    )
    session.flush()


def test_the_most_at_risk_come_first_each_with_driver_and_action(ward):
    session, _ = ward
    well, dead, lying = (person(session) for _ in range(3))
    wear(session, well)
    wear(session, dead, silent=3)
    wear(session, lying, silent=2)
    silent_because(session, dead, "token_dead")
    silent_because(session, lying, "not_worn")
    found = viewing.outlook(session)
    assert [line.code for line in found.first] == [dead.code, lying.code, well.code]
    first, second, last = found.first
    assert (first.driver, first.action) == ("token_dead", "send a link to reconnect")
    assert first.because == "the watch's account is not open to us, 3 days by now"
    assert second.driver == "not_worn"
    assert (last.driver, last.chance < 0.1) == ("none", True)


def test_bad_days_are_named_before_what_they_lead_to_and_a_rest_is_left_out(ward):
    session, _ = ward
    ill, away = person(session), person(session)
    wear(session, ill, silent=4)
    silent_because(session, ill, "not_worn")
    wear(session, away, silent=4)
    session.add(
        BadDay(participant_id=ill.id, kind="begun", severity=3, at=NOW - timedelta(days=2), by="x")
    )
    session.add(
        Pause(participant_id=away.id, start_at=NOW - timedelta(days=4), end_at=None, reason="away")
    )
    session.flush()
    found = viewing.outlook(session)
    assert [(line.code, line.driver) for line in found.first] == [(ill.code, "bad_days")]
    assert found.resting == [away.code]


def test_the_days_before_the_next_visit_count_and_those_that_are_over_as_they_were(ward):
    session, _ = ward
    someone = person(session)
    wear(session, someone)
    session.add(
        ExpectedForm(
            participant_id=someone.id,
            form="rand36",
            occasion="W4#1",
            kind="visit",
            day=date(2026, 6, 17),
            opens_at=NOW,
            closes_at=NOW + timedelta(days=4),
            excused=None,
        )
    )
    session.flush()
    (line,) = viewing.outlook(session).first
    assert (line.first, line.last, line.visit) == (date(2026, 6, 11), date(2026, 6, 17), "W4")
    assert (line.valid, line.chance) == (4, 0.0)


def test_the_outlook_asks_as_many_questions_of_many_people_as_of_one(ward):
    session, database = ward
    wear(session, person(session))
    with counted(database) as few:
        viewing.outlook(session)
    for _ in range(4):
        wear(session, person(session), silent=2)
    with counted(database) as many:
        viewing.outlook(session)
    assert len(few) == len(many)
