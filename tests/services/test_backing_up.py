"""Backups: what comes back is what was there; damage, a cut end and a wrong key are told by name."""

import io
import secrets

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from hometrial.cli import _commands
from hometrial.db import Database
from hometrial.services import auditing, enrolling, identifying, receiving
from hometrial.services.backing_up import keeping, log, restoring, sealing, writing
from hometrial.services.backing_up.sealing import CHUNK, BackupRefusedError, Secret
from hometrial.settings import Settings

PASSPHRASE = "a rather long passphrase"  # noqa: S105
NAME = "Ada Lovelace of the backup"


@pytest.fixture(scope="module")
def source(shared_study):
    """A study with people, names and bytes that no compression makes small."""
    database = shared_study.database
    key = database.settings.key("identity")
    with database.transaction("tests", "something to lose") as session:
        for _ in range(3):
            person = enrolling.add_participant(session)
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        identifying.keep(session, key, person.id, name=NAME)
        receiving.keep_bodies(session, "test", [secrets.token_bytes(3 * CHUNK)])
    return database


@pytest.fixture(scope="module")
def key():
    return Secret(key=secrets.token_bytes(32))


@pytest.fixture(scope="module")
def backup(source, key, tmp_path_factory):
    path = tmp_path_factory.mktemp("backup") / "study.backup"
    made, told = writing.write(source, path, key, keys_passphrase=PASSPHRASE)
    return path, made, told


@pytest.fixture
def elsewhere(server, tmp_path):
    """An empty database, and a home folder without a key."""
    name = f"restored_{secrets.token_hex(4)}"
    _execute(server, f"CREATE DATABASE {name}")
    url = server.engine.url.set(drivername="postgresql", database=name)
    home = tmp_path / "home"
    home.mkdir()
    database = Database(Settings(home=home, database_url=url.render_as_string(hide_password=False)))
    yield database
    database.close()
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(server, statement):
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def tables(database):
    with database.engine.connect() as connection:
        return connection.execute(
            text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        ).scalar_one()


def test_what_comes_back_is_what_was_there_with_names_keys_and_audit_trail(
    source, backup, key, elsewhere
):
    path, made, told = backup

    done = restoring.restore(elsewhere, path, key, keys_passphrase=PASSPHRASE)

    assert "audit.hex" in done.keys
    assert keeping.OWN not in done.keys
    assert done.manifest.rows == told.rows
    assert told.rows["public.participant"] == 3
    with source.reading() as before, elsewhere.reading() as after:
        assert auditing.head(after) == auditing.head(before)
        person = enrolling.find_participant(after, "P-0003")
        body = text("SELECT sha256(body) FROM payload_part")
        assert after.execute(body).scalar() == before.execute(body).scalar()
    with elsewhere.transaction("tests", "look") as session:
        shown = identifying.reveal(session, elsewhere.settings.key("identity"), person.id)
        assert shown == {"name": NAME}
        enrolling.add_participant(session)  # and the study goes on
    with elsewhere.reading() as session:
        report = auditing.verify(session, elsewhere.settings.key("audit"))
    assert report.problems == ()
    assert log.last(source.settings).at >= made.at  # other tests make backups of the same home
    assert made.size == path.stat().st_size


def test_nothing_of_a_person_can_be_read_in_a_backup(backup):
    path, _, _ = backup

    content = path.read_bytes()

    for word in (b"P-0003", b"PGDMP", b"Europe/Berlin", b"participant", NAME.encode()):
        assert word not in content
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", [0, 30, 200, CHUNK // 2, 2 * CHUNK, -1])
def test_a_flipped_byte_anywhere_is_told_and_nothing_is_restored(
    backup, key, elsewhere, tmp_path, place
):
    content = bytearray(backup[0].read_bytes())
    content[place] ^= 1
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content)

    with pytest.raises(BackupRefusedError, match=r"changed|no backup|wrong key"):
        restoring.restore(elsewhere, damaged, key, keys_passphrase=PASSPHRASE)

    assert tables(elsewhere) == 0


@pytest.mark.parametrize("left", [10, 300, CHUNK, "one chunk less", -1])
def test_a_cut_end_is_told_and_nothing_is_restored(backup, key, elsewhere, tmp_path, left):
    content = backup[0].read_bytes()
    if left == "one chunk less":  # exactly between two chunks, where each of them is whole
        head = content.index(b"}\n") + 2
        left = head + (len(content) - head) // (CHUNK + 16) * (CHUNK + 16)
    cut = tmp_path / "cut"
    cut.write_bytes(content[:left])

    with pytest.raises(BackupRefusedError, match=r"cut|no backup"):
        restoring.restore(elsewhere, cut, key, keys_passphrase=PASSPHRASE)

    assert tables(elsewhere) == 0


def test_a_wrong_key_or_passphrase_is_told_as_that(backup, elsewhere):
    with pytest.raises(BackupRefusedError, match="wrong key"):
        restoring.restore(elsewhere, backup[0], Secret(key=secrets.token_bytes(32)))
    with pytest.raises(BackupRefusedError, match="sealed with a key"):
        restoring.restore(elsewhere, backup[0], Secret(passphrase=PASSPHRASE))
    assert tables(elsewhere) == 0


def test_without_the_keys_of_the_study_nothing_is_restored(backup, key, elsewhere):
    with pytest.raises(BackupRefusedError, match=r"audit\.hex"):
        restoring.restore(elsewhere, backup[0], key)

    assert tables(elsewhere) == 0
    assert not (elsewhere.settings.home / "keys" / "audit.hex").exists()


def test_keys_that_are_there_are_not_replaced(backup, key, elsewhere):
    elsewhere.settings.key("audit")

    with pytest.raises(BackupRefusedError, match="another key"):
        restoring.restore(elsewhere, backup[0], key, keys_passphrase=PASSPHRASE)


def test_a_study_that_is_not_empty_is_left_alone(source, backup, key):
    with pytest.raises(BackupRefusedError, match="not empty"):
        restoring.restore(source, backup[0], key)


def test_a_backup_overwrites_nothing_and_leaves_no_half_file(source, backup, key, tmp_path):
    with pytest.raises(BackupRefusedError, match="exists"):
        writing.write(source, backup[0], key)
    with pytest.raises(BackupRefusedError, match="folder"):
        writing.write(source, tmp_path / "none" / "x", key)
    assert [each.name for each in backup[0].parent.iterdir()] == [backup[0].name]


def test_rows_that_went_missing_on_the_way_are_told(backup, key, elsewhere, monkeypatch):
    real = restoring.manifest.rows
    told = lambda connection: {  # noqa: E731 - a stand-in
        name: count - (name == "public.participant") for name, count in real(connection).items()
    }

    def restore():
        restoring.restore(elsewhere, backup[0], key, keys_passphrase=PASSPHRASE)

    monkeypatch.setattr(restoring, "_require_empty", lambda _: None)
    monkeypatch.setattr(restoring.manifest, "rows", told)
    with pytest.raises(BackupRefusedError, match=r"public\.participant has 2 rows"):
        restore()


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_a_stream_of_any_length_comes_back(length):
    secret, plain, sealed = Secret(key=b"k" * 32), secrets.token_bytes(length), io.BytesIO()
    pieces = [plain[start : start + 100_000] for start in range(0, length, 100_000)]

    sealing.seal(pieces, sealed, secret)
    sealed.seek(0)

    assert b"".join(sealing.unseal(sealed, secret)) == plain


def test_chunks_cannot_change_places():
    secret, sealed = Secret(key=b"k" * 32), io.BytesIO()
    sealing.seal([bytes(3 * CHUNK)], sealed, secret)
    content = sealed.getvalue()
    head, one = content.index(b"}\n") + 2, CHUNK + 16
    swapped = content[:head] + content[head + one : head + 2 * one] + content[head : head + one]

    with pytest.raises(BackupRefusedError, match="changed"):
        list(sealing.unseal(io.BytesIO(swapped + content[head + 2 * one :]), secret))


def test_a_short_passphrase_is_refused():
    with pytest.raises(BackupRefusedError, match="16 characters"):
        Secret(passphrase="short")  # noqa: S106


def test_the_commands_back_up_and_restore(source, elsewhere, tmp_path, monkeypatch):
    path = tmp_path / "by-command.backup"
    _settings(monkeypatch, source)
    typed = f"{PASSPHRASE}\n{PASSPHRASE} of keys\n"

    told = CliRunner().invoke(
        _commands, ["backup", str(path), "--passphrase", "--with-keys"], input=typed
    )

    assert told.exit_code == 0, told.output
    assert "rows of" in told.output
    _settings(monkeypatch, elsewhere)
    told = CliRunner().invoke(
        _commands, ["restore", str(path), "--passphrase", "--keys-passphrase"], input=typed
    )
    assert told.exit_code == 0, told.output
    assert "verify up to link" in told.output
    assert "audit.hex" in told.output


def _settings(monkeypatch, database):
    monkeypatch.setenv("HOMETRIAL_HOME", str(database.settings.home))
    monkeypatch.setenv("HOMETRIAL_DATABASE_URL", str(database.settings.database_url))
