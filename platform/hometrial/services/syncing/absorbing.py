"""Kept pages into day chunks: the reads of many people, gated together, in one transaction (D6)."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Batch, Participant, Pull
from hometrial.services import consenting, enrolling, gating, measuring, seeing
from hometrial.services.comparing import Origin, day_of
from hometrial.services.placing import Person
from hometrial.services.syncing import finality, learning
from hometrial.services.syncing.kept import Kept, read_pages
from hometrial.services.syncing.merging import Merge
from hometrial.services.versioning import ChunkStore
from hometrial_ingest.reader import Reader

LARGEST_BATCH = 64 << 20
"""Bytes of pages that are absorbed at once, so that memory stays bounded; one read always is."""


@dataclass
class Absorbed:
    """What one transaction made of some reads."""

    pulls: list[UUID] = field(default_factory=list)
    stopped: list[UUID] = field(default_factory=list)
    chunks: int = 0
    left: bool = False
    """More reads wait."""


def waiting(session: Session, shard: int, shards: int, *, hold: bool = False) -> list[Pull]:
    """Return reads that wait for the gate, oldest first, of the people of one shard.

    With `hold` nobody else gets them until the end of the transaction: a worker that was taken for dead
    may still be at it, and then they are no longer waiting.
    """
    query = (
        select(Pull)
        .where(Pull.state == "fetched")
        .where(text("mod(abs(hashtext(participant_id::text)), :shards) = :shard"))
        .params(shards=shards, shard=shard)
        .order_by(Pull.started_at, Pull.fetched_at, Pull.id)
    )
    return list(session.scalars(query.with_for_update() if hold else query))


def absorb(
    session: Session, pulls: Sequence[Pull], readers: Mapping[str, Reader], *, alone: bool = False
) -> Absorbed:
    """Take reads in: pages read, rows placed, checked against consent, gated, compared, stored, measured.

    The caller's transaction holds all of it. `readers` by provider. Two reads of one stream are taken in
    one after the other. With `alone` only the first read is taken. Raises what readers and the gate raise;
    then nothing was changed.
    """
    session.execute(text("SELECT pg_advisory_xact_lock_shared(hashtext('hometrial.import'))"))
    chosen = _bounded(pulls[:1] if alone else pulls)
    result = Absorbed(left=len(chosen) < len(pulls))
    people = _people(session, {pull.participant_id for pull in chosen})
    consenting.lock_to_write(session, people)
    chosen = [pull for pull in chosen if _still_admitted(session, pull, result)]
    for group in _groups(chosen):
        _absorb_group(session, group, readers[reader_of(group[0])], people, result)
    return result


def reader_of(pull: Pull) -> str:
    """Return the name of the reader of a read's pages: pushes of all bridges share one."""
    return "bridge" if pull.kind == "push" else pull.provider


def _bounded(pulls: Sequence[Pull]) -> list[Pull]:
    chosen: list[Pull] = []
    size = 0
    for pull in pulls:
        size += pull.bytes
        if chosen and size > LARGEST_BATCH:
            break
        chosen.append(pull)
    return chosen


def _groups(pulls: Sequence[Pull]) -> list[list[Pull]]:
    """Sort reads into groups of one reader in which no two of a stream overlap, in their order."""
    rounds: list[list[Pull]] = []
    last: dict[tuple[UUID, str], list[tuple[int, Pull]]] = {}
    for pull in pulls:
        earlier = last.setdefault((pull.account_id, pull.stream), [])
        place = max((n + 1 for n, other in earlier if _overlap(pull, other)), default=0)
        earlier.append((place, pull))
        rounds += [[] for _ in range(place + 1 - len(rounds))]
        rounds[place].append(pull)
    return [
        [pull for pull in found if reader_of(pull) == name]
        for found in rounds
        for name in sorted({reader_of(pull) for pull in found})
    ]


def _overlap(one: Pull, other: Pull) -> bool:
    return one.kind == "push" or (one.start_at < other.end_at and other.start_at < one.end_at)


def _still_admitted(session: Session, pull: Pull, result: Absorbed) -> bool:
    """Stop a read whose link ended since; what consent covers is asked row by row."""
    if learning.is_live(session, pull):
        return True
    pull.state, pull.finished_at = "stopped", clock.now()
    pull.error = "the link ended before the pages were taken in"
    result.stopped.append(pull.id)
    return False


def _people(session: Session, ids: Iterable[UUID]) -> dict[UUID, Person]:
    wanted = list(ids)
    zones = enrolling.zone_rows(session, wanted)
    return {
        each.id: Person(
            each.id,
            each.code,
            enrolling.zone_history(zones[each.id]) if each.id in zones else None,
        )
        for each in session.scalars(select(Participant).where(Participant.id.in_(wanted)))
    }


def _absorb_group(
    session: Session,
    pulls: list[Pull],
    reader: Reader,
    people: Mapping[UUID, Person],
    result: Absorbed,
) -> None:
    now = clock.now()
    batch = _open_batch(session, pulls, reader, now)
    kept = read_pages(session, pulls, reader, people)
    store = ChunkStore(session, {person.code: person.id for person in people.values()})
    # An account's reads follow one another and are taken in in that order: the later word stands. The
    # time of reading would not do: one batch has many, and the newest would outdate the next batch's.
    origin = Origin(batch.id, "", now, _because(pulls, people), reopens=True)
    merge = Merge(session, kept, people, store, origin)
    merge.run()
    gating.store(session, batch.id, merge.verdict)
    seeing.note_devices(session, merge.devices)
    _close_batch(session, batch, merge)
    for place, pull in enumerate(pulls):
        _close_pull(session, pull, place, kept, merge)
    measuring.measure_written(session, store.result.written)
    _explain_the_past(session, pulls, now)
    result.pulls += [pull.id for pull in pulls]
    result.chunks += len(store.result.written)


def _explain_the_past(session: Session, pulls: Sequence[Pull], now: datetime) -> None:
    """Bring the gap ledger up to what reads of the past made known, whether they brought anything or not.

    A read goes further back than the days that every change looks at where it fills in or follows silence.
    """
    recent = now.date() - timedelta(days=measuring.RECENT - 2)
    past = [p for p in pulls if p.kind in ("backfill", "manual") or p.first_day < recent]
    if past:
        back = (now.date() - min(pull.first_day for pull in past)).days + 2
        measuring.refresh_gaps(session, {pull.participant_id for pull in past}, now, back=back)


def _because(
    pulls: Sequence[Pull], people: Mapping[UUID, Person]
) -> Callable[[str, str | None, str], str]:
    """Return what says of each person's day why it has a new version."""
    reads = {people[pull.participant_id].code: pull for pull in pulls}

    def why(code: str, state: str | None, change: str) -> str:
        pull = reads[code]
        return finality.because(state, change, pull.device_synced_at, pull.started_at)

    return why


def _open_batch(session: Session, pulls: Sequence[Pull], reader: Reader, now: datetime) -> Batch:
    accounts = len({pull.account_id for pull in pulls})
    batch = Batch(
        provider=pulls[0].provider,
        kind="pull",
        path=f"{len(pulls)} reads of {accounts} account{'s' if accounts > 1 else ''}",
        scope="*",
        reader_revision=reader.revision,
        status="accepted",
        created_at=now,
    )
    session.add(batch)
    session.flush()
    return batch


COUNTS = (
    "rows_read",
    "rows_accepted",
    "rows_duplicate",
    "rows_quarantined",
    "rows_unreadable",
    "rows_not_consented",
)


def _close_batch(session: Session, batch: Batch, merge: Merge) -> None:
    total: Counter[str] = Counter()
    for counts in merge.counts:
        total.update(counts)
    for name in COUNTS:
        setattr(batch, name, total[name])
    touched = merge.store.result.touched | merge.store.result.written
    batch.quarantined_by_rule = dict(sorted(merge.by_rule.items()))
    batch.unreadable = merge.unreadable()
    batch.participants = sorted({code for code, _, _ in touched})
    batch.chunks = len(touched)
    days = sorted(day for _, _, day in touched)
    batch.first_day, batch.last_day = (day_of(days[0]), day_of(days[-1])) if days else (None, None)
    batch.observed_from, batch.observed_until = merge.observed()
    bad = total["rows_quarantined"] + total["rows_unreadable"]
    refused = len(merge.refused) == len(merge.counts)
    batch.status = "rejected" if refused else "partly" if bad else "accepted"
    batch.reason = next(iter(merge.refused.values()), None)
    session.flush()


def _close_pull(session: Session, pull: Pull, place: int, kept: Kept, merge: Merge) -> None:
    counts = merge.counts[place]
    for name in COUNTS:
        setattr(pull, name, counts[name])
    pull.rows_absent = counts["rows_absent"]
    pull.batch_id, pull.finished_at, pull.state = merge.origin.batch_id, clock.now(), "done"
    if place in merge.refused:
        pull.state, pull.error_kind, pull.error = "failed", "rejected", merge.refused[place]
        return
    if place in kept.broken:
        pull.state, pull.error_kind, pull.error = "failed", "our_bug", kept.broken[place]
        return
    if place in merge.vanished:
        pull.error_kind, pull.error = "vanished", merge.vanished[place]
    learning.learn(session, pull, merge.data_until.get(place))
