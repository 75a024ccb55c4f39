"""Every change to every table leaves one entry, whichever way it is made, and none without a name."""

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DatabaseError, ProgrammingError

from hometrial import clock
from hometrial.db import Base
from hometrial.errors import TrialError
from hometrial.models import Site
from hometrial.services import auditing, enrolling

BEATS = "Id,Time,Value\n1,4/12/2016 7:21:00 AM,60\n1,4/12/2016 7:21:05 AM,999\n"
SITE = text("INSERT INTO site (id, code, name) VALUES (gen_random_uuid(), 'S', 'x')")
ADA = text("SELECT set_config('hometrial.actor', 'ada', true)")
# The sync log and the tokens are logs of machines: who may write them is settled by role.
AUDITED = (None, "identity")
TABLES = [t.fullname for t in Base.metadata.sorted_tables if t.schema in AUDITED]
APPEND_ONLY = {"consent_event", "participant_zone", "payload", "payload_part", "verdict", "finding"}
NAMED = {name: name if "." in name else f"public.{name}" for name in TABLES}

# One way each of making, changing and deleting a site; each is given the open session.
WAYS = {
    "unit of work": (
        lambda s: s.add(Site(code="S-07", name="old")),
        lambda s: setattr(s.query(Site).filter_by(code="S-07").one(), "name", "new"),
        lambda s: s.delete(s.query(Site).filter_by(code="S-07").one()),
    ),
    "bulk": (
        lambda s: s.execute(insert(Site), [{"code": "S-07", "name": "old"}]),
        lambda s: s.query(Site).filter_by(code="S-07").update({"name": "new"}),
        lambda s: s.query(Site).filter_by(code="S-07").delete(),
    ),
    "core": (
        lambda s: s.connection().execute(insert(Site.__table__).values(code="S-07", name="old")),
        lambda s: s.connection().execute(
            update(Site.__table__).where(Site.code == "S-07").values(name="new")
        ),
        lambda s: s.connection().execute(delete(Site.__table__).where(Site.code == "S-07")),
    ),
    "raw": (
        lambda s: s.execute(
            text("INSERT INTO site (id, code, name) VALUES (gen_random_uuid(), 'S-07', 'old')")
        ),
        lambda s: s.execute(text("UPDATE site SET name = 'new' WHERE code = 'S-07'")),
        lambda s: s.execute(text("DELETE FROM site WHERE code = 'S-07'")),
    ),
}


@pytest.fixture(scope="module")
def filled(shared_study, tmp_path_factory):
    """A study with rows in most tables, which no test changes: every attempt is refused."""
    folder = tmp_path_factory.mktemp("fitabase")
    (folder / "heartrate_seconds_merged.csv").write_text(BEATS)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    return shared_study


def entries(study, table="public.site"):
    return study.rows(
        "SELECT operation, old ->> 'name', new ->> 'name', actor, reason FROM audit.entry"
        " WHERE table_name = :table ORDER BY id",
        table=table,
    )


@pytest.mark.parametrize("way", WAYS)
def test_each_change_leaves_one_entry_with_old_new_who_and_why(study, way):
    for number, act in enumerate(WAYS[way]):
        with study.database.transaction("ada", f"step {number}") as session:
            act(session)

    assert entries(study) == [
        ("INSERT", None, "old", "ada", "step 0"),
        ("UPDATE", "old", "new", "ada", "step 1"),
        ("DELETE", "new", None, "ada", "step 2"),
    ]
    assert study.verify().problems == ()


def test_a_change_of_many_rows_at_once_leaves_an_entry_for_each(study):
    with study.database.transaction("ada") as session:
        session.execute(insert(Site), [{"code": f"S-{n}", "name": "old"} for n in range(20)])
    with study.database.transaction("bob") as session:
        session.execute(text("UPDATE site SET name = 'new' WHERE code < 'S-15'"))

    changed = [entry for entry in entries(study) if entry[0] == "UPDATE"]
    assert changed == [("UPDATE", "old", "new", "bob", None)] * len(changed)
    assert len(changed) == study.one("SELECT count(*) FROM site WHERE name = 'new'") > 1


def test_a_change_that_changes_nothing_leaves_no_entry(study):
    with study.database.transaction("ada") as session:
        session.add(Site(code="S-07", name="old"))
    before = study.contents()

    with study.database.transaction("ada") as session:
        session.execute(text("UPDATE site SET name = name"))

    assert study.contents() == before


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_recorded_for_each_kind_of_change(study, table):
    names = study.one(
        "SELECT array_agg(tgname::text ORDER BY tgname) FROM pg_trigger"
        " WHERE tgrelid = cast(:name AS regclass) AND NOT tgisinternal AND tgname LIKE 'audit_%'",
        name=NAMED[table],
    )
    assert names == ["audit_delete", "audit_insert", "audit_truncate", "audit_update"]


def test_an_import_leaves_an_entry_for_each_row_that_it_wrote(filled):
    recorded = dict(filled.rows("SELECT table_name, count(*) FROM audit.entry GROUP BY 1"))

    with filled.database.transaction("test") as session:
        written = {
            NAMED[table]: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in TABLES
            if table != "identity.identity"
        }
    inserted = dict(
        filled.rows(
            "SELECT table_name, count(*) FROM audit.entry WHERE operation = 'INSERT' GROUP BY 1"
        )
    )
    assert {name: count for name, count in written.items() if count} == inserted
    assert set(recorded) == set(inserted)


@pytest.mark.parametrize("table", TABLES)
def test_a_write_without_an_actor_is_refused_in_every_table(filled, table):
    with pytest.raises(DatabaseError) as caught, filled.database.engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608

    kept = filled.rows(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'"
    )
    assert {(name,) for name in APPEND_ONLY} <= set(kept)
    expected = "append-only" if (table.removeprefix("public."),) in kept else "actor"
    assert expected in str(caught.value) or "foreign key" in str(caught.value)


def test_a_new_row_without_an_actor_is_refused(study):
    with (
        pytest.raises(DatabaseError, match="without an actor"),
        study.database.engine.begin() as connection,
    ):
        connection.execute(SITE)


def test_a_write_without_the_key_is_refused_at_commit(study):
    before = study.contents()

    connection = study.database.engine.connect()
    connection.execute(ADA)
    connection.execute(SITE)
    with pytest.raises(DatabaseError, match="without the audit key"):
        connection.commit()
    connection.close()

    assert study.contents() == before


@pytest.mark.parametrize("table", [*TABLES, "audit.entry", "audit.link"])
def test_truncate_is_refused_even_with_an_actor(filled, table):
    with (
        pytest.raises(DatabaseError, match=r"TRUNCATE of .* is refused"),
        filled.database.engine.begin() as connection,
    ):
        connection.execute(text(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET id = id"])
def test_what_is_kept_as_it_came_cannot_be_changed(filled, table, change):
    statement = change.format(table).replace(
        "SET id = id", "SET size = size" if table == "payload_part" else "SET id = id"
    )
    with (
        pytest.raises(DatabaseError, match="append-only"),
        filled.database.transaction("ada") as session,
    ):
        session.execute(text(statement))


@pytest.mark.parametrize("table", ["entry", "link", "pending"])
@pytest.mark.parametrize(
    "change", ["DELETE FROM audit.{}", "UPDATE audit.{0} SET transaction = transaction"]
)
def test_the_studys_role_cannot_write_the_trail(filled, table, change):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        filled.database.transaction("ada") as session,
    ):
        session.execute(text(change.format(table)))


def test_a_reading_session_cannot_write(study):
    with pytest.raises(DatabaseError, match="read-only"), study.database.reading() as session:
        session.execute(SITE)


def test_a_transaction_that_fails_leaves_no_entry(study):
    before = study.contents()

    def fail():
        with study.database.transaction("ada") as session:
            enrolling.add_participant(session)
            enrolling.add_participant(session, code="Anna")

    with pytest.raises(TrialError):
        fail()

    assert study.contents() == before


def test_savepoints_of_one_transaction_make_one_link(study):
    with study.database.transaction("ada") as session:
        enrolling.add_participant(session)
        kept = session.begin_nested()
        enrolling.add_participant(session)
        kept.commit()
        lost = session.begin_nested()
        enrolling.add_participant(session)
        lost.rollback()

    assert study.one("SELECT count(*) FROM audit.link") == 1
    assert study.verify().problems == ()


def test_bytes_are_recorded_by_their_digest_and_times_in_utc(filled):
    ((body, made),) = filled.rows(
        "SELECT new ->> 'body', new ->> 'created_at' FROM audit.entry"
        " WHERE table_name = 'public.day_chunk' AND operation = 'INSERT' LIMIT 1"
    )
    assert len(body) == 64
    assert made.endswith("+00:00")


def test_a_whole_trail_says_how_much_it_holds(filled):
    report = filled.verify()

    assert report.problems == ()
    assert (report.entries, report.links) == (
        filled.one("SELECT count(*) FROM audit.entry"),
        filled.one("SELECT count(*) FROM audit.link"),
    )
    assert report.head.seq == report.links


def test_the_zone_of_the_connection_does_not_change_the_verdict(filled):
    with filled.database.reading() as session:
        session.execute(text("SET LOCAL timezone = 'Asia/Kolkata'"))
        key = filled.database.settings.key("audit")
        assert auditing.verify(session, key).problems == ()


def test_an_anchor_survives_its_file(study, tmp_path):
    anchors = (auditing.Anchor(1, "ab"), auditing.Anchor(7, "cd"))
    for anchor in anchors:
        auditing.write_anchor(tmp_path / "usb" / "anchors.jsonl", anchor)

    assert auditing.read_anchors(tmp_path / "usb" / "anchors.jsonl") == anchors


@pytest.mark.parametrize("line", ["{}", "nonsense", "[1]", '{"seq": "x", "mac": ""}'])
def test_a_line_that_is_no_anchor_is_named(tmp_path, line):
    path = tmp_path / "anchors.jsonl"
    auditing.write_anchor(path, auditing.Anchor(1, "ab"))
    with path.open("a") as file:
        file.write(line + "\n")

    with pytest.raises(auditing.AuditBrokenError, match="line 2"):
        auditing.read_anchors(path)


def test_an_entry_tells_when_a_change_was_made(study):
    before = clock.now()
    with study.database.transaction("ada") as session:
        person = enrolling.add_participant(session)

    at = study.one("SELECT at FROM audit.entry WHERE row_key = :key", key=str(person.id))
    assert before <= at <= clock.now()
