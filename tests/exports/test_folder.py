"""The folder of a draft: the same bytes for the same study, whole or not there at all."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from hometrial.errors import ExportRefusedError
from hometrial.services.locking import making
from hometrial.services.locking.wanted import wanted

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
