"""Daily metrics and gaps of the days that changed, computed from their current chunks."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.services import enrolling, locating, metrics, missing, recording
from hometrial.services.histories import Calendar, Edges, History, local_day
from hometrial.services.metrics import GapSpan
from hometrial.services.missing import SIGNALS_SHOWING
from hometrial.services.shelving import LOADED, Place, Shelf
from hometrial.services.spreading import Beside, Changes, affected
from hometrial.services.syncing import obstacles
from hometrial.services.syncing.obstacles import Obstacles
from hometrial_ingest.local_time import ZoneHistory
from hometrial_ingest.signals import SIGNALS, Shape, Signal

RECENT = 21
"""The last days of a linked person whose gaps are looked at with every change: time alone changes them."""
_TOGETHER = 100  # people whose chunks are held at one time


def measure(
    session: Session, codes: Iterable[str], days: Mapping[str, Collection[int]] | None = None
) -> None:
    """Bring metrics and gaps of some participants up to date after their samples changed.

    `days` names the local days (since 1970) whose samples changed, None all days. Either way the same
    is written: a night bears on the day before it, and the span of a person's files on what every
    silent hour means, so that all days on which a change bears are computed. Only rows that differ are
    written. Of a person with a linked account the gaps of the last RECENT days are computed, too.
    """
    owners = _owners(session, codes)
    if days is None:
        for owner in owners:
            _Round(session, [owner]).measure_all()
        return
    for group in _groups(owners):
        changed = {owner.id: frozenset(days.get(owner.code, ())) for owner in group}
        _Round(session, group).measure(locating.changes(session, changed))


def measure_written(session: Session, written: Iterable[tuple[str, str, int]]) -> None:
    """As `measure`, for chunks (pseudonym, stream, local day): what did not change costs nothing."""
    found: dict[str, dict[Signal, set[int]]] = {}
    for code, stream, day in written:
        found.setdefault(code, {}).setdefault(Signal(stream), set()).add(day)
    for group in _groups(_owners(session, found)):
        _Round(session, group).measure(
            {
                owner.id: {s: frozenset(days) for s, days in found[owner.code].items()}
                for owner in group
            }
        )


def refresh_gaps(
    session: Session,
    participant_ids: Iterable[UUID],
    now: datetime | None = None,
    back: int = RECENT,
) -> None:
    """Bring the gaps of the last `back` days up to the clock for linked people to whom nothing new came.

    Time passes, tokens die, reads that brought no sample make hours known: each has another cause then.
    Of whom nothing was computed for longer, all days are from the last that has a gap or a sample on; of
    whose link ended in those days, all that were never read: their cause is what keeps them unread now.
    """
    ids = list(participant_ids)
    owners = session.scalars(select(Participant).where(Participant.id.in_(ids))).all()
    for group in _groups(sorted(owners, key=lambda owner: owner.code)):
        _Round(session, group, now).refresh(
            back, recording.last_gaps(session, [o.id for o in group])
        )


def _owners(session: Session, codes: Iterable[str]) -> list[Participant]:
    wanted = sorted(set(codes))
    found = session.scalars(select(Participant).where(Participant.code.in_(wanted)))
    return sorted(found, key=lambda owner: owner.code)


def _groups(owners: Sequence[Participant]) -> Iterator[list[Participant]]:
    for start in range(0, len(owners), _TOGETHER):
        yield list(owners[start : start + _TOGETHER])


@dataclass
class _Person:
    """One participant in a round. `data`: the days from the first to the last with samples.

    `ledger`: the days that can have gaps: those, and of a linked person all from the first consent on.
    `told`: the last day whose gaps were computed, as far as is known. `unread`: the first day of which a
    link that ended lately brought nothing any more; else today.
    """

    history: History
    data: range
    ledger: range
    linked: Obstacles | None
    today: int
    unread: int
    told: int | None = None
    measured: dict[int, dict[str, float]] = field(default_factory=dict)
    missing: dict[int, list[GapSpan]] = field(default_factory=dict)

    def recent(self, back: int) -> range:
        """Return the last days whose gaps time alone can change; none without a linked account."""
        if self.linked is None:
            return range(0)
        first = self.today - back + 1
        if self.told is not None:
            first = min(first, self.told)
        return range(max(self.ledger.start, first), self.ledger.stop)

    def lived(self, days: Iterable[int]) -> list[int]:
        """Return those days that the person did not skip by crossing the date line."""
        return self.history.calendar.among(days)


class _Round:
    """One computation for some people: what they share is asked of the database once."""

    def __init__(
        self, session: Session, owners: Sequence[Participant], now: datetime | None = None
    ) -> None:
        self.session, self.owners, self.now = session, owners, now or clock.now()
        self.ids = [owner.id for owner in owners]
        self.shelf = Shelf(session)

    def measure_all(self) -> None:
        """Compute every day."""
        people = self._people({})
        self.shelf.take({p.history.person: p.data for p in people if p.data})
        self._compute({p.history.person: (p.data, p.ledger) for p in people}, people)
        self._save(people, self.ids)

    def measure(self, changes: Mapping[UUID, Changes]) -> None:
        """Compute the days on which these changes bear, and the last days of linked people."""
        people = self._people(changes)
        beside = locating.beside(self.session, changes)
        self._look(people, RECENT)
        self.shelf.fetch_facts(_changed_places(changes, beside))
        days: dict[UUID, tuple[Iterable[int], Iterable[int]]] = {}
        for each in people:
            person = each.history.person
            found = affected(changes.get(person, {}), beside.get(person, {}), each.history)
            whole = found.all_missing and each.linked is None
            more = each.ledger if whole else each.recent(RECENT)
            days[person] = (found.measured, found.missing | set(more))
        self._fetch(days, people)
        self._compute(days, people)
        self._save(people)

    def refresh(self, back: int, told: Mapping[UUID, int]) -> None:
        """Compute the gaps of linked people's last days; `told`: the last day of each that has a gap."""
        people = [each for each in self._people({}) if each.linked is not None]
        for each in people:
            last = told.get(each.history.person, each.ledger.start)
            each.told = min(each.unread, max([last, *each.data[-1:]]))
        self._look(people, back)
        days = {each.history.person: (range(0), each.recent(back)) for each in people}
        self._fetch(days, people)
        self._compute(days, people)
        self._save(people)

    def _people(self, changes: Mapping[UUID, Changes]) -> list[_Person]:
        """Return those of the people that have samples or a linked account."""
        self.waiting = missing.waiting(self.session, self.ids)
        linked = obstacles.load(self.session, self.ids, self.now)
        edges = locating.edges(self.session, self.ids)
        zones = enrolling.zone_rows(self.session, self.ids)
        found = []
        for owner in self.owners:
            mine, held_up = edges.get(owner.id, {}), linked.get(owner.id)
            if owner.id in zones:
                where = enrolling.zone_history(zones[owner.id])
            elif mine:
                where = enrolling.zones_of(self.session, owner)  # says what to do
            else:
                continue
            if mine or held_up or changes.get(owner.id):
                found.append(self._person(owner.id, where, mine, held_up, changes))
        return found

    def _person(
        self,
        person: UUID,
        zones: ZoneHistory,
        edges: dict[Signal, Edges],
        linked: Obstacles | None,
        changes: Mapping[UUID, Changes],
    ) -> _Person:
        firsts, lasts = [first for first, _ in edges.values()], [last for _, last in edges.values()]
        data = range(min(firsts), max(lasts) + 1) if edges else range(0)
        today, ledger = local_day(zones, clock.microseconds(self.now)), data
        if linked is not None:
            # Later than today where consent has yet to begin: then no day can have gaps.
            since = local_day(zones, linked.since)
            ledger = range(min([since, *firsts]), max([today, *lasts]) + 1)
        known = [today, *data[:1], *data[-1:], *ledger[:1], *ledger[-1:]]
        known += [day for days in changes.get(person, {}).values() for day in days]
        calendar = Calendar.of(zones, range(min(known), max(known) + 1))
        lately = clock.microseconds(self.now - timedelta(days=RECENT))
        last_known = None if linked is None else linked.unread_since(lately)
        unread = today if last_known is None else local_day(zones, last_known)
        history = History(person, self.shelf, calendar, edges)
        return _Person(history, data, ledger, linked, today, unread)

    def _look(self, people: Sequence[_Person], back: int) -> None:
        """Learn which chunks there are of linked people's last days."""
        spans = {
            each.history.person: range(days.start - 2, days.stop + 2)
            for each in people
            if (days := each.recent(back))
        }
        if spans:
            self.shelf.look(spans, SIGNALS_SHOWING)

    def _fetch(self, days: "_Days", people: Sequence[_Person]) -> None:
        """Take what the computation of these days will ask for: sleep first, then back to its start."""
        nights = [
            (person, Signal.SLEEP_SESSION, day + next_)
            for person, (measured, _) in days.items()
            for day in measured
            for next_ in (0, 1)
        ]
        self.shelf.fetch(nights)
        wanted: list[Place] = []
        for each in people:
            measured, gone = days[each.history.person]
            for day in each.lived(measured):
                wanted += each.history.places(day)
            wanted += self.shelf.unremembered(missing.places(each.history, each.lived(gone)))
        self.shelf.fetch(wanted)

    def _compute(self, days: "_Days", people: Sequence[_Person]) -> None:
        for each in people:
            measured, gone = days[each.history.person]
            each.measured = {
                day: metrics.measure(each.history.day(day)) if day in each.data else {}
                for day in each.lived(measured)
            }
            held = self.waiting.get(each.history.person)
            lived = each.lived(gone)
            in_ledger = [day for day in lived if day in each.ledger]
            each.missing = {day: [] for day in lived if day not in each.ledger}
            each.missing |= missing.gaps(each.history, in_ledger, held, each.linked)

    def _save(self, people: Sequence[_Person], whole: Collection[UUID] = ()) -> None:
        measured = {each.history.person: each.measured for each in people}
        recording.save_metrics(self.session, measured, whole)
        gone = {each.history.person: each.missing for each in people}
        recording.save_gaps(self.session, gone, whole)


_Days = Mapping[UUID, tuple[Iterable[int], Iterable[int]]]
"""Of each person the days to measure, and the days whose gaps are to be found."""


def _changed_places(changes: Mapping[UUID, Changes], beside: Mapping[UUID, Beside]) -> list[Place]:
    """Return the chunks that tell on which days the changes bear."""
    found: list[Place] = []
    for person, mine in changes.items():
        for signal, days in mine.items():
            near = [day for day in beside[person][signal] if day is not None]
            if signal in LOADED and SIGNALS[signal].shape is not Shape.DAILY:
                found += [(person, signal, day) for day in (*days, *near)]
        nights = {day + after for day in mine.get(Signal.HEART_RATE, ()) for after in range(-1, 4)}
        found += [(person, Signal.SLEEP_SESSION, day) for day in nights]
    return found
