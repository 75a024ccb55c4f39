"""A folder of data sets that appears whole or not at all, with the manifest that vouches for it."""

import csv
import fcntl
import glob
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hometrial.errors import ExportRefusedError

MANIFEST, MANIFEST_SUMS = "MANIFEST.json", "MANIFEST.sha256"
DRAFT = "draft"
"""The `kind` of an export that the next one may replace."""
_PART = 1 << 20
_NOTHING_TOLD: Mapping[Path, Mapping[str, object]] = {}
_OLD, _ALIVE = "old", "alive"


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """Give an empty folder to write into; it takes the place of `out` at the end, or vanishes on error.

    What a process that was killed left beside it is taken away. Raises ExportRefusedError if `out` holds anything but an
    earlier draft, or the disk fails.
    """
    _refuse_foreign(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _clear(out)
        with _held(out) as holder:
            draft = holder / "new"
            draft.mkdir()
            yield draft
            _swap(draft, out)
    except OSError as error:
        raise ExportRefusedError(
            f"{out} cannot be written: {error.strerror or error}; nothing was left there"
        ) from error


@contextmanager
def _held(out: Path) -> Iterator[Path]:
    """Give a new folder beside `out`, locked while this process lives: by that others know whether it is left over."""
    holder = Path(tempfile.mkdtemp(prefix=_beside(out), dir=out.parent))
    with (holder / _ALIVE).open("a") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX)
            yield holder
        finally:
            shutil.rmtree(holder, ignore_errors=True)
    if holder.exists():
        raise ExportRefusedError(
            f"{out} stands, whole; but what it replaced lies in {holder} and cannot be removed; remove it by hand"
        )


def _beside(out: Path) -> str:
    return f".{out.name}.part-"


def _clear(out: Path) -> None:
    """Remove what killed processes left beside `out`; what one of them had already put aside comes back first."""
    for left in out.parent.glob(f"{glob.escape(_beside(out))}*"):
        if not left.is_dir() or left.is_symlink() or not _is_over(left):
            continue
        if (left / _OLD).is_dir() and not out.exists():
            (left / _OLD).rename(out)
        shutil.rmtree(left)


def _is_over(holder: Path) -> bool:
    """Say whether the process that made a folder has ended: the system lets its lock go then, in any container."""
    try:
        with (holder / _ALIVE).open("a") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (
        BlockingIOError,
        FileNotFoundError,
    ):  # it lives, or has just ended and taken its folder away
        return False
    return True


def _refuse_foreign(out: Path) -> None:
    """Raise ExportRefusedError unless `out` is new, empty, or an earlier draft and nothing else."""
    if out.is_symlink():
        raise ExportRefusedError(f"{out} is a link; give the folder itself")
    if out.is_file():
        raise ExportRefusedError(f"{out} is a file; give a folder")
    if not out.exists():
        return
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    known = _manifest(out / MANIFEST)
    if known.get("kind") == "lock" and "name" in known:
        raise ExportRefusedError(
            f"{out} is the folder of lock {known['name']}, and a lock is never written over; give a new folder"
        )
    foreign = sorted(there - _own_files(known))
    if foreign:
        raise ExportRefusedError(
            f"{out} holds {foreign[0]}, which no export wrote; give a new folder, or move it away first"
        )


def _manifest(path: Path) -> dict[str, Any]:
    """Return what a manifest tells; nothing if there is none, or somebody else's file of that name."""
    if not path.exists():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _own_files(known: Mapping[str, Any]) -> set[str]:
    """Return the files that an earlier draft wrote, by its manifest; none if it is no draft."""
    if known.get("kind") != DRAFT:
        return set()
    return {file["path"] for file in known["files"]} | {MANIFEST, MANIFEST_SUMS}


def _swap(draft: Path, out: Path) -> None:
    """Put the new folder in the place of the old, which is put aside; the old one comes back if that fails."""
    if not out.exists():
        draft.rename(out)
        return
    old = draft.with_name(_OLD)
    out.rename(old)
    try:
        draft.rename(out)
    except OSError:
        old.rename(out)
        raise


def write_manifest(
    folder: Path,
    rows: Mapping[Path, int],
    facts: Mapping[str, Any],
    told: Mapping[Path, Mapping[str, object]] = _NOTHING_TOLD,
) -> int:
    """Write MANIFEST.json and MANIFEST.sha256 over the folder's files; return how many there are.

    `told`: what else there is to say of a file; of other tables the columns are counted.
    """
    files = [
        {
            "path": path.relative_to(folder).as_posix(),
            "rows": count,
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
            **(told[path] if path in told else _columns(path)),
        }
        for path, count in rows.items()
    ]
    files.sort(key=lambda file: str(file["path"]))
    body = json.dumps({"files": files, **facts}, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(body, encoding="utf-8")
    lines = [f"{file['sha256']}  {file['path']}" for file in files]
    lines.append(f"{sha256(folder / MANIFEST)}  {MANIFEST}")
    (folder / MANIFEST_SUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(files)


def _columns(path: Path) -> dict[str, int]:
    """Return how many columns a table has; nothing of what is none."""
    if path.suffix == ".parquet":
        return {"columns": pq.read_metadata(path).num_columns}
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return {"columns": len(next(csv.reader(file), ()))}
    return {}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(_PART):
            digest.update(part)
    return digest.hexdigest()
