"""The report of a lock, of its folder, of a twin's folder and of what is stored now; what is none of these is refused."""

import json

import asked
import pytest

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.models import DataLock
from hometrial.services import twinning
from hometrial.services.locking import making, reporting
from hometrial.services.locking.keeping import UnknownLockError
from hometrial.services.locking.wanted import new_lock, wanted

pytestmark = pytest.mark.long

FILES = ("report.html", "report.pdf", "report.json")


@pytest.fixture(scope="module")
def locked(shared_study, tmp_path_factory):
    with shared_study.database.transaction("test", "somebody comes") as session:
        asked.in_trial(session)
    out = tmp_path_factory.mktemp("locks") / "dsmb-1"
    new = new_lock("DSMB-1", "interim", "the board meets", wanted(("csv",), streams=()))
    making.make(shared_study.database, new, out, "staff:dana")
    return shared_study.database, out


def read(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_lock_by_name_number_or_folder_gives_the_same_three_files_twice(locked, tmp_path):
    database, folder = locked
    made = reporting.write(database, "DSMB-1", tmp_path / "one")
    assert made.files == FILES
    assert made.mark == "INTERIM, NOT SIGNED"
    reporting.write(database, "1", tmp_path / "two")
    reporting.write(database, str(folder), tmp_path / "three")
    first = read(tmp_path / "one")
    assert set(first) == set(FILES)
    assert first == read(tmp_path / "two") == read(tmp_path / "three")
    assert (
        reporting.write(database, "DSMB-1", tmp_path / "one").files == FILES
    )  # an earlier one is replaced
    said = json.loads(first["report.json"])
    assert said["mark"] == "INTERIM, NOT SIGNED"
    assert json.loads((folder / "MANIFEST.json").read_text())["name"] == "DSMB-1"
    assert b"INTERIM, NOT SIGNED" in first["report.html"]


def test_what_is_stored_now_is_a_draft_and_a_twins_folder_says_that_nobody_is_real(
    locked, tmp_path
):
    database, _ = locked
    assert reporting.write(database, "now", tmp_path / "now").mark == "DRAFT"
    twinning.write(database, twinning.Order(2, 7), wanted(("csv",), streams=()), tmp_path / "twin")
    made = reporting.write(database, str(tmp_path / "twin"), tmp_path / "out")
    assert made.mark == "TWIN: NOBODY IN IT IS REAL"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "P-90001" in page
    assert "2 people, seed 7" in page


def test_the_report_of_a_public_lock_is_a_public_one_and_of_another_it_is_not():
    facts = {"code": {"version": "1.0", "sha256": "0" * 64}}
    of = {
        profile: DataLock(
            name="END", kind="final", profile=profile, facts=facts, root="r", made_at=clock.now()
        )
        for profile in ("public", "study")
    }
    assert reporting.standing(of["public"], ()).is_public
    assert not reporting.standing(of["study"], ()).is_public


def test_a_public_lock_of_one_person_who_is_still_there_is_refused_with_the_day_to_come(
    locked, tmp_path
):
    database, _ = locked
    new = new_lock("public", "final", "for all", wanted(("csv",), "public", ()))
    with pytest.raises(ExportRefusedError, match="make the folder from 20"):
        making.make(database, new, tmp_path / "public", "staff:dana")


def test_what_cannot_be_reported_is_refused_and_leaves_nothing(locked, tmp_path):
    database, folder = locked
    out = tmp_path / "out"
    with pytest.raises(UnknownLockError, match="no lock is called DSMB-9"):
        reporting.write(database, "DSMB-9", out)
    changed = tmp_path / "changed"
    changed.mkdir()
    for name, body in (
        (each.relative_to(folder), each.read_bytes())
        for each in folder.rglob("*")
        if each.is_file()
    ):
        (changed / name).parent.mkdir(parents=True, exist_ok=True)
        (changed / name).write_bytes(body + b" " if name.name == "README.txt" else body)
    with pytest.raises(ExportRefusedError, match="was changed since it was written"):
        reporting.write(database, str(changed), out)
    with database.reading() as session:
        making.draft(session, database, wanted(("csv",), streams=()), tmp_path / "draft")
    with pytest.raises(ExportRefusedError, match="is a draft: it keeps nothing"):
        reporting.write(database, str(tmp_path / "draft"), out)
    assert not out.exists()
    out.mkdir()
    (out / "thesis.docx").write_text("mine")
    with pytest.raises(ExportRefusedError, match=r"holds thesis\.docx"):
        reporting.write(database, "DSMB-1", out)
    assert [each.name for each in out.iterdir()] == ["thesis.docx"]


def test_a_board_gets_its_packs_and_no_third_kind(locked, tmp_path):
    database, _ = locked
    for pack in ("open", "closed"):
        made = reporting.write_pack(database, "DSMB-1", pack, tmp_path / pack)
        assert made.files == (f"{pack}-pack.html", f"{pack}-pack.pdf", f"{pack}-pack.json")
    with pytest.raises(ExportRefusedError, match="half is none"):
        reporting.write_pack(database, "DSMB-1", "half", tmp_path / "half")
