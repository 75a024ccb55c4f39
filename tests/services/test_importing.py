"""Every row of a file is accounted for, and a file that mostly fails changes nothing."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from hometrial.errors import NothingToImportError, TrialError, UnknownParticipantError
from hometrial.models import Batch, DayChunk, QuarantinedRow
from hometrial.services import enrolling, importing

HEART_RATE = "heartrate_seconds_merged.csv"
STEPS = "minuteStepsNarrow_merged.csv"
DAYS = "dailyActivity_merged.csv"
OPTIONS = importing.ImportOptions(create_participants=True, zone="America/New_York")

PEOPLE = st.sampled_from(["1503960366", "1624580081", "", "1.50396E+09"])
STAMPS = st.one_of(
    st.integers(0, 40).map(lambda n: f"4/12/2016 7:{n:02}:00 AM"),
    st.sampled_from(
        [
            "4/13/2016 12:00:00 AM",
            "3/13/2016 2:30:00 AM",
            "11/6/2016 1:30:00 AM",
            "13/40/2016 7:00:00 AM",
            "2/30/2016 7:00:00 AM",
            "1/1/1970 7:00:00 AM",
            "1/1/2199 7:00:00 AM",
            "12/31/9999 11:59:59 PM",
            "1/1/0001 12:00:00 AM",
            "2016-04-12 07:00:00",
            "",
        ]
    ),
)
VALUES = st.sampled_from(
    ["60", "61", "60", "61.5", "0", "-5", "999", "NaN", "Infinity", "1e400", "", "sixty", '"60"']
)
LINES = st.tuples(PEOPLE, STAMPS, VALUES).map(",".join)
RAGGED = st.sampled_from(["", "1503960366", "1503960366,4/12/2016 7:00:00 AM,60,9", ",,"])
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def contents(draw, header):
    lines = draw(st.lists(st.one_of(LINES, LINES, LINES, RAGGED), min_size=1, max_size=30))
    return header + "\r\n" + "".join(line + draw(ENDS) for line in lines), len(lines)


@pytest.mark.parametrize(
    ("name", "header"),
    [(HEART_RATE, "Id,Time,Value"), (STEPS, "Id,ActivityMinute,Steps")],
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_every_row_has_exactly_one_fate_whatever_stands_in_the_file(
    study, fitabase, name, header, data
):
    content, _ = data.draw(contents(header))
    folder = fitabase({name: content})
    with study.database.transaction("test") as session:
        (file,) = importing.import_archive(session, "fitabase", folder, OPTIONS).files

        fates = (file.rows_accepted, file.rows_duplicate, file.rows_quarantined)
        assert file.rows_read == sum(fates) + file.rows_unreadable
        assert sum(file.quarantined_by_rule.values()) == file.rows_quarantined
        stored = session.scalars(select(DayChunk.samples).where(DayChunk.is_current)).all()
        assert sum(stored) == file.rows_accepted
        session.rollback()


def test_a_row_of_each_fate_is_counted_as_what_it_is(study, fitabase):
    folder = fitabase(
        {
            HEART_RATE: "Id,Time,Value\n"
            "1,4/12/2016 7:21:00 AM,97\n"
            "1,4/12/2016 7:21:05 AM,999\n"
            "1,4/12/2016 7:21:10 AM,many\n"
            "1,4/12/2016 7:21:00 AM,97\n"
            "1,4/12/2016 7:21:00 AM,98\n"
        }
    )

    (file,) = study.take_in(
        "fitabase", folder, create_participants=True, zone="Europe/Berlin"
    ).files

    assert (file.rows_read, file.rows_accepted, file.rows_duplicate) == (5, 1, 1)
    assert (file.rows_quarantined, file.rows_unreadable) == (2, 1)
    assert file.quarantined_by_rule == {"value_is_physical": 1, "conflicting_duplicate": 1}
    assert file.status == "partly"
    assert [(row["row"], row["field"], row["value"]) for row in file.unreadable] == [
        (3, "Value", "many")
    ]


def test_the_database_refuses_a_batch_whose_rows_do_not_add_up(study, fitabase):
    folder = fitabase({HEART_RATE: "Id,Time,Value\n1,4/12/2016 7:21:00 AM,97\n"})
    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")

    with (
        pytest.raises(IntegrityError, match="every_row_is_accounted_for"),
        study.database.transaction("test") as session,
    ):
        session.execute(text("UPDATE batch SET rows_accepted = rows_accepted + 1"))


def test_every_accepted_sample_is_in_one_current_chunk_of_its_local_day(study, fitabase):
    folder = fitabase(
        {
            HEART_RATE: "Id,Time,Value\n"
            "1,4/12/2016 11:59:55 PM,60\n"
            "1,4/13/2016 12:00:00 AM,61\n"
            "2,4/12/2016 11:59:55 PM,70\n"
        }
    )

    study.take_in("fitabase", folder, create_participants=True, zone="America/New_York")

    found = study.samples("heart_rate")
    assert [
        (code, str(day), value, row)
        for code, day, value, row in zip(
            found["participant"], found["day"], found["value"], found["row"], strict=True
        )
    ] == [
        ("P-0001", "2016-04-12", 60, 1),
        ("P-0001", "2016-04-13", 61, 2),
        ("P-0002", "2016-04-12", 70, 3),
    ]
    sha256 = study.one("SELECT sha256 FROM payload")
    assert set(found["payload"]) == {sha256}


def broken(rows=40, good=0):
    lines = [f"9,4/12/2016 7:{n:02}:00 AM,{60 if n < good else 999}" for n in range(rows)]
    return "\n".join(["Id,Time,Value", *lines, ""])


def test_a_file_that_mostly_fails_is_refused_with_the_rule_and_the_way_out(study, fitabase):
    report = study.take_in(
        "fitabase",
        fitabase({HEART_RATE: broken(good=10)}),
        create_participants=True,
        zone="Europe/Berlin",
    )

    (file,) = report.files
    assert file.status == "rejected"
    assert "30 of 40 rows fail" in file.reason
    assert "value_is_physical" in file.reason
    assert "import it again" in file.reason
    assert (file.rows_read, file.rows_accepted, file.rows_quarantined) == (40, 0, 40)
    assert file.quarantined_by_rule == {"value_is_physical": 30, "batch_rejected": 10}


def test_of_a_refused_file_only_the_original_the_verdict_and_one_query_are_kept(study, fitabase):
    study.take_in(
        "fitabase", fitabase({HEART_RATE: broken()}), create_participants=True, zone="Europe/Berlin"
    )

    counts = study.contents()
    kept = {name for name, count in counts.items() if count and not name.startswith("audit")}
    assert kept == {
        "payload",
        "payload_part",
        "batch",
        "verdict",
        "finding",
        "query",
        "query_event",
        "head",
    }
    assert counts["query"] == 1
    assert study.rows("SELECT signal, rule, status, participant_id FROM query") == [
        ("heart_rate", "batch_rejected", "open", None)
    ]


def test_a_person_whom_only_a_refused_file_knows_is_not_enrolled(study, fitabase):
    daily = "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes\n"
    folder = fitabase({HEART_RATE: broken(), DAYS: daily + "7,4/12/2016,9000,6.5,700\n"})

    report = study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")

    assert sorted(file.status for file in report.files) == ["accepted", "rejected"]
    assert study.rows("SELECT external_id FROM wearable_account") == [("7",)]
    assert report.participants == ["P-0001"]


def test_a_person_of_a_refused_file_stays_if_another_file_told_of_them(study, fitabase):
    daily = "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes\n"
    folder = fitabase({HEART_RATE: broken(), DAYS: daily + "9,4/12/2016,9000,6.5,700\n"})

    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")

    assert study.rows("SELECT external_id FROM wearable_account") == [("9",)]
    assert len(study.samples("steps_daily")) == 1


def test_a_handful_of_bad_rows_never_refuses_a_file(study, fitabase):
    report = study.take_in(
        "fitabase",
        fitabase({HEART_RATE: broken(rows=19)}),
        create_participants=True,
        zone="Europe/Berlin",
    )

    assert report.files[0].status == "partly"
    assert study.one("SELECT count(*) FROM quarantined_row") == 19


def test_one_query_is_opened_for_each_person_and_rule(study, fitabase):
    lines = [f"{person},4/12/2016 7:0{n}:00 AM,999" for person in (1, 2) for n in range(3)]
    lines += ["1,1/1/2199 7:00:00 AM,60"]
    folder = fitabase({HEART_RATE: "\n".join(["Id,Time,Value", *lines, ""])})

    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")

    assert study.rows(
        "SELECT p.code, q.rule, count(*) FROM query q JOIN participant p ON p.id = q.participant_id"
        " JOIN quarantined_row r ON r.query_id = q.id GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [
        ("P-0001", "not_in_the_future", 1),
        ("P-0001", "value_is_physical", 3),
        ("P-0002", "value_is_physical", 3),
    ]


def test_a_quarantined_row_is_kept_whole_with_rule_value_and_reason(study, fitabase):
    folder = fitabase({HEART_RATE: "Id,Time,Value\n1,4/12/2016 7:21:05 AM,999\n"})
    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")

    with study.database.reading() as session:
        (row,) = session.scalars(select(QuarantinedRow)).all()
        batch = session.scalars(select(Batch)).one()

    assert (row.rule, row.row, row.sample["value"], row.status) == (
        "value_is_physical",
        1,
        999,
        "open",
    )
    assert "999" in row.reason
    assert row.batch_id == batch.id


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"notes.txt": "hello"}, "none of its 1 files"),
        ({}, "it is empty"),
    ],
)
def test_a_folder_without_a_known_file_is_refused(study, fitabase, files, sentence):
    before = study.contents()

    with pytest.raises(NothingToImportError, match=sentence):
        study.take_in("fitabase", fitabase(files), create_participants=True)

    assert study.contents() == before


def test_an_unknown_person_is_refused_and_named_unless_people_may_be_created(study, fitabase):
    folder = fitabase({HEART_RATE: "Id,Time,Value\n1503960366,4/12/2016 7:21:05 AM,60\n"})
    before = study.contents()

    with pytest.raises(UnknownParticipantError, match=r"1503960366.*--create-participants"):
        study.take_in("fitabase", folder, zone="Europe/Berlin")

    assert study.contents() == before


def test_an_error_in_the_last_file_takes_the_first_one_back(study, fitabase):
    folder = fitabase(
        {
            DAYS: "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes\n"
            "1,4/12/2016,9000,6.5,700\n",
            HEART_RATE: "Id,Time,Value\n1,4/12/2016 7:21:05 AM,60\n2,4/12/2016 7:21:05 AM,60\n",
        }
    )
    with study.database.transaction("test") as session:
        enrolling.add_participant(session)
    before = study.contents()

    with pytest.raises(TrialError, match="several people"):
        study.take_in("fitabase", folder, participant="P-0001", zone="Europe/Berlin")

    assert study.contents() == before
