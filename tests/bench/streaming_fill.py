"""Day chunks of many people, quickly: a few bodies a day and stream, given to everybody, copied into the table as they are.

No service runs and no trigger fires: what comes of it is for exporting alone.
"""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import pyarrow as pa

from hometrial import clock
from hometrial.db import Database
from hometrial.models import DayChunk
from hometrial.services import chunks
from hometrial_ingest.signals import Signal

_KINDS = 8
"""So many people differ; the next ones are as they are."""
_MINUTE, _HOUR = 60_000_000, 3_600_000_000
_OFFSET = 3600
_COLUMNS = [each.name for each in DayChunk.__table__.columns]
_NIGHT = 480  # minutes
_STREAMS = (Signal.HEART_RATE, Signal.STEPS, Signal.SLEEP_STAGE, Signal.SLEEP_SESSION)


def fill(database: Database, people: int, first: date, days: int) -> tuple[int, int]:
    """Give so many new people so many days of minute-level heart rate, steps and sleep; return samples and bytes."""
    connection = database.engine.raw_connection()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "INSERT INTO site (id, code, name) VALUES (gen_random_uuid(), 'S-99', 'Bench')"
        )
        cursor.execute(
            "INSERT INTO participant (id, code, site_id, status, created_at) SELECT gen_random_uuid(),"
            " 'P-' || lpad(n::text, 4, '0'), (SELECT id FROM site WHERE code = 'S-99'), 'enrolled', now()"
            " FROM generate_series(1, %s) n RETURNING id", (people,),
        )  # fmt: skip
        known = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "INSERT INTO participant_zone (id, participant_id, zone, recorded_at, source)"
            " SELECT gen_random_uuid(), id, 'Europe/Berlin', now(), 'enrolment' FROM participant"
        )
        samples = size = 0
        with cursor.copy(
            f"COPY day_chunk ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types([_TYPES[name] for name in _COLUMNS])
            for row in _rows(known, first, days):
                copy.write_row([row[name] for name in _COLUMNS])
                samples, size = samples + row["samples"], size + len(row["body"])
    connection.commit()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE day_chunk")
    connection.commit()
    connection.close()
    return samples, size


_TYPES = {
    "id": "uuid", "participant_id": "uuid", "stream": "text", "day": "date", "version": "int4", "is_current": "bool",
    "state": "text", "samples": "int4", "added": "int4", "revised": "int4", "as_of": "timestamptz",
    "content_sha256": "text", "body": "bytea", "because": "text", "batch_id": "uuid", "created_at": "timestamptz",
}  # fmt: skip


def _rows(known: list[UUID], first: date, days: int) -> Iterator[dict[str, object]]:
    batch, now = uuid4(), clock.now()
    for number in range(days):
        day = first + timedelta(number)
        bodies = {
            (stream, kind): _body(stream, day, kind)
            for stream in _STREAMS
            for kind in range(_KINDS)
        }
        for place, person in enumerate(known):
            for stream in _STREAMS:
                table, body, digest = bodies[stream, place % _KINDS]
                yield {
                    "id": uuid4(), "participant_id": person, "stream": str(stream), "day": day, "version": 1,
                    "is_current": True, "state": "final", "samples": table, "added": table, "revised": 0,
                    "as_of": now, "content_sha256": digest, "body": body, "because": "imported", "batch_id": batch,
                    "created_at": now,
                }  # fmt: skip


def _body(stream: Signal, day: date, kind: int) -> tuple[int, bytes, str]:
    """Return a stream's day of one kind of person: how many samples, their bytes, their digest."""
    random = np.random.default_rng([day.toordinal(), kind, _STREAMS.index(stream)])
    midnight = clock.microseconds(datetime(day.year, day.month, day.day, tzinfo=clock.now().tzinfo))
    midnight -= _OFFSET * 1_000_000
    made = _OF_STREAM[stream](random, midnight)
    count = len(made["at"])
    told = {
        "offset": np.full(count, _OFFSET), "duration": np.zeros(count, np.int64), "value": [None] * count,
        "code": [None] * count, "session": [None] * count, "source": ["fitbit"] * count,
        "device": ["Charge 6"] * count, "payload": [hashlib.sha256(str(day).encode()).hexdigest()] * count,
        "row": np.arange(count),
    }  # fmt: skip
    told |= made
    schema = chunks.schema(stream)
    table = pa.table([pa.array(told.get(field.name, [None] * count), _plain(field)) for field in schema], schema.names)  # fmt: skip
    body = chunks.encode_table(table.cast(schema))
    return count, body, hashlib.sha256(body).hexdigest()


def _plain(field: pa.Field) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(field.type) else field.type


def _beats(random: np.random.Generator, midnight: int) -> dict[str, object]:
    beats = 65 + np.cumsum(random.integers(-2, 3, 1440)) % 60
    return {"at": midnight + _MINUTE * np.arange(1440), "value": beats, "confidence": random.integers(1, 4, 1440)}  # fmt: skip


def _steps(random: np.random.Generator, midnight: int) -> dict[str, object]:
    steps = np.where(random.random(1440) < 0.15, random.integers(1, 90, 1440), 0)
    return {
        "at": midnight + _MINUTE * np.arange(1440),
        "value": steps,
        "duration": np.full(1440, 60),
    }


def _stages(random: np.random.Generator, midnight: int) -> dict[str, object]:
    stages = np.array(["asleep", "restless", "awake"])[random.integers(0, 24, _NIGHT) // 11]
    return {
        "at": midnight - _HOUR + _MINUTE * np.arange(_NIGHT), "code": stages.tolist(), "overlay": [False] * _NIGHT,
        "duration": np.full(_NIGHT, 60), "session": [str(midnight)] * _NIGHT,
    }  # fmt: skip


def _session(random: np.random.Generator, midnight: int) -> dict[str, object]:
    start = midnight - _HOUR
    return {
        "at": [start], "duration": [60 * _NIGHT], "value": [float(random.integers(380, 470))], "code": ["classic"],
        "session": [str(midnight)], "end_at": [start + _NIGHT * _MINUTE], "main_sleep": [True], "in_progress": [False],
    }  # fmt: skip


_OF_STREAM = {
    Signal.HEART_RATE: _beats,
    Signal.STEPS: _steps,
    Signal.SLEEP_STAGE: _stages,
    Signal.SLEEP_SESSION: _session,
}
