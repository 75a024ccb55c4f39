"""A folder put into one archive: the same files make the same bytes."""

import shutil
import zipfile
from pathlib import Path

_SAME_DAY = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive."""


def pack(out: Path, file: Path) -> None:
    """Put a folder into one archive, which appears whole or not at all."""
    part = file.with_suffix(".part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(out.rglob("*")):
                if path.is_file():
                    named = zipfile.ZipInfo(path.relative_to(out).as_posix(), _SAME_DAY)
                    named.compress_type = zipfile.ZIP_DEFLATED
                    with path.open("rb") as source, archive.open(named, "w") as into:
                        shutil.copyfileobj(source, into, 1 << 20)
        part.chmod(0o600)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
