"""A worker that is killed in the middle of data sets: nothing half is seen, and the next one takes it up where it stopped."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from uuid import UUID

import asked
import pytest
import signed_in
from sqlalchemy import select

from hometrial.exports import vouching
from hometrial.models import DataLock, DataRequest, Site
from hometrial.services import delivering
from hometrial.services.locking import keeping, making
from hometrial.services.locking.wanted import NewLock, new_lock, wanted
from hometrial.services.staffing import acting
from hometrial.services.streaming import files

pytestmark = pytest.mark.long

BEATS = "Id,Time,Value\n" + "".join(
    f"{who},{month}/12/2016 7:{n:02}:05 AM,{60 + n}\n"
    for who in (1, 2)
    for month in (4, 5)
    for n in range(20)
)
PARTS = 4
CSV = wanted(("csv",))

_CHILD = """
import os, signal, sys, zipfile
from uuid import UUID
from hometrial.db import Database
from hometrial.exports import folder
from hometrial.services import delivering
from hometrial.services.streaming import files
from hometrial.settings import load

def die(*_given):
    os.kill(os.getpid(), signal.SIGKILL)

def in_a_part(true=files.write, done=[]):
    def write(session, part, path):
        if len(done) == 2:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"PAR1, and no more")
            die()
        done.append(part)
        return true(session, part, path)
    files.write = write

def in_the_archive(true=zipfile.ZipFile.open):
    def opened(self, name, *given, **more):
        made = true(self, name, *given, **more)
        if self.fp.tell() > 20_000:
            die()
        return made
    zipfile.ZipFile.open = opened

def before_the_folder_stands():
    folder._swap = die

{"part": in_a_part, "archive": in_the_archive, "folder": before_the_folder_stands}[sys.argv[2]]()
database = Database(load())
delivering.make(database, UUID(sys.argv[1]))
"""


@dataclass
class Trial:
    """A study whose data sets somebody asks for."""

    study: object

    @property
    def database(self):
        return self.study.database

    def draft(self) -> UUID:
        return self._asked(lambda *who: delivering.ask_draft(*who, CSV))

    def lock(self, new: NewLock) -> UUID:
        return self._asked(lambda *who: delivering.ask_lock(*who, new))

    def _asked(self, ask) -> UUID:
        with self.database.transaction("staff:sam", "ask") as session:
            account = signed_in.account(session, "sam", ("statistician", "data_manager"))
            sites = frozenset(session.scalars(select(Site.id)))
            return ask(session, acting.actor_of(session, account), sites).id

    def killed(self, request: UUID, where: str) -> None:
        """Have a worker make it that is killed there."""
        settings = self.database.settings
        own = {
            "HOMETRIAL_HOME": str(settings.home),
            "HOMETRIAL_DATABASE_URL": settings.database_url,
        }
        ended = subprocess.run(
            [sys.executable, "-c", _CHILD, str(request), where], env=os.environ | own, check=False
        )
        assert ended.returncode == -signal.SIGKILL

    def request(self, request: UUID) -> DataRequest:
        with self.database.reading() as session:
            return session.get_one(DataRequest, request)

    def locks(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(select(DataLock.name).order_by(DataLock.number)))

    def seen(self, request: UUID) -> list[str]:
        """Return what lies where files are taken, of a request."""
        place = delivering.place(self.database.settings.home, request)
        return sorted(path.name for path in place.parent.glob(f"*{request}*"))

    @property
    def parts(self) -> set[str]:
        return {path.name for path in (self.database.settings.home / "samples").glob("??/*")}


@pytest.fixture
def trial(study, fitabase) -> Trial:
    study.take_in(
        "fitabase",
        fitabase({"heartrate_seconds_merged.csv": BEATS}),
        create_participants=True,
        zone="Europe/Berlin",
    )
    for path in (study.database.settings.home / "samples").glob("??/*"):
        path.unlink()  # of other tests, which share the home
    return Trial(study)


def unpacked(trial, request, out):
    """Unpack what can be taken; return its folder, which vouches for itself."""
    with zipfile.ZipFile(delivering.place(trial.database.settings.home, request)) as archive:
        archive.extractall(out)
    return out


def test_finished_parts_of_samples_are_not_made_again(trial, monkeypatch, tmp_path):
    request = trial.draft()
    trial.killed(request, "part")
    assert trial.request(request).state == "running"
    whole = {name for name in trial.parts if name.endswith(".parquet")}
    assert len(whole) == 2
    assert not (trial.database.settings.home / "deliveries" / f"{request}.zip").exists()

    made = []
    true_write = files.write
    monkeypatch.setattr(files, "write", lambda *given: made.append(f"{given[1].digest}.parquet") or true_write(*given))  # fmt: skip
    delivering.make(trial.database, request)

    assert trial.request(request).state == "ready"
    assert len(made) == PARTS - 2
    assert not whole & set(made)
    assert trial.seen(request) == [f"{request}.zip"], "what the first one left is gone"
    out = unpacked(trial, request, tmp_path / "out")
    assert json.loads((out / "MANIFEST.json").read_text())["samples"] == 80


def test_an_archive_that_was_cut_is_never_taken_and_is_made_anew(trial, tmp_path):
    request = trial.draft()
    trial.killed(request, "archive")
    assert trial.request(request).state == "running"
    assert not delivering.place(trial.database.settings.home, request).exists()

    delivering.make(trial.database, request)

    assert trial.seen(request) == [f"{request}.zip"]
    untouched = trial.draft()
    delivering.make(trial.database, untouched)
    assert trial.request(request).sha256 == trial.request(untouched).sha256


def test_a_lock_that_was_kept_before_its_folder_stood_is_the_one_that_is_taken(trial, tmp_path):
    with trial.database.transaction("test", "a protocol") as session:
        asked.in_trial(session)
    request = trial.lock(new_lock("DSMB-1", "interim", "the board meets", CSV))
    trial.killed(request, "folder")
    assert trial.locks() == ["DSMB-1"]

    delivering.make(trial.database, request)

    done = trial.request(request)
    assert (done.state, done.error) == ("ready", None)
    assert trial.locks() == ["DSMB-1"]
    assert trial.seen(request) == [f"{request}.zip"]
    out = unpacked(trial, request, tmp_path / "out")
    found = vouching.verify(out)
    with trial.database.reading() as session:
        lock = keeping.find(session, "DSMB-1")
    assert done.lock_id == lock.id
    assert (found.problems, found.root) == ((), lock.root)


def test_a_name_that_another_request_took_meanwhile_is_not_taken_for_ones_own(trial, tmp_path):
    with trial.database.transaction("test", "a protocol") as session:
        asked.in_trial(session)
    new = new_lock("DSMB-1", "interim", "the board meets", CSV)
    request = trial.lock(new)
    making.make(trial.database, new, tmp_path / "own", "staff:dana")
    delivering.make(trial.database, request)
    done = trial.request(request)
    assert done.state == "failed"
    assert "bears the name DSMB-1" in done.error


def test_what_breaks_off_for_no_known_reason_is_failed_and_another_can_be_asked_for(
    trial, monkeypatch
):
    request = trial.draft()
    monkeypatch.setattr(making, "draft", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        delivering.make(trial.database, request)
    done = trial.request(request)
    assert (done.state, "broke off" in done.error) == ("failed", True)
    assert trial.seen(request) == []
    assert trial.draft() != request


def test_two_drafts_and_a_lock_at_once_are_each_whole(trial, tmp_path):
    with trial.database.transaction("test", "a protocol") as session:
        asked.in_trial(session)
    request = trial.draft()
    settings = trial.database.settings
    own = {"HOMETRIAL_HOME": str(settings.home), "HOMETRIAL_DATABASE_URL": settings.database_url}
    with subprocess.Popen(
        [sys.executable, "-c", _PLAIN, str(request)], env=os.environ | own
    ) as other:
        lock = making.make(
            trial.database,
            new_lock("DSMB-1", "interim", "the board meets", CSV),
            tmp_path / "lock",
            "staff:dana",
        )
        with trial.database.reading() as session:
            making.draft(session, trial.database, CSV, tmp_path / "draft")
    assert other.returncode == 0
    out = unpacked(trial, request, tmp_path / "out")
    assert vouching.verify(tmp_path / "lock").root == lock.root
    assert vouching.verify(out).problems == ()
    assert data_of(tmp_path / "draft") == data_of(out) != {}


def data_of(out):
    """Return the digests of a folder's data; its papers name the code as it is on the disk."""
    files = json.loads((out / "MANIFEST.json").read_text())["files"]
    return {
        each["path"]: each["sha256"]
        for each in files
        if each["path"].startswith(("sdtm", "adam", "tidy/", "samples/"))
    }


_PLAIN = """
import sys
from uuid import UUID
from hometrial.db import Database
from hometrial.services import delivering
from hometrial.settings import load
database = Database(load())
delivering.make(database, UUID(sys.argv[1]))
database.close()
"""
