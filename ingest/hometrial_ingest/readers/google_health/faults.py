"""What is wrong with the points of a batch: the first fault of each is kept, the point is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.errors import shorten
from hometrial_ingest.frame import Unreadable


@dataclass
class Faults:
    """The faults of a batch of points, by their place in the batch."""

    rows: Sequence[int]
    found: dict[int, Unreadable] = field(default_factory=dict)

    def check(
        self, name: str, reason: str, parsed: pa.Array, given: Callable[[int], object]
    ) -> None:
        """Note a fault wherever `parsed` is null though `given(place)` is not None."""
        if parsed.null_count:
            for place in pc.indices_nonzero(parsed.is_null()).to_pylist():
                value = given(place)
                if value is not None and place not in self.found:
                    row = self.rows[place]
                    self.found[place] = Unreadable(row, name, shorten(value), reason)

    def sound(self) -> pa.Array | None:
        """Return which points are without fault, or None if all are."""
        if not self.found:
            return None
        return pa.array([place not in self.found for place in range(len(self.rows))])

    def unreadable(self) -> list[Unreadable]:
        """Return the faults in the order of their points."""
        return [self.found[place] for place in sorted(self.found)]
