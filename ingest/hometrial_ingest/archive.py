"""Files of a folder, a zip or by themselves, opened with care: no bombs, no paths outside.

Nothing is extracted to disk and no member is read as a whole; a damaged byte is found when it is read.
"""

import io
import os
import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, Self

from hometrial_ingest.errors import UnreadableFileError, UnsafeArchiveError
from hometrial_ingest.members import (
    DAMAGE,
    EXPORT_AGAIN,
    MOST_UNPACKED,
    NOT_TRUSTED,
    GzipContent,
    ZipMember,
    empty_file,
    refuse_bomb,
)
from hometrial_ingest.reader import SourceFile

MOST_MEMBERS = 100_000
"""More files than this are no export of one trial's wearables."""
LARGEST_DIRECTORY = 32 << 20
"""The most bytes of a zip's own list of members, which is read into memory as a whole."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_END_RECORD_WITHIN = 22 + 65_535 + 20  # the end record, its longest comment, the zip64 locator


@dataclass(frozen=True)
class MemoryFile:
    """A source file held in memory."""

    path: str
    data: bytes

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Open the bytes from the start."""
        return io.BytesIO(self.data)


@dataclass(frozen=True)
class DiskFile:
    """A plain file on disk."""

    path: str
    location: Path

    @property
    def size(self) -> int:
        """The size on disk in bytes."""
        return self.location.stat().st_size

    def open(self) -> BinaryIO:
        """Open the file from the start. Raises UnreadableFileError if it is empty or may not be read."""
        try:
            stream = self.location.open("rb")
        except OSError as error:
            raise UnreadableFileError(
                self.path, "it may not be opened", EXPORT_AGAIN, value=error.strerror
            ) from error
        if not self.size:
            stream.close()
            raise empty_file(self.path)
        return stream


@dataclass
class Archive:
    """The files of one import, readable until it is closed; a context manager."""

    files: list[SourceFile]
    zip: zipfile.ZipFile | None = None

    def close(self) -> None:
        """Close the zip, if there is one."""
        if self.zip is not None:
            self.zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_source(path: Path) -> Archive:
    """Open a folder (with all below it), a .zip or a single file; .gz content is unpacked as it is read.

    Raises UnreadableFileError for what is missing, empty, damaged or encrypted, and UnsafeArchiveError
    for a bomb or a path that leads outside.
    """
    if not path.exists():
        raise UnreadableFileError(str(path), "there is no such file or folder", "check the path")
    if path.is_dir():
        return Archive(_unpacked(_files_below(path)))
    if not path.is_file():
        raise _not_plain(str(path))
    if not path.stat().st_size:
        raise empty_file(path.name)
    if path.suffix.lower() == ".zip":
        return _open_zip(path)
    return Archive(_unpacked([DiskFile(path.name, path)]))


def _files_below(folder: Path) -> list[SourceFile]:
    found: list[SourceFile] = []
    for place, folders, names in os.walk(folder):
        for name in sorted(folders + names):
            location = Path(place, name)
            path = location.relative_to(folder).as_posix()
            if location.is_symlink():
                _refuse_outside(folder, location, path)
            elif location.is_file():
                found.append(DiskFile(path, location))
            elif not location.is_dir():
                raise _not_plain(path)
        _refuse_too_many(str(folder), len(found))
    return found


def _refuse_outside(folder: Path, link: Path, path: str) -> None:
    """Raise unless a link leads to something of this folder, which is then read under its own name."""
    if not link.resolve().is_relative_to(folder.resolve()):
        raise UnsafeArchiveError(
            path, "a link that leads out of the folder", "replace it by the file itself"
        )
    if not link.exists():
        raise UnreadableFileError(
            path, "a link that leads nowhere", "remove it or restore its file"
        )


def _open_zip(path: Path) -> Archive:
    directory = _directory_bytes(path)
    if directory > LARGEST_DIRECTORY:
        problem = "its list of members is longer than that of any export"
        raise UnsafeArchiveError(path.name, problem, NOT_TRUSTED, value=directory)
    try:
        archive = zipfile.ZipFile(path)
    except (*DAMAGE, ValueError) as error:
        raise _no_zip(path) from error
    try:
        return Archive(_unpacked(_members(archive, path)), archive)
    except UnreadableFileError:
        archive.close()
        raise


def _directory_bytes(path: Path) -> int:
    """Return the size of the list of members, as the zip's end record gives it (APPNOTE 4.3.14-16)."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _END_RECORD_WITHIN))
        tail = stream.read()
        at = tail.rfind(b"PK\x05\x06", 0, len(tail) - 18)
        if at < 0:
            return 0
        declared: int = struct.unpack_from("<L", tail, at + 12)[0]
        locator = at - 20
        if locator < 0 or tail[locator : locator + 4] != b"PK\x06\x07":
            return declared
        stream.seek(min(struct.unpack_from("<Q", tail, locator + 8)[0] + 40, size))
        large = stream.read(8)
    return int.from_bytes(large, "little")


def _no_zip(path: Path) -> UnreadableFileError:
    with path.open("rb") as stream:
        head = stream.read(20)
    if head.startswith(b"PK\x03\x04"):
        return UnreadableFileError(path.name, "the zip is truncated or damaged", EXPORT_AGAIN)
    return UnreadableFileError(path.name, "it is not a zip", EXPORT_AGAIN, value=head)


def _members(archive: zipfile.ZipFile, path: Path) -> list[SourceFile]:
    infos = archive.infolist()
    _refuse_too_many(path.name, len(infos))
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MOST_UNPACKED:
        problem = f"it would unpack to more than {MOST_UNPACKED} bytes"
        raise UnsafeArchiveError(path.name, problem, NOT_TRUSTED, value=unpacked)
    packed = sum(info.compress_size for info in infos)
    if packed > path.stat().st_size:
        problem = "its members overlap: together they are larger than the file"
        raise UnsafeArchiveError(path.name, problem, NOT_TRUSTED, value=packed)
    return [_member(archive, info) for info in infos if not info.is_dir()]


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> ZipMember:
    # Some Windows programs write backslashes into a zip, which the format forbids.
    path = info.filename.replace("\\", "/")
    if path.startswith("/") or path[1:2] == ":" or ".." in PurePosixPath(path).parts:
        raise UnsafeArchiveError(path, "a path that leads out of the zip", NOT_TRUSTED)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UnsafeArchiveError(path, "a link inside a zip", NOT_TRUSTED)
    if info.flag_bits & 1:
        raise UnreadableFileError(path, "it is encrypted", "export the zip without a password")
    if info.compress_type not in _METHODS:
        problem = "it is packed by a method that is not known here"
        way_out = "unpack the zip and import the folder"
        raise UnreadableFileError(path, problem, way_out, value=info.compress_type)
    refuse_bomb(path, info.compress_size, info.file_size)
    return ZipMember(path, archive, info)


def _unpacked(files: list[SourceFile]) -> list[SourceFile]:
    """Return the files with .gz ones replaced by their content. Raises if two then have one path."""
    found = [
        GzipContent(file.path[:-3], file) if file.path.lower().endswith(".gz") else file
        for file in files
    ]
    seen: set[str] = set()
    for file in found:
        if file.path in seen:
            way_out = "keep one of them (x.csv and x.csv.gz count as the same file)"
            raise UnsafeArchiveError(file.path, "it is there twice", way_out)
        seen.add(file.path)
    return sorted(found, key=lambda file: file.path)


def _refuse_too_many(path: str, count: int) -> None:
    if count > MOST_MEMBERS:
        problem = f"it holds more than {MOST_MEMBERS} files"
        raise UnsafeArchiveError(path, problem, "import the folder of one export", value=count)


def _not_plain(path: str) -> UnsafeArchiveError:
    return UnsafeArchiveError(path, "it is neither a file nor a folder", "remove it")
