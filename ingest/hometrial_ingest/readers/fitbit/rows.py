"""The rows of one reply as they are read: counted, kept or refused."""

from dataclasses import dataclass, field

from msgspec import Raw, ValidationError

from hometrial_ingest.errors import shorten
from hometrial_ingest.frame import Frame, SampleColumns, Segment, Unreadable, nonempty
from hometrial_ingest.json_text import unreadable
from hometrial_ingest.signals import Signal

SOURCE = "fitbit"


class OddFieldError(ValueError):
    """A field of one entry that cannot be read."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        self.name, self.value, self.reason = name, value, reason
        super().__init__(f"{name}: {reason}")


@dataclass
class Rows:
    """Source rows, numbered in the order in which they are taken, and the samples made of them."""

    count: int = 0
    samples: dict[Signal, SampleColumns] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)

    def next(self) -> int:
        """Count one more source row and return its number."""
        self.count += 1
        return self.count

    def keep(self, signal: Signal, local: int, value: float, duration: int = 0) -> None:
        """Count one more source row, which holds one sample."""
        columns = self.samples.setdefault(signal, SampleColumns(signal))
        columns.add(row=self.next(), local=local, duration=duration, value=value, source=SOURCE)

    def refuse(self, prefix: str, entry: Raw, error: OddFieldError | ValidationError) -> None:
        """Count one more source row, which cannot be read."""
        row = self.next()
        if isinstance(error, OddFieldError):
            fault = Unreadable(row, error.name, shorten(error.value), error.reason)
        else:
            fault = unreadable(row, entry, error)
        path = f"{prefix}.{fault.field}".rstrip(".")
        self.unreadable.append(Unreadable(row, path, fault.value, fault.reason))

    def segment(self, frames: list[Frame]) -> Segment:
        """Return everything as a segment, with the frames that were made elsewhere."""
        made = [columns.frame() for columns in self.samples.values()]
        return Segment(self.count, nonempty([*made, *frames]), self.unreadable)
