"""READERS by name, and nothing else."""

from hometrial_ingest.reader import Reader
from hometrial_ingest.readers import apple_health, fitabase, fitbit, google_health, omh, takeout

READERS: dict[str, Reader] = {
    each.provider: each
    for each in (
        fitabase.reader,
        takeout.reader,
        apple_health.reader,
        google_health.reader,
        fitbit.reader,
        omh.reader,
    )
}
