"""The same content twice is once: by any name, in any packing, in any order."""

import gzip
import shutil
import zipfile

import pytest

from hometrial.errors import ImportRefusedError
from hometrial.services import enrolling

pytestmark = pytest.mark.long

HEART_RATE = "heartrate_seconds_merged.csv"
DAYS = "dailyActivity_merged.csv"
FIRST = "Id,Time,Value\n" + "".join(f"1,4/12/2016 7:21:{n:02} AM,{60 + n}\n" for n in range(10))
# The second export begins inside the first and goes on after it.
SECOND = "Id,Time,Value\n" + "".join(f"1,4/12/2016 7:21:{n:02} AM,{60 + n}\n" for n in range(5, 20))
DAILY = "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes\n"
# The first export was made during 12 April, so that its total of that day is too low.
CUT = DAILY + "1,4/11/2016,8000,5.5,700\n1,4/12/2016,1200,0.8,400\n"
WHOLE = DAILY + "1,4/12/2016,9000,6.5,800\n1,4/13/2016,7000,5.0,750\n"
NIGHT_FILES = {HEART_RATE: FIRST + "1,4/12/2016 7:22:00 AM,999\n1,soon,60\n", DAYS: CUT}


def take_in(study, folder):
    return study.take_in("fitabase", folder, create_participants=True, zone="America/New_York")


def beats(study):
    found = study.samples("heart_rate")
    return list(zip(found["at"], found["value"], strict=True))


def totals(study, *, current=True):
    found = study.samples("steps_daily", current=current)
    return [(str(day), value) for day, value in zip(found["day"], found["value"], strict=True)]


def test_the_same_archive_twice_writes_nothing_at_all(study, fitabase):
    folder = fitabase(NIGHT_FILES)
    take_in(study, folder)
    before = study.contents()

    report = take_in(study, folder)

    assert study.contents() == before
    assert report.chunks_written == 0
    for file in report.files:
        assert (file.rows_accepted, file.reason) == (0, "imported before; nothing was written")
        assert file.rows_read == (
            file.rows_duplicate + file.rows_quarantined + file.rows_unreadable
        )


def test_the_same_file_packed_or_renamed_is_the_same_file(study, fitabase, tmp_path):
    take_in(study, fitabase({HEART_RATE: FIRST}))
    before = study.contents()
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / f"{HEART_RATE}.gz").write_bytes(gzip.compress(FIRST.encode()))
    renamed = fitabase({"heartrate_seconds.csv": FIRST}, "renamed")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(renamed / "heartrate_seconds.csv", f"Fitabase Data/{HEART_RATE}")

    for again in (packed, renamed, tmp_path / "export.zip", renamed / "heartrate_seconds.csv"):
        report = take_in(study, again)
        assert report.files[0].rows_duplicate == 10

    assert study.contents() == before


def test_the_same_rows_in_other_bytes_make_a_batch_but_no_version(study, fitabase):
    take_in(study, fitabase({HEART_RATE: FIRST}))
    before = study.contents()

    report = take_in(study, fitabase({HEART_RATE: FIRST.replace("\n", "\r\n")}, "again"))

    after = study.contents()
    assert report.files[0].rows_duplicate == 10
    assert after["batch"] == before["batch"] + 1
    for table in ("day_chunk", "daily_metric", "gap", "quarantined_row", "participant"):
        assert after[table] == before[table]


def test_an_overlapping_archive_adds_only_what_is_new(study, fitabase):
    take_in(study, fitabase({HEART_RATE: FIRST}))

    report = take_in(study, fitabase({HEART_RATE: SECOND}, "second"))

    (file,) = report.files
    assert (file.rows_accepted, file.rows_duplicate) == (10, 5)
    assert [value for _, value in beats(study)] == [60 + n for n in range(20)]
    assert study.rows("SELECT version, is_current, samples, added, revised FROM day_chunk"
                      " WHERE stream = 'heart_rate' ORDER BY version") == [
        (1, False, 10, 10, 0),
        (2, True, 20, 10, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_the_order_of_two_overlapping_archives_does_not_change_what_is_current(
    study, fitabase, order
):
    for number, content in enumerate(order):
        take_in(study, fitabase({HEART_RATE: content}, f"export{number}"))

    assert [value for _, value in beats(study)] == [60 + n for n in range(20)]


@pytest.mark.parametrize("order", [(CUT, WHOLE), (WHOLE, CUT)])
def test_the_later_exports_daily_total_is_current_whichever_comes_first(study, fitabase, order):
    for number, content in enumerate(order):
        take_in(study, fitabase({DAYS: content}, f"export{number}"))

    assert totals(study) == [("2016-04-11", 8000), ("2016-04-12", 9000), ("2016-04-13", 7000)]
    assert totals(study, current=False) == [("2016-04-12", 1200)]


@pytest.mark.parametrize("order", [(CUT, WHOLE), (WHOLE, CUT)])
def test_two_overlapping_archives_again_write_nothing(study, fitabase, order):
    folders = [fitabase({DAYS: text}, f"export{number}") for number, text in enumerate(order)]
    for folder in folders:
        take_in(study, folder)
    before = study.contents()

    for folder in folders:
        take_in(study, folder)

    assert study.contents() == before


def test_the_old_value_in_other_bytes_comes_back_as_a_duplicate(study, fitabase):
    take_in(study, fitabase({DAYS: CUT}))
    take_in(study, fitabase({DAYS: WHOLE}, "whole"))
    before = study.contents()

    report = take_in(study, fitabase({DAYS: CUT.replace("\n", "\r\n")}, "cut_again"))

    assert report.files[0].rows_duplicate == 2
    assert study.contents()["day_chunk"] == before["day_chunk"]


def test_a_quarantined_row_in_other_bytes_is_set_aside_once(study, fitabase):
    content = FIRST + "1,4/12/2016 7:22:00 AM,999\n"
    take_in(study, fitabase({HEART_RATE: content}))

    report = take_in(study, fitabase({HEART_RATE: content.replace("\n", "\r\n")}, "again"))

    assert report.files[0].rows_quarantined == 1
    assert study.one("SELECT count(*) FROM quarantined_row") == 1
    assert study.one("SELECT count(*) FROM query") == 1


def test_one_recording_cannot_be_two_peoples(study, tmp_path):
    page = tmp_path / "heart-rate.json"
    page.write_text(
        '{"dataPoints": [{"heartRate": {"beatsPerMinute": "60", "sampleTime":'
        ' {"physicalTime": "2026-01-08T02:25:14Z", "utcOffset": "3600s"}}}]}'
    )
    with study.database.transaction("test") as session:
        for code in ("P-0001", "P-0002"):
            person = enrolling.add_participant(session, code=code)
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    study.take_in("google-health", page, participant="P-0001")
    before = study.contents()

    with pytest.raises(ImportRefusedError, match="imported as P-0001's, not P-0002's"):
        study.take_in("google-health", page, participant="P-0002")

    assert study.contents() == before


def test_create_participants_twice_for_one_persons_archive_makes_one_person(study, tmp_path):
    page = tmp_path / "heart-rate.json"
    page.write_text(
        '{"dataPoints": [{"heartRate": {"beatsPerMinute": "60", "sampleTime":'
        ' {"physicalTime": "2026-01-08T02:25:14Z", "utcOffset": "3600s"}}}]}'
    )
    study.take_in("google-health", page, create_participants=True, zone="Europe/Berlin")
    before = study.contents()
    shutil.copy(page, tmp_path / "copy.json")

    study.take_in("google-health", tmp_path / "copy.json", create_participants=True)

    assert study.contents() == before
