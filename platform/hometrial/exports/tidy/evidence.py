"""How the data came about: what its tidy tables have beyond the source tables."""

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.projecting import Computed, looked_up

_SECONDS = 3600


def gaps(_source: Source, table: pa.Table) -> Computed:
    """Return how many hours are missing."""
    seconds = pc.seconds_between(table["start_at"], table["end_at"])
    return {"hours": pc.divide(seconds.cast(pa.float64()), _SECONDS)}


def quarantine(source: Source, table: pa.Table) -> Computed:
    """Return the suite with its version, and the payload of the file."""
    version = pc.cast(table["suite_version"], pa.string())
    of_batch = looked_up(table["batch"], source.table("batch"), "payload_sha256")
    return {
        "suite": pc.binary_join_element_wise(table["suite"], version, ":"),
        "payload": pc.coalesce(table["payload_sha256"], of_batch),
    }


def verdicts(source: Source, table: pa.Table) -> Computed:
    """Return the file that was judged."""
    batches = source.table("batch")
    return {
        "path": looked_up(table["batch"], batches, "path"),
        "payload": looked_up(table["batch"], batches, "payload_sha256"),
    }
