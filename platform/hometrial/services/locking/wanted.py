"""What is asked for when data sets are: which kind, which formats, whose samples, under which profile."""

import re
from dataclasses import dataclass

from hometrial.errors import ExportRefusedError
from hometrial.exports.deidentifying import Profile, profile
from hometrial.exports.formats.writing import FORMATS, formats_of
from hometrial.models import LOCK_KINDS
from hometrial_ingest.signals import Signal

DEFAULT_FORMATS = ("xpt5", "dataset-json", "parquet", "csv")
EVERY = "all"
"""Stands for every stream that has samples."""
_NAME = re.compile(r"(?!\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""Not of digits alone: a lock is also found by its number."""


@dataclass(frozen=True)
class Wanted:
    """Data sets as they are wanted, checked. `streams`: whose samples are in the folder; EVERY for all."""

    formats: tuple[str, ...]
    profile: Profile
    streams: tuple[str, ...]

    def has_stream(self, stream: str) -> bool:
        """Say whether the samples of a stream are in the folder."""
        return stream in self.streams or EVERY in self.streams


@dataclass(frozen=True)
class NewLock:
    """A lock that is asked for."""

    name: str
    kind: str
    reason: str
    wanted: Wanted


def wanted(
    formats: tuple[str, ...] = DEFAULT_FORMATS,
    profile_name: str = "study",
    streams: tuple[str, ...] = (EVERY,),
) -> Wanted:
    """Return what is wanted. Raises ExportRefusedError for a format, a profile or a stream that there is not."""
    if not formats:
        raise ExportRefusedError(f"formats: none is chosen; choose from {', '.join(FORMATS)}")
    known = {str(each) for each in Signal} | {EVERY}
    for stream in streams:
        if stream not in known:
            raise ExportRefusedError(
                f"streams: {stream} is none; choose from {', '.join(sorted(known))}"
            )
    return Wanted(tuple(formats_of("sdtm", formats)), profile(profile_name), tuple(sorted(streams)))


def new_lock(name: str, kind: str, reason: str, asked: Wanted) -> NewLock:
    """Return a lock that is asked for. Raises ExportRefusedError for a name, a kind or a reason that will not do."""
    if not _NAME.fullmatch(name):
        raise ExportRefusedError(
            f"name: {name!r} will not do; up to 40 of letters, digits, point, dash and underscore, not digits alone, as DSMB-1"
        )
    if kind not in LOCK_KINDS:
        raise ExportRefusedError(f"kind: {kind!r} is none; choose from {', '.join(LOCK_KINDS)}")
    if not reason.strip():
        raise ExportRefusedError(f"reason: say why {name} is made; it stands in its manifest")
    return NewLock(name, kind, reason.strip(), asked)
