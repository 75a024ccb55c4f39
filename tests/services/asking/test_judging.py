"""What was handed in goes through the gate as a batch: flagged, set aside only where it cannot be right."""

from datetime import UTC, date, datetime, timedelta

import pytest
from asked import MORNING, SCREENING, SELF, STAFF
from sqlalchemy import select

from hometrial.models import Answer, Batch, Finding, QuarantinedRow, Query, Verdict
from hometrial.services.asking import judging, opening, saving, scores, settling, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.capturing import evidence
from hometrial.services.trial import following

pytestmark = pytest.mark.long

ITEMS = tuple(f"phq9_{number}" for number in range(1, 10))
MIXED = {**dict.fromkeys(ITEMS, 2), "phq9_1": 3, "phq9_9": 0, "phq9_10": 1}


def handed_in(ward, form="phq9", occasion=SCREENING, manner=SELF, seconds=4.0, answers=MIXED):
    sitting = opening.open_form(ward.session, ward.person, form, occasion, manner)
    for item, value in answers.items():
        entry = Entry(item, value, seconds=seconds)
        saving.save(ward.session, ward.person, sitting.id, entry)
    return submitting.submit(ward.session, ward.person, sitting.id).submission


def findings(ward, batch):
    query = select(Finding).join(Verdict).where(Verdict.batch_id == batch.id)
    return {row.rule: (row.severity, row.rows) for row in ward.session.scalars(query)}


def test_a_submission_is_one_batch_with_the_verdict_of_its_suite(ward):
    submission = handed_in(ward)
    assert judging.pending(ward.session) == [submission]
    batch = judging.judge(ward.session, submission)
    assert judging.pending(ward.session) == []
    assert judging.judge(ward.session, submission) is batch
    assert (batch.kind, batch.status, batch.rows_read, batch.rows_accepted) == (
        "questionnaire",
        "accepted",
        10,
        10,
    )
    assert batch.payload_id == submission.payload_id
    verdict = ward.session.scalars(select(Verdict)).one()
    assert (verdict.signal, verdict.suite, verdict.success, verdict.evaluated) == (
        "questionnaire",
        "form",
        True,
        10,
    )
    assert findings(ward, batch) == {}
    assert settling.submission_of(ward.session, batch.id) is submission


def test_haste_and_answers_all_alike_are_flagged_and_counted_all_the_same(ward):
    submission = handed_in(ward, seconds=0.2, answers=dict.fromkeys([*ITEMS, "phq9_10"], 1))
    batch = judging.judge(ward.session, submission)
    assert findings(ward, batch) == {
        "read_before_answered": ("flag", 10),
        "answers_are_not_all_alike": ("flag", 10),
    }
    assert (batch.status, batch.rows_quarantined) == ("accepted", 0)
    assert scores.newest(ward.session, submission).scores["total"] == 9


def test_what_staff_enter_after_the_close_is_flagged_as_out_of_its_window(ward):
    ward.at_clock(MORNING + timedelta(days=60))
    batch = judging.judge(ward.session, handed_in(ward, manner=STAFF))
    assert findings(ward, batch) == {"answered_in_its_window": ("flag", 10)}


def test_the_same_form_as_the_day_before_is_flagged(ward):
    following.anchor(ward.session, ward.person, "run_in_start", date(2026, 3, 1), because="test")
    said = {"dose_taken": 1, "fatigue": 7, "pain": 4, "thinking": 6, "sleep": 8, "dreams": 1}
    said |= {"crash": 2, "new_problem": 0}
    told = []
    for day, change in ((1, {}), (2, {}), (3, {"pain": 5})):
        ward.at_clock(datetime(2026, 3, day, 18, tzinfo=UTC))
        occasion = f"ldn_diary@2026-03-0{day}"
        submission = handed_in(ward, "ldn_diary", occasion, answers=said | change)
        told.append(findings(ward, judging.judge(ward.session, submission)))
    assert told == [{}, {"form_is_no_copy": ("flag", 8)}, {}]


@pytest.fixture
def impossible(ward, monkeypatch):
    """Return a submission whose first answer came from a clock that was never set."""
    monkeypatch.setattr(saving.Writing, "refusal", lambda *_: None)
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, SELF)
    for item, value in MIXED.items():
        at = datetime(1970, 1, 1, 1, tzinfo=UTC) if item == "phq9_1" else None
        entry = Entry(item, value, seconds=4.0, answered_at=at)
        saving.save(ward.session, ward.person, sitting.id, entry)
    return submitting.submit(ward.session, ward.person, sitting.id).submission


def test_what_cannot_have_been_given_is_set_aside_with_a_query_and_not_scored(ward, impossible):
    assert scores.newest(ward.session, impossible).scores["core_symptoms"] == 2
    batch = judging.judge(ward.session, impossible)
    row = ward.session.scalars(select(QuarantinedRow)).one()
    assert (row.rule, row.sample["item"], row.sample["value"]) == (
        "answered_in_this_time",
        "phq9_1",
        3,
    )
    assert "1970-01-01 01:00:00 UTC" in ward.session.scalars(select(Query)).one().question
    assert (batch.status, batch.rows_accepted, batch.rows_quarantined) == ("partly", 9, 1)
    assert batch.quarantined_by_rule == {"answered_in_this_time": 1}
    kept = scores.newest(ward.session, impossible)
    assert (kept.number, kept.without, kept.scores["core_symptoms"]) == (2, ["phq9_1"], None)
    exported = list(evidence.quarantined(ward.session))
    assert [(each["stream"], each["code"], each["value"]) for each in exported] == [
        ("questionnaire", "phq9_1", 3)
    ]


def test_what_is_released_is_scored_again_and_what_is_confirmed_is_not(ward, impossible):
    judging.judge(ward.session, impossible)
    row = ward.session.scalars(select(QuarantinedRow)).one()
    row.status = "confirmed"
    assert settling.settle(ward.session, impossible) is None
    row.status = "released"
    ward.session.flush()
    assert settling.settle(ward.session, impossible).scores["core_symptoms"] == 2
    kept = scores.newest(ward.session, impossible)
    assert (kept.number, kept.without) == (3, [])


def test_a_form_that_somebody_was_too_ill_for_is_a_batch_without_rows(ward):
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, SELF)
    handed = submitting.too_ill(ward.session, ward.person, sitting.id)
    batch = judging.judge(ward.session, handed.submission)
    assert (batch.rows_read, batch.status) == (0, "accepted")
    assert ward.session.scalars(select(Verdict)).all() == []
    assert ward.session.scalars(select(Batch)).one().id == batch.id
    assert ward.session.scalars(select(Answer)).all() == []
