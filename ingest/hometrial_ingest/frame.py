"""The one shape that every reader yields: segments of frames, one row a sample.

A *source row* is what the source would call a row: a CSV line, a JSON point, an XML record. One source
row may hold many samples (an hour of minute steps, a night with its stages). Every source row of a
segment either has samples in the segment's frames or stands in `unreadable`: nothing is dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from hometrial_ingest.signals import Signal

_WORD = pa.dictionary(pa.int32(), pa.string())

SAMPLE_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),  # 1-based number of the source row in its file
        pa.field("person", _WORD),  # the source's id of the person; null if the file has none
        pa.field(
            "at", pa.int64()
        ),  # instant, microseconds since 1970 UTC; null if only local is known
        pa.field("local", pa.int64()),  # wall clock, microseconds since 1970-01-01 00:00 local
        pa.field("offset", pa.int32()),  # local minus UTC, seconds; null if the source does not say
        pa.field("duration", pa.int64(), nullable=False),  # seconds; 0 for an instant
        pa.field("value", pa.float64()),  # in the signal's unit; null for a sleep stage
        pa.field(
            "code", _WORD
        ),  # stage of a sleep_stage, 'stages'/'classic'/... of a sleep_session
        pa.field("session", pa.string()),  # the source's key of the sleep session
        pa.field("source", _WORD, nullable=False),  # provider/instrument, free of personal names
        pa.field("device", _WORD),  # model as the source names it, free of personal names
    ]
)
"""Columns of every frame. At least one of `at` and `local` is set. Rules by shape:

* INSTANT: `duration` 0. INTERVAL: `duration` > 0.
* DAILY: `at` null, `local` = the day's midnight, `duration` 0; the platform finds the instant.
* SESSION: start in `at`/`local`, `duration` from the source, `value` minutes asleep (null if unknown),
  plus the columns of SESSION_SCHEMA. Its local day is that of its END.
* STAGE: start and duration of the stage, `session` as in its session's row, `row` that of its session.
"""

SESSION_SCHEMA = pa.schema(
    [
        *SAMPLE_SCHEMA,
        pa.field("end_at", pa.int64()),  # instant of the end as the source gives it, µs UTC
        pa.field("end_local", pa.int64()),  # wall clock of the end as the source gives it, µs
        pa.field("end_offset", pa.int32()),
        pa.field("minutes_in_bed", pa.float64()),
        pa.field("minutes_awake", pa.float64()),
        pa.field("minutes_to_fall_asleep", pa.float64()),
        pa.field("minutes_after_wakeup", pa.float64()),
        pa.field("main_sleep", pa.bool_()),
        pa.field("in_progress", pa.bool_()),  # the session was still running when it was read
    ]
)
"""Columns of a `sleep_session` frame."""

STAGE_SCHEMA = pa.schema([*SAMPLE_SCHEMA, pa.field("overlay", pa.bool_())])
"""Columns of a `sleep_stage` frame. `overlay`: a short awakening laid over the stages, not part of
their sequence (Fitbit shortData, Google shortAwakenings)."""

HEART_RATE_SCHEMA = pa.schema([*SAMPLE_SCHEMA, pa.field("confidence", pa.int8())])
"""Columns of a `heart_rate` frame. `confidence`: the source's own 0-3, null if it gives none."""

SCHEMAS: Mapping[Signal, pa.Schema] = {
    Signal.SLEEP_SESSION: SESSION_SCHEMA,
    Signal.SLEEP_STAGE: STAGE_SCHEMA,
    Signal.HEART_RATE: HEART_RATE_SCHEMA,
}


def schema_of(signal: Signal) -> pa.Schema:
    """Return the columns of this signal's frames."""
    return SCHEMAS.get(signal, SAMPLE_SCHEMA)


@dataclass(frozen=True)
class Frame:
    """Samples of one signal; `table` has exactly the columns of `schema_of(signal)`."""

    signal: Signal
    table: pa.Table

    @classmethod
    def of(cls, signal: Signal, columns: Mapping[str, object]) -> "Frame":
        """Make a frame from some columns; those left out are null. Scalars are repeated.

        Raises pyarrow.ArrowInvalid if a value does not fit its column's type.
        """
        schema = schema_of(signal)
        unknown = set(columns) - set(schema.names)
        if unknown:
            raise KeyError(f"no such column in a {signal} frame: {sorted(unknown)}")
        rows = len(columns["row"])  # type: ignore[arg-type]
        return cls(
            signal, pa.table([_column(columns.get(f.name), f, rows) for f in schema], schema)
        )


def _column(values: object, spec: pa.Field, rows: int) -> pa.Array | pa.ChunkedArray:
    if values is None or isinstance(values, str | int | float | bool):
        plain = spec.type.value_type if pa.types.is_dictionary(spec.type) else spec.type
        array = pa.repeat(pa.scalar(values, plain), rows)
    elif isinstance(values, pa.Array | pa.ChunkedArray):
        array = values
    else:
        plain = spec.type.value_type if pa.types.is_dictionary(spec.type) else spec.type
        array = pa.array(values, plain)
    if pa.types.is_dictionary(spec.type) and not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    return array.cast(spec.type)


@dataclass(frozen=True)
class Unreadable:
    """A source row that holds no usable value, and why."""

    row: int
    field: str
    value: str
    reason: str


@dataclass(frozen=True)
class Segment:
    """Some consecutive source rows of one file. `rows` counts them all."""

    rows: int
    frames: Sequence[Frame] = ()
    unreadable: Sequence[Unreadable] = ()


@dataclass
class SampleColumns:
    """Columns grown sample by sample, for readers of JSON and XML; `frame()` makes the Frame."""

    signal: Signal
    columns: dict[str, list[object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = {name: [] for name in schema_of(self.signal).names}

    def add(self, **values: object) -> None:
        """Add one sample; columns that are not named are null. Raises KeyError for an unknown one."""
        for name, column in self.columns.items():
            column.append(values.pop(name, None))
        if values:
            raise KeyError(f"no such column in a {self.signal} frame: {sorted(values)}")

    def __len__(self) -> int:
        return len(self.columns["row"])

    def frame(self) -> Frame:
        """Return what was added as a Frame and start again empty."""
        made = Frame.of(self.signal, self.columns)
        self.__post_init__()
        return made


def nonempty(frames: Iterable[Frame]) -> list[Frame]:
    """Return the frames that hold at least one sample."""
    return [frame for frame in frames if frame.table.num_rows]
