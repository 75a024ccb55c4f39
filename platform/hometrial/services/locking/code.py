"""Which code makes data sets: its version, the hash of its files, and the libraries it stands on."""

import hashlib
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from platform import python_version
from typing import Any

_ROOMS = ("hometrial", "hometrial_ingest", "hometrial_validation")
_LIBRARIES = (
    "anyascii", "fpdf2", "numpy", "odmlib", "pandas", "pyarrow", "pyreadstat", "scipy", "statsmodels"
)  # fmt: skip
_ENDINGS = (".py", ".yaml", ".csv", ".css", ".sql", ".txt", ".md", ".html", ".ttf")


@cache
def code() -> dict[str, Any]:
    """Return what the manifest says of the code. The hash is over every source file, by name and content."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        _add(digest, resources.files(room), room)
    return {
        "version": metadata.version("hometrial"),
        "sha256": digest.hexdigest(),
        "libraries": {
            "python": python_version(),
            **{name: metadata.version(name) for name in _LIBRARIES},
        },
    }


def _add(digest: "hashlib._Hash", place: Traversable, name: str) -> None:
    for each in sorted(place.iterdir(), key=lambda found: found.name):
        inside = f"{name}/{each.name}"
        if each.is_dir():
            if not each.name.startswith(("__pycache__", "_migrations")):
                _add(digest, each, inside)
        elif each.name.endswith(_ENDINGS):
            digest.update(f"{inside}\x00".encode())
            digest.update(hashlib.sha256(each.read_bytes()).digest())
