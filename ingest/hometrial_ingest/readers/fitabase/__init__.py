"""Fitabase: the CSV files that studies export of their participants' Fitbits (see README.md)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from hometrial_ingest.frame import Segment
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.fitabase import sleep, wide
from hometrial_ingest.readers.fitabase.lines import check_columns
from hometrial_ingest.readers.fitabase.names import kind_of
from hometrial_ingest.readers.fitabase.plain import LAYOUTS, read_plain

_Read = Callable[[SourceFile], Iterator[Segment]]

_COLUMNS: Mapping[str, Sequence[str]] = {
    **{kind: layout.columns for kind, layout in LAYOUTS.items()},
    "minute_steps_wide": wide.COLUMNS,
    "minute_sleep": sleep.COLUMNS,
}
_READS: Mapping[str, _Read] = {
    **{kind: partial(read_plain, layout=layout) for kind, layout in LAYOUTS.items()},
    "minute_steps_wide": wide.read_wide,
    "minute_sleep": sleep.read_sleep,
}


class FitabaseReader:
    """Reads Fitabase's CSV files; a `Reader`."""

    provider = "fitabase"
    revision = 2
    many_people = True
    local_only = True

    def kind(self, path: str) -> str | None:
        """Return the kind of a file by its name, or None for one that is not read."""
        return kind_of(path)

    def keeps(self, file: SourceFile) -> bool:  # noqa: ARG002 - `check` reads the header
        """Return True: a name of Fitabase's is no one else's."""
        return True

    def check(self, file: SourceFile, kind: str) -> None:
        """Look at the header. Raises UnreadableFileError if it is not UTF-8 or lacks a column."""
        check_columns(file, _COLUMNS[kind])

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:
        """Yield the lines as samples; raises UnreadableFileError if the text is damaged."""
        return _READS[kind](file)


reader = FitabaseReader()
