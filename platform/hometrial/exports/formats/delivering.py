"""A folder's data sets, one after another: written in every format, read back, and let go before the next one is made."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyarrow as pa

from hometrial.exports.formats import parking, reading_back, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.define import Told
from hometrial.exports.formats.frames import settled
from hometrial.exports.formats.parking import Parked
from hometrial.exports.formats.reading_back import Checked
from hometrial.exports.formats.writing import NOTHING_TOLD, Framed, Shipment


@dataclass
class Deliveries:
    """Everything that goes into a folder. In `waiting` data sets wait until all that tells of them is written."""

    place: Path
    formats: Collection[str]
    origin: Origin
    waiting: Path
    files: dict[Path, int] = field(default_factory=dict)
    """What was written, with the rows of each."""
    told: dict[Path, Mapping[str, object]] = field(default_factory=dict)
    """What the manifest tells of each file of a data set."""
    made: dict[str, list[Parked]] = field(default_factory=dict)
    """The data sets of each delivery."""
    changed: dict[str, dict[str, int]] = field(default_factory=dict)
    """How many values of a delivery are in a format in another way."""
    _checked: dict[tuple[str, str], list[Checked]] = field(default_factory=dict)

    def deliver(self, name: str, frames: Iterable[Framed], told: Told = NOTHING_TOLD) -> None:
        """Write and read back the data sets of a delivery, each before the next one is asked for.

        Raises ValueRefusedError for a value that a format cannot hold, ExportRefusedError for a file that says
        something else than its data set.
        """
        shipment = Shipment(self.place, name, self.formats, self.origin)
        parked = self.made.setdefault(name, [])
        # By `map`: the variable of a loop would hold a data set while the next one is made.
        parked.extend(map(partial(self._delivered, shipment), frames))
        self.files |= shipment.finish(parked, told)
        self.told |= shipment.told
        self.changed[name] = dict(shipment.changed)

    def _delivered(self, shipment: Shipment, framed: Framed) -> Parked:
        frame = settled(writing.as_frame(framed))
        for written in shipment.write(frame):
            found = self._checked.setdefault((shipment.name, written.format), [])
            found.append(reading_back.check(self.place, written))
        stem = self.waiting / shipment.name / writing.file_name(framed.data_set)
        parked = parking.park(frame, stem)
        pa.default_memory_pool().release_unused()
        return parked

    @property
    def checked(self) -> list[Checked]:
        """What was read back: delivery by delivery, format by format."""
        return [
            each
            for name in self.made
            for chosen in writing.formats_of(name, self.formats)
            for each in self._checked.get((name, chosen), ())
        ]
