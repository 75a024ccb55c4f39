"""Forms are handed in once, whole or by somebody too ill, scored at once, and corrected with a reason."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from asked import MORNING, SCREENING, SELF, STAFF, in_trial

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Payload
from hometrial.questionnaires.scoring import SCORER
from hometrial.services import receiving
from hometrial.services.asking import (
    completeness,
    opening,
    resting,
    saving,
    scores,
    submitting,
    today,
    words,
)
from hometrial.services.asking.opening import NotAskedError
from hometrial.services.asking.saving import AnswerRefusedError, Entry
from hometrial.services.asking.submitting import BlanksLeftError
from hometrial.services.safety import alerts
from hometrial.services.trial import following, originating

ITEMS = tuple(f"phq9_{number}" for number in range(1, 10))


def fill(ward, sitting, **answers):
    for item, value in answers.items():
        entry = Entry(item, skipped="prefer_not") if value is None else Entry(item, value)
        saving.save(ward.session, ward.person, sitting.id, entry)


def phq9(ward, manner=SELF, **answers):
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, manner)
    fill(ward, sitting, **answers)
    return sitting


def submit(ward, sitting):
    return submitting.submit(ward.session, ward.person, sitting.id)


def twos(**more):
    return {**dict.fromkeys(ITEMS, 2), "phq9_9": 0, "phq9_10": 1, **more}


def test_a_form_is_scored_when_it_is_handed_in_with_the_version_that_scored_it(ward):
    handed = submit(ward, phq9(ward, **twos()))
    kept = scores.newest(ward.session, handed.submission)
    assert (kept.scores["total"], kept.bands["total"], kept.prorated) == (
        16,
        "moderately_severe",
        False,
    )
    assert "major_depressive_syndrome" in kept.flags
    assert (kept.scorer, kept.n_answered, kept.n_missing) == (SCORER, 10, 0)
    assert (handed.submission.kind, handed.submission.revision, handed.submission.late) == (
        "submitted",
        1,
        False,
    )


def test_what_is_skipped_is_made_up_for_as_the_instrument_says_and_never_in_silence(ward):
    sitting = phq9(ward, **twos(phq9_3=None))
    handed = submit(ward, sitting)
    assert (handed.scored.prorated, handed.scored.n_missing) == (True, 1)
    assert handed.scored.scores["total"] == pytest.approx(14 * 9 / 8)


def test_an_item_without_a_word_holds_the_form_back_and_is_named(ward):
    sitting = phq9(ward, phq9_1=1)
    with pytest.raises(BlanksLeftError, match="phq9_2, phq9_3") as caught:
        submit(ward, sitting)
    assert caught.value.items[0] == "phq9_2"
    assert "phq9_10" in caught.value.items


def test_what_the_answers_hide_again_is_kept_and_not_scored(ward):
    nothing = dict.fromkeys(ITEMS, 0)
    sitting = phq9(ward, **nothing | {"phq9_1": 1}, phq9_10=3)
    fill(ward, sitting, phq9_1=0)
    handed = submit(ward, sitting)
    assert (handed.scored.scores["total"], handed.scored.n_answered) == (0, 9)
    _, answers = scores.answers_of(ward.session, handed.submission)
    assert answers["phq9_10"] == 3


def test_a_form_that_was_handed_in_takes_nothing_more_without_a_reason(ward):
    sitting = phq9(ward, **twos())
    submit(ward, sitting)
    with pytest.raises(AnswerRefusedError, match="was submitted; to correct it"):
        fill(ward, sitting, phq9_1=0)
    with pytest.raises(NotAskedError, match="was submitted"):
        submit(ward, sitting)
    with pytest.raises(NotAskedError, match="say why"):
        phq9(ward)


def test_a_correction_is_a_new_version_and_the_one_before_is_kept_as_it_was(ward):
    first = submit(ward, phq9(ward, **twos())).submission
    again = phq9(ward, replace(SELF, because="pressed the wrong one"), phq9_1=0)
    second = submit(ward, again)
    assert (second.submission.kind, second.submission.revision, second.submission.because) == (
        "corrected",
        2,
        "pressed the wrong one",
    )
    assert second.scored.scores["total"] == 14
    assert scores.answers_of(ward.session, first)[1]["phq9_1"] == 2
    assert scores.newest(ward.session, first).scores["total"] == 16
    held = words.last(words.spoken(ward.session, again.response_id))
    assert held["phq9_1"].revision == 1


def test_a_person_corrects_until_the_form_closes_and_staff_after_that(ward):
    submit(ward, phq9(ward, **twos()))
    ward.at_clock(MORNING + timedelta(days=60))
    with pytest.raises(NotAskedError, match="closed at"):
        phq9(ward, replace(SELF, because="pressed the wrong one"))
    late = submit(ward, phq9(ward, STAFF, phq9_1=0)).submission
    assert (late.kind, late.late, late.because) == ("corrected", True, "told by phone")


def test_too_ill_is_an_answer_to_the_whole_form_and_may_be_followed_by_a_better_day(ward):
    sitting = phq9(ward, phq9_1=1)
    handed = submitting.too_ill(ward.session, ward.person, sitting.id)
    assert (handed.submission.kind, handed.scored) == ("too_ill", None)
    assert scores.newest(ward.session, handed.submission) is None
    later = submit(ward, phq9(ward, **twos())).submission
    assert (later.kind, later.revision) == ("submitted", 2)


def test_on_a_bad_day_the_short_form_is_enough(ward):
    following.anchor(ward.session, ward.person, "run_in_start", date(2026, 3, 2), because="test")
    ward.at_clock(MORNING + timedelta(hours=9))
    resting.tap(ward.session, ward.person, by="participant", severity=3)
    sitting = opening.open_form(
        ward.session, ward.person, "ldn_diary", "ldn_diary@2026-03-02", SELF
    )
    fill(ward, sitting, dose_taken=1, crash=3)
    with pytest.raises(BlanksLeftError) as caught:
        submit(ward, sitting)
    assert caught.value.items == ("new_problem",)
    fill(ward, sitting, new_problem=0)
    handed = submit(ward, sitting)
    assert handed.submission.asked == "short"
    assert (handed.scored.scores["crash_severity"], handed.scored.scores["fatigue_worst"]) == (
        3,
        None,
    )


def test_the_form_as_a_whole_raises_its_alert(ward):
    submit(ward, phq9(ward, **dict.fromkeys(ITEMS, 3) | {"phq9_9": 0, "phq9_10": 3}))
    (alert,) = [each.alert for each in alerts.states(ward.session, person=ward.person)]
    assert (alert.rule, alert.level) == ("phq9.depression_severe", "amber")
    assert alert.values["total"] == 24


def test_answers_that_contradict_each_other_are_taken_and_flagged_and_not_scored(ward, monkeypatch):
    def contradict(*_):
        raise scores.ScoringError("went to bed and rose at 22:00")

    monkeypatch.setattr(scores, "score", contradict)
    handed = submit(ward, phq9(ward, **twos()))
    kept = scores.newest(ward.session, handed.submission)
    assert (kept.flags, kept.scores, kept.n_answered) == ([scores.UNSCORABLE], {}, None)
    assert "rose at 22:00" in kept.because


def test_the_bytes_of_what_was_handed_in_are_kept(ward):
    handed = submit(ward, phq9(ward, **twos()))
    payload = ward.session.get_one(Payload, handed.submission.payload_id)
    body = receiving.read(ward.session, payload).read()
    assert b'"definition_sha256"' in body
    assert ward.person.code.encode() in body


def test_the_participant_site_may_do_all_of_it_by_its_own_rights(study, at_clock):
    at_clock(MORNING)
    with study.database.transaction("test", "asking") as session:
        person = in_trial(session, consent=date(2026, 3, 2))
    with study.database.transaction("participant", "form", role=PARTICIPANT_ROLE) as session:
        sitting = opening.open_form(session, person, "phq9", SCREENING, SELF)
        for item in (*ITEMS, "phq9_10"):
            saving.save(session, person, sitting.id, Entry(item, 1))
        submitting.submit(session, person, sitting.id)
        resting.tap(session, person, by="participant")
        today.today(session, person, "en")
    assert study.one("SELECT count(*) FROM form_score") == 1
    assert study.one("SELECT count(*) FROM alert WHERE level = 'red'") == 1
    assert study.verify().problems == ()


WEEK = {
    **{f"stools_{day}": 5 for day in range(1, 8)},
    **{f"pain_{day}": 2 for day in range(1, 8)},
    **{f"well_being_{day}": 2 for day in range(1, 8)},
    **dict.fromkeys(["joints", "eyes", "skin", "anal", "fistula", "fever"], 0),
    "antidiarrhoeal": 0,
    "mass": 0,
    "sex": 1,
    "haematocrit": 42,
    "weight": 60,
    "standard_weight": 60,
}


def test_what_staff_find_at_a_visit_is_filled_in_by_them_and_asked_of_nobody_else(study, at_clock):
    at_clock(MORNING)
    with study.database.transaction("test", "an index") as session:
        days = {"consent": date(2026, 2, 20), "run_in_end": date(2026, 3, 2)}
        person = in_trial(session, "ldn-crohns", **days)
        asked = [each.occasion.form.id for each in today.today(session, person, "en")]
        assert asked == ["rand36"]
        assert "cdai" not in {
            each.occasion.form.id for each in completeness.lines(session, person, "en")
        }
        with pytest.raises(NotAskedError, match=r"CDAI \(W0#1\) is filled in by the study team"):
            opening.open_form(session, person, "cdai", "W0#1", SELF)
        sitting = opening.open_form(session, person, "cdai", "W0#1", STAFF)
        for item, value in WEEK.items():
            saving.save(session, person, sitting.id, Entry(item, value))
        handed = submitting.submit(session, person, sitting.id)
        # 7 days of 5 stools twice, of pain 2 five times, of well-being 2 seven times.
        assert handed.scored.scores["total"] == 2 * 35 + 5 * 14 + 7 * 14
        assert originating.taken(session, person, following.protocol_of(session, person))[
            "cdai_total"
        ] == (238, "form")
