"""Kept pages become day chunks: many people together, twice is once, what is gone is taken out."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from reads import DAY, GOOGLE, absorb, keep, link, owner, pull
from sqlalchemy import text

from hometrial import clock
from hometrial.services import consenting, measuring
from hometrial.services.syncing import pulling
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import Page
from hometrial_ingest.simulate import study as synthetic
from hometrial_ingest.simulate.points import POINTS

pytestmark = pytest.mark.long

MADE = synthetic(3, 4, 10, date(2026, 3, 5))
BERLIN = MADE.people[1]


def points(data_type, day=DAY, person=BERLIN):
    """Return a day's points as the provider's newest-first list, in JSON."""
    return [json.loads(json.dumps(each)) for each in POINTS[data_type](MADE.day(person, day))]


def page(found):
    return json.dumps({"dataPoints": found}).encode()


def beats(*values, source="WATCH", start=datetime(2026, 3, 9, 11, tzinfo=UTC)):
    """Return heart-rate points, one a minute; None leaves a minute out."""
    device = {"displayName": "Watch", "formFactor": source}
    return [
        {
            "dataSource": {"platform": "FITBIT", "device": device},
            "heartRate": {
                "beatsPerMinute": str(value),
                "sampleTime": {
                    "physicalTime": f"{start + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}",
                    "utcOffset": "3600s",
                },
            },
        }
        for n, value in enumerate(values)
        if value is not None
    ][::-1]


def values(study, stream="heart_rate"):
    found = study.samples(stream)
    return found["value"].tolist() if len(found) else []


def test_a_day_of_every_stream_of_a_person_is_stored_and_measured(study):
    linked = link(study)
    streams = {"heart_rate": "heart-rate", "steps": "steps", "sleep": "sleep",
               "resting_heart_rate": "daily-resting-heart-rate"}  # fmt: skip
    for stream, data_type in streams.items():
        assert keep(study, linked, stream, [page(points(data_type))], DAY, DAY) == "fetched"

    result = absorb(study)

    assert len(result.pulls) == 4
    assert len(study.samples("heart_rate")) == len(points("heart-rate"))
    assert study.samples("heart_rate")["row"].tolist()[-1] == 1  # the newest point is the first row
    steps = study.samples("steps")
    assert steps["value"].sum() == sum(int(each["steps"]["count"]) for each in points("steps"))
    assert study.one("SELECT count(*) FROM daily_metric WHERE metric = 'wear_minutes'") == 1
    assert study.one("SELECT count(*) FROM batch WHERE kind = 'pull'") == 1
    assert study.verify().problems == ()


def test_every_sample_names_the_payload_and_the_row_it_came_from(study):
    linked = link(study)
    found = beats(60, 61, 62, 63)
    keep(study, linked, "heart_rate", [page(found[:2]), page(found[2:])], DAY, DAY)
    absorb(study)

    stored = study.samples("heart_rate")
    digests = dict(study.rows("SELECT sha256, size FROM payload"))
    assert stored["row"].tolist() == [2, 1, 2, 1]
    assert stored["payload"].nunique() == 2
    assert set(stored["payload"]) <= set(digests)


def test_the_same_answer_again_is_not_even_read(study):
    linked = link(study)
    keep(study, linked, "heart_rate", [page(beats(60, 61))], DAY, DAY)
    absorb(study)
    before = study.contents()

    assert keep(study, linked, "heart_rate", [page(beats(60, 61))], DAY, DAY) == "done"

    after = study.contents()
    assert {name for name in before if before[name] != after[name]} == {
        "sync.pull",
        "sync.pull_page",
    }


def test_a_read_that_tells_the_same_in_other_pages_writes_no_version(study):
    linked = link(study)
    found = beats(60, 61)
    keep(study, linked, "heart_rate", [page(found)], DAY, DAY)
    absorb(study)
    keep(study, linked, "heart_rate", [page(found[:1]), page(found[1:])], DAY, DAY)
    absorb(study)

    assert study.rows("SELECT version, samples FROM day_chunk") == [(1, 2)]
    assert (pull(study).rows_read, pull(study).rows_duplicate) == (2, 2)


def test_later_samples_make_a_version_and_keep_the_old_one(study):
    linked = link(study)
    keep(study, linked, "heart_rate", [page(beats(60))], DAY, DAY)
    absorb(study)
    keep(study, linked, "heart_rate", [page(beats(60, 61))], DAY, DAY)
    absorb(study)

    assert values(study) == [60, 61]
    assert study.rows("SELECT version, is_current, samples FROM day_chunk ORDER BY 1") == [
        (1, False, 1),
        (2, True, 2),
    ]


def test_a_revised_value_replaces_the_old_one_which_is_kept(study):
    linked = link(study)
    keep(study, linked, "heart_rate", [page(beats(60, 61))], DAY, DAY)
    absorb(study)
    keep(study, linked, "heart_rate", [page(beats(60, 75))], DAY, DAY)
    absorb(study)

    assert values(study) == [60, 75]
    assert study.samples("heart_rate", current=False)["value"].tolist() == [60, 61]


def test_a_sample_that_the_provider_no_longer_tells_of_leaves_the_current_version(study):
    linked = link(study)
    keep(study, linked, "heart_rate", [page(beats(60, 61, 62))], DAY, DAY)
    absorb(study)
    keep(study, linked, "heart_rate", [page(beats(60, None, 62))], DAY, DAY)
    absorb(study)

    assert values(study) == [60, 62]
    assert study.samples("heart_rate", current=False)["value"].tolist() == [60, 61, 62]
    assert pull(study).rows_absent == 1


def test_samples_outside_a_reads_window_are_not_missed_in_it(study):
    linked = link(study)
    early = beats(60, 61, start=datetime(2026, 3, 8, 11, tzinfo=UTC))
    keep(study, linked, "heart_rate", [page(beats(70) + early)], DAY - timedelta(days=1), DAY)
    absorb(study)
    keep(study, linked, "heart_rate", [page(beats(70, 71))], DAY, DAY)
    absorb(study)

    assert values(study) == [60, 61, 70, 71]


def test_an_empty_answer_where_samples_are_stored_is_not_believed(study):
    linked = link(study)
    keep(study, linked, "heart_rate", [page(beats(60, 61))], DAY, DAY)
    absorb(study)
    keep(study, linked, "heart_rate", [b"{}"], DAY, DAY)
    absorb(study)

    assert values(study) == [60, 61]
    assert pull(study).error_kind == "vanished"


def test_a_night_that_was_deleted_at_the_provider_is_taken_out_with_its_stages(study):
    linked = link(study)
    keep(study, linked, "sleep", [page(points("sleep"))], DAY, DAY)
    absorb(study)
    assert len(study.samples("sleep_session")) >= 1
    keep(study, linked, "sleep", [b'{"dataPoints":[]}'], DAY, DAY)
    absorb(study)

    assert len(study.samples("sleep_session")) == 0
    assert len(study.samples("sleep_stage")) == 0
    assert len(study.samples("sleep_session", current=False)) >= 1


def test_a_night_grows_through_its_versions_to_one_row(study):
    linked = link(study)
    (night, *_) = [p for p in points("sleep") if p["sleep"]["metadata"].get("mainSleep")]
    running = json.loads(json.dumps(night))
    del running["sleep"]["interval"]["endTime"], running["sleep"]["interval"]["endUtcOffset"]
    running["sleep"] |= {"stages": [], "shortAwakenings": []}
    del running["sleep"]["summary"]
    plain = json.loads(json.dumps(night))
    plain["sleep"] |= {"stages": [], "shortAwakenings": []}
    for version in (running, plain, night):
        keep(study, linked, "sleep", [page([version])], DAY - timedelta(days=1), DAY)
        absorb(study)

    sessions = study.samples("sleep_session")
    assert len(sessions) == 1
    assert not sessions["in_progress"].iloc[0]
    asleep = int(night["sleep"]["summary"]["minutesAsleep"])
    assert sessions["value"].tolist() == [asleep]
    stages = study.samples("sleep_stage")
    assert len(stages) == len(night["sleep"]["stages"]) + len(night["sleep"]["shortAwakenings"])


def test_when_a_night_changes_while_pages_are_read_the_later_page_wins_whole(study):
    linked = link(study)
    (night, *_) = [p for p in points("sleep") if p["sleep"]["metadata"].get("mainSleep")]
    plain = json.loads(json.dumps(night))
    plain["sleep"]["stages"] = plain["sleep"]["stages"][:1]
    keep(study, linked, "sleep", [page([plain]), page([night])], DAY, DAY)
    absorb(study)

    assert len(study.samples("sleep_session")) == 1
    stages = study.samples("sleep_stage")
    assert len(stages) == len(night["sleep"]["stages"]) + len(night["sleep"]["shortAwakenings"])
    assert study.one("SELECT count(*) FROM quarantined_row") == 0


def test_a_failing_row_is_set_aside_with_its_payload_and_the_rest_is_stored(study):
    linked = link(study)
    keep(study, linked, "heart_rate", [page(beats(60, 400, 62))], DAY, DAY)
    absorb(study)

    assert values(study) == [60, 62]
    ((sample, row),) = study.rows("SELECT sample->>'payload', sample->>'row' FROM quarantined_row")
    assert sample == study.one("SELECT sha256 FROM payload")
    assert row == "2"
    assert study.one("SELECT count(*) FROM query WHERE status = 'open'") == 1
    keep(study, linked, "heart_rate", [page(beats(60, 400, 62, 63))], DAY, DAY)
    absorb(study)
    assert study.one("SELECT count(*) FROM quarantined_row") == 1
    assert pull(study).rows_quarantined == 1


def test_a_read_of_which_most_rows_fail_is_refused_and_harms_no_other(study):
    good, bad = link(study), link(study, external_id="g-2")
    keep(study, bad, "heart_rate", [page(beats(*[400] * 30))], DAY, DAY)
    keep(study, good, "heart_rate", [page(beats(60, 61))], DAY, DAY)
    absorb(study)

    stored = study.samples("heart_rate")
    assert stored["participant"].unique().tolist() == [good.code]
    states = dict(study.rows("SELECT participant_id, state FROM sync.pull"))
    assert states[bad.participant_id] == "failed"
    assert states[good.participant_id] == "done"
    assert study.one("SELECT count(*) FROM query WHERE rule = 'batch_rejected'") == 1


def test_a_page_that_cannot_be_read_fails_its_own_read_only(study):
    good, bad = link(study), link(study, external_id="g-2")
    keep(study, bad, "heart_rate", [b'{"dataPoints": 7}'], DAY, DAY)
    keep(study, good, "heart_rate", [page(beats(60))], DAY, DAY)
    absorb(study)

    assert values(study) == [60]
    told = dict(study.rows("SELECT participant_id, error_kind FROM sync.pull"))
    assert told == {good.participant_id: None, bad.participant_id: "our_bug"}
    assert study.one("SELECT count(*) FROM payload") == 2


def test_people_of_one_batch_share_its_verdict_and_keep_their_own_days(study):
    people = [link(study, external_id=f"g-{n}", zone=zone)
              for n, zone in enumerate(("Europe/Berlin", "Asia/Kolkata", "America/New_York"))]  # fmt: skip
    for number, each in enumerate(people):
        keep(study, each, "heart_rate", [page(beats(60 + number))], DAY, DAY)
    absorb(study)

    assert study.one("SELECT count(*) FROM batch") == 1
    assert study.one("SELECT count(*) FROM verdict") == 1
    assert study.samples("heart_rate").groupby("participant")["value"].first().tolist() == [
        60,
        61,
        62,
    ]


class TestConsent:
    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)

    def withdraw(self, study, linked, *types, late):
        with study.database.transaction("test") as session:
            person = owner(study, linked)
            consenting.withdraw(
                session, person, types, since=self.noon, keep_late=late, source="test"
            )

    def test_rows_after_a_withdrawal_are_never_stored_and_other_types_go_on(self, study):
        linked = link(study)
        beat = page(beats(60, 61, start=self.noon - timedelta(minutes=1)))
        keep(study, linked, "heart_rate", [beat], DAY, DAY)
        keep(study, linked, "steps", [page(points("steps"))], DAY, DAY)
        self.withdraw(study, linked, DataType.HEART_RATE, late=True)
        absorb(study)

        assert values(study) == [60]
        assert pull(study, 0).rows_not_consented == 1
        assert len(study.samples("steps")) > 0

    def test_what_was_observed_before_comes_late_only_if_the_withdrawal_allows_it(self, study):
        linked = link(study)
        keep(study, linked, "heart_rate", [page(beats(60, 61))], DAY, DAY)
        self.withdraw(study, linked, DataType.HEART_RATE, late=False)
        absorb(study)

        assert values(study) == []
        assert pull(study).rows_not_consented == 2

    def test_a_read_during_which_consent_ends_keeps_nothing(self, study):
        linked = link(study)
        with study.database.transaction("test", "read") as session:
            known = pulling.find_link(session, linked.account_id)
            (asked,) = pulling.open_round(
                session, GOOGLE, known, "hourly", pulling.Span(DAY, DAY),
                ["heart_rate"],
            )  # fmt: skip
        self.withdraw(study, linked, DataType.HEART_RATE, late=True)
        with study.database.transaction("test", "read") as session:
            state = pulling.keep(
                session,
                known,
                asked,
                [Page("heart_rate/list-001.json", page(beats(60)), "GET")],
                None,
            )

        assert state == "stopped"
        assert study.one("SELECT count(*) FROM payload") == 0

    def test_nothing_is_asked_that_no_consent_covers(self, study):
        linked = link(study, types=(DataType.STEPS,), since=self.noon)
        with study.database.transaction("test", "read") as session:
            known = pulling.find_link(session, linked.account_id)
            asked = pulling.open_round(
                session, GOOGLE, known, "hourly",
                pulling.Span(DAY - timedelta(days=2), DAY + timedelta(days=1)),
            )  # fmt: skip

        assert sorted(each.stream.name for each in asked) == ["distance", "steps"]
        assert {each.window.start for each in asked} == {self.noon}
        assert {each.window.earliest for each in asked} == {self.noon}
        # The day of the consent is covered in part only: its total is not asked for.
        assert {each.window.first_day for each in asked} == {DAY + timedelta(days=1)}


@pytest.mark.parametrize("number", [1, 5])
def test_order_of_absorbing_is_order_of_reading(study, number):
    linked = link(study)
    for value in islice(range(60, 90), number + 1):
        keep(study, linked, "heart_rate", [page(beats(value))], DAY, DAY)
    absorb(study)

    assert values(study) == [60 + number]
    assert study.one("SELECT count(*) FROM day_chunk") == number + 1
    with study.database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM batch")).scalar_one() == number + 1


def test_a_read_is_not_outdated_by_a_later_read_of_somebody_else_in_the_batch_before(
    study, monkeypatch
):
    one, other = link(study), link(study, external_id="g-2")
    noon = datetime(2026, 3, 9, 14, tzinfo=UTC)

    def at(hours):
        monkeypatch.setattr(clock, "now", lambda: noon + timedelta(hours=hours))

    at(0)
    keep(study, one, "heart_rate", [page(beats(60))], DAY, DAY)
    at(2)
    keep(study, other, "heart_rate", [page(beats(80))], DAY, DAY)
    absorb(study)
    at(1)  # begun before the other's and kept after it: it was slow
    keep(study, one, "heart_rate", [page(beats(65))], DAY, DAY)
    at(3)
    absorb(study)
    assert sorted(values(study)) == [65, 80]
    assert study.one("SELECT count(*) FROM day_chunk WHERE version > 1") == 1


def test_where_the_margins_of_two_reads_meet_the_later_word_is_taken(study):
    linked, after = link(study), DAY + timedelta(days=1)
    keep(study, linked, "heart_rate", [page(beats(60, 61))], DAY, DAY)
    keep(study, linked, "heart_rate", [page(beats(60, 66))], after, after)
    absorb(study)
    assert values(study) == [60, 66]


def test_a_read_after_a_long_silence_explains_the_hours_of_all_its_days(study, at_clock):
    at_clock(datetime(2026, 3, 10, 15, tzinfo=UTC))
    linked = link(study)
    long_ago = DAY - timedelta(days=60)
    with study.database.transaction("test") as session:
        measuring.refresh_gaps(session, [linked.participant_id])

    def causes():
        found = study.rows(
            "SELECT DISTINCT cause FROM gap WHERE stream = 'heart_rate' AND day BETWEEN :first AND :last",
            first=long_ago,
            last=DAY,
        )
        return [cause for (cause,) in found]

    assert causes() == ["not_synced"]

    keep(study, linked, "heart_rate", [page(beats(60, 61))], long_ago, DAY, kind="nightly")
    absorb(study)

    assert causes() == ["not_worn"]
