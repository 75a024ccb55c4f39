"""Raw records as columns of samples; what cannot be read is set aside with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hometrial_ingest.errors import shorten
from hometrial_ingest.frame import Frame, Unreadable
from hometrial_ingest.local_time import DAY, SECOND, Int32, Int64, UnknownZoneError, ZoneHistory
from hometrial_ingest.readers.apple_health.measures import MEASURES, SLEEP_STAGES, Measure
from hometrial_ingest.readers.apple_health.origin import model_of, source_of
from hometrial_ingest.readers.apple_health.stamps import WHAT_A_STAMP_IS, instants
from hometrial_ingest.signals import SIGNALS, Shape

Float64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
_DECIMALS = 6  # takes off what binary fractions add: 0.57 * 100 is 56.99999999999999


@dataclass
class Sieve:
    """Records of one type, with those that failed a requirement taken out and reported, once each."""

    records: pa.Table
    unreadable: list[Unreadable] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.good: Bools = np.ones(self.records.num_rows, np.bool_)

    def column(self, name: str) -> pa.Array:
        """Return a column of all records as one array."""
        return self.records[name].combine_chunks()

    def require(self, holds: Bools, name: str, reason: str) -> None:
        """Report the records for which a requirement does not hold, naming their field and value."""
        for place in np.flatnonzero(self.good & ~holds).tolist():
            record = self.records.slice(place, 1).to_pylist()[0]
            missing = record[name] is None
            why = f"line {record['line']}: " + (f"{name} is missing; " if missing else "") + reason
            value = "" if missing else shorten(record[name])
            self.unreadable.append(Unreadable(record["row"], name, value, why))
        self.good &= holds


@dataclass(frozen=True)
class Times:
    """Start, length and offsets of records: `offset` is the phone's, `zone_offset` HKTimeZone's or null."""

    at: Int64
    end_at: Int64
    offset: Int32
    zone_offset: pa.Array
    end_zone_offset: pa.Array

    @property
    def duration(self) -> Int64:
        """Whole seconds from start to end."""
        return (self.end_at - self.at) // SECOND

    @property
    def day(self) -> Int64:
        """The local day, by the phone's offset, in which the middle of the record lies."""
        middle = self.at + (self.end_at - self.at) // 2
        return (middle + self.offset.astype(np.int64) * SECOND) // DAY


def quantities(records: pa.Table, type_name: str) -> tuple[Frame, list[Unreadable]]:
    """Return the samples of the records of one quantity type, and those that hold none."""
    measure = MEASURES[type_name]
    shape = SIGNALS[measure.signal].shape
    sieve = Sieve(records)
    values = _values(sieve, measure)
    times = read_times(sieve, amount=shape is Shape.INTERVAL)
    columns = {**described(sieve), **_when(times, shape), "value": pa.array(values)}
    return Frame.of(measure.signal, _sifted(columns, sieve.good)), sieve.unreadable


def sleep_segments(records: pa.Table) -> tuple[pa.Table, list[Unreadable]]:
    """Return sleep records as a table of segments with their stage in `code`, and those that hold none."""
    sieve = Sieve(records)
    codes = pa.array(
        [SLEEP_STAGES.get(value) for value in records["value"].to_pylist()], pa.string()
    )
    sieve.require(
        _bools(pc.is_valid(codes)), "value", f"a sleep record is one of {', '.join(SLEEP_STAGES)}"
    )
    times = read_times(sieve, amount=True)
    columns = {
        **described(sieve),
        "at": pa.array(times.at),
        "end_at": pa.array(times.end_at),
        "offset": times.zone_offset,
        "end_offset": times.end_zone_offset,
        "code": codes,
    }
    return pa.table(_sifted(columns, sieve.good)), sieve.unreadable


def described(sieve: Sieve) -> dict[str, pa.Array]:
    """Return row, source and device of each record, requiring a source name."""
    names, devices = sieve.column("sourceName"), sieve.column("device").to_pylist()
    sieve.require(_bools(pc.is_valid(names)), "sourceName", "a record names the app that wrote it")
    manual = sieve.column("manual").to_pylist()
    sources = [
        source_of(name or "", device, manual=typed == "1")
        for name, device, typed in zip(names.to_pylist(), devices, manual, strict=True)
    ]
    return {
        "row": sieve.column("row"),
        "source": pa.array(sources, pa.string()).dictionary_encode(),
        "device": pa.array(map(model_of, devices), pa.string()).dictionary_encode(),
    }


def read_times(sieve: Sieve, *, amount: bool) -> Times:
    """Return the times of all records, requiring valid stamps in order; an amount needs some time."""
    at, offset, valid = instants(sieve.column("startDate"))
    sieve.require(valid, "startDate", WHAT_A_STAMP_IS)
    end_at, _, valid = instants(sieve.column("endDate"))
    sieve.require(valid, "endDate", WHAT_A_STAMP_IS)
    sieve.require(end_at >= at, "endDate", "the record ends before it starts")
    if amount:
        sieve.require(end_at > at, "endDate", "an amount or a stage needs some time to happen in")
    zones = sieve.column("zone")
    return Times(at, end_at, offset, _zone_offsets(zones, at), _zone_offsets(zones, end_at))


def _values(sieve: Sieve, measure: Measure) -> Float64:
    units, texts = sieve.column("unit"), sieve.column("value")
    known = ", ".join(measure.factors)
    sieve.require(
        _bools(pc.is_in(units, pa.array(list(measure.factors)))),
        "unit",
        f"{measure.signal} is read in {known} only; have this unit added to the reader",
    )
    shaped = pc.fill_null(pc.match_substring_regex(texts, _NUMBER), fill_value=False)
    numbers = pc.if_else(shaped, texts, "nan").cast(pa.float64()).to_numpy(zero_copy_only=False)
    sieve.require(np.isfinite(numbers), "value", "a value is a decimal number")
    factors = np.array([measure.factors.get(unit, np.nan) for unit in units.to_pylist()])
    values: Float64 = np.where(factors == 1.0, numbers, np.round(numbers * factors, _DECIMALS))
    return values


def _when(times: Times, shape: Shape) -> dict[str, pa.Array]:
    if shape is Shape.DAILY:
        return {"local": pa.array(times.day * DAY), "duration": pa.array(times.duration * 0)}
    lasts = times.duration if shape is Shape.INTERVAL else times.duration * 0
    return {
        "at": pa.array(times.at),
        "offset": times.zone_offset,
        "duration": pa.array(lasts),
    }


def _zone_offsets(zones: pa.Array, at: Int64) -> pa.Array:
    """Return the offset in seconds that each record's own zone had, null without a zone or an IANA name."""
    offsets, known = np.zeros(len(at), np.int32), np.zeros(len(at), np.bool_)
    for zone in _distinct(zones):
        here = _bools(pc.fill_null(pc.equal(zones, zone), fill_value=False))
        try:
            history = ZoneHistory.of([(None, zone)])
        except UnknownZoneError:
            continue  # the instant is certain without it: a name such as "PDT" costs the offset only
        offsets[here] = history.place_instant(at[here])[0]
        known |= here
    return pa.array(offsets, mask=~known)


def _distinct(zones: pa.Array) -> Iterable[str]:
    return [zone for zone in pc.unique(zones).to_pylist() if zone is not None]


def _sifted(columns: dict[str, pa.Array], good: Bools) -> dict[str, pa.Array]:
    if good.all():
        return columns
    kept = pa.array(good)
    return {name: column.filter(kept) for name, column in columns.items()}


def _bools(array: pa.Array) -> Bools:
    bools: Bools = array.to_numpy(zero_copy_only=False)
    return bools
