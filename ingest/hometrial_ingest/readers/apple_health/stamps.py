"""Apple's stamps, `2018-09-10 02:28:55 -0700`, as instants and offsets, a column at a time."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.local_time import SECOND, Int32, Int64

_SHAPE = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} [+-]\d{4}$"
_LENGTH = len("2018-09-10 02:28:55 -0700")
_PLACEHOLDER = "1970-01-01 00:00:00 +0000"  # of the rows that are reported as unreadable
_FIRST_YEAR, _LAST_YEAR = 1900, 2199  # no living wearer's data is outside
_LARGEST_OFFSET = 14 * 60  # minutes; Kiritimati

WHAT_A_STAMP_IS = (
    f"a stamp looks like 2018-09-10 02:28:55 -0700, between {_FIRST_YEAR} and {_LAST_YEAR}"
)


def instants(texts: pa.Array) -> tuple[Int64, Int32, npt.NDArray[np.bool_]]:
    """Return instants (microseconds UTC), offsets (seconds) and which stamps are valid.

    Where a stamp is not valid its instant is 0 and means nothing, like its offset.
    """
    shaped = pc.fill_null(pc.match_substring_regex(texts, _SHAPE), fill_value=False)
    characters = _characters(pc.if_else(shaped, texts, _PLACEHOLDER))
    days, valid_day = _days(characters)
    hour, minute, second = (_number(characters, place, 2) for place in (11, 14, 17))
    offset = _number(characters, 21, 2) * 60 + _number(characters, 23, 2)
    valid = valid_day & (hour < 24) & (minute < 60) & (second < 60)
    valid &= (_number(characters, 23, 2) < 60) & (offset <= _LARGEST_OFFSET)
    offset = np.where(characters[:, 20] == ord("-"), -offset, offset) * 60
    valid &= shaped.to_numpy(zero_copy_only=False)
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
    return np.where(valid, seconds, 0) * SECOND, offset.astype(np.int32), valid


def _characters(stamps: pa.Array) -> npt.NDArray[np.uint8]:
    fixed = stamps.cast(pa.binary()).cast(pa.binary(_LENGTH))
    raw = np.frombuffer(fixed.buffers()[1], np.uint8, len(fixed) * _LENGTH, fixed.offset * _LENGTH)
    return raw.reshape(-1, _LENGTH)


def _number(characters: npt.NDArray[np.uint8], place: int, length: int) -> Int64:
    digits = characters[:, place : place + length].astype(np.int64) - ord("0")
    return digits @ (10 ** np.arange(length - 1, -1, -1, dtype=np.int64))


def _days(characters: npt.NDArray[np.uint8]) -> tuple[Int64, npt.NDArray[np.bool_]]:
    """Return days since 1970-01-01 by the Gregorian calendar, and which dates exist."""
    year, month, day = (
        _number(characters, place, length) for place, length in ((0, 4), (5, 2), (8, 2))
    )
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[D]").astype(np.int64) - first
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    valid &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR)
    return first + day - 1, valid
