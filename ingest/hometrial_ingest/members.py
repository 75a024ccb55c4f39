"""Packed files, unpacked as they are read: never more than they may be, and every damage told.

A packed file may lie about its size, so that the bytes are counted while they stream.
"""

import contextlib
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, cast

from hometrial_ingest.errors import UnreadableFileError, UnsafeArchiveError
from hometrial_ingest.reader import SourceFile

MOST_UNPACKED = 64 << 30
"""The most bytes that an archive may hold when unpacked."""
HIGHEST_RATIO = 200
"""Unpacked to packed bytes: measurements pack about 10:1 and a file of zeros about 1,000:1."""
RATIO_COUNTS_FROM = 10 << 20
"""Below this many unpacked bytes the ratio says nothing."""

EXPORT_AGAIN = "export or copy it again"
"""The way out of damage."""
NOT_TRUSTED = "do not open it; ask its sender for a new export"
"""The way out of an archive that no export writes."""

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
)
"""What the standard library raises for a damaged archive."""
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ZipMember:
    """A member of an open zip."""

    path: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    @property
    def size(self) -> int:
        """The unpacked size in bytes that the zip declares."""
        return self.info.file_size

    def open(self) -> BinaryIO:
        """Open the unpacked bytes. Raises UnreadableFileError if empty or, while reading, if damaged."""
        if not self.size:
            raise empty_file(self.path)
        packed = self.info.compress_size
        return _guarded(self.path, packed, lambda: cast("BinaryIO", self.archive.open(self.info)))


@dataclass(frozen=True)
class GzipContent:
    """The content of a .gz file; its path is that of the content."""

    path: str
    packed: SourceFile

    @cached_property
    def size(self) -> int:
        """The unpacked size in bytes, found by reading to the end: a gzip's own figure wraps at 4 GiB."""
        with self.open() as stream:
            return sum(map(len, iter(lambda: stream.read(_CHUNK), b"")))

    def open(self) -> BinaryIO:
        """Open the unpacked bytes. Raises UnreadableFileError while reading if they are damaged."""
        inner = self.packed.open()
        return _guarded(self.path, self.packed.size, lambda: _gunzip(inner), inner)


class _Guarded(io.RawIOBase):
    """Unpacked bytes that are counted, with every kind of damage told in one sentence."""

    def __init__(self, path: str, packed: int, stream: BinaryIO, inner: BinaryIO | None) -> None:
        self.path, self.packed, self.stream, self.inner = path, packed, stream, inner
        self.unpacked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # RawIOBase gives a writable buffer
        with _told(self.path):
            data = self.stream.read(len(view))
        view[: len(data)] = data
        self.unpacked += len(data)
        refuse_bomb(self.path, self.packed, self.unpacked)
        return len(data)

    def close(self) -> None:
        self.stream.close()
        if self.inner is not None:
            self.inner.close()
        super().close()


def _guarded(
    path: str, packed: int, opener: Callable[[], BinaryIO], inner: BinaryIO | None = None
) -> BinaryIO:
    with _told(path):
        stream = opener()
    return cast("BinaryIO", io.BufferedReader(_Guarded(path, packed, stream, inner), _CHUNK))


def _gunzip(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=packed, mode="rb"))


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except (*DAMAGE, OSError) as error:
        raise UnreadableFileError(
            path, "its packed content is damaged or cut short", EXPORT_AGAIN, value=str(error)
        ) from error


def refuse_bomb(path: str, packed: int, unpacked: int) -> None:
    """Raise UnsafeArchiveError if so many bytes cannot honestly come of so few packed ones."""
    too_dense = unpacked > RATIO_COUNTS_FROM and unpacked > HIGHEST_RATIO * packed
    if too_dense or unpacked > MOST_UNPACKED:
        problem = f"a zip bomb: it unpacks from {packed} bytes to {unpacked} or more"
        raise UnsafeArchiveError(path, problem, NOT_TRUSTED)


def empty_file(path: str) -> UnreadableFileError:
    """Return the refusal of a file without a byte."""
    return UnreadableFileError(path, "the file is empty (0 bytes)", EXPORT_AGAIN)
