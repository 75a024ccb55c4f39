"""A lock's folder on this disk, checked by itself: every file, every sum, the root."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hometrial_client.errors import FolderChangedError

_MANIFEST, _SUMS = "MANIFEST.json", "MANIFEST.sha256"
_BESIDE = {_SUMS, "MANIFEST.sig", "SIGNATURES.json"}


@dataclass(frozen=True)
class Folder:
    """A folder that is as it was written."""

    path: Path
    root: str
    manifest: dict[str, Any]

    @property
    def files(self) -> list[str]:
        """The paths of its files."""
        return [each["path"] for each in self.manifest["files"]]


def verify(path: str | Path, root: str | None = None) -> Folder:
    """Check every byte of a folder, and its root if it is given. Raises FolderChangedError that names what is wrong."""
    folder = Path(path)
    try:
        body, sums = (folder / _MANIFEST).read_bytes(), (folder / _SUMS).read_bytes()
        manifest = json.loads(body)
        told = {each["path"]: each["sha256"] for each in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderChangedError(f"{folder} has no manifest that can be read: {error}") from error
    wrong = [*_missing(folder, set(told)), *_changed(folder, told)]
    lines = [f"{digest}  {name}" for name, digest in told.items()]
    lines.append(f"{hashlib.sha256(body).hexdigest()}  {_MANIFEST}")
    if sums.decode(errors="replace") != "\n".join(lines) + "\n":
        wrong.append(f"{_SUMS} is not what {_MANIFEST} says")
    now = hashlib.sha256(sums).hexdigest()
    if root is not None and now != root:
        wrong.append(f"its root is {now}, the lock's is {root}")
    if wrong:
        raise FolderChangedError(f"{folder}: {'; '.join(wrong)}")
    return Folder(folder, now, manifest)


def _missing(folder: Path, told: set[str]) -> list[str]:
    there = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if not each.is_dir()}
    return [
        *(f"{name} is missing" for name in sorted(told - there)),
        *(
            f"{name} is not in the manifest"
            for name in sorted(there - told - {_MANIFEST} - _BESIDE)
        ),
    ]


def _changed(folder: Path, told: dict[str, str]) -> list[str]:
    return [
        f"{name} was changed"
        for name, digest in told.items()
        if (folder / name).is_file() and _sha256(folder / name) != digest
    ]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
