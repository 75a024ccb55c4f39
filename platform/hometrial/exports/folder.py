"""The folder of a draft: filled out of sight, then put in place whole, or not at all."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hometrial.errors import ExportRefusedError

MANIFEST = "MANIFEST.json"
SUMS = "MANIFEST.sha256"


@contextmanager
def filling(out: Path) -> Iterator[Path]:
    """Give an empty folder beside `out`; it becomes `out` if the block ends well, else it is gone.

    An earlier draft in `out` is replaced by a rename. Raises ExportRefusedError if `out` holds anything
    else, or if the folder cannot be written.
    """
    out = out.absolute()
    check_free(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
            new = Path(scratch) / "new"
            new.mkdir(mode=0o700)  # health data of people: nobody else's until its owner says so
            yield new
            _put_in_place(new, out, Path(scratch) / "old")
    except OSError as error:
        raise ExportRefusedError(
            f"{out} could not be written ({error.strerror or error}); nothing was changed there. "
            "Free some space or choose another folder with --out"
        ) from error


def check_free(out: Path) -> None:
    """Raise ExportRefusedError unless `out` is absent, empty, or a draft and nothing else."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ExportRefusedError(f"{out} is not a folder; choose another with --out")
    if not out.exists() or not any(out.iterdir()):
        return
    known = _files_of_draft(out)
    if known is None:
        raise ExportRefusedError(
            f"{out} is not empty and holds no earlier draft; empty it or choose another with --out"
        )
    present = {p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir()}
    foreign = sorted(present - known - {MANIFEST, SUMS})
    if foreign:
        raise ExportRefusedError(
            f"{out} holds {foreign[0]}, which is not of the draft there and would be lost; move it "
            "elsewhere or choose another folder with --out"
        )


def _files_of_draft(out: Path) -> set[str] | None:
    """Return the files that the draft in a folder lists, None if there is no draft."""
    path = out / MANIFEST
    if not path.is_file():
        return None
    try:
        # {"kind": "draft", "files": [{"path": "gap.parquet", ...}, ...], ...}
        manifest = json.loads(path.read_bytes())
        if manifest["kind"] != "draft":
            return None
        return {file["path"] for file in manifest["files"]}
    except (ValueError, KeyError, TypeError):
        return None


def _put_in_place(new: Path, out: Path, old: Path) -> None:
    """Rename, so that a reader sees the earlier draft or the new one; undone if it fails half-way."""
    if not out.exists():
        new.rename(out)
        return
    out.rename(old)
    try:
        new.rename(out)
    except OSError:
        old.rename(out)
        raise
