"""A push, read: its JSON, the records that count, and the segments that they make."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from hometrial_ingest.frame import SampleColumns, Segment, Unreadable, nonempty
from hometrial_ingest.reader import SEGMENT_ROWS
from hometrial_ingest.readers.bridge.faults import Fault, OddFieldError, malformed, misshapen, odd
from hometrial_ingest.readers.bridge.records import AnyRecord, Push
from hometrial_ingest.readers.bridge.samples import Rows, rows, source_of
from hometrial_ingest.readers.bridge.times import moment
from hometrial_ingest.signals import Signal

_PUSH = msgspec.json.Decoder(Push)


class PushRefusedError(Exception):
    """A body that is not a push; `fault` says what is wrong with it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.sentence)


@dataclass(frozen=True)
class Numbered:
    """A record and its place in the push, from 1."""

    number: int
    record: AnyRecord


def decode(body: bytes) -> Push:
    """Read a body. Raises PushRefusedError if it is no JSON or does not fit the schema."""
    try:
        return _PUSH.decode(body)
    except msgspec.ValidationError as error:
        raise PushRefusedError(misshapen(body, error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise PushRefusedError(malformed(body, error)) from error


def newest(push: Push) -> list[Numbered]:
    """Return the records in their order, of those that share type, app and id only the newest.

    A phone that was offline for long sends a night in each version that it had.
    """
    kept: dict[object, Numbered] = {}
    for number, record in enumerate(push.records, 1):
        key = number if record.id is None else (type(record), record.origin, record.id)
        before = kept.get(key)
        if before is None or _modified(record) >= _modified(before.record):
            kept[key] = Numbered(number, record)
    return sorted(kept.values(), key=lambda each: each.number)


def _modified(record: AnyRecord) -> int:
    """Return when a record was changed; 0 if it does not say, or what it says makes no sense."""
    try:
        return moment("modified_at", record.modified_at or "").at
    except OddFieldError:
        return 0


def segments(bridge: str, records: Sequence[Numbered]) -> Iterator[Segment]:
    """Yield the records' samples; a record that makes no sense stands among the unreadable ones."""
    batch = _Batch(bridge)
    for each in records:
        batch.add(each)
        if batch.samples >= SEGMENT_ROWS:
            yield batch.segment()
            batch = _Batch(bridge)
    yield batch.segment()


def faults(records: Sequence[Numbered]) -> Iterator[Fault]:
    """Yield what makes no sense in records that fit the schema."""
    for each in records:
        try:
            _read(each.record)
        except OddFieldError as error:
            yield odd(each.number, error)


def _read(record: AnyRecord) -> list[Rows]:
    if record.modified_at is not None:
        moment("modified_at", record.modified_at)
    return list(rows(record))


class _Batch:
    """Samples of some consecutive records, sorted by signal."""

    def __init__(self, bridge: str) -> None:
        self.bridge = bridge
        self.records = self.samples = 0
        self.columns: dict[Signal, SampleColumns] = {}
        self.unreadable: list[Unreadable] = []

    def add(self, each: Numbered) -> None:
        """Add all samples of a record, or none."""
        self.records += 1
        try:
            found = _read(each.record)
        except OddFieldError as error:
            fault = odd(each.number, error)
            self.unreadable.append(Unreadable(each.number, fault.field, fault.value, fault.problem))
            return
        all_of_it = {
            "row": each.number,
            "source": source_of(self.bridge, each.record),
            "device": each.record.device,
        }
        for signal, count, values in found:
            columns = self.columns.setdefault(signal, SampleColumns(signal)).columns
            for name, column in columns.items():
                value = all_of_it.get(name, values.get(name))
                column.extend(value if isinstance(value, list) else [value] * count)
            self.samples += count

    def segment(self) -> Segment:
        """Return what was added."""
        frames = nonempty(columns.frame() for columns in self.columns.values())
        return Segment(self.records, frames, self.unreadable)
