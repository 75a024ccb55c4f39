"""How Apple's loose sleep records become nights with stages."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.readers.apple_health import reader
from hometrial_ingest.readers.apple_health.sleep import SESSION_GAP
from hometrial_ingest.signals import Signal

EVENING = datetime(2022, 11, 5, 22, 0, tzinfo=UTC)


def asleep(start, end, stage="AsleepCore", source="Anna’s Apple Watch", zone=None):
    """A sleep record from and to so many minutes after the evening."""
    stamps = [f"{EVENING + timedelta(minutes=at):%Y-%m-%d %H:%M:%S} +0000" for at in (start, end)]
    inside = f'<MetadataEntry key="HKTimeZone" value="{zone}"/>' if zone else ""
    return (
        f'<Record type="HKCategoryTypeIdentifierSleepAnalysis" sourceName="{source}" '
        f'startDate="{stamps[0]}" endDate="{stamps[1]}" '
        f'value="HKCategoryValueSleepAnalysis{stage}">{inside}</Record>\n'
    )


def read(*records):
    text = "<HealthData>\n" + "".join(records) + "</HealthData>"
    return list(reader.read(MemoryFile("export.xml", text.encode()), "export"))


def rows(signal, *records):
    return [
        row
        for segment in read(*records)
        for frame in segment.frames
        if frame.signal is signal
        for row in frame.table.to_pylist()
    ]


def sessions(*records):
    return rows(Signal.SLEEP_SESSION, *records)


def stages(*records):
    return rows(Signal.SLEEP_STAGE, *records)


def micros(minutes):
    return round((EVENING + timedelta(minutes=minutes)).timestamp()) * 1_000_000


NIGHT = (
    asleep(0, 480, "InBed"),
    asleep(10, 100, "AsleepCore"),
    asleep(100, 160.5, "AsleepDeep"),
    asleep(160.5, 170, "Awake"),
    asleep(170, 240, "AsleepREM"),
    asleep(240, 470, "AsleepCore"),
)


def test_a_night_of_stages_is_one_session():
    [session] = sessions(*NIGHT)
    assert (session["at"], session["end_at"]) == (micros(0), micros(480))
    assert session["duration"] == 480 * 60
    assert session["value"] == 451  # 90 + 60.5 + 70 + 230 = 450.5
    assert session["minutes_in_bed"] == 480
    assert session["minutes_awake"] == 9.5
    assert session["code"] == "stages"
    assert session["source"] == "apple-health/watch"
    assert session["session"] == "apple-health/watch 2022-11-05T22:00:00Z"
    assert session["local"] is None
    assert session["main_sleep"] is None


def test_each_record_is_a_stage_of_its_own_row_in_the_same_session():
    found = stages(*NIGHT)
    assert [stage["row"] for stage in found] == [1, 2, 3, 4, 5, 6]
    assert [stage["code"] for stage in found] == [
        "in_bed",
        "light",
        "deep",
        "awake",
        "rem",
        "light",
    ]
    assert [stage["overlay"] for stage in found] == [True, False, False, False, False, False]
    assert {stage["session"] for stage in found} == {"apple-health/watch 2022-11-05T22:00:00Z"}
    assert {stage["value"] for stage in found} == {None}
    assert found[2]["at"] == micros(100)
    assert found[2]["duration"] == 60.5 * 60


def test_sleep_without_stages_is_asleep_in_the_old_and_the_new_wording():
    for wording in ("Asleep", "AsleepUnspecified"):
        [session] = sessions(asleep(0, 60, wording))
        assert (session["code"], session["value"]) == ("asleep", 60)
        assert session["minutes_in_bed"] is None
        assert [stage["code"] for stage in stages(asleep(0, 60, wording))] == ["asleep"]


def test_a_night_that_was_only_spent_in_bed_has_no_minutes_asleep():
    [session] = sessions(asleep(0, 480, "InBed"))
    assert (session["value"], session["code"], session["minutes_in_bed"]) == (None, "in_bed", 480)


def test_a_gap_of_ninety_minutes_parts_two_sessions_and_a_shorter_one_does_not():
    gap = SESSION_GAP // 60_000_000
    assert gap == 90
    assert len(sessions(asleep(0, 60), asleep(60 + gap, 200))) == 2
    assert len(sessions(asleep(0, 60), asleep(60 + gap - 1, 200))) == 1


def test_a_gap_is_measured_from_the_latest_end_so_far():
    assert len(sessions(asleep(0, 300, "InBed"), asleep(10, 60), asleep(320, 400))) == 1


def test_two_sources_are_never_one_session():
    found = sessions(asleep(0, 60), asleep(0, 60, "InBed", source="Anna’s iPhone"))
    assert sorted(session["source"] for session in found) == [
        "apple-health/iphone",
        "apple-health/watch",
    ]
    assert len({session["session"] for session in found}) == 2


def test_overlapping_sleep_is_counted_once():
    [session] = sessions(asleep(0, 60), asleep(30, 90, "AsleepUnspecified"), asleep(80, 100))
    assert session["value"] == 100


def test_offsets_come_from_the_zones_of_the_first_and_the_last_record():
    [session] = sessions(
        asleep(0, 60, zone="Europe/Berlin"), asleep(60, 120), asleep(120, 180, zone="Europe/London")
    )
    assert (session["offset"], session["end_offset"]) == (3600, 0)


def test_every_source_row_is_counted_once():
    heart = asleep(0, 1).replace(
        "HKCategoryTypeIdentifierSleepAnalysis", "HKQuantityTypeIdentifierHeartRate"
    )
    segments = read(NIGHT[0], heart, NIGHT[1], asleep(0, 5, "Dreaming"), asleep(5, 5))
    assert sum(segment.rows for segment in segments) == 5
    bad = [row for segment in segments for row in segment.unreadable]
    assert [(row.row, row.field) for row in bad] == [(2, "unit"), (4, "value"), (5, "endDate")]
    assert "HKCategoryValueSleepAnalysisInBed" in bad[1].reason
    stage_rows = [row["row"] for row in stages(*NIGHT)]
    assert stage_rows == [1, 2, 3, 4, 5, 6]


def test_a_file_of_sleep_alone_has_no_empty_segment():
    assert [segment.rows for segment in read(*NIGHT)] == [6]


@given(st.permutations(NIGHT))
def test_the_order_of_the_records_does_not_matter(shuffled):
    assert [session | {"row": 0} for session in sessions(*shuffled)] == [
        session | {"row": 0} for session in sessions(*NIGHT)
    ]


spans = st.lists(
    st.builds(
        lambda start, length, stage: (start, start + length, stage),
        st.integers(0, 3000),
        st.integers(1, 300),
        st.sampled_from(["InBed", "AsleepCore", "AsleepDeep", "Awake"]),
    ),
    min_size=1,
    max_size=12,
)


@given(spans)
def test_sessions_hold_all_records_and_lie_apart(parts):
    records = [asleep(*part) for part in parts]
    found, inside = sessions(*records), stages(*records)
    assert sorted(stage["row"] for stage in inside) == list(range(1, len(parts) + 1))
    ends = {session["session"]: session["end_at"] for session in found}
    for session, later in pairwise(found):
        assert later["at"] - session["end_at"] >= SESSION_GAP
    for stage in inside:
        assert stage["at"] + stage["duration"] * 1_000_000 <= ends[stage["session"]]
    for session in found:
        asleep_minutes = {
            minute
            for start, end, stage in parts
            if stage.startswith("Asleep") and session["at"] <= micros(start) < session["end_at"]
            for minute in range(start, end)
        }
        assert session["value"] == (len(asleep_minutes) or None)
