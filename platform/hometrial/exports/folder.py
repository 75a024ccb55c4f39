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

MANIFEST = "MANIFEST.json"
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
    if out.is_file():
        raise ExportRefusedError(f"{out} is a file; give a folder")
    if out.exists() and any(out.iterdir()) and not (out / MANIFEST).exists():
        raise ExportRefusedError(
            f"{out} holds files that are no export; give a new folder, or empty it first"
        )


def _swap(draft: Path, out: Path) -> None:
    if not out.exists():
        draft.rename(out)
        return
    old = out.parent / f".{out.name}.old-{os.getpid()}"
    out.rename(old)
    draft.rename(out)
    shutil.rmtree(old)


def write_manifest(folder: Path, rows: Mapping[Path, int | None], facts: Mapping[str, Any]) -> int:
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
    body = json.dumps({"files": files, **facts}, indent=1, sort_keys=False) + "\n"
    (folder / MANIFEST).write_text(body, encoding="utf-8")
    lines = [f"{file['sha256']}  {file['path']}" for file in files]
    lines.append(f"{sha256(folder / MANIFEST)}  {MANIFEST}")
    (folder / "MANIFEST.sha256").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(files)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(_PART):
            digest.update(part)
    return digest.hexdigest()
