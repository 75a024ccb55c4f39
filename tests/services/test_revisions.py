"""A value that changes makes a new version of its day; what was known before is kept."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

HEART_RATE = "heartrate_seconds_merged.csv"
DAYS = "dailyActivity_merged.csv"
DAILY = "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes\n"
WATCH = {"platform": "FITBIT", "device": {"displayName": "Watch 4", "formFactor": "WATCH"}}
STAGED = [
    ("LIGHT", "22:00", "23:30"),
    ("DEEP", "23:30", "00:30"),
    ("REM", "00:30", "04:00"),
    ("AWAKE", "04:00", "04:10"),
    ("LIGHT", "04:10", "06:00"),
]
CLASSIC = [
    ("ASLEEP", "22:00", "04:00"),
    ("RESTLESS", "04:00", "04:10"),
    ("ASLEEP", "04:10", "06:00"),
]


def take_in(study, folder):
    return study.take_in("fitabase", folder, create_participants=True, zone="America/New_York")


def daily(study, fitabase, *lines, name):
    return take_in(study, fitabase({DAYS: DAILY + "".join(f"{line}\n" for line in lines)}, name))


def versions(study, stream, day):
    return study.rows(
        "SELECT version, is_current, samples, added, revised FROM day_chunk"
        " WHERE stream = :stream AND day = :day ORDER BY version",
        stream=stream,
        day=day,
    )


def instant(clock):
    return f"2026-01-{'07' if clock >= '12:00' else '08'}T{clock}:00Z"


def night(kind, stages, asleep, *, end="06:00", in_bed=480):
    """Return a Google Health page of one night, 7 to 8 January 2026, under one session key."""
    sleep = {
        "interval": {
            "startTime": instant("22:00"),
            "startUtcOffset": "3600s",
            "endTime": instant(end),
            "endUtcOffset": "3600s",
        },
        "type": kind,
        "stages": [
            {"startTime": instant(start), "endTime": instant(stop), "type": code}
            for code, start, stop in stages
        ],
        "summary": {"minutesAsleep": str(asleep), "minutesInSleepPeriod": str(in_bed)},
    }
    name = "users/me/dataTypes/sleep/dataPoints/4711"
    return {"dataPoints": [{"name": name, "dataSource": WATCH, "sleep": sleep}]}


def sleep(study, tmp_path, page, name):
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(page))
    known = study.one("SELECT count(*) FROM participant")
    options = {"participant": "P-0001"} if known else {"create_participants": True}
    report = study.take_in("google-health", path, zone="Europe/Berlin", **options)
    assert report.files[0].rows_quarantined == 0
    return report


def test_a_revised_value_makes_a_new_version_and_keeps_the_old(study, fitabase):
    daily(study, fitabase, "1,4/12/2016,1200,0.8,400", name="first")

    report = daily(
        study, fitabase, "1,4/12/2016,9000,6.5,800", "1,4/14/2016,10,0,900", name="second"
    )

    assert report.files[0].rows_accepted == 2
    assert versions(study, "steps_daily", "2016-04-12") == [
        (1, False, 1, 1, 0),
        (2, True, 1, 1, 1),
    ]
    assert study.samples("steps_daily")["value"].tolist() == [9000, 10]
    assert study.samples("steps_daily", current=False)["value"].tolist() == [1200]


def test_a_stream_whose_value_did_not_change_keeps_its_version(study, fitabase):
    daily(study, fitabase, "1,4/12/2016,1200,0.8,400", name="first")

    daily(study, fitabase, "1,4/12/2016,9000,0.8,400", "1,4/14/2016,10,0,900", name="second")

    assert len(versions(study, "steps_daily", "2016-04-12")) == 2
    assert len(versions(study, "distance_daily", "2016-04-12")) == 1
    assert len(versions(study, "sedentary_minutes_daily", "2016-04-12")) == 1


def test_an_older_files_value_is_history_from_the_first_moment(study, fitabase):
    daily(study, fitabase, "1,4/12/2016,9000,6.5,800", "1,4/14/2016,10,0,900", name="later")

    daily(study, fitabase, "1,4/12/2016,1200,0.8,400", name="earlier")

    assert versions(study, "steps_daily", "2016-04-12") == [(1, True, 1, 1, 0), (2, False, 1, 0, 1)]
    assert study.samples("steps_daily")["value"].tolist() == [9000, 10]
    assert study.samples("steps_daily", current=False)["value"].tolist() == [1200]


def test_a_third_value_after_a_stale_one_gets_a_number_of_its_own(study, fitabase):
    daily(study, fitabase, "1,4/12/2016,9000,6.5,800", "1,4/14/2016,10,0,900", name="later")
    daily(study, fitabase, "1,4/12/2016,1200,0.8,400", name="earlier")

    daily(study, fitabase, "1,4/12/2016,9100,6.5,800", "1,4/16/2016,10,0,900", name="last")

    assert [row[:2] for row in versions(study, "steps_daily", "2016-04-12")] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    assert study.samples("steps_daily")["value"].tolist()[0] == 9100


def test_a_revision_is_measured_again(study, fitabase):
    daily(study, fitabase, "1,4/12/2016,1200,0.8,400", name="first")
    daily(study, fitabase, "1,4/12/2016,9000,6.5,800", "1,4/14/2016,10,0,900", name="second")

    assert study.rows(
        "SELECT value FROM daily_metric WHERE metric = 'steps_daily' AND day = '2016-04-12'"
    ) == [(9000,)]


def test_the_database_refuses_a_second_current_version(study, fitabase):
    daily(study, fitabase, "1,4/12/2016,1200,0.8,400", name="first")
    daily(study, fitabase, "1,4/12/2016,9000,6.5,800", "1,4/14/2016,10,0,900", name="second")

    with (
        pytest.raises(IntegrityError, match="uq_day_chunk_current"),
        study.database.transaction("test") as session,
    ):
        session.execute(text("UPDATE day_chunk SET is_current = true"))


def test_a_file_that_contradicts_itself_keeps_the_first_value_and_sets_the_other_aside(
    study, fitabase
):
    content = "Id,Time,Value\n1,4/12/2016 7:21:00 AM,60\n1,4/12/2016 7:21:00 AM,75\n"

    take_in(study, fitabase({HEART_RATE: content}))

    assert study.samples("heart_rate")["value"].tolist() == [60]
    ((rule, row, reason),) = study.rows("SELECT rule, row, reason FROM quarantined_row")
    assert (rule, row) == ("conflicting_duplicate", 2)
    assert "75" in reason
    assert len(versions(study, "heart_rate", "2016-04-12")) == 1


def test_a_day_cut_at_the_end_of_its_file_is_provisional_until_a_later_file_tells(study, fitabase):
    states = "SELECT day::text, state FROM day_chunk WHERE stream = 'steps_daily' AND is_current ORDER BY 1"
    daily(study, fitabase, "1,4/10/2016,1,0,4", "1,4/12/2016,1200,0.8,400", name="first")
    assert study.rows(states) == [("2016-04-10", "final"), ("2016-04-12", "provisional")]

    daily(study, fitabase, "1,4/16/2016,10,0,900", name="second")

    assert study.rows(states) == [
        ("2016-04-10", "final"),
        ("2016-04-12", "final"),
        ("2016-04-16", "provisional"),
    ]


def test_a_night_that_comes_back_with_stages_replaces_the_classic_one(study, tmp_path):
    sleep(study, tmp_path, night("CLASSIC", CLASSIC, 470), "classic")
    assert study.samples("sleep_stage")["code"].tolist() == ["asleep", "restless", "asleep"]

    report = sleep(study, tmp_path, night("STAGES", STAGED, 470), "staged")

    assert report.files[0].rows_accepted == 1
    assert study.samples("sleep_stage")["code"].tolist() == [
        "light", "deep", "rem", "awake", "light",
    ]  # fmt: skip
    assert study.samples("sleep_session")["code"].tolist() == ["stages"]
    assert study.samples("sleep_session", current=False)["code"].tolist() == ["classic"]
    assert len(study.samples("sleep_stage", current=False)) == 3


def test_a_night_that_grew_longer_keeps_one_session(study, tmp_path):
    sleep(study, tmp_path, night("STAGES", STAGED[:-1], 360, end="04:10", in_bed=370), "early")

    sleep(study, tmp_path, night("STAGES", STAGED, 470), "late")

    session = study.samples("sleep_session")
    assert session["duration"].tolist() == [8 * 3600]
    assert session["value"].tolist() == [470]
    assert len(study.samples("sleep_stage")) == 5


def test_the_night_of_before_its_revision_comes_back_as_a_duplicate(study, tmp_path):
    early = night("STAGES", STAGED[:-1], 360, end="04:10", in_bed=370)
    sleep(study, tmp_path, early, "early")
    sleep(study, tmp_path, night("STAGES", STAGED, 470), "late")
    before = study.contents()

    report = sleep(study, tmp_path, early | {"nextPageToken": ""}, "early_again")

    assert report.files[0].rows_duplicate == 1
    assert study.contents()["day_chunk"] == before["day_chunk"]
    assert study.samples("sleep_session")["value"].tolist() == [470]
    assert len(study.samples("sleep_stage")) == 5


def test_a_night_is_no_revision_because_its_neighbour_knows_less(study, tmp_path):
    main = night("STAGES", STAGED, 470)
    main["dataPoints"][0]["sleep"]["metadata"] = {"main": True}
    nap = night("CLASSIC", [], 50)
    (point,) = nap["dataPoints"]
    point["name"] += "12"
    point["sleep"]["interval"] |= {
        "startTime": "2026-01-08T13:00:00Z",
        "endTime": "2026-01-08T14:00:00Z",
    }
    point["sleep"]["summary"] = {"minutesAsleep": "50"}
    sleep(study, tmp_path, {"dataPoints": main["dataPoints"] + nap["dataPoints"]}, "both")

    report = sleep(study, tmp_path, main, "main_alone")

    assert report.files[0].rows_duplicate == 1
    assert [row[0] for row in versions(study, "sleep_session", "2026-01-08")] == [1]
