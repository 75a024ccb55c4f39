"""The source table `data_day`: what is known of each day of a person's wearable, whatever it measured."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import case, exists, select
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.db import among
from hometrial.exports.source.reading import Row
from hometrial.models import (
    BadDay,
    ConsentSignature,
    DayChunk,
    Device,
    DoseEvent,
    Pause,
    ProtocolVersion,
    Verdict,
)
from hometrial.services import shelving
from hometrial.services.agreeing import standing
from hometrial.services.asking import resting
from hometrial.services.capturing.people import Person, people
from hometrial.services.metrics.day import DEFAULT
from hometrial.services.metrics.priority import ordered
from hometrial.services.metrics.spans import MINUTE, spans, union
from hometrial.services.trial import followers, publishing
from hometrial_ingest.signals import Signal

_ONE = timedelta(days=1)
_ROWS_AT_ONCE = 500
_LOOKED_INTO = (str(Signal.HEART_RATE), str(Signal.SLEEP_SESSION))
_Owned = TypeVar("_Owned", Pause, ConsentSignature)


class _Chunk(NamedTuple):
    stream: str
    day: date
    state: str
    body: bytes | None


class Night(NamedTuple):
    """The main sleep that ended on a day: when, and minutes from its start."""

    end_at: int
    minutes: float


@dataclass(frozen=True)
class _Shared:
    """What is asked of the database once for all people."""

    suites: Mapping[UUID, Mapping[date, Sequence[str]]]
    devices: Mapping[UUID, Mapping[tuple[str, str], str]]
    pauses: Mapping[UUID, Sequence[Pause]]
    taps: Mapping[UUID, tuple[BadDay, ...]]
    versions: Mapping[UUID, ProtocolVersion]
    signatures: Mapping[UUID, Sequence[ConsentSignature]]
    withdrawn: Mapping[UUID, datetime]
    dosed: Mapping[UUID, Collection[date]]


def data_days(session: Session) -> Iterator[Row]:
    """Yield every day of each person from the first to the last with data, and every other with a dose.

    A day is excused if it is one of somebody's bad days, or if they rested on a part of it.
    """
    shared = _shared(session)
    left = dict(people(session))
    for person, found in groupby(_chunks(session, left), key=lambda row: row[0]):
        yield from _of_person(left.pop(person), [_Chunk(*each) for _, *each in found], shared)
    for each in left.values():
        yield from _of_person(each, (), shared)


def _of_person(person: Person, chunks: Sequence[_Chunk], shared: _Shared) -> Iterator[Row]:
    mine = person.row.id
    dosed = shared.dosed.get(mine, ())
    days = _days([each.day for each in chunks], dosed)
    if not days:
        return
    states: dict[date, str] = {}
    for each in chunks:
        states[each.day] = max(each.state, states.get(each.day, ""))
    worn = _worn(chunks, shared.devices.get(mine, {}))
    nights = main_sleeps(
        (each.day, each.body)
        for each in chunks
        if each.body is not None and each.stream == Signal.SLEEP_SESSION
    )
    excused = _excused(person, shared)
    agreed = _agreed(person, shared)
    for day in days:
        night = nights.get(day)
        yield {
            "id": f"{person.code}/{day}",
            "participant": person.code,
            "day": day,
            "status": states.get(day, "none"),
            "rule_suite": "; ".join(shared.suites.get(mine, {}).get(day, ())) or None,
            "consent_version": _in_force(agreed, day),
            "excused": any(first <= day <= last for first, last in excused),
            "device": worn.get(day),
            "main_sleep_end": None if night is None else person.local(clock.instant(night.end_at)),
            "minutes_in_main_sleep": None if night is None else night.minutes,
        }


def _days(with_data: Sequence[date], dosed: Collection[date]) -> list[date]:
    if not with_data:
        return sorted(dosed)
    first, last = min(with_data), max(with_data)
    return sorted({*dosed, *(first + n * _ONE for n in range((last - first).days + 1))})


def _chunks(session: Session, known: Mapping[UUID, Person]) -> Iterable[Any]:
    """Return everybody's current chunks with samples, person by person, with the bodies of those that are looked into.

    They are read some hundred at a time: the bodies are most of a study.
    """
    body = case((DayChunk.stream.in_(_LOOKED_INTO), DayChunk.body), else_=None)
    return session.execute(
        select(DayChunk.participant_id, DayChunk.stream, DayChunk.day, DayChunk.state, body)
        .where(among(DayChunk.participant_id, known), DayChunk.is_current, DayChunk.samples > 0)
        .order_by(DayChunk.participant_id, DayChunk.day, DayChunk.stream)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )


def main_sleeps(nights: Iterable[tuple[date, bytes]]) -> dict[date, Night]:
    """Return the main sleep that ended on each day, of the bodies of its chunks of sleep sessions.

    It is the one that `metrics.episodes` finds; its stages are not needed to tell when it began and ended.
    """
    found = {}
    for day, body in nights:
        slept = shelving.read(body, Signal.SLEEP_SESSION)
        ended = slept["end_at"] > slept["at"]  # one still running has no end yet
        if not ended.any():
            continue
        sources = slept["source"][ended]
        first = sources == ordered(sources.tolist())[0]
        pieces = spans(slept["at"][ended][first], slept["end_at"][ended][first])
        wholes = union(pieces, DEFAULT.merge_minutes * MINUTE)
        start, end = wholes[int(np.argmax(wholes[:, 1] - wholes[:, 0]))].tolist()
        found[day] = Night(end, (end - start) / MINUTE)
    return found


def _worn(chunks: Sequence[_Chunk], devices: Mapping[tuple[str, str], str]) -> dict[date, str]:
    """Return the device that gave each day's heart rate: of the most trusted source, the one with most samples."""
    found: dict[date, str] = {}
    for each in chunks:
        if each.stream == Signal.HEART_RATE and each.body is not None:
            device = devices.get(_instrument(each.body) or ("", ""))
            if device is not None:
                found[each.day] = device
    return found


def _instrument(body: bytes) -> tuple[str, str] | None:
    """Return source and model of a chunk's heart rate; None where its source names no model."""
    names = ["source", "device"]
    file = pq.ParquetFile(pa.BufferReader(body), read_dictionary=names)
    table = file.read(columns=names, use_threads=False)
    words = [table[name].unify_dictionaries().chunk(0).dictionary for name in names]
    if [len(each) for each in words] == [1, 1] and not table["device"].null_count:
        return words[0][0].as_py(), words[1][0].as_py()
    counted = table.group_by(names).aggregate([([], "count_all")]).to_pylist()
    trusted = ordered(each["source"] for each in counted)[0]
    named = [each for each in counted if each["source"] == trusted and each["device"]]
    best = max(named, key=lambda each: (each["count_all"], each["device"]), default=None)
    return None if best is None else (trusted, best["device"])


def _excused(person: Person, shared: _Shared) -> list[tuple[date, date]]:
    """Return the days on which a person rested, from the first to the last of each time."""
    if person.zones is None:
        return []
    found = [
        (person.day(each.start_at), date.max if each.end_at is None else _last(person, each.end_at))
        for each in shared.pauses.get(person.row.id, ())
    ]
    taps = shared.taps.get(person.row.id, ())
    if taps:
        protocol = publishing.of(shared.versions[person.row.id])
        found += [(each.first, each.last) for each in resting.spans(taps, protocol, person.zones)]
    return found


def _last(person: Person, end_at: datetime) -> date:
    """Return the last day of which a pause that ends then has a part."""
    return person.day(end_at - timedelta(microseconds=1))


def _agreed(person: Person, shared: _Shared) -> list[tuple[date, str | None]]:
    """Return from which day which version of the trial's own document holds; none after a full withdrawal."""
    rows = shared.signatures.get(person.row.id, ())
    found: list[tuple[date, str | None]] = [
        (person.day(each.signed_at), each.version)
        for each in rows
        if each.document == rows[0].document
    ]
    left = shared.withdrawn.get(person.row.id)
    return found if left is None else [*found, (person.day(left) + _ONE, None)]


def _in_force(agreed: Sequence[tuple[date, str | None]], day: date) -> str | None:
    return next((version for since, version in reversed(agreed) if since <= day), None)


def _shared(session: Session) -> _Shared:
    known = people(session)
    withdrawn = standing.first_of(session, known, {"withdraw_completely"})
    return _Shared(
        _suites(session, known),
        _devices(session, known),
        _by_person(session.scalars(select(Pause).where(among(Pause.participant_id, known)))),
        resting.taps_of(session, known),
        followers.versions_of(session, known),
        _by_person(
            session.scalars(
                select(ConsentSignature)
                .where(
                    among(ConsentSignature.participant_id, known),
                    ConsentSignature.part == "participant",
                )
                .order_by(ConsentSignature.signed_at, ConsentSignature.id)
            )
        ),
        withdrawn,
        _dosed(session, known),
    )


def _dosed(session: Session, known: Mapping[UUID, Person]) -> dict[UUID, set[date]]:
    """Return the days for which somebody told of a dose that they took, and that was not corrected away."""
    later = aliased(DoseEvent)
    corrected = exists().where(
        later.participant_id == DoseEvent.participant_id, later.corrects == DoseEvent.number
    )
    rows = session.execute(
        select(DoseEvent.participant_id, DoseEvent.day).where(
            among(DoseEvent.participant_id, known),
            DoseEvent.kind == "intake",
            DoseEvent.body["missed"].astext.is_(None),
            ~corrected,
        )
    )
    found: dict[UUID, set[date]] = {}
    for person, day in rows:
        if day is not None:
            found.setdefault(person, set()).add(day)
    return found


def _by_person(rows: Iterable[_Owned]) -> dict[UUID, list[_Owned]]:
    found: dict[UUID, list[_Owned]] = {}
    for row in rows:
        found.setdefault(row.participant_id, []).append(row)
    return found


def _suites(session: Session, known: Mapping[UUID, Person]) -> dict[UUID, dict[date, list[str]]]:
    """Return by which suites the batches of each day's chunks were judged, as `listing` tells it."""
    rows = session.execute(
        select(DayChunk.participant_id, DayChunk.day, Verdict.suite, Verdict.suite_version)
        .join(Verdict, Verdict.batch_id == DayChunk.batch_id)
        .where(among(DayChunk.participant_id, known), Verdict.signal == DayChunk.stream)
        .distinct()
        .order_by(DayChunk.participant_id, DayChunk.day, Verdict.suite, Verdict.suite_version)
    )
    found: dict[UUID, dict[date, list[str]]] = {}
    for person, day, suite, version in rows:
        found.setdefault(person, {}).setdefault(day, []).append(f"{suite}:{version}")
    return found


def _devices(
    session: Session, known: Mapping[UUID, Person]
) -> dict[UUID, dict[tuple[str, str], str]]:
    found: dict[UUID, dict[tuple[str, str], str]] = {}
    for row in session.scalars(select(Device).where(among(Device.participant_id, known))):
        found.setdefault(row.participant_id, {})[row.source, row.model] = str(row.id)
    return found
