"""Queries step by step: opened by rules and by hand, answered, assigned, closed; and closed by what mends the data."""

from datetime import UTC, date, datetime, timedelta

import pytest
from asked import SELF, STAFF, in_trial
from sqlalchemy import select

from hometrial import clock
from hometrial.models import DailyMetric, Finding, Gap, Query, QueryEvent, Site, Verdict
from hometrial.services import consenting, enrolling, reviewing
from hometrial.services.asking import expecting, judging, opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.querying import data_rules, steps, sweeping
from hometrial.services.querying.steps import QueryRefusedError, Question
from hometrial.services.reviewing import Decision
from hometrial.services.trial import following
from hometrial.services.viewing import quarantine, queries
from hometrial.services.viewing.queries import Wanted

BEATS = {
    "heartrate_seconds_merged.csv": "Id,Time,Value\n1,4/12/2016 7:21:00 AM,60\n1,4/12/2016 7:21:05 AM,400\n"
}
DIARY = {"dose_taken": 1, "crash": 3, "new_problem": 0, "fatigue": 5, "pain": 5, "thinking": 4,
         "sleep": 6, "dreams": 1}  # fmt: skip
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def person(study, at_clock):
    at_clock(MORNING)
    with study.database.transaction("test", "queries") as session:
        made = in_trial(session, consent=date(2026, 3, 2))
        made.session = session
        yield made


def asked(person, subject="dose/2026-03-01", **more):
    return steps.ask(
        person.session, Question(person, subject, "which dose was it?", **more), "staff:dana"
    )


def kinds(session, query):
    found = session.scalars(
        select(QueryEvent).where(QueryEvent.query_id == query.id).order_by(QueryEvent.at)
    )
    return sorted((each.kind, each.by) for each in found)


def gap(person, day, hours, cause="unknown"):
    start = datetime.combine(day, datetime.min.time(), UTC)
    row = Gap(
        participant_id=person.id, stream="heart_rate", day=day, start_at=start,
        end_at=start + timedelta(hours=hours), cause=cause, rule_version=1,
    )  # fmt: skip
    person.session.add(row)
    person.session.flush()
    return row


def total(person, metric, day, value):
    person.session.add(
        DailyMetric(
            participant_id=person.id,
            day=day,
            metric=metric,
            value=value,
            rule=metric,
            rule_version=1,
            computed_at=clock.now(),
        )
    )
    person.session.flush()


def test_a_query_goes_from_hand_to_hand_and_each_step_is_kept(person):
    session, query = person.session, asked(person)
    assert (query.status, query.assignee, query.opened_by) == (
        "open",
        "role:coordinator",
        "staff:dana",
    )
    steps.assign(session, query, "staff:cora", "she saw the person", "staff:dana")
    steps.answer(session, query, "1.5 mg, by the box", "staff:cora")
    assert query.status == "answered"
    steps.reopen(session, query, "the box says 3.0", "staff:dana")
    steps.answer(session, query, "3.0 mg indeed", "staff:cora")
    steps.close(session, query, "corrected", "staff:dana", any_of_them=True)
    assert (query.status, query.closed_by, query.close_reason) == (
        "closed",
        "staff:dana",
        "corrected",
    )
    assert kinds(session, query) == [
        ("answered", "staff:cora"),
        ("answered", "staff:cora"),
        ("assigned", "staff:dana"),
        ("closed", "staff:dana"),
        ("opened", "staff:dana"),
        ("reopened", "staff:dana"),
    ]


def test_what_a_query_cannot_do_is_refused_with_the_way_out(person):
    session, query = person.session, asked(person)
    with pytest.raises(QueryRefusedError, match="being asked about since 2026-03-02"):
        asked(person)
    with pytest.raises(QueryRefusedError, match="say the answer"):
        steps.answer(session, query, "  ", "staff:cora")
    with pytest.raises(QueryRefusedError, match="staff:dana opened this query"):
        steps.close(session, query, "fine", "staff:mona", any_of_them=False)
    steps.close(session, query, "fine", "staff:dana", any_of_them=False)
    for step in (
        lambda: steps.answer(session, query, "late", "staff:cora"),
        lambda: steps.assign(session, query, "staff:cora", "late", "staff:dana"),
        lambda: steps.close(session, query, "again", "staff:dana", any_of_them=True),
    ):
        with pytest.raises(QueryRefusedError, match="closed by staff:dana on 2026-03-02"):
            step()
    asked(person)
    with pytest.raises(QueryRefusedError, match="another query"):
        steps.reopen(session, query, "again", "staff:dana")


def test_a_query_of_quarantined_rows_closes_with_them_and_not_before(study, fitabase):
    study.take_in("fitabase", fitabase(BEATS), create_participants=True, zone="Europe/Berlin")
    with study.database.transaction("test", "decide") as session:
        query = session.scalars(select(Query)).one()
        assert (query.subject, kinds(session, query)) == (
            "rows", [("opened", "rule:value_is_physical")],
        )  # fmt: skip
        steps.answer(session, query, "the strap slipped", "staff:cora")
        with pytest.raises(QueryRefusedError, match="1 of its rows wait"):
            steps.close(session, query, "seen", "staff:dana", any_of_them=True)
        rows = quarantine.open_row_ids(session, query.id)
        reviewing.confirm(session, rows, Decision("staff:dana", "a slip"))
        assert (query.status, query.closed_by) == ("closed", "staff:dana")
        assert ("closed", "staff:dana") in kinds(session, query)
        with pytest.raises(QueryRefusedError, match="a decision stands"):
            steps.reopen(session, query, "again", "staff:dana")


def test_a_rule_opens_a_query_about_a_missing_form_and_closes_it_when_it_comes(person, at_clock):
    session = person.session
    at_clock(datetime(2026, 4, 2, 9, tzinfo=UTC))
    expecting.bring_up_to_date(session, [person.id])
    swept = sweeping.sweep(session)
    missing = session.scalars(select(Query).where(Query.rule == "visit_form_handed_in")).all()
    assert swept.opened == len(missing) > 0
    assert sweeping.sweep(session) == sweeping.Swept(0, 0)
    consenting.pause(session, person, MORNING - timedelta(days=60), None, "in hospital")
    assert sweeping.sweep(session).closed == len(missing)
    assert {each.close_reason for each in missing} == {sweeping.AGAIN}


def test_a_rule_closes_its_query_about_a_gap_once_the_cause_is_known_and_not_anothers(
    person, at_clock
):
    session = person.session
    at_clock(datetime(2026, 3, 20, 9, tzinfo=UTC))
    hole = gap(person, date(2026, 3, 5), 20)
    gap(person, date(2026, 3, 6), 11)
    gap(person, date(2026, 3, 19), 20)
    other = asked(person, "days/heart_rate")
    assert sweeping.sweep(session).opened == 1
    query = session.scalars(select(Query).where(Query.rule == "gap_has_a_cause")).one()
    assert (query.day, query.subject) == (date(2026, 3, 5), "days/heart_rate")
    assert "on 1 day, 2026-03-05, and nobody" in query.question
    hole.cause = "not_worn"
    session.flush()
    assert sweeping.sweep(session) == sweeping.Swept(0, 1)
    assert (query.status, query.closed_by, other.status) == (
        "closed",
        "rule:gap_has_a_cause",
        "open",
    )
    hole.cause = "unknown"
    session.flush()
    assert sweeping.sweep(session).opened == 1


def test_what_somebody_closed_knowingly_is_not_asked_again_by_the_rule(person, at_clock):
    at_clock(datetime(2026, 3, 20, 9, tzinfo=UTC))
    gap(person, date(2026, 3, 5), 20)
    sweeping.sweep(person.session)
    query = person.session.scalars(select(Query)).one()
    steps.close(
        person.session, query, "the watch was at the repair", "staff:dana", any_of_them=True
    )
    assert sweeping.sweep(person.session) == sweeping.Swept(0, 0)


def hand_in(person, manner):
    sitting = opening.open_form(person.session, person, "ldn_diary", "ldn_diary@2026-03-02", manner)
    for item, value in DIARY.items():
        saving.save(person.session, person, sitting.id, Entry(item, value))
    return submitting.submit(person.session, person, sitting.id).submission


def test_an_answer_out_of_range_is_asked_about_until_it_is_corrected(person, at_clock):
    session = person.session
    following.anchor(session, person, "run_in_start", date(2026, 3, 2), because="test")
    at_clock(datetime(2026, 3, 2, 18, tzinfo=UTC))
    batch = judging.judge(session, hand_in(person, SELF))
    verdict = session.scalars(select(Verdict).where(Verdict.batch_id == batch.id)).one()
    session.add(
        Finding(
            verdict_id=verdict.id,
            rule="answer_in_range",
            severity="flag",
            rows=1,
            message="fatigue is 15, outside 0 to 10",
            examples=[],
        )
    )
    session.flush()
    assert sweeping.sweep(session).opened == 1
    query = session.scalars(select(Query)).one()
    assert query.subject == "form/ldn_diary/ldn_diary@2026-03-02"
    assert "fatigue is 15" in query.question

    judging.judge(session, hand_in(person, STAFF))

    assert sweeping.sweep(session) == sweeping.Swept(0, 1)
    assert query.close_reason == sweeping.AGAIN


def test_signals_are_told_and_asked_about_all_at_once_by_hand(person, at_clock):
    session = person.session
    at_clock(datetime(2026, 3, 20, 9, tzinfo=UTC))
    for day in (3, 4, 5):
        total(person, "steps", date(2026, 3, day), 4321)
    total(person, "steps", date(2026, 3, 6), 60_001)
    total(person, "steps", date(2026, 3, 7), 3000)
    total(person, "wear_minutes", date(2026, 3, 7), 0)
    odd = data_rules.broken(session, data_rules.RULES["steps_are_plausible"])
    assert [each.day.day for each in odd] == [6, 7]
    assert (
        "4321 steps on 3 days"
        in data_rules.broken(session, data_rules.RULES["step_totals_vary"])[0].question
    )
    assert sweeping.sweep(session).opened == 0
    rule = sweeping.rule_named("steps_are_plausible")
    assert sweeping.ask_about_all(session, rule, "staff:dana") == 2
    assert sweeping.ask_about_all(session, rule, "staff:dana") == 0


def test_the_list_is_filtered_by_status_rule_site_assignee_and_age_and_counted(person, at_clock):
    session = person.session
    elsewhere = Site(code="S-02", name="Elsewhere")
    session.add(elsewhere)
    session.flush()
    other = enrolling.add_participant(session, site=elsewhere)
    old = asked(person, "dose/1")
    at_clock(MORNING + timedelta(days=20))
    new = steps.ask(session, Question(other, "dose/2", "which?"), "staff:dana", "staff:cora")
    steps.answer(session, new, "this one", "staff:cora")
    done = asked(person, "dose/3")
    steps.close(session, done, "fine", "staff:dana", any_of_them=True)

    def found(**wanted):
        return [line.query.subject for line in queries.page(session, Wanted(**wanted)).lines]

    assert found() == ["dose/1", "dose/2"]
    assert found(status="closed") == ["dose/3"]
    assert found(site="S-02") == ["dose/2"]
    assert found(assignee="staff:cora") == ["dose/2"]
    assert found(older=14) == ["dose/1"]
    assert found(person=person.code, status="all") == ["dose/1", "dose/3"]
    assert queries.counts(session, Wanted()) == {
        "waiting": 2, "open": 1, "answered": 1, "closed": 1, "all": 3,
    }  # fmt: skip
    assert [count for _, _, count in queries.ages(session)] == [1, 0, 1, 0]
    assert old.status == "open"
