"""Forms of a visit that nobody planned: open once it was held, handed in by staff, never missed."""

from datetime import date, timedelta

import pytest
from asked import MORNING, SELF, STAFF, in_trial
from tests.support import enrolled

from hometrial.protocol import loading
from hometrial.services.asking import completeness, occasions, opening, saving, submitting, today
from hometrial.services.asking.opening import NotAskedError
from hometrial.services.asking.saving import Entry
from hometrial.services.trial import publishing, visiting
from hometrial.services.trial.visiting import Held

PLANNED = "{id: U, label: Unscheduled, mode: any, forms: [ae_check]}"


@pytest.fixture
def person(ward):
    """Somebody who signed this morning, of a trial that asks PHQ-8 on unscheduled visits."""
    body = loading.shipped_text("ldn-mecfs")
    assert body.count(PLANNED) == 1
    body = body.replace(PLANNED, PLANNED.replace("[ae_check]", "[ae_check, phq8]"))
    version = publishing.load(ward.session, body.replace("id: ldn-mecfs", "id: own"), "t", by="ann")
    publishing.approve(ward.session, version, by="bob", because="reviewed")
    publishing.publish(ward.session, version)
    found = in_trial(ward.session, "own", consent=date(2026, 3, 2))
    enrolled.consent(ward.session, found)
    return found


def hold(ward, person):
    return visiting.hold(ward.session, person, "U", Held(date(2026, 3, 2), "phone", by="ann"))


def test_a_form_of_an_unscheduled_visit_is_asked_once_the_visit_was_held(ward, person):
    with pytest.raises(NotAskedError, match="is not asked phq8 on U#1"):
        opening.open_form(ward.session, person, "phq8", "U#1", STAFF)
    hold(ward, person)
    found = [each for each in occasions.occasions(occasions.calendar_of(ward.session, person))
             if each.unscheduled]  # fmt: skip
    assert [(each.name, each.form.id, each.due) for each in found] == [
        ("U#1", "phq8", date(2026, 3, 2))
    ]
    assert ("phq8", "U#1") in [
        (each.occasion.form.id, each.occasion.name)
        for each in today.today(ward.session, person, "en")
    ]


def test_staff_hand_it_in_later_too_and_nobody_else_and_it_is_never_missed(ward, person):
    hold(ward, person)
    ward.at_clock(MORNING + timedelta(days=3))
    with pytest.raises(NotAskedError, match="closed at"):
        opening.open_form(ward.session, person, "phq8", "U#1", SELF)
    before = [each.occasion.name for each in completeness.lines(ward.session, person, "en")]
    assert "U#1" not in before
    sitting = opening.open_form(ward.session, person, "phq8", "U#1", STAFF)
    for number in range(1, 9):
        saving.save(ward.session, person, sitting.id, Entry(f"phq8_{number}", 1))
    assert submitting.submit(ward.session, person, sitting.id).scored.scores["total"] == 8
