"""Results of laboratories are kept as told, in the protocol's unit; a high liver value calls at once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import enrolled
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import LaboratoryResult, Participant
from hometrial.protocol import loading
from hometrial.services import enrolling, owning, working
from hometrial.services.safety import alerts
from hometrial.services.trial import following, laboratory, screening, visiting
from hometrial.services.trial.sampling import LaboratoryRefusedError, Result
from hometrial.services.trial.visiting import Held

SIGNED = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
ENDORPHIN = Result(
    "endorphin",
    "beta_endorphin",
    "pg/10*6.{cells}",
    datetime(2026, 3, 10, 8, tzinfo=UTC),
    "Central",
    value=Decimal("12.50"),
)
ALT = replace(
    ENDORPHIN, form="labs", analyte="alt", unit="U/L", value=Decimal(31), upper_limit=Decimal(40)
)


@pytest.fixture
def session(study, at_clock):
    at_clock(SIGNED)
    with study.database.transaction("test", "laboratory") as session:
        yield session


@pytest.fixture
def version(session):
    return enrolled.published(session, loading.shipped_text("ldn-ms"))


def enter(session, version, *, signs=True):
    opened = screening.open_screening(session, version, by="ann")
    person = session.get_one(Participant, opened.participant_id)
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    if signs:
        enrolled.consent(session, person)
        following.anchor(session, person, "consent", date(2026, 3, 2), because="signed")
    return person


@pytest.fixture
def person(session, version, at_clock):
    """A person who signed on 2 March; it is 20 March."""
    person = enter(session, version)
    at_clock(NOW)
    return person


def record(session, person, result=ENDORPHIN, **changes):
    return laboratory.record(session, person, replace(result, **changes), by="ann")


def refused(session, person, result=ENDORPHIN, **changes):
    """Return the sentence with which a result is refused; nothing is kept of it."""
    with pytest.raises(LaboratoryRefusedError) as caught:
        record(session, person, result, **changes)
    assert laboratory.results(session, person) == ()
    return str(caught.value)


def record_and_fail(study, person):
    with study.database.transaction("test", "fails") as session:
        assert record(session, person, ALT, value=Decimal(200)).alerts == ("LV1",)
        session.execute(text("SELECT 1/0"))


def raised(session, person):
    return [each.alert for each in alerts.states(session, person=person)]


def test_a_result_is_kept_to_the_last_digit_as_the_laboratory_told_it(session, person):
    record(session, person, visit="V0")
    session.expire_all()
    (row,) = laboratory.results(session, person)
    assert (str(row.value), row.below, row.above) == ("12.50", None, None)
    assert (row.visit, row.visit_number, row.sampled_at) == ("V0", 1, ENDORPHIN.sampled_at)
    assert (row.recorded_by, row.recorded_at) == ("ann", NOW)
    assert laboratory.told(row) == "12.50 pg/10*6.{cells}"
    assert raised(session, person) == []


def test_a_limit_of_detection_stays_one_and_no_number_is_made_of_it(session, person):
    row = record(session, person, value=None, below=Decimal("0.5")).row
    assert (row.value, row.below, laboratory.told(row)) == (
        None,
        Decimal("0.5"),
        "below 0.5 pg/10*6.{cells}",
    )
    later = ENDORPHIN.sampled_at + timedelta(days=1)
    row = record(session, person, value=None, above=Decimal(900), sampled_at=later).row
    assert (row.value, laboratory.told(row)) == (None, "above 900 pg/10*6.{cells}")


def test_another_unit_than_the_protocols_is_refused_by_both_names(session, person):
    said = refused(session, person, unit="ng/L")
    assert "beta_endorphin in ng/L: the protocol declares pg/10*6.{cells}" in said


def test_an_analyte_or_form_that_nobody_declared_is_refused_with_those_there_are(session, person):
    said = refused(session, person, analyte="cortisol")
    assert "there are beta_endorphin, alt, ast, bilirubin" in said
    assert "there are endorphin, labs" in refused(session, person, form="phq8")


def test_nothing_is_recorded_of_before_consent(session, version, at_clock):
    unsigned = enter(session, version, signs=False)
    signed = enter(session, version)
    at_clock(NOW)
    assert "has signed no consent" in refused(session, unsigned)
    before = SIGNED - timedelta(minutes=1)
    assert "signed at 2026-03-02T09:00" in refused(session, signed, sampled_at=before)
    assert record(session, signed, sampled_at=SIGNED).row.sampled_at == SIGNED


def test_after_complete_withdrawal_only_what_was_sampled_before_comes_in(session, person, at_clock):
    enrolled.withdraw(session, person)
    at_clock(NOW + timedelta(days=2))
    after = NOW + timedelta(days=1)
    assert "withdrew from everything" in refused(session, person, sampled_at=after)
    assert record(session, person).row.sampled_at < NOW


def test_a_sample_that_is_yet_to_come_or_without_a_zone_is_refused(session, person):
    assert "yet to come" in refused(session, person, sampled_at=NOW + timedelta(minutes=1))
    assert "give the zone" in refused(session, person, sampled_at=datetime(2026, 3, 10, 8))  # noqa: DTZ001


def test_a_visit_that_the_person_does_not_have_is_refused(session, person):
    assert "has no visit M1; there are V0" in refused(session, person, visit="M1")
    assert "no V0 number 2; there are 1" in refused(session, person, visit="V0", number=2)
    assert "of which visit?" in refused(session, person, number=1)


def test_an_unscheduled_visit_has_results_once_it_was_held(session, at_clock):
    at_clock(SIGNED)
    version = enrolled.published(session)
    person = enter(session, version)
    at_clock(NOW)
    unscheduled = following.protocol_of(session, person).unscheduled_visits[0].id
    assert f"has no visit {unscheduled}" in refused(session, person, ALT, visit=unscheduled)
    visiting.hold(session, person, unscheduled, Held(date(2026, 3, 10), "clinic", "ann"))
    assert record(session, person, ALT, visit=unscheduled).row.visit_number == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"value": None},
        {"below": Decimal(1)},
        {"value": None, "below": Decimal(0)},
        {"value": Decimal("NaN")},
        {"unit": " "},
        {"laboratory": " "},
        {"upper_limit": None},
        {"upper_limit": Decimal(0)},
        {"value": Decimal(-1)},
    ],
    ids=str,
)
def test_a_result_that_says_nothing_or_two_things_is_refused(session, person, changes):
    refused(session, person, ALT, **changes)


@pytest.mark.parametrize("analyte", ["alt", "ast"])
def test_a_transaminase_above_three_times_its_limit_calls_a_clinician(session, person, analyte):
    made = record(session, person, ALT, analyte=analyte, value=Decimal("120.1"))
    assert made.alerts == ("LV1",)
    (alert,) = raised(session, person)
    assert (alert.rule, alert.level, alert.owner) == ("LV1", "red", "clinician")
    assert alert.due_at == NOW + timedelta(hours=24)
    assert alert.rule_version == f"ldn-ms {following.protocol_of(session, person).version}"
    assert alert.values["result"] == str(made.row.id)
    assert (alert.values[analyte], alert.values["times_upper_limit"]) == (120.1, 3.002)
    (work,) = working.open_items(session, person.id)
    assert f"{analyte.upper()} 120.1 U/L, upper limit 40" in work.item.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"value": Decimal(120)},
        {"value": None, "below": Decimal(120)},
        {"value": Decimal(500), "analyte": "bilirubin"},
    ],
    ids=str,
)
def test_three_times_the_limit_and_less_calls_nobody(session, person, changes):
    assert record(session, person, ALT, **changes).alerts == ()
    assert raised(session, person) == []


@pytest.mark.parametrize(
    "changes", [{"above": Decimal(120)}, {"below": Decimal(121)}], ids=["above", "below"]
)
def test_what_may_be_more_than_three_times_calls_as_well(session, person, changes):
    assert record(session, person, ALT, value=None, **changes).alerts == ("LV1",)


def test_a_protocols_rule_about_signs_or_values_holds_for_the_value_alone(session, at_clock):
    person = enter(session, enrolled.published(session))
    at_clock(NOW)
    assert record(session, person, ALT, value=Decimal(121)).alerts == ("LV1",)


def test_where_the_protocol_has_no_rule_the_products_own_calls(session, at_clock):
    body = loading.shipped_text("ldn-ms")
    (rule,) = [line for line in body.splitlines(keepends=True) if "id: LV1" in line]
    person = enter(session, enrolled.published(session, body.replace(rule, "")))
    at_clock(NOW)
    assert record(session, person, ALT, value=Decimal(120)).alerts == ()
    made = record(session, person, ALT, analyte="ast", value=Decimal(121))
    assert made.alerts == ("LV1",)
    assert raised(session, person)[0].rule_version.startswith("alert-rules ")


def test_the_result_and_its_alert_are_kept_together_or_not_at_all(study, at_clock):
    at_clock(SIGNED)
    with study.database.transaction("test", "enrol") as session:
        person = enter(session, enrolled.published(session, loading.shipped_text("ldn-ms")))
    at_clock(NOW)
    with pytest.raises(DBAPIError):
        record_and_fail(study, person)
    with study.database.reading() as session:
        assert laboratory.results(session, person) == ()
        assert raised(session, person) == []


def test_the_same_word_twice_is_one_and_another_word_is_a_correction(session, person):
    first = record(session, person, ALT).row
    assert record(session, person, ALT).row.id == first.id
    with pytest.raises(LaboratoryRefusedError, match=f"recorded as 31 U/L.*correct {first.id}"):
        record(session, person, ALT, value=Decimal(13))
    assert record(session, person, ALT, laboratory="Local", value=Decimal(13)).row.id != first.id


def test_a_correction_replaces_says_why_and_is_judged_anew(session, person):
    wrong = record(session, person, ALT).row
    right = replace(ALT, value=Decimal(310))

    def correct(result=right, because="a digit was lost", which=wrong.id):
        return laboratory.correct(session, person, which, result, because=because, by="bob")

    with pytest.raises(LaboratoryRefusedError, match="say why"):
        correct(because=" ")
    assert correct().alerts == ("LV1",)
    (row,) = laboratory.results(session, person)
    assert (row.value, row.corrects_id, row.because) == (310, wrong.id, "a digit was lost")
    with pytest.raises(LaboratoryRefusedError, match="there is none that stands"):
        correct()
    assert correct(ALT, "read again", row.id).alerts == ()
    assert [each.rule for each in raised(session, person)] == ["LV1"]


def test_a_correction_cannot_make_two_of_one_sample(session, person):
    first = record(session, person, ALT).row
    other = record(session, person, ALT, analyte="ast").row
    with pytest.raises(LaboratoryRefusedError, match=f"correct {first.id}"):
        laboratory.correct(session, person, other.id, ALT, because="mixed up", by="ann")
    moved = replace(ALT, sampled_at=ALT.sampled_at + timedelta(hours=1))
    new = laboratory.correct(session, person, first.id, moved, because="an hour late", by="ann").row
    with pytest.raises(LaboratoryRefusedError, match=f"correct {new.id}"):
        record(session, person, ALT)


def test_a_result_of_another_person_cannot_be_corrected_here(session, version, person):
    other = enter(session, version)
    wrong = record(session, person).row
    later = replace(ENDORPHIN, sampled_at=NOW)
    with pytest.raises(LaboratoryRefusedError, match="none that stands"):
        laboratory.correct(session, other, wrong.id, later, because="mixed up", by="ann")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"value": None}, "says_one_thing"),
        ({"below": 1}, "says_one_thing"),
        ({"value": Decimal("NaN")}, "is_a_number"),
        ({"value": None, "below": 0}, "detection_has_a_limit"),
        ({"upper_limit": 0}, "upper_limit_is_above_nothing"),
        ({"upper_limit": None}, "liver_has_an_upper_limit"),
        ({"unit": ""}, "says_in_what_where_and_by_whom"),
        ({"sampled_at": NOW + timedelta(days=9)}, "was_sampled_before"),
        ({"visit": "V0"}, "visit_has_a_number"),
        ({"because": "so"}, "correction_says_why"),
    ],
    ids=str,
)
def test_the_database_refuses_it_as_well(session, version, person, changes, name):
    row = {
        "participant_id": person.id,
        "protocol_version_id": version.id,
        "form": "labs",
        "analyte": "alt",
        "value": 31,
        "unit": "U/L",
        "upper_limit": 40,
        "sampled_at": ALT.sampled_at,
        "laboratory": "Central",
        "recorded_at": NOW,
        "recorded_by": "ann",
    }
    with pytest.raises(IntegrityError, match=name), session.begin_nested():
        session.execute(insert(LaboratoryResult), [row | changes])
    session.execute(insert(LaboratoryResult), [row])


@pytest.mark.parametrize(
    "change", ["UPDATE laboratory_result SET value = 1", "DELETE FROM laboratory_result"]
)
def test_nothing_recorded_is_changed_or_removed(session, person, change):
    record(session, person)
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text(change))


def test_people_see_their_own_results_and_no_others(study, at_clock):
    at_clock(SIGNED)
    with study.database.transaction("test", "enrol") as session:
        version = enrolled.published(session, loading.shipped_text("ldn-ms"))
        people = [enter(session, version) for _ in range(2)]
        at_clock(NOW)
        for each in people:
            record(session, each)
    with study.database.reading(role=PARTICIPANT_ROLE) as session:
        assert session.query(LaboratoryResult).count() == 0
        owning.show_own(session, people[0].id)
        assert [row.participant_id for row in session.query(LaboratoryResult)] == [people[0].id]
