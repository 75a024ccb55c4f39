"""A folder vouches for itself: whatever byte is flipped, its file is named; who signed is sealed."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hometrial.cli import main as command
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


def _all(lock: Path) -> str:
    """Return what verify tells of a folder, refused or not."""
    try:
        return "; ".join(vouching.verify(lock).problems)
    except ExportRefusedError as error:
        return str(error)


def _truncated(lock: Path) -> None:
    with (lock / "sdtm" / "dm.csv").open("r+b") as file:
        file.truncate(5)


def _emptied(lock: Path) -> None:
    (lock / "README.txt").write_bytes(b"")


def _renamed(lock: Path) -> None:
    (lock / "README.txt").rename(lock / "readme.txt")


def _swapped(lock: Path) -> None:
    one, other = lock / "README.txt", lock / "sdtm" / "dm.csv"
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _linked(lock: Path) -> None:
    """The same bytes, from elsewhere: what they are tomorrow is decided there."""
    path, there = lock / "README.txt", lock.parent / "elsewhere.txt"
    path.rename(there)
    path.symlink_to(there)


def _linked_folder(lock: Path) -> None:
    (lock / "sdtm").rename(lock.parent / "elsewhere")
    (lock / "sdtm").symlink_to(lock.parent / "elsewhere")


def _piped(lock: Path) -> None:
    (lock / "README.txt").unlink()
    os.mkfifo(lock / "README.txt")


def _folder_in_its_place(lock: Path) -> None:
    (lock / "README.txt").unlink()
    (lock / "README.txt").mkdir()


def _of_windows(name: str) -> Callable[[Path], None]:
    def change(lock: Path) -> None:
        (lock / name).write_bytes((lock / name).read_bytes().replace(b"\n", b"\r\n"))

    return change


def _without(name: str) -> Callable[[Path], None]:
    return lambda lock: (lock / name).unlink()


def _with(name: str, body: bytes) -> Callable[[Path], None]:
    return lambda lock: (lock / name).write_bytes(body) and None


def _own_sums(lock: Path) -> None:
    """Change a file, and write manifest and sums that fit it."""
    (lock / "sdtm" / "dm.csv").write_text("USUBJID\nB-2\n")
    facts = json.loads((lock / folder.MANIFEST).read_text())
    rows = {lock / each["path"]: each["rows"] for each in facts.pop("files")}
    folder.write_manifest(lock, rows, facts)


@pytest.mark.parametrize(
    ("attack", "named"),
    [
        (_truncated, "sdtm/dm.csv was changed"),
        (_emptied, "README.txt was changed"),
        (_renamed, "README.txt is missing; readme.txt is not in the manifest"),
        (_swapped, "README.txt was changed; sdtm/dm.csv was changed"),
        (_linked, "README.txt was changed: it is a link"),
        (_linked_folder, "sdtm/dm.csv is missing; sdtm is not in the manifest"),
        (_piped, "README.txt was changed: it is a link or no file"),
        (_folder_in_its_place, "README.txt is missing"),
        (_of_windows("sdtm/dm.csv"), "sdtm/dm.csv was changed"),
        (_of_windows("MANIFEST.sha256"), "MANIFEST.sha256 was changed"),
        (_of_windows("MANIFEST.json"), "MANIFEST.json was changed"),
        (_without("MANIFEST.json"), "MANIFEST.json"),
        (_without("MANIFEST.sha256"), "MANIFEST.sha256"),
        (_without("MANIFEST.sig"), "MANIFEST.sig is missing"),
        (_with("MANIFEST.json", b"[" * 100_000), "MANIFEST.json was changed"),
        (_with("MANIFEST.json", b'{"files": [{"path": 5, "sha256": ""}]}'), "MANIFEST.json was changed"),
        (_with("MANIFEST.json", b'{"files": [{"path": "../x", "sha256": ""}]}'), "MANIFEST.json was changed"),
        (_with("MANIFEST.json", b'{"files": [{"path": "a\\u0000", "sha256": ""}]}'), "MANIFEST.json was changed"),
        (_with("MANIFEST.json", b"[]"), "MANIFEST.json was changed"),
        (_with("MANIFEST.sig", b"{"), "MANIFEST.sig does not sign"),
        (_with("SIGNATURES.json", b"[" * 100_000), "SIGNATURES.json was changed"),
        (_own_sums, "MANIFEST.sig does not sign MANIFEST.sha256"),
    ],
)  # fmt: skip
def test_whatever_is_done_to_a_folder_its_file_is_named(
    lock: Path, attack: Callable[[Path], None], named: str
) -> None:
    attack(lock)
    assert named in _all(lock)


def test_a_file_that_cannot_be_read_is_named(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vouching.sha256

    def refuses(path: Path) -> str:
        if path.name == "dm.csv":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(vouching, "sha256", refuses)
    assert vouching.verify(lock).problems == ("sdtm/dm.csv cannot be read (Permission denied)",)


def test_a_draft_needs_no_key(lock: Path) -> None:
    facts = json.loads((lock / folder.MANIFEST).read_text())
    rows = {lock / each["path"]: each["rows"] for each in facts.pop("files")}
    folder.write_manifest(lock, rows, facts | {"kind": "draft"})
    for name in ("MANIFEST.sig", "SIGNATURES.json"):
        (lock / name).unlink()
    assert vouching.verify(lock).problems == ()


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (lambda _lock: None, 0),
        (_truncated, 1),
        (_without("MANIFEST.json"), 1),
        (_without("MANIFEST.sha256"), 1),
        (_with("MANIFEST.json", b"{"), 1),
        (shutil.rmtree, 2),
    ],
)
def test_the_command_ends_with_1_where_something_was_changed_and_needs_no_home_and_no_database(
    lock: Path,
    tmp_path: Path,
    attack: Callable[[Path], None],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attack(lock)
    monkeypatch.setenv("HOMETRIAL_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("HOMETRIAL_DATABASE_URL", "postgresql://nowhere.invalid/x")
    monkeypatch.setattr("sys.argv", ["hometrial", "lock", "verify", str(lock)])
    with pytest.raises(SystemExit) as ended:
        command()
    assert (ended.value.code or 0) == code
    assert not (tmp_path / "none").exists()
