"""The folder of a draft: the same bytes for the same study, whole or not there at all."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hometrial.errors import ExportRefusedError
from hometrial.exports import folder
from hometrial.services.locking import making
from hometrial.services.locking.wanted import wanted

pytestmark = pytest.mark.long

BOTH = ("parquet", "csv")


def test_a_second_export_has_the_same_bytes(exported, tmp_path, sums, export):
    study, out = exported

    assert sums(export(study, tmp_path / "again")) == sums(out)


def test_an_export_over_an_earlier_one_replaces_it(exported, tmp_path, sums, export):
    study, out = exported
    again = export(study, tmp_path / "draft", ["parquet"])

    assert sums(export(study, again)) == sums(out)
    assert [path.name for path in tmp_path.iterdir()] == ["draft"]


CHILD = """
import sys
from pathlib import Path
from hometrial.db import Database
from hometrial.services.locking.making import draft
from hometrial.services.locking.wanted import wanted
from hometrial.settings import load
database = Database(load())
with database.reading() as session:
    draft(session, database, wanted(("parquet", "csv")), Path(sys.argv[1]))
database.close()
"""


def in_a_process_of_its_own(study, out: Path, prepare=None, **environment: str):
    settings = study.database.settings
    own = {"HOMETRIAL_HOME": str(settings.home), "HOMETRIAL_DATABASE_URL": settings.database_url}
    return subprocess.run(
        [sys.executable, "-c", CHILD, out],
        env=os.environ | own | environment,
        preexec_fn=prepare,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_bytes_do_not_depend_on_zone_language_or_hash_seed_of_the_machine(
    exported, tmp_path, sums
):
    study, out = exported

    ended = in_a_process_of_its_own(
        study,
        tmp_path / "elsewhere",
        TZ="Asia/Kathmandu",
        PGTZ="America/Los_Angeles",
        LC_ALL="C",
        PYTHONHASHSEED="77",
    )

    assert ended.returncode == 0, ended.stderr
    assert sums(tmp_path / "elsewhere") == sums(out)


def test_a_full_disk_leaves_nothing_and_says_so(exported, tmp_path):
    study, _ = exported

    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))

    ended = in_a_process_of_its_own(study, tmp_path / "draft", small_files_only)

    assert "ExportRefusedError" in ended.stderr.splitlines()[-1]
    assert "cannot be written" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_export_leaves_nothing_visible(exported, tmp_path):
    study, _ = exported

    def interrupt(_what: str) -> None:
        raise KeyboardInterrupt

    with study.database.reading() as session, pytest.raises(KeyboardInterrupt):
        making.draft(session, study.database, wanted(BOTH), tmp_path / "draft", interrupt)

    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_export_leaves_the_earlier_one_as_it_was(exported, tmp_path, sums, export):
    study, out = exported
    earlier = export(study, tmp_path / "draft")

    def interrupt(_what: str) -> None:
        raise KeyboardInterrupt

    with study.database.reading() as session, pytest.raises(KeyboardInterrupt):
        making.draft(session, study.database, wanted(("csv",)), earlier, interrupt)

    assert sums(earlier) == sums(out)


def test_what_a_killed_export_left_beside_its_folder_is_taken_away_by_the_next(tmp_path):
    out = tmp_path / "draft"
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, out], stdout=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert (left / "new" / "dm.csv").read_text() == "USUBJID"
    with folder.replaced(tmp_path / "draft-2") as place:
        (place / "dm.csv").write_text("of another folder")
    assert left.exists()
    with folder.replaced(out) as place:
        (place / "dm.csv").write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {"draft", "draft-2"}


_KILLED = """
import os, signal, sys
from pathlib import Path
from hometrial.exports import folder
with folder.replaced(Path(sys.argv[1])) as place:
    (place / "dm.csv").write_text("USUBJID")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_an_export_that_lives_is_writing_is_left_to_it(tmp_path):
    with folder.replaced(tmp_path / "draft") as first:
        _write(tmp_path / "draft", "second")
        (first / "dm.csv").write_text("first")
    assert (tmp_path / "draft" / "dm.csv").read_text() == "first"


def test_an_old_folder_that_cannot_be_removed_is_told_and_the_new_one_stands(tmp_path, monkeypatch):
    out = tmp_path / "draft"
    _write(out, "before")
    monkeypatch.setattr(folder.shutil, "rmtree", lambda *_given, **_how: None)
    with pytest.raises(ExportRefusedError, match="stands, whole; but what it replaced lies in"):
        _write(out, "after")
    assert (out / "dm.csv").read_text() == "after"


def _write(out, text, **facts):
    with folder.replaced(out) as place:
        (place / "dm.csv").write_text(text)
        folder.write_manifest(place, {place / "dm.csv": 1}, {"kind": "draft"} | facts)


def test_the_folder_of_a_lock_is_never_written_over_and_called_what_it_is(tmp_path):
    _write(tmp_path / "lock", "USUBJID", kind="lock", name="DSMB-1")
    said = "is the folder of lock DSMB-1, and a lock is never written over; give a new folder"
    with pytest.raises(ExportRefusedError, match=said), folder.replaced(tmp_path / "lock"):
        pass


@pytest.mark.parametrize("formats", [["xlsx"], ["csv", "sas"], []])
def test_an_unknown_format_is_refused(exported, tmp_path, formats, export):
    study, _ = exported

    with pytest.raises(ExportRefusedError, match=r"xpt5, xpt8, dataset-json"):
        export(study, tmp_path / "draft", formats)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_files_is_refused_and_left_alone(exported, tmp_path, export):
    study, _ = exported
    (tmp_path / "thesis.docx").write_text("years of work")

    with pytest.raises(ExportRefusedError, match=r"thesis\.docx, which no export wrote"):
        export(study, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_beside_an_earlier_export_is_not_lost(exported, tmp_path, export):
    study, _ = exported
    out = export(study, tmp_path / "draft")
    (out / "analysis.R").write_text("years of work")

    with pytest.raises(ExportRefusedError, match=r"analysis\.R"):
        export(study, out)

    assert (out / "analysis.R").read_text() == "years of work"


def test_someone_elses_manifest_does_not_make_a_folder_an_export(exported, tmp_path, export):
    study, _ = exported
    (tmp_path / "MANIFEST.json").write_text('{"name": "a browser extension"}')

    with pytest.raises(ExportRefusedError, match="no export"):
        export(study, tmp_path)

    assert (tmp_path / "MANIFEST.json").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(exported, tmp_path, export):
    study, _ = exported
    (tmp_path / "draft").write_text("a file")

    with pytest.raises(ExportRefusedError, match="is a file; give a folder"):
        export(study, tmp_path / "draft")
