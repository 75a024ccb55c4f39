"""Reads the export of Apple's Health app: `export.xml`, by itself or inside `export.zip`."""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.frame import Frame, Segment, Unreadable, nonempty
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.readers.apple_health.document import ROOT, record_batches, require_export
from hometrial_ingest.readers.apple_health.measures import MEASURES, SLEEP_TYPE
from hometrial_ingest.readers.apple_health.origin import PROVIDER
from hometrial_ingest.readers.apple_health.prologue import root_element
from hometrial_ingest.readers.apple_health.samples import quantities, sleep_segments
from hometrial_ingest.readers.apple_health.sleep import sleep_frames

EXPORT = "export"

# The file is export.xml, exportación.xml, 导出.xml, ... by the phone's language, or what its owner called
# it; export_cda.xml beside it says the same in another format, and ._export.xml is the Finder's.
_EXPORT_NAME = re.compile(r"(?:.*/)?(?!\.)[^/]*(?<!_cda)\.xml", re.IGNORECASE)


class AppleHealthReader:
    """Reads the records of steps, heart, breath, sleep, distance and weight of one person's export."""

    provider = PROVIDER
    revision = 1
    many_people = False
    local_only = False

    def kind(self, path: str) -> str | None:
        """Return "export" for an XML file but the `_cda` one, None for all others."""
        return EXPORT if _EXPORT_NAME.fullmatch(path) else None

    def keeps(self, file: SourceFile) -> bool:
        """Say whether a file is for this reader: False for XML whose root element is not an export's."""
        with file.open() as stream:
            return root_element(stream) in (None, ROOT)

    def check(self, file: SourceFile, kind: str) -> None:  # noqa: ARG002 - there is one kind
        """Look at the beginning. Raises UnreadableFileError if it is not an Apple Health export."""
        require_export(file)

    def read(self, file: SourceFile, kind: str) -> Iterator[Segment]:  # noqa: ARG002
        """Yield the records in order, sleep records last: nights are made when all of them are known.

        Raises UnreadableFileError if the file is damaged, cut short or declares entities.
        """
        nights: list[pa.Table] = []
        for batch in record_batches(file):
            segment, asleep = _read_batch(batch)
            nights.append(asleep)
            if segment.rows:
                yield segment
        rows = sum(table.num_rows for table in nights)
        if rows:
            yield Segment(rows, sleep_frames(nights))


def _read_batch(batch: pa.Table) -> tuple[Segment, pa.Table]:
    """Return the samples of a batch, and its readable sleep records, which the segment does not count."""
    frames: list[Frame] = []
    unreadable: list[Unreadable] = []
    for type_name in MEASURES:
        records = _of_type(batch, type_name)
        if records.num_rows:
            frame, bad = quantities(records, type_name)
            frames.append(frame)
            unreadable += bad
    asleep, bad = sleep_segments(_of_type(batch, SLEEP_TYPE))
    unreadable = sorted(unreadable + bad, key=lambda record: record.row)
    return Segment(batch.num_rows - asleep.num_rows, nonempty(frames), unreadable), asleep


def _of_type(batch: pa.Table, type_name: str) -> pa.Table:
    return batch.filter(pc.equal(batch["type"], type_name)).combine_chunks()


reader = AppleHealthReader()
"""The reader of Apple Health exports."""
