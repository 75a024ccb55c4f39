"""A limit is drafted by one, rehearsed, and published by another: what the rehearsal counts is what moves."""

from datetime import date

import pytest
from sqlalchemy import func, select

from hometrial.models import (
    QuarantinedRow,
    Query,
    RuleMove,
    RuleRehearsal,
    RuleVersion,
    VerdictLimits,
)
from hometrial.services import reviewing
from hometrial.services.rehearsing_rules import drafting, limits
from hometrial.services.rehearsing_rules.drafting import Proposal
from hometrial.services.rehearsing_rules.limits import LimitRefusedError
from hometrial.services.reviewing import Decision
from hometrial.tasks import ruling
from hometrial.tasks.engine import House

HIGH = "bound.heart_rate.high"
RATES = (60, 61, 198, 199, 200, 201, 205, 255, 258, 400)
"""One a minute: 255, 258 and 400 are set aside by what the rule comes with (250)."""


def archive(day="4/12/2016", rates=RATES):
    lines = [f"1,{day} 7:{minute:02}:00 AM,{rate}" for minute, rate in enumerate(rates)]
    return {"heartrate_seconds_merged.csv": "\n".join(["Id,Time,Value", *lines]) + "\n"}


@pytest.fixture
def house(study, fitabase):
    study.take_in("fitabase", fitabase(archive()), create_participants=True, zone="Europe/Berlin")
    return House(study.database, {})


def propose(house, value, limit=HIGH, by="staff:dana"):
    with house.database.transaction(by, "draft") as session:
        change = drafting.draft(session, Proposal(limit, value, "the new watch reads higher"), by)
        return change, drafting.rehearse(session, change, by)


def run(house, asked):
    ruling.try_rule_now(house, asked.id)
    with house.database.reading() as session:
        return session.get_one(RuleRehearsal, asked.id)


def publish(house, change, by="staff:mike"):
    with house.database.transaction(by, "publish") as session:
        asked = drafting.publish(session, change, by, "read and agreed")
    return run(house, asked)


def values(study):
    return sorted(study.samples("heart_rate")["value"].tolist())


def aside(house):
    with house.database.reading() as session:
        rows = session.scalars(select(QuarantinedRow).where(QuarantinedRow.status == "open"))
        return sorted(int(row.sample["value"]) for row in rows)


def test_a_rehearsal_counts_what_the_publication_moves_when_a_limit_falls(study, house):
    change, asked = propose(house, 200)
    rehearsed = run(house, asked)
    assert (rehearsed.state, rehearsed.judged) == ("done", len(RATES))
    assert (rehearsed.failing, rehearsed.passing) == (2, 0)
    before = values(study)
    assert before == [60, 61, 198, 199, 200, 201, 205]
    assert aside(house) == [255, 258, 400]

    published = publish(house, change)

    assert (published.state, published.failing, published.passing) == ("done", 2, 0)
    assert published.digest == rehearsed.digest
    assert len(before) - len(values(study)) == rehearsed.failing
    assert values(study) == [60, 61, 198, 199, 200]
    assert aside(house) == [201, 205, 255, 258, 400]


def test_a_rehearsal_counts_what_the_publication_moves_when_a_limit_rises(study, house):
    change, asked = propose(house, 257)
    rehearsed = run(house, asked)
    assert (rehearsed.failing, rehearsed.passing) == (0, 1)

    publish(house, change)

    assert 255 in values(study)
    assert aside(house) == [258, 400]
    with house.database.reading() as session:
        row = session.scalars(
            select(QuarantinedRow).where(QuarantinedRow.status == "released")
        ).one()
        assert row.decided_by == "staff:mike"
        assert row.decision_reason == "limits of rules, version 1: read and agreed"


def test_a_rehearsal_moves_nothing_and_lists_every_row_by_person_and_day(study, house):
    before = study.contents()
    _, asked = propose(house, 200)
    run(house, asked)
    assert values(study) == [60, 61, 198, 199, 200, 201, 205]
    with house.database.reading() as session:
        moves = session.scalars(select(RuleMove).order_by(RuleMove.reason)).all()
        assert [(m.day, m.direction, m.sample["value"]) for m in moves] == [
            (date(2016, 4, 12), "failing", 201),
            (date(2016, 4, 12), "failing", 205),
        ]
        assert "outside 25-200" in moves[0].reason
    after = study.contents()
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {
        "rule_change", "rule_rehearsal", "rule_move", "head", "audit.entry", "audit.link", "audit.pending",
    }  # fmt: skip


def test_what_comes_after_is_judged_by_the_new_version_and_says_so(study, house, fitabase):
    change, asked = propose(house, 200)
    run(house, asked)
    publish(house, change)
    study.take_in("fitabase", fitabase(archive("4/13/2016", (199, 201))))
    assert aside(house).count(201) == 2
    with house.database.reading() as session:
        version = session.scalars(select(RuleVersion)).one()
        assert (version.number, version.limits, version.approved_by) == (
            1,
            {HIGH: 200},
            "staff:mike",
        )
        assert session.scalar(select(func.count()).select_from(VerdictLimits)) >= 1
        assert limits.in_force(session).number == 1


def test_the_rows_that_a_new_limit_sets_aside_have_an_open_query(study, house):
    change, asked = propose(house, 200)
    with house.database.transaction("staff:dana", "decide") as session:
        rows = [row.id for row in session.scalars(select(QuarantinedRow))]
        reviewing.confirm(session, rows, Decision("staff:dana", "no such hearts"))
        assert session.scalars(select(Query)).one().status == "closed"
    run(house, asked)
    publish(house, change)
    with house.database.reading() as session:
        query = session.scalars(select(Query)).one()
        assert (query.status, query.closed_at) == ("open", None)


def test_a_row_that_somebody_let_in_stays_whatever_the_limit_becomes(study, house):
    with house.database.transaction("staff:dana", "decide") as session:
        row = session.scalars(select(QuarantinedRow).order_by(QuarantinedRow.row)).first()
        reviewing.release(session, [row.id], Decision("staff:dana", "a sprint"))
    change, asked = propose(house, 257)
    assert run(house, asked).passing == 0
    publish(house, change)
    change, asked = propose(house, 203)
    assert run(house, asked).failing == 1
    publish(house, change)
    assert 255 in values(study)
    assert 205 not in values(study)


def test_what_one_version_let_in_another_sets_aside(study, house):
    change, asked = propose(house, 257)
    run(house, asked)
    publish(house, change)
    assert 255 in values(study)
    change, asked = propose(house, 230)
    assert run(house, asked).failing == 1
    publish(house, change)
    assert 255 not in values(study)
    assert aside(house) == [255, 258, 400]


def test_whoever_drafted_a_change_does_not_publish_it_and_nobody_does_unrehearsed(house):
    change, asked = propose(house, 200)
    with house.database.transaction("staff:mike", "publish") as session:
        with pytest.raises(LimitRefusedError, match="staff:dana drafted this change"):
            drafting.publish(session, change, "staff:dana", "mine")
        with pytest.raises(LimitRefusedError, match="rehearse it first"):
            drafting.publish(session, change, "staff:mike", "unread")
        with pytest.raises(LimitRefusedError, match="wait until it is over"):
            drafting.rehearse(session, change, "staff:mike")
    run(house, asked)
    publish(house, change)
    with (
        house.database.transaction("staff:mike", "publish") as session,
        pytest.raises(LimitRefusedError, match="published as version 1"),
    ):
        drafting.publish(session, change, "staff:mike", "twice")


def test_a_publication_is_refused_if_other_rows_would_move_than_were_rehearsed(
    study, house, fitabase
):
    change, asked = propose(house, 200)
    run(house, asked)
    study.take_in("fitabase", fitabase(archive("4/14/2016", (190, 240))))
    before = values(study)
    failed = publish(house, change)
    assert (failed.state, failed.digest) == ("failed", None)
    assert "rehearse it again" in failed.failure
    assert values(study) == before
    with house.database.reading() as session:
        assert limits.in_force(session).number == 0


def test_a_rehearsal_against_what_holds_no_more_publishes_nothing(house):
    first, asked = propose(house, 200)
    run(house, asked)
    second, other = propose(house, 30, "bound.heart_rate.low")
    run(house, other)
    publish(house, first)
    with (
        house.database.transaction("staff:mike", "publish") as session,
        pytest.raises(LimitRefusedError, match="rehearsed against version 0, and 1 holds"),
    ):
        drafting.publish(session, second, "staff:mike", "late")


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        (HIGH, 250, "is 250 /min already"),
        (HIGH, 1e9, "lies between"),
        (HIGH, 20, "would not lie below the greatest"),
        ("no_such_limit", 1, "there is no limit"),
        ("stuck_minutes", 0, "lies between 1 and 1440"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_with_the_reason(study, limit, value, says):
    with (
        study.database.transaction("test", "draft") as session,
        pytest.raises(LimitRefusedError, match=says),
    ):
        drafting.draft(session, Proposal(limit, value, "why"), "staff:dana")


def test_a_flag_is_counted_by_person_and_day_and_moves_no_row(study, house, fitabase):
    study.take_in("fitabase", fitabase(archive("4/15/2016", [77] * 9)))
    change, asked = propose(house, 5, "stuck_minutes")
    found = run(house, asked)
    assert (found.failing, found.passing) == (0, 0)
    assert found.flagged > 0
    before = values(study)
    assert publish(house, change).flagged == found.flagged
    assert values(study) == before
