"""Who an invented person is: how the study goes for them, and on which days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from hometrial.exports.twin.chance import Chance
from hometrial.exports.twin.setting import Setting
from hometrial.protocol.arms import Anchor, Epoch
from hometrial.protocol.calendar import EpochSpan, Span, epoch_spans

FATES = ("completed", "ongoing", "screen_failure", "withdrawn", "left_in_run_in", "lost")
"""The first six people have one each; the others draw theirs, few of them assigned and `not_treated`."""
_TENTHS = (*("completed",) * 10, *("ongoing",) * 4, "screen_failure", "withdrawn", "left_in_run_in", "not_treated", "lost")  # fmt: skip
_UNTREATED = ("left_in_run_in", "not_treated")
_TRAITS = {
    "completed": frozenset({"hold", "step_down", "twice", "swap", "travel", "serious"}),
    "ongoing": frozenset({"severe", "liquid", "token_death", "opioid"}),
    "withdrawn": frozenset({"related_stop"}),
    "lost": frozenset({"run_out"}),
}
_DRAWN = ("hold", "step_down", "twice", "swap", "travel", "severe", "liquid", "token_death", "opioid", "run_out")  # fmt: skip
_ABROAD = ZoneInfo("America/New_York")
_LONGEST_DRUG = 560  # days of drug that a twin shows; longer plans end early
_FIRST_NUMBER = 90000


@dataclass(frozen=True)
class Life:
    """A person: `number` from 1 decides all, so that more people change nobody."""

    setting: Setting
    number: int

    @property
    def code(self) -> str:
        """The pseudonym, of numbers that no study comes to."""
        return f"P-{_FIRST_NUMBER + self.number}"

    def chance(self, *stream: object) -> Chance:
        """Return a stream of this person's own."""
        return Chance(self.setting.protocol.id, self.setting.seed, self.number, *stream)

    def named(self, *path: object) -> str:
        """Return the id of a record of this person."""
        return self.setting.named(self.number, *path)

    @cached_property
    def fate(self) -> str:
        """How the study goes for them."""
        if self.number <= len(FATES):
            return FATES[self.number - 1]
        return self.chance("fate").pick(_TENTHS)

    @cached_property
    def traits(self) -> frozenset[str]:
        """What is special about them."""
        if self.number <= len(FATES):
            return _TRAITS.get(self.fate, frozenset())
        chance = self.chance("traits")
        return frozenset(each for each in _DRAWN if chance.happens(0.2))

    @cached_property
    def site(self) -> int:
        """The place of their site in the study's list."""
        several = self.setting.protocol.design.sites == "several"
        return (self.number - 1) % 2 if several else 0

    @cached_property
    def arm(self) -> str | None:
        """The arm, None for who was never assigned; blocks of as many people as there are shares."""
        if self.fate == "screen_failure":
            return None
        if self.fate == "left_in_run_in" and self.allocated_at is not None:
            return None
        shares = [each.id for each in self.setting.protocol.arms for _ in range(each.ratio)]
        block, place = divmod(self.number - 1, len(shares))
        chance = Chance(self.setting.protocol.id, self.setting.seed, "block", block)
        for last in range(len(shares) - 1, 0, -1):
            other = chance.whole(0, last)
            shares[last], shares[other] = shares[other], shares[last]
        return shares[place]

    @property
    def arm_or_first(self) -> str:
        """The arm, or the first one, whose calendar holds before there is any."""
        return self.arm or self.setting.protocol.arms[0].id

    @cached_property
    def planned(self) -> dict[Anchor, date]:
        """The anchors of the whole plan, whatever became of it."""
        offsets: dict[Anchor, int] = {"consent": 0}
        day = 0
        chance = self.chance("plan")
        for epoch in self._epochs:
            if epoch.begins is not None:
                offsets.setdefault(epoch.begins.anchor, day - epoch.begins.day)
            if epoch.drug:
                offsets.setdefault("first_dose", day)
            day += self._length(epoch, chance)
            ended: tuple[Anchor | None, ...] = (epoch.ends, "last_dose" if epoch.drug else None)
            offsets |= {anchor: day - 1 for anchor in ended if anchor is not None}
            offsets |= self._allocated(offsets)
        first = self.setting.until - timedelta(self._lead(offsets, day))
        return {anchor: first + timedelta(offset) for anchor, offset in offsets.items()}

    @property
    def entered(self) -> date:
        """The day on which screening was over by the plan."""
        return self.planned.get("run_in_start", self.baseline)

    @property
    def baseline(self) -> date:
        """The last day before the drug could begin, by the plan."""
        return self.planned.get("run_in_end", self.planned["first_dose"] - timedelta(1))

    def _length(self, epoch: Epoch, chance: Chance) -> int:
        drug = [each for each in self._epochs if each.drug]
        if epoch.drug:
            share = _LONGEST_DRUG if epoch is drug[0] else 0
            return epoch.days if sum(each.days for each in drug) <= _LONGEST_DRUG else share
        return epoch.days if epoch.arms else chance.whole(max(epoch.days - 3, 1), epoch.days)

    @cached_property
    def _epochs(self) -> tuple[Epoch, ...]:
        epochs = self.setting.protocol.epochs_of(self.arm_or_first)
        return tuple(each for each in epochs if not each.optional)

    def _allocated(self, offsets: dict[Anchor, int]) -> dict[Anchor, int]:
        if self.allocated_at is None:
            return {}
        visit = self.setting.protocol.visit(self.allocated_at)
        if visit.anchor not in offsets:
            return {}
        return {"randomisation": offsets[visit.anchor] + visit.day}

    @property
    def allocated_at(self) -> str | None:
        """The visit at which people are allocated, None in a trial that does not."""
        allocation = self.setting.protocol.allocation
        return None if allocation.method == "not_allocated" else allocation.at_visit

    def _lead(self, offsets: dict[Anchor, int], whole: int) -> int:
        """Return how many days before the last day of all this person consented."""
        if self.fate != "ongoing":
            return whole + self.chance("lead").whole(5, 60)
        drug = offsets["last_dose"] - offsets["first_dose"]
        share = self.chance("lead").between(0.4, 0.8, 3)
        return offsets["first_dose"] + int(drug * share)

    @cached_property
    def left(self) -> date | None:
        """The last day of who left early: screened out, withdrawn, lost; None for the others."""
        at = self.planned
        chance = self.chance("left")
        days = (at["last_dose"] - at["first_dose"]).days
        if self.fate == "screen_failure":
            return at["consent"] + timedelta(chance.whole(3, 12))
        if self.fate == "left_in_run_in":
            return min(self.baseline, at.get("randomisation", self.baseline) - timedelta(1))
        if self.fate == "not_treated":
            return at.get("randomisation", self.baseline)
        if self.fate in ("withdrawn", "lost"):
            return at["first_dose"] + timedelta(int(days * chance.between(0.45, 0.7, 3)))
        return None

    @cached_property
    def anchors(self) -> dict[Anchor, date]:
        """The anchors that are known on the last day of all."""
        known = dict(self.planned)
        if self.left is not None:
            known = {anchor: day for anchor, day in known.items() if day <= self.left}
        if self.fate in ("withdrawn", *_UNTREATED) and self.left is not None:
            known["withdrawal"] = self.left
        if self.fate == "withdrawn" and self.left is not None:
            known["last_dose"] = self.left - timedelta(1)
        if self.fate in _UNTREATED:
            known.pop("first_dose", None)
        return {anchor: day for anchor, day in known.items() if day <= self.setting.until}

    @cached_property
    def end(self) -> date:
        """The last day in the study, or of the data."""
        if self.left is not None:
            return self.left
        return min(self.spans[-1].days.last, self.setting.until)

    @cached_property
    def spans(self) -> tuple[EpochSpan, ...]:
        """The epochs and their days, planned ones included."""
        found = epoch_spans(self.setting.protocol, self.arm_or_first, self.anchors)
        last = self.left or self.setting.until
        return tuple(each for each in found if each.days.first <= last)

    def zone(self, day: date) -> ZoneInfo:
        """Return the zone in which they are on a day."""
        home = ZoneInfo(("Europe/London", "Europe/Berlin")[self.site])
        return _ABROAD if self.abroad is not None and day in self.abroad else home

    @cached_property
    def abroad(self) -> Span | None:
        """The days on a journey, if there was one."""
        if "travel" not in self.traits:
            return None
        first = self.end - timedelta(self.chance("travel").whole(20, 40))
        return Span(first, first + timedelta(9))

    def moment(self, day: date, minute: int) -> datetime:
        """Return a minute of a day's wall clock, with the offset in force there; after 1439: of the next day."""
        days, left = divmod(minute, 1440)
        there = day + timedelta(days)
        return datetime.combine(there, time(left // 60, left % 60), self.zone(day))

    def local(self, day: date, minute: int) -> str:
        """Return a minute of a day's wall clock as a column of kind `local` holds it."""
        return self.moment(day, minute).isoformat(timespec="seconds")

    def instant(self, day: date, minute: int) -> datetime:
        """Return a minute of a day's wall clock in UTC."""
        return self.moment(day, minute).astimezone(UTC)

    def days(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from first to last, both included."""
        for number in range((last - first).days + 1):
            yield first + timedelta(number)
