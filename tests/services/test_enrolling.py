"""People, their accounts and where they lived."""

from datetime import UTC, datetime

import pytest

from hometrial.errors import TrialError, UnknownParticipantError, ZoneConflictError, ZoneNeededError
from hometrial.services import enrolling

MOVED = datetime(2016, 4, 20, 12, tzinfo=UTC)


@pytest.fixture
def session(study):
    with study.database.transaction("test") as opened:
        yield opened


@pytest.fixture
def person(session):
    return enrolling.add_participant(session)


def zones(session, person):
    rows = enrolling.zone_rows(session, [person.id]).get(person.id, [])
    return [(row.zone, row.valid_from) for row in rows]


def test_pseudonyms_are_given_in_order(session):
    assert [enrolling.add_participant(session).code for _ in range(3)] == [
        "P-0001",
        "P-0002",
        "P-0003",
    ]


def test_the_next_pseudonym_is_above_the_highest_as_a_number(session):
    enrolling.add_participant(session, code="P-0999")
    enrolling.add_participant(session, code="P-10000")

    assert enrolling.add_participant(session).code == "P-10001"


@pytest.mark.parametrize("code", ["P-1", "Anna", "P-12a4", "p-0001", "P-", "P-0001\n", "P-٠٠٠١"])
def test_a_code_that_is_no_pseudonym_is_refused(session, code):
    with pytest.raises(TrialError, match="not a pseudonym"):
        enrolling.add_participant(session, code=code)


def test_a_pseudonym_is_given_once(session, person):
    with pytest.raises(TrialError, match="P-0001 exists already"):
        enrolling.add_participant(session, code="P-0001")


def test_an_unknown_participant_is_named_with_the_way_out(session):
    with pytest.raises(UnknownParticipantError, match=r"P-0042.*participant add"):
        enrolling.find_participant(session, "P-0042")


def test_an_account_belongs_to_one_participant(session, person):
    other = enrolling.add_participant(session)
    first = enrolling.link_account(session, person.id, provider="fitabase", external_id="1")

    again = enrolling.link_account(session, person.id, provider="fitabase", external_id="1")

    assert again is first
    with pytest.raises(TrialError, match="belongs to another participant"):
        enrolling.link_account(session, other.id, provider="fitabase", external_id="1")


def test_the_same_number_at_two_providers_is_two_accounts(session, person):
    other = enrolling.add_participant(session)
    enrolling.link_account(session, person.id, provider="fitabase", external_id="1")
    enrolling.link_account(session, other.id, provider="omh", external_id="1")

    assert enrolling.accounts(session, "fitabase", ["1", "2"]) == {"1": person}
    assert enrolling.accounts(session, "omh", ["1"]) == {"1": other}


def test_the_same_zone_again_is_not_recorded_twice(session, person):
    for _ in range(2):
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")

    assert zones(session, person) == [("Europe/Berlin", None)]


def test_a_move_is_appended_in_order_of_time(session, person):
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    later = MOVED.replace(month=6)
    enrolling.set_zone(session, person, "Asia/Tokyo", valid_from=later, source="test")
    enrolling.set_zone(session, person, "Asia/Kolkata", valid_from=MOVED, source="test")

    assert zones(session, person) == [
        ("Europe/Berlin", None),
        ("Asia/Kolkata", MOVED),
        ("Asia/Tokyo", later),
    ]


def test_a_correction_of_a_move_is_a_newer_row_and_the_old_one_stays(study):
    with study.database.transaction("test") as session:
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    for zone in ("Asia/Kolkata", "Asia/Tokyo"):
        with study.database.transaction("test") as session:
            enrolling.set_zone(session, person, zone, valid_from=MOVED, source="test")

    with study.database.reading() as session:
        assert zones(session, person) == [("Europe/Berlin", None), ("Asia/Tokyo", MOVED)]
    assert study.one("SELECT count(*) FROM participant_zone") == 3


def test_where_somebody_lived_since_ever_is_not_changed_afterwards(session, person):
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")

    with pytest.raises(ZoneConflictError, match="--from DATE"):
        enrolling.set_zone(session, person, "Asia/Kolkata", source="test")


def test_a_person_without_a_zone_has_no_local_days(session, person):
    with pytest.raises(ZoneNeededError, match="participant zone P-0001"):
        enrolling.zones_of(session, person)
