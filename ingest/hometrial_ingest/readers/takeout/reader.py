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
# steps-2016-03-07.json, sleep-1995-06-23_Fitbit.json, my-steps-2016-03-07.json, export_heart_rate.json;
# not sleep_score.csv, calories-..., time_in_heart_rate_zones-...: words may follow a date only.
_EXPORT_NAME = re.compile(
    r"(?!\.)(?:.*?[-_ ])??(?P<stem>resting_heart_rate|heart_rate|steps|sleep_stages|sleep|distance)"
    r"(?:-\d{4}-\d\d-\d\d.*|(?: \(\d+\))?)\.json",
    re.ASCII,
)
_CSV_KINDS = {
    re.compile(pattern, re.ASCII): kind
    for pattern, kind in {
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

_HEAD_BYTES = 1 << 16
_NAME_IN_ENTRY = re.compile(rb'"(\w+)"\s*:')
_NO_DATA = b"no data"
_NO_DATA_BYTES = 32


class TakeoutReader:
    """Reads the health files of one person's Google Takeout; satisfies `hometrial_ingest.reader.Reader`."""

    provider = "takeout"
    revision = 2
    many_people = False
    local_only = True  # sleep of the Global Export, which gives wall clocks only

    def kind(self, path: str) -> str | None:
        """Return the kind of a file by its name, or None for the rest of the archive."""
        name = PurePosixPath(path).name
        export = _EXPORT_NAME.fullmatch(name)
        if export:
            return "sleep" if export["stem"] == "sleep_stages" else export["stem"]
        return next((kind for pattern, kind in _CSV_KINDS.items() if pattern.fullmatch(name)), None)

    def keeps(self, file: SourceFile) -> bool:
        """Say whether a file is for this reader: False for a JSON list whose entries are of another kind."""
        kind = self.kind(file.path)
        return kind is None or kind.endswith("_csv") or _has_entries_of(file, kind)

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


def _has_entries_of(file: SourceFile, kind: str) -> bool:
    # [{"logId": 26311786557, ...}, ...] of sleep, [{"dateTime": "06/24/95 16:17:00", "value": "7"}, ...]
    head = _head(file)
    names = _NAME_IN_ENTRY.findall(head)
    wanted = b"logId" if kind == "sleep" else b"dateTime"
    return not (head.startswith(b"[") and names) or wanted in names


def _head(file: SourceFile) -> bytes:
    with file.open() as stream:
        return stream.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()


def _check_list(file: SourceFile) -> None:
    head = _head(file)
    if head.startswith(b"["):
        return
    problem = (
        "not a JSON list, as this kind of file in a Takeout is" if head else "the file is empty"
    )
    found = head[:20].decode(errors="replace") or None
    raise UnreadableFileError(file.path, problem, EXPORT_AGAIN, value=found)
