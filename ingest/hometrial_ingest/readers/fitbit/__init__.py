"""Reads saved replies of the Fitbit Web API: see the README beside this file."""

from collections.abc import Iterator

from hometrial_ingest.fitbit_sleep import SleepLogs
from hometrial_ingest.frame import Segment
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.fitbit.activities import read_activities
from hometrial_ingest.readers.fitbit.replies import data, elements, looks_like_data
from hometrial_ingest.readers.fitbit.rows import SOURCE, Rows
from hometrial_ingest.readers.fitbit.weights import read_weights


class FitbitReader:
    """Replies about heart rate, steps, sleep and weight, as the API gave them. Satisfies `Reader`."""

    provider = SOURCE
    revision = 1
    many_people = False
    local_only = True

    def kind(self, path: str) -> str | None:
        """Return 'reply' for .json files; `keeps` looks inside them."""
        return "reply" if path.lower().endswith(".json") else None

    def keeps(self, file: SourceFile) -> bool:
        """Say whether a file is for this reader: False for JSON that is plainly not a reply with data."""
        return looks_like_data(file)

    def check(self, file: SourceFile, kind: str) -> None:  # noqa: ARG002 - the only kind is 'reply'
        """Look at what a reply holds.

        Raises ErrorReplyError for an error reply, UnreadableFileError for what else holds no data.
        """
        data(file)

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:  # noqa: ARG002
        """Yield the rows of a reply: at most a day of readings, or a hundred days of other things.

        Raises UnreadableFileError if the file is no JSON, an error reply, unfinished, or no data.
        """
        fields, rows, logs = data(file), Rows(), SleepLogs(SOURCE)
        read_activities(file, fields, rows)
        for raw in elements(file, fields, "sleep"):
            fault = logs.add(rows.next(), raw)
            if fault:
                rows.unreadable.append(fault)
        read_weights(elements(file, fields, "weight"), rows)
        yield rows.segment(logs.frames())


reader = FitbitReader()
