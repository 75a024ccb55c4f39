"""A folder of data sets that appears whole or not at all, with the manifest that vouches for it."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hometrial.errors import ExportRefusedError

MANIFEST, MANIFEST_SUMS = "MANIFEST.json", "MANIFEST.sha256"
DRAFT = "draft"
"""The `kind` of an export that the next one may replace."""
_PART = 1 << 20


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """Give an empty folder to write into; it takes the place of `out` at the end, or vanishes on error.

    Raises ExportRefusedError if `out` holds anything but an earlier export, or the disk fails.
    """
    _refuse_foreign(out)
    draft = out.parent / f".{out.name}.part-{os.getpid()}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        yield draft
        _swap(draft, out)
    except OSError as error:
        raise ExportRefusedError(
            f"{out} cannot be written: {error.strerror or error}; nothing was left there"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _refuse_foreign(out: Path) -> None:
    """Raise ExportRefusedError unless `out` is new, empty, or an earlier draft and nothing else."""
    if out.is_symlink():
        raise ExportRefusedError(f"{out} is a link; give the folder itself")
    if out.is_file():
        raise ExportRefusedError(f"{out} is a file; give a folder")
    if not out.exists():
        return
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    foreign = sorted(there - _own_files(out / MANIFEST))
    if foreign:
        raise ExportRefusedError(
            f"{out} holds {foreign[0]}, which no export wrote; give a new folder, or move it away first"
        )


def _own_files(manifest: Path) -> set[str]:
    """Return the files that an earlier draft wrote, by its manifest; none if there is no manifest of ours."""
    if not manifest.exists():
        return set()
    try:
        known = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError:  # somebody else's file of that name
        return set()
    if not isinstance(known, dict) or known.get("kind") != DRAFT:
        return set()
    return {file["path"] for file in known["files"]} | {MANIFEST, MANIFEST_SUMS}


def _swap(draft: Path, out: Path) -> None:
    """Put the new folder in the place of the old; the old one comes back if that fails."""
    if not out.exists():
        draft.rename(out)
        return
    old = out.parent / f".{out.name}.old-{os.getpid()}"
    out.rename(old)
    try:
        draft.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)


def write_manifest(folder: Path, rows: Mapping[Path, int], facts: Mapping[str, Any]) -> int:
    """Write MANIFEST.json and MANIFEST.sha256 over the folder's files; return how many there are."""
    files = [
        {
            "path": path.relative_to(folder).as_posix(),
            "rows": count,
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
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


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(_PART):
            digest.update(part)
    return digest.hexdigest()
