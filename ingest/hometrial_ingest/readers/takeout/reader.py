"""The reader of Takeout archives: which files it keeps, and what reads them."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.frame import Segment
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.takeout.entries import EXPORT_AGAIN
from hometrial_ingest.readers.takeout.global_export import read_entries
from hometrial_ingest.readers.takeout.google_csv import check_family, read_family
from hometrial_ingest.readers.takeout.google_sleep import check_sleep, read_sleep

# By file name alone: the folders around it are named in the language of the account.
_KINDS = {
    re.compile(pattern, re.ASCII): kind
    for pattern, kind in {
        r"steps-\d{4}-\d\d-\d\d.*\.json": "steps",
        r"distance-\d{4}-\d\d-\d\d.*\.json": "distance",
        r"heart_rate-\d{4}-\d\d-\d\d.*\.json": "heart_rate",
        r"resting_heart_rate-\d{4}-\d\d-\d\d.*\.json": "resting_heart_rate",
        r"sleep-\d{4}-\d\d-\d\d.*\.json": "sleep",
        r"steps_\d{4}-\d\d-\d\d\.csv": "steps_csv",
        r"distance_\d{4}-\d\d-\d\d\.csv": "distance_csv",
        r"heart_rate_\d{4}-\d\d-\d\d\.csv": "heart_rate_csv",
        r"daily_resting_heart_rate\.csv": "resting_heart_rate_csv",
        r"weight\.csv": "weight_csv",
        r"UserSleeps_.+\.csv": "sleep_csv",
        r"UserSleepStages_.+\.csv": "sleep_stages_csv",
    }.items()
}
_SLEEP_CSV = ("sleep_csv", "sleep_stages_csv")

_NO_DATA = b"no data"
_NO_DATA_BYTES = 32


class TakeoutReader:
    """Reads the health files of one person's Google Takeout; satisfies `hometrial_ingest.reader.Reader`."""

    provider = "takeout"
    revision = 1
    many_people = False
    local_only = True  # sleep of the Global Export, which gives wall clocks only

    def kind(self, path: str) -> str | None:
        """Return the kind of a file by its name, or None for the rest of the archive."""
        name = PurePosixPath(path).name
        return next((kind for pattern, kind in _KINDS.items() if pattern.fullmatch(name)), None)

    def check(self, file: SourceFile, kind: str) -> None:
        """Raise UnreadableFileError if the file does not begin as its kind does."""
        if _says_no_data(file):
            return
        if kind in _SLEEP_CSV:
            check_sleep(file, kind)
        elif kind.endswith("_csv"):
            check_family(file, kind)
        else:
            _check_list(file)

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:
        """Yield the file's rows; a file that says 'no data' has none.

        Raises UnreadableFileError if the file cannot be read to its end.
        """
        if _says_no_data(file):
            return
        if kind in _SLEEP_CSV:
            yield from read_sleep(file, kind)
        elif kind.endswith("_csv"):
            yield from read_family(file, kind)
        else:
            yield from read_entries(file, kind)


def _says_no_data(file: SourceFile) -> bool:
    if file.size > _NO_DATA_BYTES:
        return False
    with file.open() as stream:
        return stream.read().strip().lower() == _NO_DATA


def _check_list(file: SourceFile) -> None:
    with file.open() as stream:
        head = stream.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"["):
        return
    problem = (
        "not a JSON list, as this kind of file in a Takeout is" if head else "the file is empty"
    )
    found = head[:20].decode(errors="replace") or None
    raise UnreadableFileError(file.path, problem, EXPORT_AGAIN, value=found)
