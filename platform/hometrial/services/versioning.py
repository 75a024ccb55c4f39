"""New versions of the day chunks whose samples changed; every earlier version is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
from pandas.api.types import union_categoricals
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.models import DayChunk
from hometrial.services import chunks, comparing
from hometrial.services.comparing import Bools, Fates, Origin, day_of, groups_of
from hometrial.services.storing import Key, Stored, load_table
from hometrial_ingest.signals import Signal


@dataclass
class Written:
    """What storing did: chunks written and looked at, each (participant, stream, day) once."""

    written: set[tuple[str, str, int]] = field(default_factory=set)
    touched: set[tuple[str, str, int]] = field(default_factory=set)


class ChunkStore:
    """Writes new versions of day chunks for one batch; several segments of it make one version."""

    def __init__(self, session: Session, people: dict[str, UUID], *, grow: bool = True) -> None:
        self.session, self.people = session, people
        self.grow = (
            grow  # a review makes a version of its own even in the batch that brought the row
        )
        self.result = Written()

    def settle_history(
        self, samples: pd.DataFrame, fate: Fates, before: Stored, signal: Signal
    ) -> Fates:
        """Turn an older file's differing values into duplicates where an older version tells them."""
        stale = samples[fate == comparing.STALE]
        for code, day in groups_of(stale) if len(stale) else []:
            mine = comparing.only(stale, {(code, day)})
            if self._told_before(before.chunks[code, day], code, mine, signal):
                fate[samples.index.get_indexer(mine.index)] = comparing.DUPLICATE
        return fate

    def merge(
        self,
        samples: pd.DataFrame,
        fate: Fates,
        before: Stored,
        signal: Signal,
        origin: Origin,
        absent: Bools | None = None,
    ) -> None:
        """Store accepted samples: new ones are added, revisions replace, stale ones become history.

        `absent` marks stored samples that their source does not tell of any more: they leave the current
        version and stay in the older ones. Samples that came in several payloads carry a column `payload`.
        """
        self.result.touched |= {(code, signal, day) for code, day in groups_of(samples)}
        incoming = (
            samples if "payload" in samples else samples.assign(payload=origin.payload_sha256)
        )
        stale = incoming[fate == comparing.STALE]
        if len(stale):
            self._write_history(stale, before, signal, origin)
        news = incoming[(fate == comparing.NEW) | (fate == comparing.REVISION)]
        if not len(news) and (absent is None or not absent.any()):
            return
        gone = comparing.replaced(incoming, fate, before.samples, signal, origin)
        gone = gone if absent is None else gone | absent
        kept = before.samples[~gone] if len(before.samples) else before.samples
        dropped = before.samples[gone] if len(before.samples) else before.samples
        self._write_current(news, kept, dropped, _Target(before, signal, origin))

    def _write_current(
        self, news: pd.DataFrame, kept: pd.DataFrame, dropped: pd.DataFrame, target: "_Target"
    ) -> None:
        added, revised = _count(news), _count(dropped)
        days = set(added) | set(revised)
        both = _together(kept, news, days, target.signal)
        bodies = chunks.bodies_of_days(both, target.signal)
        rows = []
        last = self._last_versions([target.before.chunks.get(key) for key in days])
        for key in sorted(days):
            known = target.before.chunks.get(key)
            body = bodies.get(key) or chunks.body_of_nothing(target.signal)
            body |= {"version": last.get(known, 0) + 1}
            row = self._row(key, known, target.origin, body, _change(key, added, revised))
            row |= {
                "stream": str(target.signal),
                "added": added.get(key, 0),
                "revised": revised.get(key, 0),
            }
            rows.append((key, known, row))
        self._save(rows, target.signal)

    def _row(
        self,
        key: Key,
        known: DayChunk | None,
        origin: Origin,
        body: dict[str, Any],
        change: str = "revised",
    ) -> dict[str, Any]:
        why, before = origin.because, known.state if known else None
        return {
            "id": uuid4(),
            "participant_id": self.people[key[0]],
            "day": day_of(key[1]),
            "is_current": True,
            "state": "provisional" if known is None or origin.reopens else known.state,
            "as_of": max(origin.as_of, known.as_of) if known else origin.as_of,
            "because": why if isinstance(why, str) else why(key[0], before, change),
            "batch_id": origin.batch_id,
            "created_at": clock.now(),
            **body,
        }

    def _last_versions(self, known: Iterable[DayChunk | None]) -> dict[DayChunk | None, int]:
        """Return the highest version of each chunk's day, in one query without a single body."""
        days = {(c.participant_id, c.stream, c.day): c for c in known if c is not None}
        if not days:
            return {}
        key = (DayChunk.participant_id, DayChunk.stream, DayChunk.day)
        people, streams, dates = map(set, zip(*days, strict=True))
        near = [among(key[0], people), key[1].in_(streams), among(key[2], dates)]
        rows = self.session.execute(
            select(*key, func.max(DayChunk.version)).where(*near).group_by(*key)
        )
        found = {(person, stream, day): version for person, stream, day, version in rows}
        return {chunk: found[each] for each, chunk in days.items()}

    def _versions(self, known: DayChunk) -> list[DayChunk]:
        return list(
            self.session.scalars(
                select(DayChunk).where(
                    DayChunk.participant_id == known.participant_id,
                    DayChunk.stream == known.stream,
                    DayChunk.day == known.day,
                )
            )
        )

    def _save(
        self, rows: list[tuple[Key, DayChunk | None, dict[str, Any]]], signal: Signal
    ) -> None:
        """Insert new versions; a version of this very batch grows in place: nobody has seen it yet."""
        grown, made, retired = [], [], []
        for (code, day), known, row in rows:
            self.result.written.add((code, signal, day))
            if known is not None and known.batch_id == row["batch_id"] and self.grow:
                same = {name: row[name] for name in ("samples", "content_sha256", "body", "as_of")}
                counts = {name: getattr(known, name) + row[name] for name in ("added", "revised")}
                grown.append(same | counts | {"id": known.id})
            else:
                made.append(row)
                retired += [known.id] if known is not None else []
        if retired:
            self.session.execute(
                update(DayChunk).where(among(DayChunk.id, retired)).values(is_current=False)
            )
        if grown:
            self.session.execute(update(DayChunk), grown)
        if made:
            self.session.execute(insert(DayChunk), made)
        for each in self.session.identity_map.values():
            if isinstance(each, DayChunk):  # they were written past the session; nothing else was
                self.session.expire(each)

    def _write_history(
        self, stale: pd.DataFrame, before: Stored, signal: Signal, origin: Origin
    ) -> None:
        """Keep an older file's differing values as a version that never was current."""
        for key, body in chunks.bodies_of_days(stale[_columns(signal)], signal).items():
            known = before.chunks[key]
            last = self._last_versions([known])
            row = self._row(key, known, origin, body | {"version": last[known] + 1}) | {
                "stream": str(signal),
                "is_current": False,
                "as_of": origin.as_of,
                "added": 0,
                "revised": body["samples"],
            }
            self.session.execute(insert(DayChunk), [row])
            self.result.written.add((key[0], signal, key[1]))

    def _told_before(
        self, known: DayChunk, code: str, samples: pd.DataFrame, signal: Signal
    ) -> bool:
        """True if an older version of this day already holds every one of these values."""
        for chunk in self._versions(known):
            if chunk.is_current:
                continue
            there = load_table([(code, chunk)], signal).to_pandas()
            position = comparing.match(samples, there, chunks.key(signal))
            if (position >= 0).all() and bool(
                comparing.same_content(samples, there.iloc[position], signal).all()
            ):
                return True
        return False


@dataclass(frozen=True)
class _Target:
    before: Stored
    signal: Signal
    origin: Origin


def _change(key: Key, added: Mapping[Key, int], gone: Mapping[Key, int]) -> str:
    if not gone.get(key):
        return "added"
    return "revised" if added.get(key) else "absent"


def _columns(signal: Signal) -> list[str]:
    return [*chunks.schema(signal).names, "participant", "day"]


def _together(
    kept: pd.DataFrame, news: pd.DataFrame, days: set[Key], signal: Signal
) -> pd.DataFrame:
    names = _columns(signal)
    kept = comparing.only(kept, days) if len(kept) else kept
    if not len(kept):
        return news[names].reset_index(drop=True)
    return pd.DataFrame({name: _joined(kept[name], news[name]) for name in names})


def _joined(one: pd.Series, other: pd.Series) -> pd.Series:
    """Put one column after the other; words stay categories where both are, for those are quick to sort."""
    types = [
        column.dtype for column in (one, other) if isinstance(column.dtype, pd.CategoricalDtype)
    ]
    if len(types) == 2 and types[0].categories.dtype == types[1].categories.dtype:
        return pd.Series(union_categoricals([one, other]))
    plain = [column.astype(object) if types else column for column in (one, other)]
    return pd.concat(plain, ignore_index=True)


def _count(samples: pd.DataFrame) -> dict[Key, int]:
    if not len(samples):
        return {}
    counts = samples.groupby(["participant", "day"], observed=True).size().reset_index(name="n")
    keys = zip(counts["participant"].astype(str), counts["day"].astype(int), strict=True)
    return dict(zip(keys, counts["n"].tolist(), strict=True))


def finish(
    session: Session, batch_id: UUID, as_of: datetime, last_days: Mapping[UUID, int]
) -> None:
    """Set what is known when a file is read to its end: how far it tells, and which days are final.

    `last_days` says for each participant the last local day (days since 1970) that the file tells of.
    The days before it are final; that day itself may have been cut by the export and stays
    provisional (features.md C6).
    """
    mine = update(DayChunk).where(DayChunk.batch_id == batch_id, DayChunk.is_current)
    session.execute(mine.where(DayChunk.as_of != as_of).values(as_of=as_of))
    for participant_id, day in last_days.items():
        session.execute(
            update(DayChunk)
            .where(
                DayChunk.participant_id == participant_id,
                DayChunk.is_current,
                DayChunk.state == "provisional",
                DayChunk.day < day_of(day),
            )
            .values(state="final")
        )
