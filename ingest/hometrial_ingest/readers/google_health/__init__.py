"""Reads saved pages of the Google Health API v4: see the README beside this file."""

from collections.abc import Iterator

from hometrial_ingest.frame import Segment
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.google_health.batches import segments
from hometrial_ingest.readers.google_health.replies import check_head, looks_like_data, pages
from hometrial_ingest.readers.google_health.sources import PROVIDER


class GoogleHealthReader:
    """Pages of data points and of daily roll-ups, as the API answered them. Satisfies `Reader`."""

    provider = PROVIDER
    revision = 1
    many_people = False
    local_only = False

    def kind(self, path: str) -> str | None:
        """Return 'page' for .json and .jsonl files; `keeps` looks inside them."""
        return "page" if path.lower().endswith((".json", ".jsonl")) else None

    def keeps(self, file: SourceFile) -> bool:
        """Say whether a file is for this reader: False for JSON that is plainly not a page of data."""
        return looks_like_data(file)

    def check(self, file: SourceFile, kind: str) -> None:  # noqa: ARG002 - the only kind is 'page'
        """Look at the head of a file.

        Raises ErrorReplyError for an error reply, UnreadableFileError for what else is no page of data.
        """
        check_head(file)

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:  # noqa: ARG002
        """Yield the points of a file in order, a page or 20,000 points at a time.

        Raises UnreadableFileError if the file is no JSON, an error reply or no page of data.
        """
        yield from segments(pages(file))


reader = GoogleHealthReader()
