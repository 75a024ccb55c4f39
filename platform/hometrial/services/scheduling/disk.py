"""A folder of this machine, or one that is mounted there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hometrial.services.scheduling.destinations import DestinationFailedError


@dataclass(frozen=True)
class Disk:
    """A folder. A file is on the disk, and not only on its way there, before the next one comes."""

    place: Path
    renames = True

    def put(self, source: Path, path: str) -> None:
        """Bring a file."""
        with _told(path):
            into = self.place / path
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, into)
            with into.open("rb") as file:
                os.fsync(file.fileno())

    def read(self, path: str) -> bytes | None:
        """Return a file."""
        with _told(path):
            found = self.place / path
            return found.read_bytes() if found.exists() else None

    def rename(self, before: str, after: str) -> None:
        """Give a folder another name."""
        with _told(after):
            (self.place / before).rename(self.place / after)

    def remove(self, folder: str) -> None:
        """Remove a folder."""
        with _told(folder):
            if (self.place / folder).exists():
                shutil.rmtree(self.place / folder)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DestinationFailedError(f"{path}: {error.strerror or error}") from error
