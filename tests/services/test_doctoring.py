"""What the doctor says of a person: what is there, what is missing, and what to do."""

from datetime import UTC, date, datetime

import pytest

from hometrial.services import doctoring, enrolling

HEART_RATE = "heartrate_seconds_merged.csv"


def examine(study, code="P-0001", **days):
    with study.database.reading() as session:
        return doctoring.examine(session, enrolling.find_participant(session, code), **days)


@pytest.fixture
def worn(study, fitabase):
    """Heart rate from 10 to 12 on 12 and 13 April, one value of them impossible."""
    stamps = [
        f"1,4/{day}/2016 {hour}:{minute:02}:{second:02} AM,60\n"
        for day in (12, 13)
        for hour in (10, 11)
        for minute in range(60)
        for second in range(0, 60, 15)
    ]
    content = "Id,Time,Value\n" + "".join(stamps) + "1,4/13/2016 3:00:00 PM,999\n"
    study.take_in(
        "fitabase", fitabase({HEART_RATE: content}), create_participants=True, zone="Europe/Berlin"
    )
    return study


def test_each_local_hour_is_present_or_has_a_cause(worn):
    first, second = examine(worn).days

    assert (first.day, len(first.hours)) == ("2016-04-12", 24)
    assert [n for n, hour in enumerate(first.hours) if hour == "present"] == [10, 11]
    assert second.hours[15] == "quarantined"
    assert second.hours[20] != "present"


def test_missing_hours_are_counted_by_cause(worn):
    found = examine(worn)

    assert sum(found.missing_hours.values()) == 48 - 4
    assert found.missing_hours["quarantined"] == 1


def test_streams_zones_and_what_waits_are_named(worn):
    found = examine(worn)

    assert [(each.stream, each.days, each.samples) for each in found.streams] == [
        ("heart_rate", 2, 960)
    ]
    assert found.zones == ("Europe/Berlin since ever (import)",)
    assert any("1 rows wait in quarantine under 1 open queries" in text for text in found.findings)


def test_some_days_can_be_asked_for(worn):
    (only,) = examine(worn, first=date(2016, 4, 13), last=date(2016, 4, 30)).days

    assert only.day == "2016-04-13"


def test_a_day_of_a_clock_change_has_as_many_hours_as_it_had(study, fitabase):
    stamps = "".join(f"1,{day}/2016 12:00:00 PM,60\n" for day in ("3/26", "3/27", "3/28"))
    study.take_in(
        "fitabase",
        fitabase({HEART_RATE: "Id,Time,Value\n" + stamps}),
        create_participants=True,
        zone="Europe/Berlin",
    )

    days = examine(study).days
    assert [len(day.hours) for day in days] == [24, 23, 24]
    assert [day.hours.index("present") for day in days] == [12, 11, 12]


def test_a_person_without_anything_is_told_what_to_do(study):
    with study.database.transaction("test") as session:
        enrolling.add_participant(session)

    found = examine(study)

    assert found.days == ()
    assert any("participant zone P-0001" in text for text in found.findings)
    assert any("--participant P-0001" in text for text in found.findings)


def test_the_answer_is_plain_values(worn):
    assert examine(worn).as_json()["participant"] == "P-0001"


def test_a_move_is_told_with_its_date(worn):
    with worn.database.transaction("test") as session:
        person = enrolling.find_participant(session, "P-0001")
        since = datetime(2016, 5, 1, tzinfo=UTC)
        enrolling.set_zone(session, person, "Asia/Tokyo", valid_from=since, source="test")

    assert examine(worn).zones[1] == "Asia/Tokyo since 2016-05-01T00:00:00+00:00 (test)"
