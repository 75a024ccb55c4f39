"""Samples of the wearable: a stream of some people over some days, as many as there are, a month of a person at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pyarrow as pa
from flask import Response as FlaskResponse
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hometrial.db import STAFF_ROLE, Database, among
from hometrial.exports import dictionary
from hometrial.models import DayChunk, Participant
from hometrial.services import tabling
from hometrial.services.capturing.people import people
from hometrial.services.streaming.files import variables_of
from hometrial.staff.api import parameters, shapes, streams
from hometrial.staff.api.declaring import Given, Operation, door, given
from hometrial.staff.api.problems import NotThereError, ValueWrongError
from hometrial.staff.api.streams import STREAMS
from hometrial.staff.api.tables import ROWS
from hometrial.staff.study import reading, sites, study
from hometrial_ingest.signals import SIGNALS, Signal

_FORMAT = parameters.one_of("format", "ndjson if not given.", tuple(STREAMS))
_FIRST, _LAST = date(1970, 1, 1), date(9999, 12, 31)


@door(
    Operation(
        "streams",
        "/samples",
        "The streams",
        "Each with its unit, and how many samples of it are stored of the people that the token's owner sees.",
        {
            "application/json": shapes.listed(
                shapes.one(
                    stream=shapes.TEXT, label=shapes.TEXT, unit=shapes.TEXT, samples=shapes.NUMBER
                )
            )
        },
    )
)
def listing() -> Response:
    """List the streams."""
    with reading() as session:
        counted = session.execute(
            select(DayChunk.stream, func.sum(DayChunk.samples))
            .where(DayChunk.is_current, among(DayChunk.participant_id, people(session)))
            .group_by(DayChunk.stream)
        )
        counts = {stream: int(count) for stream, count in counted}
    return shapes.answer(
        {
            "data": [
                {"stream": str(each), "label": spec.label, "unit": spec.unit, "samples": counts.get(each, 0)}
                for each, spec in SIGNALS.items()
            ]
        }
    )  # fmt: skip


@door(
    Operation(
        "samples",
        "/samples/<stream>",
        "The samples of a stream",
        "Person by person in order of time. Hometrial-Rows says how many come. A day is the participant's own.",
        {STREAMS[form]: {"type": "string"} for form in STREAMS},
        (
            parameters.place("stream", "A stream.", {"type": "string", "enum": [str(each) for each in Signal]}),
            parameters.PARTICIPANT, parameters.FROM, parameters.TO, _FORMAT,
        ),
        others=(404, 409),
    )
)  # fmt: skip
def samples(stream: str) -> Response:
    """Read samples."""
    told = given()
    signal, form = _signal(stream), told["format"] or "ndjson"
    with reading() as session:
        asked = _asked(session, signal, told)
        total = session.scalar(select(func.sum(DayChunk.samples)).where(*asked.where)) or 0
    schema = dictionary.schema(variables_of(signal))
    tables = _tables(study().database, sites(), asked, schema)
    answer = FlaskResponse(streams.stream(tables, schema, form), mimetype=STREAMS[form])
    answer.headers[ROWS] = str(total)
    return answer


def _signal(stream: str) -> Signal:
    if stream not in {str(each) for each in Signal}:
        raise NotThereError(f"no stream is called {stream}; GET /api/v1/samples lists them")
    return Signal(stream)


@dataclass(frozen=True)
class _Asked:
    """Samples that are asked for."""

    signal: Signal
    people: Sequence[UUID]
    first: date
    last: date

    @property
    def where(self) -> tuple[ColumnElement[bool], ...]:
        """Which chunks hold them."""
        return (
            DayChunk.is_current.is_(True),
            DayChunk.stream == self.signal,
            DayChunk.day.between(self.first, self.last),
            among(DayChunk.participant_id, self.people),
        )


def _asked(session: Session, signal: Signal, told: Given) -> _Asked:
    first, last = told["from"] or _FIRST, told["to"] or _LAST
    if first > last:
        raise ValueWrongError("to", str(last), f"give a day that is not before {first}")
    known = {each.code: key for key, each in people(session).items()}
    for code in told["participant"] or ():
        if code not in known:
            raise ValueWrongError(
                "participant", code, "nobody of this pseudonym is at your sites; GET /api/v1/participants lists them"
            )  # fmt: skip
    chosen = sorted(set(told["participant"] or known))
    return _Asked(signal, [known[code] for code in chosen], first, last)


def _tables(
    database: Database, seen: frozenset[UUID], asked: _Asked, schema: pa.Schema
) -> Iterator[pa.Table]:
    """Yield the samples of a month of a person at a time, all of one snapshot."""
    with database.reading(STAFF_ROLE, seen) as session:
        for person_id in asked.people:
            person = session.get_one(Participant, person_id)
            for first, last in tabling.months(session, person, asked.signal):
                first, last = max(first, asked.first), min(last, asked.last)
                if first > last:
                    continue
                chunks = session.scalars(
                    select(DayChunk)
                    .where(
                        DayChunk.is_current,
                        DayChunk.participant_id == person.id,
                        DayChunk.stream == asked.signal,
                        DayChunk.day.between(first, last),
                    )
                    .order_by(DayChunk.day)
                )
                found = [(person.code, chunk) for chunk in chunks]
                if found:
                    table = tabling.of_chunks(session, person, asked.signal, found)
                    yield table.select(schema.names).cast(schema)
