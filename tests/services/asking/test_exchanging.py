"""A submission goes out as FHIR and comes in again as it was said."""

from dataclasses import replace
from datetime import date

import pytest
from asked import SCREENING, SELF, STAFF, in_trial

from hometrial.questionnaires.fhir.terms import FhirError
from hometrial.services.asking import exchanging, opening, saving, scores, submitting
from hometrial.services.asking.opening import NotAskedError
from hometrial.services.asking.saving import Entry

BASE = "https://trial.example/fhir"
ITEMS = tuple(f"phq9_{number}" for number in range(1, 10))
IMPORT = replace(STAFF, mode="import", because="from the hospital's system")


@pytest.fixture
def submission(ward):
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, SELF)
    for item in ITEMS[:-2]:
        saving.save(ward.session, ward.person, sitting.id, Entry(item, 1))
    for item, why in ((ITEMS[-2], "prefer_not"), (ITEMS[-1], "unstated"), ("phq9_10", "not_sure")):
        saving.save(ward.session, ward.person, sitting.id, Entry(item, skipped=why))
    return submitting.submit(ward.session, ward.person, sitting.id).submission


def test_what_goes_out_comes_in_again_for_another_person_with_the_same_answers_and_scores(
    ward, submission
):
    resource = exchanging.written(ward.session, submission, BASE)
    assert (resource["status"], resource["authored"]) == (
        "completed",
        "2026-03-02T10:00:00.000+01:00",
    )
    assert resource["subject"] == {"reference": f"Patient/{ward.person.code}"} == resource["author"]
    other = in_trial(ward.session, consent=date(2026, 3, 2))
    place = ("phq9", SCREENING)
    with pytest.raises(FhirError, match=f"not Patient/{other.code}"):
        exchanging.taken(ward.session, other, resource, place, IMPORT, BASE)
    resource |= {"subject": {"reference": f"Patient/{other.code}"}}
    with pytest.raises(NotAskedError, match="by staff"):
        exchanging.taken(ward.session, other, resource, place, SELF, BASE)
    taken = exchanging.taken(ward.session, other, resource, place, IMPORT, BASE)
    assert scores.answers_of(ward.session, taken.submission) == scores.answers_of(
        ward.session, submission
    )
    assert taken.submission.submitted_at == submission.submitted_at
    assert taken.scored.scores == scores.newest(ward.session, submission).scores
    again = exchanging.written(ward.session, taken.submission, BASE)
    assert again["item"] == resource["item"]


def test_a_correction_is_an_amended_response(ward, submission):
    manner = replace(SELF, because="pressed the wrong one")
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, manner)
    saving.save(ward.session, ward.person, sitting.id, Entry("phq9_1", 0))
    later = submitting.submit(ward.session, ward.person, sitting.id).submission
    assert exchanging.written(ward.session, later, BASE)["status"] == "amended"


def test_a_form_that_somebody_was_too_ill_for_is_no_response(ward):
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, SELF)
    handed = submitting.too_ill(ward.session, ward.person, sitting.id)
    with pytest.raises(FhirError, match="too ill"):
        exchanging.written(ward.session, handed.submission, BASE)
