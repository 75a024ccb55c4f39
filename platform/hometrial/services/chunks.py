"""A day chunk's body: samples to Parquet bytes and back, and what makes two samples the same."""

import hashlib
import io
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hometrial_ingest.signals import SIGNALS, Shape, Signal

_WORD = pa.dictionary(pa.int32(), pa.string())

_COMMON = [
    pa.field("at", pa.int64()),
    pa.field("offset", pa.int32()),
    pa.field("duration", pa.int64()),
    pa.field("value", pa.float64()),
    pa.field("code", _WORD),
    pa.field("session", _WORD),
    pa.field("source", _WORD),
    pa.field("device", _WORD),
]
_LINEAGE = [pa.field("payload", _WORD), pa.field("row", pa.int64())]
_EXTRA = {
    Signal.HEART_RATE: [pa.field("confidence", pa.int8())],
    Signal.SLEEP_STAGE: [pa.field("overlay", pa.bool_())],
    Signal.SLEEP_SESSION: [
        pa.field("end_at", pa.int64()),
        pa.field("end_stated_at", pa.int64()),
        pa.field("minutes_in_bed", pa.float64()),
        pa.field("minutes_awake", pa.float64()),
        pa.field("minutes_to_fall_asleep", pa.float64()),
        pa.field("minutes_after_wakeup", pa.float64()),
        pa.field("main_sleep", pa.bool_()),
        pa.field("in_progress", pa.bool_()),
    ],
}

_KEYS = {
    # Two devices of one kind share a source; worn side by side they differ (wearables.md 4.3).
    Shape.INSTANT: ["source", "device", "at", "duration"],
    Shape.INTERVAL: ["source", "device", "at", "duration"],
    Shape.DAILY: ["source", "day"],
    Shape.SESSION: ["source", "session"],
    Shape.STAGE: ["source", "session", "at", "code", "overlay"],
}


def schema(signal: Signal) -> pa.Schema:
    """Return the columns of a chunk of this signal: sample, extras, and the lineage to its payload.

    `at` is in microseconds UTC, `offset` and `duration` in seconds; `payload` is the SHA-256 of the file
    the sample came in, `row` its source row there.
    """
    fields = [*_COMMON, *_EXTRA.get(signal, []), *_LINEAGE]
    if SIGNALS[signal].integer:
        fields[3] = pa.field("value", pa.int64())
    return pa.schema(fields)


def key(signal: Signal) -> list[str]:
    """Return the columns that, with the participant, say which sample this is."""
    return _KEYS[SIGNALS[signal].shape]


def content(signal: Signal) -> list[str]:
    """Return the columns whose change makes a sample a revised one."""
    extra = [field.name for field in _EXTRA.get(signal, []) if field.name != "end_stated_at"]
    known = key(signal)
    return [name for name in ("at", "duration", "value", "code", *extra) if name not in known]


def encode(samples: pd.DataFrame, signal: Signal) -> bytes:
    """Return samples of one day, in their order, as the bytes of a Parquet file: the same every time."""
    return encode_table(to_table(samples, signal))


def to_table(samples: pd.DataFrame, signal: Signal) -> pa.Table:
    """Return samples as an Arrow table with the columns of `schema(signal)`."""
    return pa.Table.from_pandas(samples, schema=schema(signal), preserve_index=False)


def encode_table(table: pa.Table) -> bytes:
    """Return a table's Parquet bytes: whole numbers as deltas, words by dictionary, zstd.

    The bytes depend on the rows alone: a dictionary of Arrow may hold the words of a whole batch, so that
    Parquet makes its own.
    """
    table = _whole_if_possible(table)
    words = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    table = table.cast(
        pa.schema(
            [
                field.with_type(pa.string()) if field.name in words else field
                for field in table.schema
            ]
        )
    )
    whole = [field.name for field in table.schema if pa.types.is_integer(field.type)]
    body = io.BytesIO()
    pq.write_table(
        table,
        body,
        compression="zstd",
        use_dictionary=words,
        column_encoding={name: "DELTA_BINARY_PACKED" for name in whole if name != "confidence"},
        write_statistics=False,
        store_schema=False,
    )
    return body.getvalue()


def _whole_if_possible(table: pa.Table) -> pa.Table:
    """Return the table with values as whole numbers if none has a fraction: they pack far better."""
    place = table.schema.get_field_index("value")
    values = table["value"]
    if pa.types.is_floating(values.type) and pc.all(pc.equal(values, pc.floor(values))).as_py():
        return table.set_column(place, "value", values.cast(pa.int64()))
    return table


def decode(body: bytes, signal: Signal) -> pa.Table:
    """Return the samples of a chunk."""
    return decode_many([body], signal)[0]


def decode_many(
    bodies: Sequence[bytes], signal: Signal, columns: Collection[str] | None = None
) -> tuple[pa.Table, list[int]]:
    """Return the samples of several chunks as one table, and how many each chunk has; of all columns or of some."""
    wanted = schema(signal)
    if columns is not None:
        wanted = pa.schema([field for field in wanted if field.name in columns])
    if not bodies:
        return wanted.empty_table(), []
    # The file reader itself: the data-set machinery of read_table costs more than a day's samples do.
    tables = [
        pq.ParquetFile(pa.BufferReader(body)).read(columns=wanted.names, use_threads=False)
        for body in bodies
    ]
    together = pa.concat_tables(tables, promote_options="permissive")  # whole and broken numbers
    return together.cast(wanted), [table.num_rows for table in tables]


def content_sha256(samples: pd.DataFrame, signal: Signal) -> str:
    """Return a digest of what the samples say, whatever file they came in."""
    return _Contents(samples, signal).sha256(0, len(samples))


class _Contents:
    """The columns of samples by which their digests are made, turned once for all slices of them."""

    def __init__(self, samples: pd.DataFrame, signal: Signal) -> None:
        names = dict.fromkeys(("at", "offset", *key(signal), *content(signal)))
        self.columns = [_column(samples[name]) for name in names]

    def sha256(self, start: int, end: int) -> str:
        """Return the digest of the rows [start, end), by themselves."""
        digest = hashlib.sha256()
        for values, words in self.columns:
            part = values[start:end]
            if words is None:
                digest.update(part.tobytes())
            else:
                places, first = np.unique(part, return_index=True)
                known = places[np.argsort(first, kind="stable")]  # as they come, without the blank
                known = known[known >= 0]
                codes = np.full(len(words) + 1, -1, np.int32)
                codes[known] = np.arange(len(known), dtype=np.int32)
                digest.update("\x1f".join(words[each] for each in known).encode())
                digest.update(codes[part].tobytes())
        return digest.hexdigest()


def _column(column: pd.Series) -> tuple[npt.NDArray[Any], list[str] | None]:
    """Return numbers as they are digested, or the places of words and the words; -1 is a blank."""
    if not _is_word(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan), None
    codes, words = pd.factorize(column)
    return codes.astype(np.int32), [str(word) for word in words]


def _is_word(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column.dtype)


def body_of_nothing(signal: Signal) -> dict[str, Any]:
    """Return the body of a day whose samples all moved away, as a night does that now ends on another day."""
    body = encode_table(schema(signal).empty_table())
    return {"samples": 0, "content_sha256": "", "body": body}


def bodies_of_days(samples: pd.DataFrame, signal: Signal) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the body, its digest and its number of samples for each (participant, day)."""
    if not len(samples):
        return {}
    ordered = in_order(samples, by=["participant", "day"]).reset_index(drop=True)
    table = to_table(ordered, signal)
    people = ordered["participant"].astype("category")
    codes, days = people.cat.codes.to_numpy(), ordered["day"].to_numpy()
    starts = np.flatnonzero(np.r_[True, (days[1:] != days[:-1]) | (codes[1:] != codes[:-1])])
    bodies, contents = {}, _Contents(ordered, signal)
    for start, end in zip(starts, [*starts[1:], len(ordered)], strict=True):
        bodies[str(people.iloc[start]), int(days[start])] = {
            "samples": int(end - start),
            "content_sha256": contents.sha256(int(start), int(end)),
            "body": encode_table(table.slice(start, end - start)),
        }
    return bodies


def in_order(samples: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return samples sorted by time within the given columns, ties settled by what they say."""
    leading = [_ranks(samples[name]) for name in (*by, "at")]
    if len(samples) < 2 or _strictly_increasing(leading):
        return samples
    ties = [
        _ranks(samples[name])
        for name in ("source", "device", "duration", "session", "code", "value")
    ]
    return samples.iloc[np.lexsort([*reversed(ties), *reversed(leading)])]


def _ranks(column: pd.Series) -> npt.NDArray[np.float64]:
    """Return numbers that sort as the column does; words by themselves, nulls first."""
    if _is_word(column):
        places, words = pd.factorize(column)
        ranks = np.empty(len(words) + 1, np.float64)
        ranks[np.argsort(np.asarray(words, dtype=str))] = np.arange(len(words))
        ranks[-1] = -1
        return ranks[places]
    return column.to_numpy(dtype=np.float64, na_value=-np.inf)


def _strictly_increasing(keys: list[npt.NDArray[np.float64]]) -> bool:
    """True if each row comes after the one before it, by the first key that differs."""
    equal = np.ones(len(keys[0]) - 1, bool)
    ahead = np.zeros(len(keys[0]) - 1, bool)
    for values in keys:
        ahead |= equal & (values[1:] > values[:-1])
        equal &= values[1:] == values[:-1]
    return bool(ahead.all())
