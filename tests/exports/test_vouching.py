"""A folder vouches for itself: whatever byte is flipped, its file is named; who signed is sealed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from hometrial.errors import ExportRefusedError
from hometrial.exports import folder, vouching

_KEY = bytes(range(32))


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    place = tmp_path / "lock-0001"
    (place / "sdtm").mkdir(parents=True)
    (place / "README.txt").write_text("what, how\n")
    (place / "sdtm" / "dm.csv").write_text("USUBJID\nA-1\n")
    rows = {place / "README.txt": 0, place / "sdtm" / "dm.csv": 1}
    folder.write_manifest(place, rows, {"kind": "lock", "name": "DSMB-1"})
    vouching.sign(place, _KEY)
    vouching.add_signatures(
        place, [{"name": "Ada", "role": "investigator", "signed_at": "2026-11-28T10:00:00Z"}], _KEY
    )
    return place


def test_a_whole_folder_stands_and_says_who_signed(lock: Path) -> None:
    found = vouching.verify(lock)
    assert found.problems == ()
    assert (found.kind, found.name, found.files) == ("lock", "DSMB-1", 2)
    assert found.signed == ("Ada (investigator), 2026-11-28T10:00:00Z",)
    assert found.root == vouching.root_of(lock)
    assert len(found.key) == 16


def test_sha256sum_reads_the_sums(lock: Path) -> None:
    subprocess.run(
        ["sha256sum", "-c", "--strict", "MANIFEST.sha256"],
        cwd=lock,
        check=True,
        capture_output=True,
    )


def test_whatever_byte_is_flipped_its_file_is_named(lock: Path, tmp_path: Path) -> None:
    for path in sorted(path for path in lock.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 23)):
            flipped = bytearray(whole)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            name = path.relative_to(lock).as_posix()
            try:
                told = " ".join(vouching.verify(lock).problems)
            except ExportRefusedError as error:
                told = str(error)
            assert name in told, f"{name}, byte {place}: {told or 'nothing is told'}"
        path.write_bytes(whole)
    assert vouching.verify(lock).problems == ()


def test_a_file_more_or_less_is_named(lock: Path) -> None:
    (lock / "extra.csv").write_text("x")
    (lock / "README.txt").unlink()
    assert vouching.verify(lock).problems == (
        "README.txt is missing",
        "extra.csv is not in the manifest",
    )


def test_another_folder_s_signatures_are_not_believed(lock: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(lock, other)
    (other / "README.txt").write_text("other\n")
    facts = json.loads((other / "MANIFEST.json").read_text())
    facts.pop("files")
    rows = {other / "README.txt": 0, other / "sdtm" / "dm.csv": 1}
    folder.write_manifest(other, rows, facts)
    told = vouching.verify(other).problems
    assert any(each.startswith("MANIFEST.sig") for each in told)
    vouching.sign(other, _KEY)
    assert any("SIGNATURES.json" in each for each in vouching.verify(other).problems)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportRefusedError, match="give the folder of an export"):
        vouching.verify(tmp_path)
