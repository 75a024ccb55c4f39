"""All that is held about one person goes into one file, and nothing of anybody else, no secret and no name of staff."""

import csv
import io
import zipfile

import pytest
from asked import in_trial
from filled import NOW, STAFF, fill, identity
from sqlalchemy import (
    select,
    text,
)

from hometrial.db import PARTICIPANT_ROLE, Base
from hometrial.models import Participant
from hometrial.services import owning
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.holding import archive, rows, tables


@pytest.fixture(scope="module")
def two(shared_study):
    """Two people with a row in every table that hangs on a person."""
    with shared_study.database.transaction("ann", "enrol") as session:
        people = {made.code: made.id for made in (in_trial(session), in_trial(session))}
    fill(shared_study.database, people)
    return shared_study, list(people.items())


def made(study, person_id, texts=None):
    """Return the files of a person's ZIP, by name, as the site makes it."""
    settings = study.database.settings
    with study.database.reading(role=PARTICIPANT_ROLE) as session:
        owning.show_own(session, person_id)
        person = session.get_one(Participant, person_id)
        archive.hold(session, person)
        whole = b"".join(archive.archive(session, Keys.of(settings), person, texts or {}, "en"))
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def files(two):
    study, people = two
    return made(study, people[0][1])


def read(body):
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def test_every_table_that_hangs_on_a_person_is_held_or_left_out_for_a_reason():
    hanging = {*tables.hanging(), "participant"}
    assert hanging - {*tables.FILES, *tables.LEFT_OUT} == set()
    assert set(tables.FILES) <= hanging
    assert not set(tables.FILES) & set(tables.LEFT_OUT)
    assert all(tables.LEFT_OUT.values())


@pytest.mark.parametrize("table", tables.FILES)
def test_each_file_holds_the_persons_lines_and_nobody_elses(files, two, table):
    (mine, _), (theirs, theirs_id) = two[1]
    body = files[f"{tables.FILES[table]}.csv"].decode("utf-8-sig")
    found = read(body.encode())
    assert len(found) >= 1, body
    shown = {column.name for column in tables.shown(Base.metadata.tables[table])}
    assert set(found[0]) == shown
    assert theirs not in body
    assert str(theirs_id) not in body
    if any("~" in cell for row in found for cell in row.values()):
        assert f"{mine}~{table}~" in body


def test_nothing_of_another_no_secret_and_no_name_of_staff_is_in_any_file(files, two):
    (mine, _), (theirs, theirs_id) = two[1]
    for name, body in files.items():
        for forbidden in (
            theirs, str(theirs_id), STAFF, f"bytes-of-{mine}", "token_sha256", "_hmac", "cookie_sha256",
            *(str(identity(table, theirs)) for table in tables.hanging()),
        ):  # fmt: skip
            assert forbidden.encode() not in body, (name, forbidden)
    originals = [each for name, each in files.items() if name.startswith("originals/") and each]
    assert originals == [f'{{"of": "{mine}"}}'.encode()]


def test_the_trail_is_of_ones_own_rows_with_roles_for_names(files, two):
    trail = read(files["trail/entries.csv"])
    assert {row["table"] for row in trail} >= {"public.participant", "public.participant_zone"}
    assert {row["who"] for row in trail} == {"study team"}
    assert "ann" not in {cell for row in trail for cell in row.values()}


def test_what_there_is_is_counted_with_its_dates(two):
    study, ((_, mine), _) = two
    with study.database.reading(role=PARTICIPANT_ROLE) as session:
        owning.show_own(session, mine)
        counted = rows.counts(session, session.get_one(Participant, mine))
    assert [each.file for each in counted] == list(tables.FILES.values())
    assert all(each.lines >= 1 for each in counted)
    doses = next(each for each in counted if each.file == "medicine/doses")
    assert (doses.first, doses.last) == (NOW, NOW)


def test_as_another_role_that_sees_everybody_no_file_is_made(two):
    study, ((_, mine), _) = two
    with study.database.reading() as session:
        person = session.get_one(Participant, mine)
        with pytest.raises(archive.ArchiveRefusedError, match="only theirs"):
            archive.hold(session, person)


def test_one_file_at_a_time_is_made_for_a_person(two):
    study, ((_, mine), (_, theirs)) = two
    with study.database.reading(role=PARTICIPANT_ROLE) as first:
        archive.hold(first, first.get_one(Participant, mine))
        with study.database.reading(role=PARTICIPANT_ROLE) as second:
            with pytest.raises(archive.ArchiveRefusedError, match="being made already"):
                archive.hold(second, second.get_one(Participant, mine))
            archive.hold(second, second.get_one(Participant, theirs))


@pytest.mark.parametrize(
    ("said", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-5", "-5"),
        ("-P7D", "-P7D"),
        ("-5+1", "'-5+1"),
        (-5, -5),
        ("plain", "plain"),
        ({"b": 1, "a": "ü"}, '{"a": "ü", "b": 1}'),
    ],
)
def test_no_cell_is_run_as_a_formula(said, cell):
    assert rows.cell(said) == cell


@pytest.mark.parametrize(
    ("who", "role"),
    [
        ("P-0001", "you"),
        ("participant:P-0001", "you"),
        ("P-0002", "study team"),
        ("dr-ada", "study team"),
        ("worker:revoke", "computer"),
        (None, None),
    ],
)
def test_of_others_only_their_role_is_told(who, role):
    assert rows.whose(who, "P-0001") == role


def test_without_saying_whose_the_site_reads_no_measurement(two):
    study, _ = two
    with study.database.reading(role=PARTICIPANT_ROLE) as session:
        for table in (
            "day_chunk",
            "daily_metric",
            "gap",
            "device",
            "quarantined_row",
            "payload_part",
        ):
            assert session.execute(select(text("1")).select_from(text(table))).all() == []
        assert session.execute(text("SELECT id FROM audit.entry")).all() == []
