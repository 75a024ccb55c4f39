"""What is due for one person, by their own calendar: civil dates, without times or zones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from hometrial.errors import TrialError
from hometrial.protocol.arms import Anchor, Epoch
from hometrial.protocol.model import Protocol
from hometrial.protocol.visits import Diary, Repeat, Visit

Anchors = Mapping[Anchor, date]
"""The days of one person's trial that are known by now."""
Asked = Literal["full", "short", "excused"]


class UnknownArmError(TrialError):
    """An arm that the protocol does not have."""


@dataclass(frozen=True, order=True)
class Span:
    """Days from first to last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class EpochSpan:
    """The days that one person spends, or by the plan will spend, in an epoch."""

    epoch: str
    drug: bool
    days: Span


@dataclass(frozen=True)
class DueVisit:
    """A visit that is due: `number` counts repetitions from 1; `extended_by`: days added on bad days."""

    visit: str
    number: int
    due: date
    window: Span
    forms: tuple[str, ...]
    optional_forms: tuple[str, ...]
    extended_by: int = 0

    def outside(self, held: date) -> int:
        """Return by how many days a visit missed its window: negative too early, 0 within."""
        early, late = (held - self.window.first).days, (held - self.window.last).days
        return early if early < 0 else max(late, 0)

    def extended(self, days: int) -> "DueVisit":
        """Return the visit with a window that closes so many days later, and says so."""
        later = Span(self.window.first, self.window.last + timedelta(days))
        return replace(self, window=later, extended_by=self.extended_by + days)


@dataclass(frozen=True)
class DueDiary:
    """A diary that is due on a day of an epoch; on bad days short, or excused and not expected."""

    diary: str
    form: str
    epoch: str
    due: date
    window: Span
    asked: Asked


def epoch_spans(protocol: Protocol, arm: str, anchors: Anchors) -> tuple[EpochSpan, ...]:
    """Return which days the epochs of a person have, as far as the anchors tell.

    What is not known yet is planned: an epoch that nothing has ended lasts its longest. Raises
    UnknownArmError.
    """
    begun = list(_begun(_epochs(protocol, arm), anchors))
    followers = [*(first - timedelta(1) for _, first in begun[1:]), date.max]
    spans = [
        EpochSpan(epoch.id, epoch.drug, Span(first, min(_last(epoch, first, anchors), end)))
        for (epoch, first), end in zip(begun, followers, strict=False)  # of nobody's, one is left
    ]
    return tuple(each for each in spans if each.days.first <= each.days.last)


def _epochs(protocol: Protocol, arm: str) -> tuple[Epoch, ...]:
    _require_arm(protocol, arm)
    return protocol.epochs_of(arm)


def _require_arm(protocol: Protocol, arm: str) -> None:
    known = [each.id for each in protocol.arms]
    if arm not in known:
        raise UnknownArmError(f"arm: {arm} is no arm of {protocol.id}; it has {', '.join(known)}")


def _begun(epochs: Iterable[Epoch], anchors: Anchors) -> Iterator[tuple[Epoch, date]]:
    """Yield the epochs whose first day is known or planned, with it."""
    planned: date | None = None
    for epoch in epochs:
        if epoch.begins is not None:
            anchor = anchors.get(epoch.begins.anchor)
            planned = None if anchor is None else anchor + timedelta(epoch.begins.day)
        if planned is not None:
            yield epoch, planned
            planned += timedelta(epoch.days)


def _last(epoch: Epoch, first: date, anchors: Anchors) -> date:
    withdrawn = anchors.get("withdrawal", date.max)
    longest = first + timedelta(epoch.longest - 1)
    ended = longest if epoch.ends is None else anchors.get(epoch.ends, longest)
    return min(ended, withdrawn)


def visits_due(protocol: Protocol, arm: str, anchors: Anchors) -> tuple[DueVisit, ...]:
    """Return every visit whose anchor is known, in order of its due day.

    Whoever has withdrawn has no visit that was due later, and no window that reaches further, but those
    that withdrawal itself brings. Raises UnknownArmError.
    """
    _require_arm(protocol, arm)
    found = [
        each
        for visit in protocol.visits
        if visit.is_of(arm) and visit.anchor in anchors
        for each in _visits(visit, anchors)
    ]
    return tuple(sorted(found, key=lambda each: (each.due, each.window.first, each.visit)))


def _visits(visit: Visit, anchors: Anchors) -> Iterator[DueVisit]:
    repeat = visit.repeat or Repeat(every_days=1, times=1)
    before, after = visit.window
    for number in range(repeat.times):
        due = anchors[visit.anchor] + timedelta(visit.day + number * repeat.every_days)
        last = due + timedelta(after)
        if visit.anchor != "withdrawal":
            last = min(last, anchors.get("withdrawal", date.max))
        if due <= last:
            window = Span(due + timedelta(before), last)
            yield DueVisit(visit.id, number + 1, due, window, visit.forms, visit.optional_forms)


def diaries_due(
    protocol: Protocol, arm: str, anchors: Anchors, bad_days: Sequence[Span] = ()
) -> tuple[DueDiary, ...]:
    """Return every diary of the person's epochs, in order of its due day.

    A diary is due on a bad day if the whole of its window is bad. Raises UnknownArmError.
    """
    spans = epoch_spans(protocol, arm, anchors)
    found = [
        each
        for diary in protocol.diaries
        if diary.is_of(arm)
        for span in spans
        if span.epoch in diary.epochs
        for each in _diaries(diary, span, bad_days, anchors.get("withdrawal", date.max))
    ]
    return tuple(sorted(found, key=lambda each: (each.due, each.diary)))


def _diaries(
    diary: Diary, span: EpochSpan, bad_days: Sequence[Span], withdrawn: date
) -> Iterator[DueDiary]:
    before, after = diary.window_days
    due = span.days.first + timedelta(diary.first_day)
    while due <= span.days.last:
        window = Span(due + timedelta(before), min(due + timedelta(after), withdrawn))
        bad = all(any(day in each for each in bad_days) for day in _days(window))
        asked: Asked = diary.on_bad_days if bad else "full"
        yield DueDiary(diary.id, diary.form, span.epoch, due, window, asked)
        due += timedelta(diary.every_days)


def _days(span: Span) -> Iterator[date]:
    for number in range((span.last - span.first).days + 1):
        yield span.first + timedelta(number)


def planned_anchors(protocol: Protocol, arm: str, consent: date) -> dict[Anchor, date]:
    """Return the anchors of somebody for whom all goes by the plan, the optional epochs included.

    Each epoch follows the one before; the day of allocation is that of its visit. Raises UnknownArmError.
    """
    planned: dict[Anchor, date] = {"consent": consent}
    for epoch, first in _in_a_row(_epochs(protocol, arm), consent):
        if epoch.begins is not None:
            planned.setdefault(epoch.begins.anchor, first - timedelta(epoch.begins.day))
        if epoch.ends is not None:
            planned[epoch.ends] = first + timedelta(epoch.days - 1)
        planned |= _allocation(protocol, planned)
    return planned


def _in_a_row(epochs: Iterable[Epoch], first: date) -> Iterator[tuple[Epoch, date]]:
    for epoch in epochs:
        yield epoch, first
        first += timedelta(epoch.days)


def _allocation(protocol: Protocol, planned: Anchors) -> dict[Anchor, date]:
    """Return the day of randomisation once its visit's anchor is planned."""
    if protocol.allocation.method == "not_allocated":
        return {}
    visit = next((v for v in protocol.visits if v.id == protocol.allocation.at_visit), None)
    if visit is None or visit.anchor not in planned:
        return {}
    return {"randomisation": planned[visit.anchor] + timedelta(visit.day)}


def seams(protocol: Protocol, arm: str) -> tuple[tuple[str, int], ...]:
    """Return each epoch with an anchor, and how many days lie between it and the epoch before by the plan.

    0: it follows at once; negative: days that belong to both. Raises UnknownArmError.
    """
    day = date(2001, 1, 1)
    anchors = planned_anchors(protocol, arm, day)
    return tuple(
        (epoch.id, (anchors[epoch.begins.anchor] + timedelta(epoch.begins.day) - first).days)
        for epoch, first in _in_a_row(_epochs(protocol, arm), day)
        if epoch.begins is not None
    )
