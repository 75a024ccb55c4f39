"""A wall clock becomes an instant by the person's zones, or is set aside: it is never guessed."""

from datetime import UTC, datetime

import pytest

from hometrial.errors import ReviewRefusedError, TrialError, ZoneConflictError, ZoneNeededError
from hometrial.services import enrolling, reviewing
from hometrial.services.reviewing import Decision

HEART_RATE = "heartrate_seconds_merged.csv"
HOURS = "hourlySteps_merged.csv"
SECOND = 1_000_000


def beats(*stamps):
    return "Id,Time,Value\n" + "".join(f"1,{stamp},60\n" for stamp in stamps)


def take_in(study, fitabase, content, *, zone="America/New_York", file=HEART_RATE, name="fitabase"):
    folder = fitabase({file: content}, name)
    return study.take_in("fitabase", folder, create_participants=True, zone=zone).files[0]


def instants(study):
    found = study.samples("heart_rate")
    return [
        (datetime.fromtimestamp(at // SECOND, UTC).isoformat(), offset, str(day))
        for at, offset, day in zip(found["at"], found["offset"], found["day"], strict=True)
    ]


def moved(study, zone, since):
    with study.database.transaction("test", "moved house") as session:
        person = enrolling.find_participant(session, "P-0001")
        enrolling.set_zone(session, person, zone, valid_from=since, source="test")


def test_a_wall_clock_is_placed_in_the_persons_zone(study, fitabase):
    take_in(study, fitabase, beats("4/12/2016 11:30:00 PM"))

    assert instants(study) == [("2016-04-13T03:30:00+00:00", -14400, "2016-04-12")]


def test_without_any_zone_nothing_is_imported_and_the_way_out_is_named(study, fitabase):
    before = study.contents()

    with pytest.raises(ZoneNeededError, match=r"P-0001 has no time zone.*--zone"):
        take_in(study, fitabase, beats("4/12/2016 7:21:00 AM"), zone=None)

    assert study.contents() == before


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "EST5EDT4"])
def test_an_unknown_zone_is_refused_by_name(study, fitabase, zone):
    before = study.contents()

    with pytest.raises(TrialError) as caught:
        take_in(study, fitabase, beats("4/12/2016 7:21:00 AM"), zone=zone)

    assert repr(zone) in str(caught.value)
    assert study.contents() == before


def test_a_zone_that_contradicts_the_history_is_refused_with_both_names(study, fitabase):
    take_in(study, fitabase, beats("4/12/2016 7:21:00 AM"))
    before = study.contents()

    with pytest.raises(ZoneConflictError, match=r"America/New_York on record, not in Asia/Kolkata"):
        take_in(study, fitabase, beats("4/13/2016 7:21:00 AM"), zone="Asia/Kolkata", name="next")

    assert study.contents() == before


def test_the_zone_on_record_places_a_later_archive_without_being_told_again(study, fitabase):
    take_in(study, fitabase, beats("4/12/2016 7:21:00 AM"))

    take_in(study, fitabase, beats("4/13/2016 7:21:00 AM"), zone=None, name="next")

    assert [offset for _, offset, _ in instants(study)] == [-14400, -14400]
    assert study.one("SELECT count(*) FROM participant_zone") == 1


def test_a_move_places_what_was_before_and_after_it_in_its_own_zone(study, fitabase):
    take_in(study, fitabase, beats("4/12/2016 7:00:00 AM"))
    moved(study, "Europe/Berlin", datetime(2016, 4, 20, 12, tzinfo=UTC))

    take_in(
        study,
        fitabase,
        beats("4/19/2016 7:00:00 AM", "4/21/2016 7:00:00 AM"),
        zone=None,
        name="next",
    )

    assert [at for at, _, _ in instants(study)] == [
        "2016-04-12T11:00:00+00:00",
        "2016-04-19T11:00:00+00:00",
        "2016-04-21T05:00:00+00:00",
    ]


def test_a_time_that_the_clock_change_skipped_is_set_aside_and_named(study, fitabase):
    file = take_in(
        study,
        fitabase,
        beats("3/13/2016 1:59:59 AM", "3/13/2016 2:30:00 AM", "3/13/2016 3:00:00 AM"),
    )

    assert file.quarantined_by_rule == {"local_time_exists": 1}
    assert [at for at, _, _ in instants(study)] == [
        "2016-03-13T06:59:59+00:00",
        "2016-03-13T07:00:00+00:00",
    ]
    ((day, reason),) = study.rows("SELECT day, reason FROM quarantined_row")
    assert str(day) == "2016-03-13"
    assert "2016-03-13 02:30" in reason


def test_a_time_that_happened_twice_is_set_aside_and_named(study, fitabase):
    file = take_in(
        study,
        fitabase,
        beats("11/6/2016 12:59:59 AM", "11/6/2016 1:30:00 AM", "11/6/2016 2:00:00 AM"),
    )

    assert file.quarantined_by_rule == {"local_time_is_unambiguous": 1}
    assert [at for at, _, _ in instants(study)] == [
        "2016-11-06T04:59:59+00:00",
        "2016-11-06T07:00:00+00:00",
    ]


def test_everyones_hour_at_two_on_the_day_of_the_clock_change_is_a_finding_not_a_shift(
    study, fitabase
):
    """The shape of a real export whose wearers did not all live in one zone."""
    hours = [(person, hour) for person in range(1, 34) for hour in (1, 2, 3)]
    lines = [f"{person},3/13/2016 {hour}:00:00 AM,{100 * hour}\n" for person, hour in hours]

    file = take_in(study, fitabase, "Id,ActivityHour,StepTotal\n" + "".join(lines), file=HOURS)

    assert file.quarantined_by_rule == {"local_time_exists": 33}
    assert sorted(set(study.samples("steps_hourly")["value"])) == [100, 300]
    assert study.one("SELECT count(DISTINCT participant_id) FROM quarantined_row") == 33


@pytest.mark.parametrize(
    ("day", "hours"), [("3/13/2016", 23), ("3/14/2016", 24), ("11/6/2016", 25)]
)
def test_a_day_is_as_long_as_its_clock_changes_make_it(study, fitabase, day, hours):
    take_in(study, fitabase, beats(f"{day} 12:00:00 PM"))

    missing = study.one(
        "SELECT extract(epoch FROM sum(end_at - start_at)) / 3600 FROM gap WHERE stream = 'heart_rate'"
    )
    assert missing == hours - 1


def test_a_row_without_an_instant_is_released_only_with_one(study, fitabase):
    take_in(study, fitabase, beats("3/13/2016 1:59:59 AM", "3/13/2016 2:30:00 AM"))
    row = study.one("SELECT id FROM quarantined_row")
    decision = Decision("ada", "the watch stayed on winter time")

    with (
        pytest.raises(ReviewRefusedError, match="--at"),
        study.database.transaction("ada") as session,
    ):
        reviewing.release(session, [row], decision)
    with (
        pytest.raises(ReviewRefusedError, match="no zone"),
        study.database.transaction("ada") as session,
    ):
        reviewing.release(session, [row], decision, datetime(2016, 3, 13, 7, 30))  # noqa: DTZ001
    with study.database.transaction("ada") as session:
        reviewing.release(session, [row], decision, datetime(2016, 3, 13, 7, 30, tzinfo=UTC))

    assert instants(study)[1] == ("2016-03-13T07:30:00+00:00", -14400, "2016-03-13")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_clock_that_was_never_set_says_nothing_of_what_a_file_covers(study, fitabase, zone):
    file = take_in(
        study, fitabase, beats("1/1/0001 12:00:00 AM", "4/12/2016 7:00:00 AM"), zone=zone
    )

    assert file.quarantined_by_rule == {"clock_was_set": 1}
    assert study.one("SELECT extract(year FROM observed_from) FROM batch") == 2016
