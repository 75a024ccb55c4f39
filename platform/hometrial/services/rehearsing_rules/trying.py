"""Asks the gate about all that is stored, by the limits that hold and by others: which rows would move. Loads GX."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.models import DayChunk, Participant, QuarantinedRow
from hometrial.services import baselines, chunks, gating, storing
from hometrial.services.comparing import day_number, day_of
from hometrial.services.rehearsing_rules import limits
from hometrial.services.rehearsing_rules.limits import Limit
from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings
from hometrial_validation.verdict import Verdict

TOGETHER = 400_000
"""Samples that are judged at once."""
MOST = 200_000
"""Rows that a change may move; a limit that moves more is a mistake."""
BY_LIMITS = "limits of rules, version "
"""Begins the reason of what no person decided row by row."""
_LOCAL = 1_000_000


@dataclass(frozen=True)
class Move:
    """One row that moves (or how many of a day are flagged otherwise), and by which rule."""

    code: str
    signal: Signal
    day: date
    direction: str
    rule: str
    reason: str
    sample: dict[str, Any]
    row_id: UUID | None = None
    suite: str = ""
    suite_version: int = 0


@dataclass
class Tried:
    """What came out so far: rows judged, and all that move."""

    judged: int = 0
    people: set[str] = field(default_factory=set)
    moves: list[Move] = field(default_factory=list)

    def count(self, direction: str) -> int:
        """Return how many rows move in a direction."""
        return sum(
            int(each.sample.get("rows", 1)) for each in self.moves if each.direction == direction
        )

    def digest(self) -> str:
        """Return a SHA-256 of all moves: equal for equal moves, in whichever order they were found."""
        said = sorted(
            json.dumps(
                [m.code, str(m.signal), str(m.day), m.direction, m.rule, m.sample],
                sort_keys=True,
                default=str,
            )
            for m in self.moves
        )
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


class TooManyMovesError(limits.LimitRefusedError):
    """A change that would move more rows than any sensible one."""


@dataclass(frozen=True)
class _Group:
    """People whose days of one month are judged together."""

    signal: Signal
    codes: tuple[str, ...]
    first: date
    last: date


@dataclass(frozen=True)
class _Frame:
    """Samples that stand (the first `stored`), then rows that wait in quarantine, in the order of `waiting`."""

    samples: pd.DataFrame
    stored: int
    waiting: Sequence[QuarantinedRow]


def run(
    session: Session, limit: Limit, before: Mapping[str, float], after: Mapping[str, float]
) -> Iterator[Tried]:
    """Judge everything that a limit bears on by two sets of limits; gives what is known after each group.

    Raises TooManyMovesError.
    """
    old, new = limits.settings_of(before), limits.settings_of(after)
    found = Tried()
    for signal in limit.signals:
        for group in _groups(session, signal):
            frame = _frame(session, group)
            if not len(frame.samples):
                continue
            first, second = (_verdict(session, group, frame, each) for each in (old, new))
            found.judged += len(frame.samples)
            found.people |= set(group.codes)
            found.moves += _moved(session, signal, frame, first, second)
            found.moves += _flagged(signal, frame, limit, first, second)
            if len(found.moves) > MOST:
                raise TooManyMovesError(
                    f"more than {MOST:,} rows would move by {limit.name}; that is a mistake in the limit"
                    " and not in the rows"
                )
            yield found
    yield found


def _groups(session: Session, signal: Signal) -> Iterator[_Group]:
    """Deal the people of each month into groups of so many samples."""
    month = func.date_trunc("month", DayChunk.day)
    stored = session.execute(
        select(month, Participant.code, func.sum(DayChunk.samples))
        .join(Participant, Participant.id == DayChunk.participant_id)
        .where(DayChunk.stream == str(signal), DayChunk.is_current, DayChunk.samples > 0)
        .group_by(month, Participant.code)
    )
    sizes: dict[date, dict[str, int]] = {}
    for since, code, samples in stored:
        sizes.setdefault(since.date(), {})[code] = int(samples)
    waiting = session.execute(
        select(func.date_trunc("month", QuarantinedRow.day), Participant.code)
        .join(Participant, Participant.id == QuarantinedRow.participant_id)
        .where(*_waits(signal))
        .distinct()
    )
    for since, code in waiting:
        sizes.setdefault(since.date(), {}).setdefault(code, 0)
    for since in sorted(sizes):
        yield from _dealt(signal, since, sizes[since])


def _dealt(signal: Signal, since: date, sizes: Mapping[str, int]) -> Iterator[_Group]:
    last = (pd.Timestamp(since) + pd.offsets.MonthEnd(0)).date()
    held: list[str] = []
    total = 0
    for code in sorted(sizes):
        if held and total + sizes[code] > TOGETHER:
            yield _Group(signal, tuple(held), since, last)
            held, total = [], 0
        held.append(code)
        total += sizes[code]
    if held:
        yield _Group(signal, tuple(held), since, last)


def _waits(signal: Signal) -> list[Any]:
    return [
        QuarantinedRow.signal == str(signal),
        QuarantinedRow.status == "open",
        QuarantinedRow.day.is_not(None),
        QuarantinedRow.sample["placement"].astext == "placed",
    ]


def _frame(session: Session, group: _Group) -> _Frame:
    signal = group.signal
    first, last = day_number(group.first), day_number(group.last)
    found = storing.current_chunks(session, signal, group.codes, first, last)
    stored = standing(storing.load_table(found, signal).to_pandas())
    waiting = session.scalars(
        select(QuarantinedRow)
        .join(Participant, Participant.id == QuarantinedRow.participant_id)
        .where(
            *_waits(signal),
            Participant.code.in_(group.codes),
            QuarantinedRow.day.between(group.first, group.last),
        )
        .order_by(Participant.code, QuarantinedRow.day, QuarantinedRow.row, QuarantinedRow.id)
    ).all()
    aside = pd.DataFrame([row.sample for row in waiting], columns=list(stored.columns))
    both = pd.concat([stored, aside.astype(object)], ignore_index=True) if len(aside) else stored
    return _Frame(_typed(both), len(stored), waiting)


def standing(samples: pd.DataFrame) -> pd.DataFrame:
    """Return stored samples with what the gate and quarantine know besides: wall clock and placement."""
    local = samples["at"] + samples["offset"].astype(np.int64) * _LOCAL
    return samples.drop(columns="chunk", errors="ignore").assign(local=local, placement="placed")


def _typed(samples: pd.DataFrame) -> pd.DataFrame:
    frame = samples.assign(row_id=np.arange(len(samples), dtype=np.int64))
    for name in ("participant", "code", "source", "device", "placement"):
        frame[name] = frame[name].astype(object).astype("category")
    for name in ("at", "local", "offset", "duration", "day"):
        frame[name] = frame[name].astype(np.int64)
    for name in ("value", *({"confidence"} & set(frame.columns))):
        frame[name] = pd.to_numeric(frame[name]).astype(float)
    return frame.reset_index(drop=True)


def _verdict(session: Session, group: _Group, frame: _Frame, settings: Settings) -> Verdict:
    context = Context(
        now=clock.microseconds(clock.now()),
        settings=settings,
        baselines=baselines.of(session, group.signal, frame.samples),
        daily_totals=baselines.daily_totals(session, group.signal, frame.samples),
    )
    return gating.check(frame.samples, group.signal, context)


def _moved(
    session: Session, signal: Signal, frame: _Frame, old: Verdict, new: Verdict
) -> Iterator[Move]:
    """Give the samples that stand and newly fail, then the rows that wait and would newly pass."""
    failed, fails, reasons = old.failing(), new.failing(), new.reasons()
    out = sorted(row for row in fails if row < frame.stored and row not in failed)
    decided = _released(session, frame.samples.loc[out], signal)
    records = gating.records(frame.samples.loc[out], signal)
    for row, record, stands in zip(out, records, decided, strict=True):
        if not stands:
            yield Move(
                str(record["participant"]), signal, day_of(record["day"]), "failing", fails[row],
                reasons[row], record, None, new.suite, new.version,
            )  # fmt: skip
    for number, waits in enumerate(frame.waiting):
        row = frame.stored + number
        if row in failed and row not in fails:
            day = day_of(int(waits.sample["day"]))
            yield Move(
                str(waits.sample["participant"]), signal, day, "passing", failed[row],
                waits.reason, dict(waits.sample), waits.id, new.suite, new.version,
            )  # fmt: skip


def _released(session: Session, samples: pd.DataFrame, signal: Signal) -> list[bool]:
    """Say of samples whether somebody let them in after they had been set aside: that decision stands.

    What a version of the limits let in, another may set aside.
    """
    known = gating.digests(samples, signal)
    there = set(
        session.scalars(
            select(QuarantinedRow.sample_sha256).where(
                among(QuarantinedRow.sample_sha256, known),
                QuarantinedRow.status == "released",
                ~QuarantinedRow.decision_reason.startswith(BY_LIMITS),
            )
        )
    )
    return [digest in there for digest in known]


def _flagged(
    signal: Signal, frame: _Frame, limit: Limit, old: Verdict, new: Verdict
) -> Iterator[Move]:
    """Give how many rows of each person and day are flagged by the one and not by the other."""
    rows = [
        {each.rule: set(each.rows.tolist()) for each in verdict.flags() if each.rule in limit.rules}
        for verdict in (old, new)
    ]
    for rule in sorted({*rows[0], *rows[1]}):
        was, now = (each.get(rule, set()) for each in rows)
        for direction, places in (("flagged", now - was), ("unflagged", was - now)):
            chosen = frame.samples.loc[sorted(places), ["participant", "day"]]
            days = (
                chosen.groupby(["participant", "day"], observed=True).size().reset_index(name="n")
            )
            for code, day, count in days.itertuples(index=False, name=None):
                yield Move(
                    str(code), signal, day_of(int(day)), direction, rule, f"{count} rows of the day",
                    {"rows": int(count)}, None, new.suite, new.version,
                )  # fmt: skip


def key_of(signal: Signal) -> list[str]:
    """Return the columns by which a sample is found again in its chunk."""
    return chunks.key(signal)
