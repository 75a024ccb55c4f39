"""What a reader is: a recogniser of file names and a generator of segments."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

from hometrial_ingest.frame import Segment


class SourceFile(Protocol):
    """One file of an archive, a folder or by itself; readable as often as one likes."""

    @property
    def path(self) -> str:
        """The path inside the archive or folder, with forward slashes; a bare name if it stands alone."""

    @property
    def size(self) -> int:
        """The size in bytes when unpacked."""

    def open(self) -> BinaryIO:
        """Open the unpacked bytes from the start. Raises UnreadableFileError if they are damaged."""


class Reader(Protocol):
    """Reads one provider's files. Pure: no clock, no database, no network; same bytes, same segments."""

    provider: str
    """The provider's name in the CLI, in `wearable_account.provider` and in front of each `source`."""
    revision: int
    """Raised when the same bytes would give other samples than before."""
    many_people: bool
    """True if the files name their people; False if one archive is one person's."""
    local_only: bool
    """True if a stamp without a zone can occur, so that the person's zone history is needed."""

    def kind(self, path: str) -> str | None:
        """Return the kind of a file by its path, or None for a file that this reader leaves alone."""

    def keeps(self, file: SourceFile) -> bool:
        """Say whether a file whose name fits is for this reader.

        False where the content is recognisably something else of the provider's: the file is then listed
        as left alone. True for what cannot be read, so that `check` or `read` refuses it aloud.
        """

    def check(self, file: SourceFile, kind: str) -> None:
        """Look at the head of a file. Raises UnreadableFileError if it is not what its name says.

        Raises ErrorReplyError, one of them, for a reply of the provider that reports an error.
        """

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:
        """Yield a file's rows in order, a bounded number at a time.

        Raises UnreadableFileError if the file cannot be read to its end.
        """


SEGMENT_ROWS = 300_000
"""About how many samples a segment holds: enough to be fast, few enough to bound memory."""


def kinds(reader: Reader, files: Sequence[SourceFile]) -> list[tuple[SourceFile, str]]:
    """Return the files that a reader keeps, with their kinds, in the order of their paths."""
    found = [(file, reader.kind(file.path)) for file in files]
    return sorted(
        ((file, kind) for file, kind in found if kind is not None), key=lambda pair: pair[0].path
    )
