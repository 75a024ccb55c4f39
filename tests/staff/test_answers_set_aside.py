"""An answer of a form that was set aside is decided about on the staff site like any other row."""

import re
from datetime import UTC, date, datetime

import pytest
import signed_in
from asked import MORNING, SCREENING, SELF, in_trial
from sqlalchemy import select

from hometrial.models import FormScore, QuarantinedRow
from hometrial.services.asking import judging, opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.staff import create_app

pytestmark = pytest.mark.long

NEVER_SET = datetime(1970, 1, 1, 1, tzinfo=UTC)
ANSWERS = {f"phq9_{number}": 2 for number in range(1, 9)} | {"phq9_9": 0, "phq9_10": 1}


@pytest.fixture
def page(study, at_clock, monkeypatch):
    """The page of the first answer of a form, which came from a clock that was never set."""
    at_clock(MORNING)
    monkeypatch.setattr(saving.Writing, "refusal", lambda *_: None)
    with study.database.transaction("test", "a form") as session:
        person = in_trial(session, consent=date(2026, 3, 2))
        sitting = opening.open_form(session, person, "phq9", SCREENING, SELF)
        for item, value in ANSWERS.items():
            at = NEVER_SET if item == "phq9_1" else None
            saving.save(
                session, person, sitting.id, Entry(item, value, seconds=4.0, answered_at=at)
            )
        judging.judge(session, submitting.submit(session, person, sitting.id).submission)
        row = session.scalars(select(QuarantinedRow)).one()
    return f"/quarantine/{row.id}"


@pytest.fixture
def staff(study):
    return signed_in.client(create_app(study.database), study.database)


def decide(staff, page, how):
    found = re.search(
        rf'action="{page}/{how}".*?name="csrf_token"[^>]*value="([^"]+)"',
        staff.get(page).text,
        re.DOTALL,
    )
    fields = {"csrf_token": found[1], "reason": "the phone had just been reset"}
    return staff.post(f"{page}/{how}", data=fields, follow_redirects=True)


def without(study):
    with study.database.reading() as session:
        return [
            row.without for row in session.scalars(select(FormScore).order_by(FormScore.number))
        ]


def test_the_evidence_of_an_answer_is_the_form_that_it_stands_in(staff, page):
    text = staff.get(page).text
    assert "Answer to phq9_1" in text
    assert "Other answers of the same form" in text
    beside = text[text.index("Other answers") :]
    assert "phq9_9" in beside
    assert "phq9_1<" not in beside


def test_what_is_released_is_scored_again(study, staff, page):
    assert without(study) == [[], ["phq9_1"]]
    answer = decide(staff, page, "release")
    assert answer.status_code == 200
    assert "released" in answer.text
    assert without(study) == [[], ["phq9_1"], []]


def test_what_is_confirmed_as_an_error_stays_out_of_the_score(study, staff, page):
    assert decide(staff, page, "confirm").status_code == 200
    assert without(study) == [[], ["phq9_1"]]


def test_the_lists_of_queries_and_batches_hold_it(staff, page):
    row = staff.get(page).text
    assert "phq9" in staff.get("/quarantine").text
    query = re.search(r'href="(/quarantine/queries/[^"]+)"', row)[1]
    assert staff.get(query).status_code == 200
    batch = re.search(r'href="(/batches/[^"]+)"', row)[1]
    assert staff.get(batch).status_code == 200
