"""A lock in another house: restored from a backup with its keys, it is rebuilt to the byte; without them it says so."""

import secrets
from datetime import timedelta

import asked
import pytest
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Database
from hometrial.errors import ExportRefusedError
from hometrial.exports import vouching
from hometrial.protocol.safety.details import Details
from hometrial.services.backing_up import restoring, writing
from hometrial.services.backing_up.sealing import Secret
from hometrial.services.locking import keeping, making
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.services.safety import reporting
from hometrial.settings import Settings

pytestmark = pytest.mark.long

PASSPHRASE = "a rather long passphrase"  # noqa: S105
BEATS = "Id,Time,Value\n" + "".join(f"1,4/12/2016 7:{n:02}:05 AM,{60 + n}\n" for n in range(20))


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


def test_a_public_lock_is_rebuilt_to_the_byte_from_a_restored_backup(
    study, fitabase, elsewhere, tmp_path, at_clock
):
    study.take_in("fitabase", fitabase({"heartrate_seconds_merged.csv": BEATS}), create_participants=True, zone="Europe/Berlin")  # fmt: skip
    with study.database.transaction("test", "somebody is in a trial") as session:
        person = asked.in_trial(session)
        known = Details(verbatim="headache", start="2026-03-01", severity="mild")
        reporting.report(session, person, known, reporting.Said("ann", "contact", "staff"))
    # The public profile renames people and moves dates by a key, and samples are disguised by it too.
    at_clock(clock.now() + timedelta(weeks=27))
    new = new_lock("DSMB-1", "interim", "the board meets", wanted(("csv",), "public"))
    made = making.make(study.database, new, tmp_path / "lock", "staff:dana")
    key = Secret(key=secrets.token_bytes(32))
    writing.write(study.database, tmp_path / "study.backup", key, keys_passphrase=PASSPHRASE)

    restoring.restore(elsewhere, tmp_path / "study.backup", key, keys_passphrase=PASSPHRASE)

    with elsewhere.reading() as session:
        lock = keeping.find(session, "DSMB-1")
        source = keeping.source_of(session, lock)
    assert making.rebuild(elsewhere, lock, source, tmp_path / "again") == made.root
    assert vouching.verify(tmp_path / "again").problems == ()
    assert contents(tmp_path / "again") == contents(tmp_path / "lock")

    other = Settings(home=tmp_path / "bare", database_url=elsewhere.settings.database_url)
    other.home.mkdir()
    keyless = Database(other)
    try:
        with pytest.raises(ExportRefusedError, match=r"DSMB-1 came out as .* the key of releases"):
            making.rebuild(keyless, lock, source, tmp_path / "wrong")
    finally:
        keyless.close()
    assert not (tmp_path / "wrong").exists()


def contents(out):
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
