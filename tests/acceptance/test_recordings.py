"""Real recordings, imported by one command each: their counts are those that were measured beside them.

The recordings are no part of this repository. Where `../shared/data` is absent this module is empty.
"""

from pathlib import Path

import pytest

pytestmark = pytest.mark.long

RECORDINGS = Path(__file__).resolve().parents[2] / "../shared/data"
MARCH = "fitabase/3.12.16-4.11.16"
APRIL = "fitabase/4.12.16-5.12.16"
__test__ = RECORDINGS.exists()

ARCHIVES = {
    "march": ("fitabase", MARCH),
    "april": ("fitabase", APRIL),
    "takeout": ("takeout", "takeout"),
    "apple": ("apple-health", "apple_health/dogsheep_export.xml"),
    "apple steps": ("apple-health", "apple_health/tdda/export6s3sample.xml"),
    "google": ("google-health", "payloads/google_health_v4"),
    "fitbit": ("fitbit", "payloads/fitbit_web_api"),
    "omh": ("omh", "payloads/omh"),
}
# read, accepted, duplicate, quarantined, unreadable
FITABASE = {
    "march": {
        "dailyActivity_merged.csv": (457, 457, 0, 0, 0),
        "heartrate_seconds_merged.csv": (530_859, 530_859, 0, 0, 0),
        "hourlySteps_merged.csv": (24_084, 24_051, 0, 33, 0),
        "weightLogInfo_merged.csv": (33, 33, 0, 0, 0),
    },
    "april": {
        "dailyActivity_merged.csv": (940, 940, 0, 0, 0),
        "dailySteps_merged.csv": (940, 0, 940, 0, 0),
        "heartrate_seconds_merged.csv": (1_329_145, 1_317_913, 11_232, 0, 0),
        "hourlySteps_merged.csv": (22_099, 21_924, 175, 0, 0),
        "minuteStepsWide_merged.csv": (21_645, 21_645, 0, 0, 0),
        "sleepDay_merged.csv": (413, 410, 3, 0, 0),
        "weightLogInfo_merged.csv": (67, 65, 2, 0, 0),
    },
}


@pytest.fixture(scope="module")
def reports(shared_study):
    """Import every recording once, then once more; return the reports of both rounds by name."""
    everything = {}
    for again in (False, True):
        for name in ARCHIVES:
            everything[name, again] = take_in(shared_study, name)
        if not again:
            everything["contents"] = shared_study.contents()
    return everything


def take_in(study, name):
    provider, path = ARCHIVES[name]
    options = {"create_participants": True}
    if name == "omh":  # data points without a header do not say whose they are
        known = study.rows("SELECT code FROM participant ORDER BY code DESC LIMIT 1")
        scope = "SELECT scope FROM batch WHERE provider = 'omh' LIMIT 1"
        options = {"participant": (study.rows(scope) or known)[0][0]}
    return study.take_in(provider, RECORDINGS / path, zone="America/New_York", **options).as_json()


def counts(file):
    fates = ("read", "accepted", "duplicate", "quarantined", "unreadable")
    return tuple(file[f"rows_{fate}"] for fate in fates)


def reconciled(report):
    return {
        entry["sum"]: (entry["days_agree"], entry["days_differ"], entry["days_without_sum"])
        for entry in report["reconciliation"]
    }


@pytest.mark.parametrize("name", ["march", "april"])
def test_every_row_of_a_fitabase_export_has_the_fate_that_was_measured(reports, name):
    assert {file["path"]: counts(file) for file in reports[name, False]["files"]} == FITABASE[name]


def test_a_sample_in_both_exports_counts_once(shared_study, reports):
    assert (
        shared_study.one(
            "SELECT sum(samples) FROM day_chunk WHERE stream = 'heart_rate' AND is_current"
            " AND batch_id IN (SELECT id FROM batch WHERE provider = 'fitabase')"
        )
        == 1_848_772
    )
    assert 530_859 + 1_317_913 == 1_848_772


def test_the_daily_rows_that_differ_are_revisions_with_both_versions_kept(shared_study, reports):
    assert shared_study.rows(
        "SELECT count(*) FILTER (WHERE is_current), count(*) FILTER (WHERE NOT is_current),"
        " count(DISTINCT participant_id) FROM day_chunk c"
        " WHERE stream = 'steps_daily' AND day = '2016-04-12' AND EXISTS (SELECT FROM day_chunk o"
        " WHERE (o.participant_id, o.stream, o.day) = (c.participant_id, c.stream, c.day)"
        " AND NOT o.is_current)"
    ) == [(24, 24, 24)]


def test_sums_agree_with_the_sources_own_on_as_many_days_as_were_measured(reports):
    assert reconciled(reports["march", False])["steps_hour_sum"] == (333, 95, 29)
    april = reconciled(reports["april", False])
    assert april["steps_hour_sum"] == (775, 159, 6)
    assert april["steps_minute_sum"] == (747, 156, 37)


def test_the_days_that_differ_are_named(reports):
    for entry in reports["april", False]["reconciliation"]:
        assert len(entry["differing"]) == entry["days_differ"]
        assert all(day["sum"] != day["total"] for day in entry["differing"])


def test_the_hour_that_no_clock_showed_is_set_aside_for_everyone_who_has_it(shared_study, reports):
    assert shared_study.rows(
        "SELECT rule, day::text, signal, count(*), count(DISTINCT participant_id)"
        " FROM quarantined_row WHERE rule = 'local_time_exists' GROUP BY 1, 2, 3"
    ) == [("local_time_exists", "2016-03-13", "steps_hourly", 33, 33)]


def test_the_sum_of_daily_steps_is_the_sources_own(shared_study, reports):
    found = shared_study.samples("steps_daily")
    april = found[found["day"].astype(str).between("2016-04-12", "2016-05-12")]
    people = [f"P-{n:04}" for n in range(1, 36)]
    assert april[april["participant"].isin(people)]["value"].sum() == 7_179_636


def test_only_what_is_really_wrong_is_quarantined(shared_study, reports):
    assert shared_study.rows(
        "SELECT b.path, r.rule, count(DISTINCT r.row) FROM quarantined_row r"
        " JOIN batch b ON b.id = r.batch_id GROUP BY 1, 2 ORDER BY 1"
    ) == [
        # 02:00 of the day on which New York has none
        ("hourlySteps_merged.csv", "local_time_exists", 33),
        # a capture whose summary was scrubbed: stages of 439 minutes under a summary of 400
        ("real_sleep_list_first_point.json", "stages_add_up", 1),
    ]


def test_every_row_is_accounted_for_and_only_a_days_minimum_is_no_sample(reports):
    unreadable = []
    for key, report in reports.items():
        for file in report["files"] if key != "contents" else ():
            read, *fates = counts(file)
            assert read == sum(fates), file["path"]
            unreadable += [(file["path"], row["field"]) for row in file["unreadable"]]
    assert set(unreadable) == {("heart_rate_2_0.json", "descriptive_statistic")}


def test_only_error_replies_are_rejected(reports):
    rejected = [
        file["path"]
        for name in ARCHIVES
        for file in reports[name, False]["files"]
        if file["status"] == "rejected"
    ]
    assert len(rejected) == 14
    assert all("error" in path for path in rejected)


@pytest.mark.parametrize(
    ("name", "rows"), [("takeout", 237), ("apple", 1), ("google", 33), ("fitbit", 20)]
)
def test_every_row_of_a_saved_payload_is_read(reports, name, rows):
    files = reports[name, False]["files"]
    assert sum(file["rows_read"] for file in files) == rows
    accepted = sum(file["rows_accepted"] for file in files)
    assert accepted == rows - sum(file["rows_quarantined"] for file in files)


def test_a_second_import_writes_nothing(shared_study, reports):
    assert shared_study.contents() == reports["contents"]
    for name in ARCHIVES:
        report = reports[name, True]
        assert report["chunks_written"] == 0
        assert all(file["rows_accepted"] == 0 for file in report["files"])


def test_the_audit_trail_of_all_of_it_is_whole(shared_study, reports):
    assert shared_study.verify().problems == ()
