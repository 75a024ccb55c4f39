"""The body-weight log."""

import math

from msgspec import Raw, Struct, ValidationError
from msgspec.json import Decoder

from hometrial_ingest.readers.fitbit.rows import OddFieldError, Rows
from hometrial_ingest.readers.fitbit.stamps import clock, midnight
from hometrial_ingest.signals import Signal

# Kilograms over the square of metres gives the body-mass index; pounds or stones under the same index
# would belong to a body of another height. No adult is outside these metres but by rarest exception.
_HEIGHTS = (0.9, 2.3)


class _Weight(Struct, gc=False):
    """{"date": "2015-05-13", "time": "18:28:59", "weight": 56.7, "bmi": 21.48, "logId": 1431541739000}."""

    date: str
    time: str
    weight: float
    bmi: float | None = None


_weight = Decoder(_Weight)


def read_weights(entries: list[Raw], rows: Rows) -> None:
    """Take the entries of a weight log, which must be in kilograms: the reply does not say its unit."""
    for raw in entries:
        try:
            entry = _weight.decode(raw)
            local = midnight("date", entry.date) + clock("time", entry.time)
            _check_unit(entry)
            rows.keep(Signal.WEIGHT, local, entry.weight)
        except (OddFieldError, ValidationError) as error:
            rows.refuse("weight", raw, error)


def _check_unit(entry: _Weight) -> None:
    if not entry.bmi or entry.bmi < 0 or entry.weight < 0:
        return
    height = math.sqrt(entry.weight / entry.bmi)
    if not _HEIGHTS[0] <= height <= _HEIGHTS[1]:
        reason = (
            f"not kilograms: with a body-mass index of {entry.bmi} the body is {height:.2f} m tall"
        )
        raise OddFieldError("weight", entry.weight, reason)
